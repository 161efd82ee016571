"""The command line in processes of its own, with real training of a tiny network: what is printed, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.learning.conftest import COLOURS, backbone, paint  # noqa: F401 - a fixture
from tests.waiting import until
from transfer.config import RunConfig
from transfer.messages.endings import Stopped
from transfer.messages.events import Launched, Started
from transfer.messages.measurements import NetworkMeasured
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

SMALL = ("--weights", "random", "--hidden-units", "8", "--head-learning-rate", "0.01", "--batch-size", "16")
ENDLESS = ("--head-epochs", "1000", "--early-stopping-patience", "0")
PATIENCE = 240.0  # seconds for what takes five on a machine with nothing else to do


class Terminal:
    """Commands given in one workspace and one folder, that of the backbone."""

    def __init__(self, folder: Path, network: Path, keras_home: Path) -> None:
        self.folder, self.network = folder, network
        self.workspace = Workspace(folder / "workspace")
        self.environment = {
            **os.environ,
            "KERAS_HOME": str(keras_home),
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TRANSFER_STANDBY_MINUTES": "0",
        }

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "transfer", *map(str, arguments), "--workspace", str(self.workspace.path)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.network.parent,
            env=self.environment,
        )

    def run(self, *arguments: object) -> Ended:
        return Ended(self.start(*arguments))

    def train(self, photos: Path, *arguments: object) -> subprocess.Popen[str]:
        return self.start("train", photos, "--backbone", self.network.name, *SMALL, *arguments)


class Ended:
    """A command that is over: its exit code and what it said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.out, self.err = process.communicate(timeout=PATIENCE)
        self.code = process.returncode
        self.lines = self.out.splitlines()

    @property
    def json(self) -> Any:
        assert len(self.lines) == 1, self.out + self.err
        return json.loads(self.lines[0])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 20 photos, one of which is none."""
    folder = paint(tmp_path_factory.mktemp("photos") / "colours", dict.fromkeys(COLOURS, 20))
    (folder / "red" / "torn <b>.png").write_bytes((folder / "red" / "000.png").read_bytes()[:90])
    return folder


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Iterator[Terminal]:  # noqa: F811
    terminal = Terminal(tmp_path_factory.mktemp("terminal"), backbone, tmp_path_factory.mktemp("keras"))
    yield terminal
    for job in terminal.workspace.jobs():
        if not job.status().over:
            job.request_stop()
    until(lambda: not any(job.status().alive for job in terminal.workspace.jobs()), PATIENCE)


@pytest.fixture(scope="module")
def done(terminal: Terminal, photos: Path) -> Ended:
    """A run trained to the end, both phases."""
    flags = ("--head-epochs", 3, "--frozen-layers", 3, "--fine-tune-epochs", 2, "--name", "Tiny Örtchen")
    return Ended(terminal.train(photos, *flags))


@pytest.fixture(scope="module")
def trained(done: Ended) -> Run:
    assert done.code == 0, done.err
    return Run(Path(done.lines[-1]))


def newest(terminal: Terminal, before: set[Run]) -> Run:
    """The run that a command just started has made."""
    until(lambda: set(terminal.workspace.runs()) - before, PATIENCE)
    return (set(terminal.workspace.runs()) - before).pop()


# ---------------------------------------------------------------------- without training


def test_the_networks_are_listed(terminal: Terminal) -> None:
    rows = terminal.run("backbones", "--json").json
    by_name = {row["name"]: row for row in rows}
    assert by_name["MobileNetV2"]["alphas"][0] == 0.35
    assert by_name["MobileNetV2"]["ready"] == []  # this KERAS_HOME is empty
    assert 0.7 < by_name["ResNet50"]["top1"] < 0.8
    listed = terminal.run("backbones")
    assert listed.code == 0
    assert len(listed.lines) == 1 + len(rows)
    assert any(line.endswith("needs a 95 MB download") for line in listed.lines)
    assert not terminal.workspace.path.exists(), "a list of networks needs no workspace"


def test_a_folder_is_checked(terminal: Terminal, photos: Path) -> None:
    said = terminal.run("check", photos)
    assert said.code == 0
    for name in COLOURS:
        assert re.search(rf"^{re.escape(name)} .*\b20$", said.out, re.MULTILINE), said.out
    assert "Left out: red/torn <b>.png: " in said.out
    found = terminal.run("check", photos, "--json", "--seed", 3).json
    assert found["classes"] == sorted(COLOURS)
    assert len(found["photos"]) == 60
    assert [each["path"] for each in found["left_out"]] == ["red/torn <b>.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have names that are no text")
def test_names_that_are_no_text_can_be_said(terminal: Terminal, photos: Path, tmp_path: Path) -> None:
    folder = paint(tmp_path / "colours", dict.fromkeys(COLOURS, 4))
    (tmp_path / "colours" / "red" / os.fsdecode(b"\xff.png")).write_bytes(b"")
    plain = terminal.run("check", folder)
    assert plain.code == 0, plain.err
    assert "Left out: red/" in plain.out
    assert len(terminal.run("check", folder, "--json").json["left_out"]) == 1
    missing = terminal.run("check", os.fsdecode(b"/nowhere/\xff"))
    assert missing.code == 2
    assert "There is no folder" in missing.err


def mistakes(photos: Path) -> dict[str, tuple[tuple[object, ...], str]]:
    small = ("train", photos, *SMALL)
    return {
        "unknown run": (("predict", "nobody", photos / "x.png"), "“nobody” names no run."),
        "unknown run to resume": (("resume", "nobody"), "“nobody” names no run."),
        "missing folder": (("check", photos / "nowhere"), "There is no folder"),
        "missing folder to train": (("train", photos / "nowhere", "--weights", "random"), "There is no folder"),
        "a folder without classes": (("check", photos / "red"), "expected: "),
        "a bad number": ((*small, "--batch-size", "many"), "“Photos per step (batch size)” cannot be understood."),
        "out of range": ((*small, "--dropout", "1.5"), "“Signals left out by chance (dropout)” is out of range."),
        "not offered": ((*small, "--pooling", "median"), "one of avg, max, flatten"),
        "a bad seed": (
            ("check", photos, "--seed", "-1"),
            "“Number that chance begins with (seed)” is out of range.",
        ),
        "unknown network": ((*small, "--backbone", "MobilNetV2"), "Did you mean MobileNetV2"),
        "no such network file": ((*small, "--backbone", "none.keras"), "There is no file "),
        "missing weights file": (("train", photos, "--weights", "none.h5"), "There is no weights file "),
        "missing weights": (("train", photos, "--backbone", "VGG16"), "The ImageNet weights of VGG16"),
    }


@pytest.mark.parametrize("name", mistakes(Path("photos")))
def test_mistakes_are_met_with_words_and_make_no_run(terminal: Terminal, photos: Path, name: str) -> None:
    from transfer.networks.weights import online

    if name == "missing weights" and online():
        pytest.skip("the weights could be fetched here")
    arguments, message = mistakes(photos)[name]
    before = set(terminal.workspace.runs())
    said = terminal.run(*arguments, "--json")
    assert said.code == 2, said.err
    error = said.json["error"]
    assert set(error) == {"kind", "what", "expected", "found", "fix"}
    assert message.lower() in said.err.lower()
    assert "Traceback" not in said.err
    shown = [error["what"], f"Expected: {error['expected']}", f"Found: {error['found']}", f"What to do: {error['fix']}"]
    assert said.err.splitlines() == "\n".join(line for line in shown if not line.endswith(": ")).splitlines()
    assert set(terminal.workspace.runs()) == before


def test_a_workspace_that_cannot_be_written_to(terminal: Terminal, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    other = Terminal(tmp_path, terminal.network, tmp_path)
    other.workspace = Workspace(tmp_path / "file" / "workspace")
    said = other.run("check", photos, "--json")
    assert said.code == 2, said.err
    assert said.json["error"]["what"].startswith("The workspace ")


def test_every_setting_is_a_flag(terminal: Terminal) -> None:
    said = terminal.run("train", "--help")
    assert said.code == 0
    for name in RunConfig.settings():
        assert name == "photos" or f"--{name.replace('_', '-')} VALUE" in said.out


def test_no_command_is_a_mistake(terminal: Terminal) -> None:
    said = subprocess.run([sys.executable, "-m", "transfer"], capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert said.stderr.startswith("usage: python -m transfer")


# ---------------------------------------------------------------------- one trained run


def test_training_ends_with_the_run_directory(done: Ended, trained: Run, photos: Path) -> None:
    assert done.lines == [str(trained.path)]
    assert trained.status().state == "finished"
    assert trained.config.photos == str(photos)
    assert Path(trained.config.backbone).is_absolute(), "the worker may be started from another folder"
    assert (trained.config.head_epochs, trained.config.fine_tune_epochs, trained.config.frozen_layers) == (3, 2, 3)
    assert trained.name == "Tiny Örtchen"
    told = done.err.splitlines()
    assert [line.split()[0] for line in told if "val_accuracy" in line] == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert any("red/torn <b>.png" in line for line in told)
    assert told[-1].startswith("Right on ")
    assert "\r" not in done.err, "a bar is for terminals"


def test_runs_are_listed(terminal: Terminal, trained: Run) -> None:
    rows = {row["run"]: row for row in terminal.run("runs", "--json").json}
    mine = rows[str(trained.path)]
    metrics = trained.metrics()
    assert metrics is not None
    assert mine["status"] == "finished"
    assert mine["test_accuracy"] == metrics.accuracy
    best = trained.history().query("best == True")["val_accuracy"].iloc[-1]
    assert mine["val_accuracy"] == best
    assert "Tiny Örtchen" in terminal.run("runs").out


def test_measuring_again_gives_the_same(terminal: Terminal, trained: Run) -> None:
    before = trained.metrics()
    said = terminal.run("evaluate", trained.id, "--json")
    assert said.code == 0, said.err
    assert before is not None
    assert said.json["confusion"] == [list(row) for row in before.confusion]
    assert said.json["loss"] == pytest.approx(before.loss, rel=1e-4)


def test_photos_are_told_apart_and_one_that_cannot_be_read_is_named(
    terminal: Terminal, trained: Run, photos: Path
) -> None:
    good, torn, gone = photos / "blue" / "000.png", photos / "red" / "torn <b>.png", photos / "gone.jpg"
    said = terminal.run("predict", trained.id[-4:], good, torn, gone, "--why", terminal.folder / "why")
    assert said.code == 2
    assert len(said.lines) == 3, said.err
    answers = re.findall(r"(?:: |, )(.+?) (\d+\.\d)%", said.lines[0].removeprefix(str(good)))
    assert {label for label, _ in answers} == set(COLOURS)
    assert sum(float(share) for _, share in answers) == pytest.approx(100, abs=0.2)
    for photo, line in zip((torn, gone), said.lines[1:], strict=True):
        assert line.startswith(f"{photo}: ")
        assert "%" not in line
    (picture,) = (terminal.folder / "why").iterdir()
    assert said.lines[0].endswith(f"(what it looked at: {picture})") and picture.name == "000.png"
    with Image.open(picture) as drawn, Image.open(good) as photo:
        assert drawn.size == photo.size and drawn.mode == "RGB"
    assert terminal.run("predict", trained.id, good, "--top", 0).code == 2
    assert terminal.run("predict", trained.id, good, "--why", good).code == 2, "not into a file"


def test_a_model_is_exported(terminal: Terminal, trained: Run) -> None:
    (made_by_training,) = trained.exports_dir.glob("*-keras.zip")
    made_by_training.unlink()
    said = terminal.run("export", trained.id, "--format", "keras")
    assert said.code == 0, said.err
    assert said.lines == [str(made_by_training)]
    assert made_by_training.is_file()
    unknown = terminal.run("export", trained.id, "--format", "paper")
    assert unknown.code == 2


def test_a_finished_run_cannot_be_resumed(terminal: Terminal, trained: Run) -> None:
    said = terminal.run("resume", trained.id, "--json")
    assert said.code == 2
    assert said.json["error"]["found"] == "a run that is finished"


# ---------------------------------------------------------------------- stopping, waiting, dying


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_the_second_waits_and_ctrl_c_stops_the_first_and_keeps_its_best(terminal: Terminal, photos: Path) -> None:
    before = set(terminal.workspace.runs())
    first = terminal.train(photos, *ENDLESS)
    running = newest(terminal, before)
    until(lambda: len(running.history()) > 0, PATIENCE)
    second = terminal.train(photos, "--head-epochs", 2, "--json")
    waiting = newest(terminal, before | {running})
    third = terminal.train(photos, "--head-epochs", 2)
    last = newest(terminal, before | {running, waiting})
    until(lambda: last.status().place == 2, PATIENCE)
    assert waiting.status().place == 1
    assert third.stderr is not None
    assert any("Waiting: number 2 in line." in line for line in third.stderr)
    last.request_stop()
    until(lambda: last.status().state == "stopped", PATIENCE)  # whoever starts runs has looked at the queue
    assert second.poll() is None
    assert (running.status().state, waiting.status().state) == ("running", "queued")

    first.send_signal(signal.SIGINT)
    stopped = Ended(first)
    assert stopped.code == 1, "not all of the work was done"
    assert "the best state so far is kept" in stopped.err
    assert stopped.lines == [str(running.path)]
    assert running.status().state == "stopped"
    assert running.model_file.is_file()
    assert running.metrics() is not None

    finished = Ended(second)
    assert finished.code == 0, finished.err
    said = finished.json
    assert said["run"] == str(waiting.path)
    assert said["status"] == "finished"
    assert 0 <= said["test_accuracy"] <= 1
    assert 0 <= said["val_accuracy"] <= 1
    started = [run.log.newest(Started) for run in (running, waiting)]
    ended = running.log.newest(Stopped)
    assert ended is not None
    assert started[1] is not None
    assert started[1].time >= ended.time, "two runs trained at the same time"

    assert said["seconds"] > ended.time - waiting.created, "waiting takes time as well"

    taken_off = Ended(third)
    assert taken_off.code == 1
    assert last.log.newest(Launched) is None


@pytest.mark.skipif(os.name != "posix", reason="a worker is killed by a signal")
def test_a_run_whose_worker_was_killed_is_resumed(terminal: Terminal, photos: Path) -> None:
    before = set(terminal.workspace.runs())
    training = terminal.train(photos, "--head-epochs", 40, "--early-stopping-patience", 0)
    run = newest(terminal, before)
    until(lambda: len(run.history()) > 0, PATIENCE)
    worker = next(p for p in psutil.Process(training.pid).children() if "transfer.learning.worker" in p.cmdline())
    worker.kill()
    killed = Ended(training)
    assert killed.code == 1
    assert "signal 9" in killed.err
    assert run.status().state == "interrupted"
    epochs = len(run.history())
    assert 1 <= epochs < 40

    resumed = terminal.run("resume", run.id, "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["status"] == "finished"
    again = run.log.newest(Started)
    assert again is not None
    assert again.resumed_from is not None and again.resumed_from >= 1
    assert run.history()["step"].tolist() == list(range(1, 41))


def test_a_mistake_that_only_the_network_shows_is_a_mistake_as_well(terminal: Terminal, photos: Path) -> None:
    said = Ended(terminal.train(photos, "--image-size", 64, "--json"))
    assert said.code == 2
    assert said.json["status"] == "failed"
    assert said.json["error"]["kind"] == "ConfigError"
    assert said.json["error"]["what"] in said.err


def test_the_networks_are_measured_on_a_folder(terminal: Terminal, photos: Path) -> None:
    """With those that come as packages: this Keras home is empty. The first answer is enough, then it is stopped."""
    asking = terminal.start("advise", photos, "--json")
    until(terminal.workspace.studies, PATIENCE)
    (study,) = terminal.workspace.studies()
    until(lambda: study.log.newest(NetworkMeasured), 2 * PATIENCE)
    asking.send_signal(signal.SIGINT)
    said = Ended(asking)
    assert said.code == 0, said.err
    found = said.json
    assert (found["study"], found["state"]) in {(study.id, "stopped"), (study.id, "finished")}
    (network, *_) = found["networks"]
    assert (
        network["backbone"].startswith("EfficientNetLite") and network["low"] <= network["accuracy"] <= network["high"]
    )
    assert re.search(r"^EfficientNetLite0 +\d.*% right .* photos/s$", said.err, re.MULTILINE), said.err
    assert found["recommended"]["settings"]["backbone"] == found["recommended"]["name"]
    assert {"VGG16", "MobileNetV2"} <= {each["name"] for each in found["elsewhere"]}
    assert len(study.dataset.photos) == 60

    refused = terminal.run("advise", photos, "--minutes", 0)
    assert refused.code == 2 and "minutes between" in refused.err


@pytest.mark.skipif(os.name != "posix", reason="a worker stays where there are Unix sockets")
def test_a_worker_stays_for_the_next_command(backbone: Path, photos: Path, tmp_path: Path) -> None:  # noqa: F811
    with tempfile.TemporaryDirectory() as short:  # a socket's path must not be long
        folder = Path(short).resolve()
        terminal = Terminal(folder, backbone, tmp_path)
        terminal.environment["TRANSFER_STANDBY_MINUTES"] = "1"
        first = Ended(terminal.train(photos, "--head-epochs", 2))
        assert first.code == 0, first.err
        place, *others = terminal.workspace.cache_dir.glob("worker-*")
        assert not others and place.stat().st_mode & 0o077 == 0
        (kept,) = workers(place)
        assert kept.is_running()

        second = Ended(terminal.train(photos, "--head-epochs", 2, "--head-learning-rate", "0.02"))
        assert second.code == 0, second.err
        logs = [Run(Path(each.lines[-1])).worker_log.read_text() for each in (first, second)]
        assert all("training on" in log for log in logs), "each run has what was said of it"
        assert workers(place) == [kept]

        place.unlink()  # so that it goes before the minute is over
        until(lambda: not kept.is_running(), 60)


def workers(place: Path) -> list[psutil.Process]:
    """The processes that stay at a place; the process that proves exports is divided off from one, and no leader."""
    found = [each for each in psutil.process_iter() if str(place) in _command_line(each)]
    return [each for each in found if os.getpgid(each.pid) == each.pid]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
