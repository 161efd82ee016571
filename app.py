"""Open Transfer in the browser: read the flags, build the page, launch it.

TensorFlow is not imported here or by anything imported here; it lives in the programs the page starts.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported, which reads it then

from transfer.errors import ConfigError, TransferError


def arguments(words: list[str] | None = None) -> argparse.Namespace:
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
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for this name and password")
    return parser.parse_args(words)


def credentials(text: str | None) -> tuple[str, str] | None:
    """`USER:PASSWORD` taken apart.

    Raises:
        ConfigError: when either half is missing.
    """
    if text is None:
        return None
    user, _, password = text.partition(":")
    if not user or not password:
        raise ConfigError(
            "The name and password for the page cannot be understood.",
            expected="--auth USER:PASSWORD",
            found="a value without both halves",
            fix="Give a name and a password with a colon between them.",
        )
    return user, password


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server listening on `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def main(words: list[str] | None = None) -> int:
    """Serve the page until interrupted. Returns the exit code: 2 for a user's mistake."""
    chosen = arguments(words)
    try:
        serve(chosen)
    except TransferError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def serve(chosen: argparse.Namespace) -> None:
    """Build and launch; returns when the server has been interrupted."""
    auth = credentials(chosen.auth)
    if not is_local(chosen.host) and auth is None:
        raise ConfigError(
            f"Listening on {chosen.host} would let everybody on the network use this page and see your photos.",
            expected="--auth USER:PASSWORD with every --host but 127.0.0.1",
            found="no --auth",
            fix="Add --auth USER:PASSWORD, or leave --host out.",
        )

    from transfer.dataset.roots import Roots
    from transfer.runs.supervisor import Supervisor
    from transfer.runs.workspace import Workspace
    from transfer.ui import page, theme
    from transfer.ui.context import Context

    workspace = Workspace(chosen.workspace) if chosen.workspace else Workspace.default()
    roots = Roots(chosen.root or [Path.home(), Path.cwd()])
    supervisor = Supervisor(workspace)
    context = Context.open(workspace, roots, supervisor)
    supervisor.start()
    try:
        page.build(context).queue(default_concurrency_limit=4).launch(
            server_name=chosen.host,
            server_port=chosen.port,
            auth=auth,
            inbrowser=has_desktop(),
            share=False,
            theme=theme.theme(),
            css_paths=theme.STYLES,
            footer_links=[],
            run_history=False,
            show_error=True,
        )
    finally:
        context.close()
        supervisor.stop()


def has_desktop() -> bool:
    """Whether there is a screen to open a browser on."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
