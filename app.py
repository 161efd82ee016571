"""Open Transfer in the browser: read the flags, build the page, launch it.

TensorFlow is not imported here or by anything imported here; it lives in the programs the page starts.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported, which reads it then
os.environ["GRADIO_DEFAULT_CONCURRENCY_LIMIT"] = "4"  # `Blocks.queue` sets it too, and builds the server once more

from transfer.door.hosts import Hosts, bare, is_local
from transfer.door.login import Guesses, Passwords, Patience
from transfer.errors import ConfigError, TransferError
from transfer.home import expanded

AUTH = "TRANSFER_AUTH"  # in the environment: USER:PASSWORD, which other people can see on a command line
LOGIN = f"After {Patience.tries} wrong passwords this page makes you wait, every time longer."
SETTLE = 3.0  # seconds before anything is got ready for later: the page comes first


def arguments(flags: list[str] | None = None) -> argparse.Namespace:
    """The flags, checked for form but not for meaning."""
    parser = argparse.ArgumentParser(prog="app.py", description="Teach a pretrained network your own photos.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="where runs are kept (default: ~/Transfer)")
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="DIR",
        help="a folder the page may look into for photos; may be given several times "
        "(default: the home folder and the current one)",
    )
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a further name the page may be asked for by"
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--auth", metavar="USER:PASSWORD", help=f"ask for this name and password; or set {AUTH}")
    ways.add_argument("--auth-file", type=Path, metavar="FILE", help="the same, one USER:PASSWORD on each line")
    return parser.parse_args(flags)


def passwords(chosen: argparse.Namespace) -> Passwords | None:
    """Who may log in, from the flags or the environment, neither of which keeps it; None when nothing is asked for.

    Raises:
        ConfigError: when they cannot be read or understood.
    """
    from_environment = os.environ.pop(AUTH, None)  # training programs need not inherit it
    if chosen.auth_file is not None:
        try:
            return Passwords(chosen.auth_file.read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The file with the passwords, {chosen.auth_file}, cannot be read.",
                expected="a text file with USER:PASSWORD on each line",
                found=getattr(error, "strerror", None) or "something that is no text",
                fix="Correct the path, or give your user permission to read it.",
            ) from error
    text = chosen.auth if chosen.auth is not None else from_environment
    chosen.auth = None
    return None if text is None else Passwords([text])


def main(flags: list[str] | None = None) -> int:
    """Serve the page until interrupted. Returns the exit code: 2 for a user's mistake."""
    chosen = arguments(flags)
    try:
        serve(chosen)
    except TransferError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass  # Gradio catches it only while it serves, not while it starts
    return 0


def serve(chosen: argparse.Namespace) -> None:
    """Build and launch; returns when the server has been interrupted."""
    auth = passwords(chosen)
    if not is_local(chosen.host) and auth is None:
        raise ConfigError(
            f"Listening on {chosen.host} would let everybody on the network use this page and see your photos.",
            expected="a password with every --host that is not this machine's own, such as 127.0.0.1",
            found="no password",
            fix=f"Add --auth USER:PASSWORD or --auth-file FILE, set {AUTH}, or leave --host out.",
        )

    from starlette.middleware import Middleware

    from transfer.commands.desk import Desk
    from transfer.door.door import Door
    from transfer.door.uploads import LIMITS
    from transfer.processes.launcher import WORKER, LocalLauncher
    from transfer.processes.standby import Standby
    from transfer.processes.supervisor import Supervisor
    from transfer.runs.workspace import Workspace
    from transfer.ui import page, theme
    from transfer.ui.context import Context

    workspace = Workspace(chosen.workspace) if chosen.workspace else Workspace.default()
    roots = folders(chosen.root) if chosen.root else [Path.home(), Path.cwd()]
    desk = Desk.open(workspace, roots, workspace.path / "cache")
    writable = desk.prepare(to_look=True)
    free(chosen.host, chosen.port)

    def idle() -> None:
        desk.models.get_ready()
        page.get_ready()

    hosts = Hosts(chosen.host, chosen.allow_host)
    door = Middleware(Door, hosts=hosts, limits=LIMITS, guesses=Guesses() if auth else None)
    launcher = LocalLauncher(Standby(WORKER, workspace.standby_log))
    supervisor = Supervisor(workspace, launcher, idle, settle=SETTLE)
    if writable:
        supervisor.start()
    else:
        print(f"{workspace.path} can only be read: what is there is shown, and nothing can be trained.")
    try:
        page.build(Context(desk)).launch(
            server_name=f"[{bare(chosen.host)}]" if ":" in chosen.host else chosen.host,
            server_port=chosen.port,
            auth=auth.right if auth else None,
            auth_message=LOGIN,
            app_kwargs={"middleware": [door]},
            strict_cors=True,
            max_file_size=LIMITS.largest,
            inbrowser=has_desktop(),
            share=False,
            theme=theme.theme(),
            css_paths=theme.STYLES,
            footer_links=[],
            run_history=False,
            show_error=True,
        )
    finally:
        supervisor.stop()
        desk.close()


def folders(roots: list[Path]) -> list[Path]:
    """The roots, when all of them are folders.

    Raises:
        ConfigError: naming the first that is not.
    """
    for root in roots:
        if not expanded(root).is_dir():
            raise ConfigError(
                f"There is no folder {root}.",
                expected="--root with a folder that photos may be chosen from",
                found="a file" if root.exists() else "nothing at that path",
                fix="Correct the path.",
            )
    return roots


def free(host: str, port: int) -> None:
    """See that nobody listens on the port yet, before the page is built.

    Raises:
        ConfigError: when the address cannot be listened on.
    """
    try:
        if not 0 < port < 65536:
            raise OverflowError(f"port {port}")
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise ConfigError(
            f"The page cannot be opened on {host}, port {port}.",
            expected="an address of this machine and a free port between 1 and 65535",
            found="a program that already uses this port, perhaps Transfer itself" if taken else str(error),
            fix=f"Open http://{host}:{port} if that is Transfer, or choose another --port."
            if taken
            else "Correct --host or --port.",
        ) from error


def has_desktop() -> bool:
    """Whether there is a screen to open a browser on."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
