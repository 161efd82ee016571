"""`python app.py`: what its flags mean, and that the page is served to this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app
from tests.waiting import awaited
from transfer.door.login import Passwords
from transfer.errors import ConfigError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def passwords(*flags: str) -> Passwords | None:
    return app.passwords(app.arguments([*flags]))


def test_passwords_come_from_a_flag_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert passwords() is None
    chosen = app.arguments(["--auth", "ann:se:cr:et"])
    found = app.passwords(chosen)
    assert found is not None and awaited(found.right("ann", "se:cr:et"))
    assert chosen.auth is None, "nothing keeps it"
    (tmp_path / "file").write_text("# who may\nann:one\n\nbob:two\n")
    found = passwords("--auth-file", str(tmp_path / "file"))
    assert found is not None and awaited(found.right("bob", "two")) and not awaited(found.right("bob", "one"))
    monkeypatch.setenv(app.AUTH, "eve:three")
    found = passwords()
    assert found is not None and awaited(found.right("eve", "three"))
    assert app.AUTH not in os.environ, "the programs it starts need not know"


@pytest.mark.parametrize("content", [None, "", "ann", b"\xff\xfe:\xff"])
def test_a_file_without_passwords(content: str | bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError):
        passwords("--auth-file", str(tmp_path / "file"))


@pytest.mark.parametrize("text", ["", "ann", "ann:", ":secret", ":"])
def test_half_a_name_and_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        passwords("--auth", text)
    assert "secret" not in str(caught.value), "a password has no place in a message"


def test_defaults() -> None:
    chosen = app.arguments([])
    assert (chosen.host, chosen.port, chosen.workspace, chosen.root, chosen.auth) == (
        "127.0.0.1", 7860, None, None, None,
    )  # fmt: skip
    assert app.arguments(["--root", "a", "--root", "b"]).root == [Path("a"), Path("b")]


def refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the app says when it does not start."""
    assert app.main(flags) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "What to do: " in said.err
    assert "Traceback" not in said.err
    return said.err


def test_the_network_is_not_let_in_without_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["--host", "0.0.0.0", "--workspace", str(tmp_path / "w")], capsys)
    assert "everybody on the network" in said
    assert "--auth USER:PASSWORD or --auth-file" in said
    assert not (tmp_path / "w").exists()


def test_a_missing_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--workspace", str(tmp_path / "w"), "--root", str(tmp_path), "--root"]
    assert f"There is no folder {tmp_path / 'none'}." in refused([*flags, str(tmp_path / "none")], capsys)
    (tmp_path / "file").touch()
    assert "Found: a file" in refused([*flags, str(tmp_path / "file")], capsys)


def test_a_taken_port(tmp_path: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["--workspace", str(tmp_path / "w"), "--root", str(tmp_path), "--port", str(taken)], capsys)
    assert f"port {taken}" in said
    assert "already uses this port" in said


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_no_port(tmp_path: Path, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["--workspace", str(tmp_path / "w"), "--root", str(tmp_path), "--port", port], capsys)
    assert "between 1 and 65535" in said


def test_an_address_of_another_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--host", "192.0.2.1", "--auth", "ann:secret", "--workspace", str(tmp_path / "w"), "--root", str(tmp_path)]
    said = refused(flags, capsys)
    assert "192.0.2.1" in said
    assert "secret" not in said


def test_a_workspace_that_cannot_be_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert "Choose another folder with --workspace" in refused(["--workspace", str(tmp_path / "file" / "w")], capsys)


@contextmanager
def serving(folder: Path, *flags: str, host: str = "127.0.0.1") -> Iterator[str]:
    """A real app, and its address once it answers."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--workspace", str(folder / "w"), "--root", str(folder)]
    command += ["--host", host]
    environment = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": "", "KERAS_HOME": str(folder)}
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen([*command, *flags], cwd=ROOT, stdout=log, stderr=log, env=environment)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection((host, port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "app.log").read_text()
                assert time.monotonic() < deadline, "the page was not served"
                time.sleep(0.2)
        yield f"http://{host}:{port}"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (folder / "app.log").read_text()
        assert "Traceback" not in (folder / "app.log").read_text()
    finally:
        process.kill()
        process.wait()


def opened(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_the_page_is_served_behind_its_password_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("not for the page")
    with serving(tmp_path, "--auth", "ann:secret") as address:
        status, html = opened(address)
        assert status == 200
        assert "Check photos" not in html, "without a password only the login is shown"
        assert opened(f"{address}/config")[0] == 401
        assert opened(f"{address}/gradio_api/file={tmp_path / 'private.txt'}")[0] == 401
    assert (tmp_path / "w").is_dir()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_before_the_page_is_served_is_no_crash(tmp_path: Path) -> None:
    command = [sys.executable, "app.py", "--port", str(free_port()), "--workspace", str(tmp_path / "w")]
    with (tmp_path / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    while not (tmp_path / "w").is_dir():  # made before the page is built
        assert process.poll() is None, (tmp_path / "app.log").read_text()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert "KeyboardInterrupt" not in (tmp_path / "app.log").read_text()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_the_page_answers_and_hands_out_no_files(tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("not for the page")
    # Linux listens on every address of this machine; none of them needs a password.
    with serving(tmp_path, host="127.0.0.2" if sys.platform == "linux" else "127.0.0.1") as address:
        status, html = opened(address)
        assert status == 200
        assert "Check photos" in html
        for file in (tmp_path / "private.txt", tmp_path / "w" / "supervisor.lock", ROOT / "app.py"):
            assert opened(f"{address}/gradio_api/file={file}")[0] in {403, 404}
