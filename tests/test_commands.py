"""The desk: page, API and command line make the same run of the same settings, or say the same error."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import psutil
import pytest

from tests.dataset.pictures import photos
from tests.learning.conftest import backbone  # noqa: F401 - a fixture
from tests.networks.keras_archive import HDF5, HOSTILE, keras_archive
from tests.runs.conftest import new_run
from transfer import disk
from transfer.cli.main import main
from transfer.commands.desk import Desk
from transfer.commands.runs import Runs
from transfer.config import RunConfig
from transfer.costs.space import run_bytes
from transfer.drawing.panels import error_panel
from transfer.errors import ConfigError, DiskError, ExportError, MemoryShort, PhotosError, RunError, TransferError
from transfer.messages.endings import Died, Interrupted, Stopped
from transfer.messages.events import Changed, Event, Launched
from transfer.messages.requests import Pause, Stop
from transfer.networks import weights
from transfer.networks.backbones import BACKBONES, RECOMMENDED
from transfer.networks.default import default_backbone, seconds
from transfer.runs.notes import Notes
from transfer.runs.study import StudyConfig
from transfer.runs.workspace import Workspace
from transfer.ui import page
from transfer.ui.context import Context
from transfer.ui.shared import form
from transfer.ui.shared.again import again as again_in_the_form

LAYERS = 154  # of MobileNetV2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person has: photos, a model, weights; and a Keras home that knows MobileNetV2, at one width."""
    folder = tmp_path_factory.mktemp("home")
    for number, name in enumerate(("cats", "dogs")):
        photos(folder / "photos" / name, 8, first=100 * number)
    keras_archive(folder / "mine.keras")  # what is in it matters only where it does how many layers it has
    (folder / "mine.weights.h5").write_bytes(HDF5)  # whether they fit, the worker finds out
    return folder


@pytest.fixture(scope="module", autouse=True)
def offline(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setenv("HOME", str(folder))
        patch.setattr(weights, "online", lambda: False)
        file = weights.weights_file(BACKBONES["MobileNetV2"])
        file.path.parent.mkdir(parents=True)
        file.path.write_text("weights")
        yield


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[Desk]:
    """The desk of a page: it may look into one folder."""
    desk = Desk.open(Workspace(folder / "workspace"), [folder], folder / "logs")
    yield desk
    desk.close()


@dataclass(frozen=True)
class Refused:
    """An error as a person reads it."""

    text: str


class Surfaces:
    """Three ways to ask for a run; each returns its config, or the error."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str], built: gr.Blocks) -> None:
        self.desk, self.capsys = desk, capsys
        self.handlers = {f.name: f.fn for f in built.fns.values()}
        self.endpoints = {f.api_name: f.fn for f in built.fns.values()}

    def page(self, settings: dict[str, Any]) -> RunConfig | Refused:
        filled = {**RunConfig().to_dict(), **settings}
        begin: Callable[..., Iterator[dict[Any, Any]]] = self.handlers["begin"]  # type: ignore[assignment]
        *_, last = begin(filled["photos"], *(filled[name] for name in form.FIELDS))
        shown = list(last.values())
        refused = [each for each in shown if "t-panel" in each]
        return Refused(refused[0]) if refused else self.config(shown[1])

    def api(self, settings: dict[str, Any]) -> RunConfig | Refused:
        train: Callable[..., str] = self.endpoints["train"]  # type: ignore[assignment]
        try:
            return self.config(train(settings))
        except gr.Error as error:
            return Refused(str(error.message))

    def terminal(self, settings: dict[str, Any]) -> tuple[RunConfig | Refused, TransferError | None]:
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items() if name != "photos"]
        code = main(["train", str(settings["photos"]), *flags, "--workspace", str(self.desk.workspace.path), "--json"])
        said = self.capsys.readouterr()
        answer = json.loads(said.out)
        if "error" in answer:
            assert code == 2
            return Refused(said.err.strip()), TransferError.from_dict(answer["error"])
        return self.config(Path(answer["run"]).name), None

    def config(self, name: str) -> RunConfig:
        return self.desk.runs.get(name).config


@pytest.fixture(scope="module")
def built(desk: Desk) -> gr.Blocks:
    return page.build(Context(desk))


@pytest.fixture
def surfaces(
    desk: Desk, built: gr.Blocks, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Surfaces:
    # Nothing is trained here: the command line does not wait for the run.
    monkeypatch.setattr("transfer.cli.commands.follow", lambda desk, run: run.status())
    monkeypatch.setattr(Runs, "at_work", lambda self: None)  # one that the terminal began: the page would show that
    return Surfaces(desk, capsys, built)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"backbone": "MobileNetV2", "weights": "imagenet", "frozen_layers": None}),
        ({"photos": "~/photos/../photos "}, {}),
        ({"frozen_layers": 0}, {"frozen_layers": 0}),
        ({"frozen_layers": LAYERS - 1}, {"frozen_layers": LAYERS - 1}),
        ({"frozen_layers": LAYERS}, {"frozen_layers": None}),
        ({"frozen_layers": 900}, {"frozen_layers": None}),
        ({"frozen_layers": "all"}, {"frozen_layers": None}),
        ({"backbone": " MOBILENETv2"}, {"backbone": "MobileNetV2"}),
        ({"backbone": "efficientnetlite0"}, {"backbone": "EfficientNetLite0", "weights": "imagenet"}),
        ({"backbone": "", "batch_size": "", "pooling": ""}, {"backbone": default_backbone(), "batch_size": 32}),
        ({"backbone": "~/mine.keras"}, {"backbone": "{folder}/mine.keras"}),
        ({"backbone": "{folder}/photos/../mine.keras "}, {"backbone": "{folder}/mine.keras"}),
        ({"weights": "~/mine.weights.h5"}, {"weights": "{folder}/mine.weights.h5"}),
        ({"head_learning_rate": "1e-2", "seed": 4.0}, {"head_learning_rate": 0.01, "seed": 4}),
    ],
)
def test_the_same_settings_make_the_same_run(
    surfaces: Surfaces, folder: Path, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    given = {"photos": str(folder / "photos"), "backbone": "MobileNetV2", **filled(settings, folder)}
    config = surfaces.page(given)
    assert isinstance(config, RunConfig), config
    assert surfaces.api(given) == config
    assert surfaces.terminal(given) == (config, None)
    wanted = {"photos": str(folder / "photos"), **filled(expected, folder)}
    assert {name: value for name, value in config.to_dict().items() if name in wanted} == wanted


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"photos": ""}, "no photos to learn from"),
        ({"photos": "{folder}/nowhere"}, "There is no folder"),
        ({"photos": "{folder}/photos/cats"}, "Expected: "),
        ({"backbone": "MobilNetV2"}, "Did you mean MobileNetV2"),
        ({"backbone": "{folder}/none.keras"}, "There is no file {folder}/none.keras."),
        ({"backbone": "{folder}/photos/../photos.keras"}, "nothing at that path"),
        ({"weights": "{folder}/none.h5"}, "There is no weights file {folder}/none.h5."),
        ({"weights": "{folder}"}, "Found: a folder"),
        ({"backbone": "VGG16"}, "The ImageNet weights of VGG16"),
        ({"backbone": "VGG16", "alpha": 0.5, "weights": "random"}, "VGG16 does not come in this width."),
        ({"head_learning_rate": float("nan")}, "Found: nan"),
        ({"batch_size": float("nan")}, "a whole number"),
        ({"batch_size": "many"}, "Found: many"),
        ({"batch_size": 2.5}, "Found: 2.5"),
        ({"batch_size": True}, "Found: True"),
        ({"seed": -1}, "out of range"),
        ({"pooling": "median"}, "one of avg, max, flatten"),
        ({"head_epochs": 0, "frozen_layers": LAYERS}, "nothing to train"),
        ({"head_epochs": 0, "frozen_layers": 900}, "nothing to train"),
    ],
)
def test_the_same_mistake_is_met_with_the_same_words(
    surfaces: Surfaces, folder: Path, settings: dict[str, Any], says: str
) -> None:
    given = {"photos": str(folder / "photos"), "backbone": "MobileNetV2", **filled(settings, folder)}
    before = surfaces.desk.runs.all()
    refused, error = surfaces.terminal(given)
    assert isinstance(refused, Refused) and error is not None
    assert says.format(folder=folder) in refused.text
    assert surfaces.api(given) == refused
    assert surfaces.page(given) == Refused(error_panel(error))
    assert surfaces.desk.runs.all() == before


def test_there_is_room_for_what_comes_of_a_run_or_there_is_no_run(desk: Desk, folder: Path) -> None:
    largest = {"pooling": "flatten", "hidden_units": 8192, "image_size": 1024, "backbone": "MobileNetV2"}
    needed = run_bytes(RunConfig.from_dict(largest), desk.check(folder / "photos"))
    if disk.free(folder) > needed:
        pytest.skip("this disk has room for everything")
    before = desk.runs.all()
    with pytest.raises(DiskError, match="not enough room on the disk for this run") as refused:
        desk.training.begin({**largest, "photos": str(folder / "photos")})
    assert refused.value.expected.startswith(f"about {disk.megabytes(needed)} free")
    assert desk.runs.all() == before


def filled(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {name: value.format(folder=folder) if isinstance(value, str) else value for name, value in settings.items()}


def test_the_layers_of_a_file_are_counted_when_it_matters(desk: Desk, folder: Path, backbone: Path) -> None:  # noqa: F811
    file = Path(shutil.copy(backbone, folder / "three.keras"))
    given = {"photos": folder / "photos", "backbone": str(file)}
    total = len(desk.networks.layers(str(file), 1.0))
    assert total > 3
    for chosen, meant in ((total - 1, total - 1), (total, None), (900, None)):
        assert desk.training.config({**given, "frozen_layers": chosen}).frozen_layers == meant
    with pytest.raises(ConfigError, match="cannot be loaded"):
        desk.training.config({**given, "backbone": str(folder / "mine.keras"), "frozen_layers": 3})


def test_the_network_that_can_be_had_is_chosen_where_none_is(
    surfaces: Surfaces, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    given = {"photos": str(folder / "photos"), "backbone": ""}
    config = surfaces.page(given)
    assert isinstance(config, RunConfig)
    assert (config.backbone, config.weights) == (default_backbone(), "imagenet")
    assert surfaces.api({"photos": given["photos"]}) == config
    assert surfaces.terminal({"photos": given["photos"]}) == (config, None)
    # For so few photos a network that would take too long for many is quick enough.
    large = weights.weights_file(BACKBONES["EfficientNetV2M"]).path
    large.parent.mkdir(parents=True, exist_ok=True)
    large.touch()
    config = surfaces.api({"photos": given["photos"]})
    assert isinstance(config, RunConfig) and config.backbone == "EfficientNetV2M"
    assert surfaces.terminal({"photos": given["photos"]}) == (config, None)


def test_the_advice_is_about_what_would_be_trained(surfaces: Surfaces) -> None:
    comment: Callable[..., list[Any]] = surfaces.handlers["comment"]  # type: ignore[assignment]
    for frozen, speaks in ((100, True), (900, False), (None, False)):
        filled = {**RunConfig().to_dict(), "frozen_layers": frozen, "fine_tune_learning_rate": 0.01}
        notes, *_ = comment(None, {name: filled[name] for name in form.FIELDS})
        assert ("fine-tuning is high" in notes) == speaks


# ---------------------------------------------------------------------- what may be opened


def test_a_page_opens_nothing_outside_its_roots(desk: Desk, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.keras").touch()
    for kind, settings in (
        (PhotosError, {"photos": str(tmp_path)}),
        (ConfigError, {"backbone": str(tmp_path / "other.keras")}),
        (ConfigError, {"backbone": str(tmp_path / "none.keras")}),
        (ConfigError, {"weights": str(tmp_path / "other.keras")}),
        (ConfigError, {"weights": "a\0b"}),
    ):
        with pytest.raises(kind, match="outside the folders"):
            desk.training.config({"photos": str(folder / "photos"), **settings})
    with pytest.raises(PhotosError, match="outside the folders"):
        desk.check(tmp_path)


def test_models_of_the_workspace_and_weights_of_keras_may_always_be_read(folder: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    desk = Desk.open(workspace, [tmp_path / "nothing else"], tmp_path)
    upload = tmp_path / "net.keras"
    kept = []
    for content in (b"first", b"second"):
        keras_archive(upload, members={"metadata.json": content})
        kept.append(desk.networks.keep(upload))
    assert [b"first" in place.read_bytes() for place in kept] == [True, False], (
        "an upload changed what a run was made with"
    )
    inside = photos(workspace.photos_dir / "pets" / "cats", 8) and workspace.photos_dir / "pets"
    keras_file = weights.weights_file(BACKBONES["MobileNetV2"]).path
    config = desk.training.config({"photos": inside, "backbone": str(kept[0]), "weights": str(keras_file)})
    assert (config.photos, config.backbone, config.weights) == (str(inside), str(kept[0]), str(keras_file))


def test_a_desk_is_opened_without_a_trace_and_says_when_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    desk = Desk.open(Workspace(tmp_path / "file" / "workspace"), [tmp_path], tmp_path / "logs")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(ConfigError, match="cannot be used"):
        desk.prepare()


# ---------------------------------------------------------------------- what is measured before training


def test_a_study_is_asked_for_looked_at_and_stopped(surfaces: Surfaces, folder: Path) -> None:
    desk, ask = surfaces.desk, surfaces.endpoints
    name = ask["advise"]({"photos": str(folder / "photos")})
    study = desk.studies.get(name)
    assert desk.studies.all()[0] == study and study.config.kind == "networks"
    found = ask["study"](name)
    assert (found["state"], found["networks"], found["recommended"]) == ("queued", [], None)
    assert "VGG16" in {each["name"] for each in found["elsewhere"]}
    assert ask["stop_study"](name) == "stopped"
    assert surfaces.page({"photos": str(folder / "photos")}), "a study is in no run's way"
    for endpoint, given, says in (
        ("advise", [{"photos": "/etc"}], "outside the folders"),
        ("advise", [{"photos": str(folder / "photos")}, "weather"], "one of networks"),
        ("study", ["../runs"], "no study called"),
        ("stop_study", [""], "no study called"),
    ):
        with pytest.raises(gr.Error, match=says):
            ask[endpoint](*given)


# ---------------------------------------------------------------------- what can be asked of which run


def test_a_terminal_takes_part_of_a_name_and_a_page_does_not(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    run = new_run(workspace, tmp_path)
    desk, terminal = Desk.open(workspace, [tmp_path], tmp_path), Desk.open(workspace, None, tmp_path)
    for name in (run.id, run.id[-4:], str(run.path)):
        assert terminal.runs.get(name) == run
    assert desk.runs.get(run.id) == run
    for name in (run.id[-4:], str(run.path), f"../runs/{run.id}", "", "a\0b"):
        with pytest.raises(RunError, match="no run called"):
            desk.runs.get(name)


def test_a_run_is_stopped_and_resumed_only_when_it_was_interrupted(desk: Desk, tmp_path: Path) -> None:
    run = new_run(desk.workspace, tmp_path)
    assert desk.training.stop(run.id) == run
    assert run.mailbox.has(Stop)
    run.log.append(Stopped(message="by you"))
    with pytest.raises(RunError, match="cannot be resumed"):
        desk.training.resume(run.id)
    run.log.append(Died(message="power cut"))
    assert desk.training.resume(run.id).status().state == "queued"
    assert not run.mailbox.has(Stop)


def test_a_waiting_run_is_changed_and_paused_by_programs_and_in_the_terminal(
    surfaces: Surfaces, tmp_path: Path
) -> None:
    desk, ask = surfaces.desk, surfaces.endpoints
    run = new_run(desk.workspace, tmp_path)
    where = ["--workspace", str(desk.workspace.path)]
    assert ask["change"](run.id, {"frozen_layers": 10_000, "head_epochs": "7"}) == "queued"
    assert main(["change", run.id, "--fine-tune-epochs", "9", *where]) == 0
    assert [each.settings for each in run.pending_changes()] == [{"head_epochs": 7}, {"fine_tune_epochs": 9}]
    for wrong in ({"head_epochs": "many"}, {"head_epochs": 5000}, {"batch_size": 2}, {"head_epochs": 7}, {}):
        with pytest.raises(gr.Error):
            ask["change"](run.id, wrong)
    assert main(["change", run.id, "--head-learning-rate", "99", *where]) == 2
    assert "between 0.0000001 and 1" in surfaces.capsys.readouterr().err
    assert main(["pause", run.id, *where]) == 0 and run.mailbox.has(Pause)
    assert main(["stop", run.id, *where]) == 0 and run.mailbox.has(Stop)
    assert len(run.pending_changes()) == 2


def test_a_run_without_a_model_answers_nothing(desk: Desk, tmp_path: Path) -> None:
    run = new_run(desk.workspace, tmp_path)
    for ask in (
        lambda: desk.models.predict(run.id, ["photo.jpg"]),
        lambda: desk.models.evaluate(run.id),
        lambda: desk.models.export(run.id, "keras"),
    ):
        with pytest.raises(RunError, match="has no trained model"):
            ask()


def test_what_no_model_can_do_is_not_asked_of_it(desk: Desk, tmp_path: Path) -> None:
    run = new_run(desk.workspace, tmp_path)
    run.model_file.parent.mkdir(parents=True)
    run.model_file.touch()
    for format in ("pickle", "../keras", ""):
        with pytest.raises(ExportError, match="no export format"):
            desk.models.export(run.id, format, again=False)
    with pytest.raises(ConfigError, match="No classes"):
        desk.models.predict(run.id, ["photo.jpg"], top=0)


@pytest.mark.parametrize("name", ["Lambda", "a function that fetches"])
def test_a_hostile_model_is_refused_before_anything_is_queued_or_loaded(name: str, desk: Desk, folder: Path) -> None:
    before = [run.id for run in desk.runs.all()]
    place = HOSTILE[name](folder / "hostile.keras")
    with pytest.raises(ConfigError, match=r"hostile\.keras cannot be loaded as a Keras model"):
        desk.training.begin({"photos": str(folder / "photos"), "backbone": str(place)})
    with pytest.raises(ConfigError, match=r"hostile\.keras cannot be loaded"):
        desk.networks.keep(place)
    assert not place.exists() and not list(desk.workspace.networks_dir.glob("hostile*")), "nothing stays of an upload"
    assert [run.id for run in desk.runs.all()] == before


def test_a_run_is_cloned_with_changes(desk: Desk, folder: Path) -> None:
    run = desk.training.begin({"photos": str(folder / "photos"), "name": "first", "head_epochs": 7})
    again = desk.training.clone(run.id, {"head_epochs": "9", "seed": ""})
    assert again.id != run.id and again.config == dataclasses.replace(run.config, head_epochs=9, name="first (copy)")
    desk.queue.move(again.id, 1)
    assert desk.queue.all()[0] == again
    desk.training.stop(again.id)
    assert again not in desk.queue.all() and again.status().state == "stopped"
    run.log.append(Changed(step=1, settings={"frozen_layers": 3, "head_epochs": 8}))
    Notes(name="later").write(run.path)
    again = desk.training.clone(run.id)
    assert (again.name, again.config.frozen_layers, again.config.head_epochs) == ("later (copy)", 3, 8)
    assert desk.training.clone(run.id, {"frozen_layers": ""}).config.frozen_layers is None
    assert 8 in [part for part in again_in_the_form(run) if isinstance(part, int)]
    run.log.append(Died(message="over"))


@pytest.mark.parametrize(
    ("last", "settings", "smaller"),
    [
        (Interrupted.of(MemoryShort("Memory ran out.")), {}, {"batch_size": 16}),
        (Died(message="Killed.", exit_code=-9), {"batch_size": 1}, {"image_size": 160}),
        (Died(message="", exit_code=-6, log_tail="std::bad_alloc"), {"batch_size": 1}, {"image_size": 160}),
        (Died(message="Killed.", exit_code=-11), {}, {}),
        (Interrupted.of(DiskError("The disk is full.")), {}, {}),
    ],
)
def test_what_to_go_on_with_after_memory_ran_out(
    last: Event, settings: dict[str, int], smaller: dict[str, int], desk: Desk, tmp_path: Path
) -> None:
    run = new_run(desk.workspace, tmp_path, **settings)
    run.log.append(last)
    assert desk.outlooks.smaller(run.id) == smaller
    if smaller:
        assert desk.training.resume(run.id, smaller).config == dataclasses.replace(run.config, **smaller)


def test_a_dry_run_says_what_fits(desk: Desk, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is tried of what is known not to fit."""
    large = {"backbone": "MobileNetV2", "frozen_layers": 0, "batch_size": 1024, "image_size": 1024}
    outlook = desk.outlooks.of({"photos": str(folder / "photos"), **large})
    assert not outlook.fits and not outlook.estimate.measured
    assert list(outlook.offers[0]) == ["batch_size"]
    flags = [part for name, value in large.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    place = str(desk.workspace.path)
    assert main(["train", str(folder / "photos"), "--dry-run", "--workspace", place, *flags]) == 1
    said = capsys.readouterr().out
    assert "does not fit in the memory of this machine" in said and "It would fit with --batch-size" in said


def test_nothing_is_measured_while_a_run_trains(
    desk: Desk, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(desk.workspace, tmp_path)
    with run.lock.acquire(timeout=1):
        run.log.append(Launched())
        with pytest.raises(RunError, match="while a run trains"):
            desk.outlooks.measured({"photos": str(folder / "photos"), "backbone": "MobileNetV2"})
        said = ["train", str(folder / "photos"), "--backbone", "MobileNetV2", "--dry-run"]
        assert main([*said, "--workspace", str(desk.workspace.path)]) in (0, 1)  # as there is memory
        assert "a rough guess" in capsys.readouterr().out
    run.log.append(Died(message="over"))


def test_a_trial_ends_as_soon_as_anything_else_begins(folder: Path, tmp_path: Path) -> None:
    """Or when whoever watches it leaves; nothing of it is remembered, and no process is left."""
    desk = Desk.open(Workspace(tmp_path / "workspace"), [folder], folder)  # where no other test left something alive
    run, settings = new_run(desk.workspace, tmp_path), {"photos": str(folder / "photos"), "backbone": "MobileNetV2"}
    study = desk.workspace.create_study(StudyConfig(run=run.config), run.dataset)
    workers: list[psutil.Process] = []

    def leave() -> None:
        workers.extend(each for each in psutil.Process().children() if "--standby" in each.cmdline())
        with pytest.raises(RunError, match="measured already"):
            desk.outlooks.measured(settings)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        desk.outlooks.measured(settings, look=leave)
    for job in (run, study):
        with job.lock.acquire(timeout=1), pytest.raises(RunError, match="while a run trains"):
            desk.outlooks.measured(settings, look=lambda job=job: job.log.append(Launched()))  # type: ignore[misc]
        job.log.append(Died(message="over"))
    assert workers and not any(each.is_running() for each in workers)
    assert not desk.workspace.costs.read()


def test_what_is_foreseen_is_of_the_network_that_would_be_taken(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which depends on how many photos there are, where none was chosen."""
    small = BACKBONES["MobileNetV2"]
    monkeypatch.setattr("transfer.networks.default.LONGEST", seconds(small, 16))
    assert (default_backbone(16), default_backbone()) == ("MobileNetV2", RECOMMENDED)
    photos = {"photos": str(folder / "photos")}
    assert desk.outlooks.of(photos).estimate == desk.outlooks.of({**photos, "backbone": small.name}).estimate
