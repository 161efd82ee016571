"""The queue from the terminal: listed, put in another order, and a run taken off it, with nobody at work."""

import json
from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.cli.main import main
from transfer.messages.events import Launched
from transfer.runs.workspace import Workspace


def test_the_queue_is_listed_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(tmp_path / "workspace")
    one, two, three = (new_run(workspace, tmp_path, name=name) for name in ("one", "two", "three"))

    def queue(*words: str) -> list[str]:
        assert main(["queue", *words, "--workspace", str(workspace.path), "--json"]) == 0
        return [row["name"] for row in json.loads(capsys.readouterr().out)]

    assert queue() == ["one", "two", "three"]
    assert queue(three.id, "--up") == ["one", "three", "two"]
    assert queue(one.id, "--down") == ["three", "one", "two"]
    assert queue(two.id, "--next") == ["two", "three", "one"]
    assert queue(two.id, "--place", "2") == ["three", "two", "one"]
    assert queue(three.id, "--remove") == ["two", "one"]
    assert three.status().message == "Taken off the queue before it began."
    assert main(["queue", "--workspace", str(workspace.path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"  1  two  {two.id}", f"  2  one  {one.id}"]
    two.log.append(Launched())  # it begins, and is no longer anybody's to take off
    for wrong, said in (
        (["--up"], "Which run?"),
        ([three.id, "--up"], "does not wait for its turn"),
        ([three.id, "--remove"], "does not wait for its turn"),
        ([two.id, "--remove"], "does not wait for its turn"),
    ):
        assert main(["queue", *wrong, "--workspace", str(workspace.path)]) == 2
        assert said in capsys.readouterr().err
    assert not two.mailbox.read() and not three.mailbox.read()
