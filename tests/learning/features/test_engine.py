"""Engines: they answer as Keras does, in order, are found again without Keras, fall back in the open, in silence."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.learning.features import compiled, engine
from transfer.learning.features.compiled import feature_spec
from transfer.learning.features.cut import cut
from transfer.learning.features.engine import (
    TOLERANCE,
    Engine,
    KerasEngine,
    OpenVINOEngine,
    difference,
    open_engine,
)
from transfer.learning.model.classifier import build
from transfer.networks.backbones import FAMILIES

try:
    compiled.openvino()
    HAS_OPENVINO = True
except ImportError:
    HAS_OPENVINO = False
needs_openvino = pytest.mark.skipif(not HAS_OPENVINO, reason="OpenVINO is not installed")

ROOT = Path(__file__).parents[3]
CONFIG = RunConfig(backbone="MobileNetV2", alpha=0.35, weights="random", image_size=32)
SPEC = feature_spec(CONFIG, 32)


def lower(config: RunConfig = CONFIG) -> Any:
    return build(config, 3).features


def not_needed() -> Any:
    raise AssertionError("Keras was asked although the engine had been kept")


def photos(count: int, size: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def run(program: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    """The last line that a program of its own printed."""
    command = [sys.executable, "-m", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return (done.stdout.splitlines() or [""])[-1]


@pytest.fixture(scope="module")
def model() -> Any:
    return lower()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model: Any) -> Path:
    """A folder in which the engine of `SPEC` is kept."""
    folder = tmp_path_factory.mktemp("engines")
    open_engine(lambda: model, SPEC, folder)
    return folder


@pytest.fixture
def kept(folder: Path) -> OpenVINOEngine:
    found = Engine.cached(folder, SPEC.key)
    assert found is not None
    return found


# ---------------------------------------------------------------------- answers


@needs_openvino
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_openvino_answers_as_keras_does(kept: OpenVINOEngine, model: Any, kind: type) -> None:
    batch: np.ndarray = photos(5).astype(kind)
    answers = kept.run(batch)
    assert answers.shape == (5, 1280) and answers.dtype == np.float32
    assert difference(answers, KerasEngine(model).run(batch)) < 1e-4
    np.testing.assert_allclose(answers, model(batch.astype(np.float32)), atol=1e-4 * answers.max())


@needs_openvino
def test_map_keeps_the_order_for_any_batch_sizes(kept: OpenVINOEngine) -> None:
    batches = [photos(count, seed=count) for count in (40, 1, 0, 7, 33)]
    found = list(kept.map(batches))
    assert [len(answers) for answers in found] == [40, 1, 0, 7, 33]
    for batch, answers in zip(batches, found, strict=True):
        np.testing.assert_array_equal(answers, kept.run(batch))


def test_keras_maps_too(model: Any) -> None:
    keras_engine = KerasEngine(model)
    batches = [photos(2), photos(3, seed=1)]
    found = list(keras_engine.map(batches))
    assert [answers.shape for answers in found] == [(2, 1280), (3, 1280)]
    np.testing.assert_allclose(found[1], keras_engine.run(batches[1]), atol=1e-6)


@needs_openvino
def test_only_two_batches_are_under_way(kept: OpenVINOEngine) -> None:
    fetched = 0

    def source() -> Iterator[np.ndarray]:
        nonlocal fetched
        for _ in range(10):
            fetched += 1
            yield photos(4)

    answers = kept.map(source())
    for done in range(1, 11):
        next(answers)
        assert fetched <= done + 1


@needs_openvino
def test_a_map_that_is_given_up_leaves_the_engine_usable(kept: OpenVINOEngine) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield photos(40)
        raise OSError("the disk is gone")

    answers = kept.map(photos(40) for _ in range(5))
    first = next(answers)
    answers.close()
    with pytest.raises(OSError, match="disk is gone"):
        list(kept.map(broken()))
    with pytest.raises(RuntimeError):
        kept.run(photos(2, size=48))  # the wrong size
    np.testing.assert_array_equal(kept.run(photos(40)), first)


@needs_openvino
def test_maps_and_what_lies_above_them(tmp_path: Path) -> None:
    """A part that ends in maps, and the tail that takes them instead of photos."""
    built = build(CONFIG, 3)
    names = [layer.name for layer in built.backbone.layers]
    parts = cut(built, names.index("block_15_expand"))
    maps = open_engine(lambda: parts.lower, feature_spec(CONFIG, 32, parts.name), tmp_path)
    features = open_engine(lambda: parts.tail, feature_spec(CONFIG, 32, "tail of " + parts.name), tmp_path)
    assert isinstance(maps, OpenVINOEngine) and isinstance(features, OpenVINOEngine)
    batch = photos(4)
    assert maps.run(batch).shape == (4, *parts.shape)
    whole = np.asarray(built.features(batch.astype(np.float32)))
    assert difference(features.run(maps.run(batch)), whole) < 1e-4


# ---------------------------------------------------------------------- kept between starts


@needs_openvino
def test_the_second_start_needs_no_keras(folder: Path) -> None:
    again = open_engine(not_needed, SPEC, folder)
    assert isinstance(again, OpenVINOEngine)
    assert again.description.startswith("OpenVINO ")
    assert again._compiled.get_property("LOADED_FROM_CACHE")
    apart, modules = run("tests.learning.features.kept_engine", folder, SPEC.key).split(maxsplit=1)
    assert float(apart) <= TOLERANCE and modules.strip() == "[]"


def test_the_key_says_what_the_answers_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other = tmp_path / "a.weights.h5", tmp_path / "b.weights.h5"
    for path, value in ((file, 1), (other, 2)):
        with h5py.File(path, "w") as weights:
            weights["kernel"] = value
    settings: list[dict[str, Any]] = [
        {},
        {"alpha": 0.5},
        {"backbone": "MobileNet", "alpha": 0.5},
        {"seed": 1},
        {"pooling": "max"},
        {"weights": str(file)},
        {"weights": str(other)},
    ]
    keys = [feature_spec(RunConfig.from_dict(CONFIG.to_dict() | changed), 32).key for changed in settings]
    keys += [feature_spec(CONFIG, 64).key, feature_spec(CONFIG, 32, "block_15_add").key]
    monkeypatch.setattr(compiled, "processor", lambda: "another")
    keys.append(SPEC.key)
    assert len(set(keys)) == len(keys)
    # What is above the cut does not matter, nor does where a weights file lies.
    other.write_bytes(file.read_bytes())
    same = [
        RunConfig.from_dict(CONFIG.to_dict() | {"weights": str(f), "dropout": d})
        for f, d in ((file, 0.1), (other, 0.5))
    ]
    assert feature_spec(same[0], 32).key == feature_spec(same[1], 32).key


@needs_openvino
def test_a_damaged_entry_is_made_again(tmp_path: Path, model: Any) -> None:
    assert Engine.cached(tmp_path, SPEC.key) is None
    open_engine(lambda: model, SPEC, tmp_path)
    entry = tmp_path / SPEC.key
    (entry / "network.xml").write_text("<nothing/>")
    assert Engine.cached(tmp_path, SPEC.key) is None
    assert isinstance(open_engine(lambda: model, SPEC, tmp_path), OpenVINOEngine)
    for file in entry.glob("*.blob"):
        file.chmod(0o600)
        file.write_bytes(b"torn")
    assert Engine.cached(tmp_path, SPEC.key) is not None
    assert {file.name for file in tmp_path.iterdir()} == {SPEC.key, ".lock"}


@needs_openvino
def test_two_at_once_share_one_entry(tmp_path: Path, model: Any) -> None:
    """What a second process does that began before the first was done: it finds the entry there and leaves it."""
    answers = KerasEngine(model).run(compiled.pictures((32, 32, 3)))
    compiled.keep(tmp_path / SPEC.key, model, answers)
    before = (tmp_path / SPEC.key / "network.xml").stat().st_ino
    compiled.keep(tmp_path / SPEC.key, model, answers)
    assert (tmp_path / SPEC.key / "network.xml").stat().st_ino == before
    assert [file.name for file in tmp_path.iterdir()] == [SPEC.key]


# ---------------------------------------------------------------------- falling back in the open


@needs_openvino
def test_other_answers_than_keras_gave_are_refused(tmp_path: Path, model: Any) -> None:
    """Another network's answers as the reference: the engine is not used, the words say why, and it is remembered."""
    answers = KerasEngine(model).run(compiled.pictures((32, 32, 3)))
    compiled.keep(tmp_path / "slightly", model, answers * 1.0005)
    assert isinstance(Engine.cached(tmp_path, "slightly"), OpenVINOEngine)
    for name, wrong in (("wrong", answers + 0.002 * answers.max()), ("nothing", answers * np.nan)):
        compiled.keep(tmp_path / name, model, wrong)
        assert Engine.cached(tmp_path, name) is None
        with pytest.raises(engine.Disagreement):
            OpenVINOEngine(tmp_path / name)


@needs_openvino
def test_a_network_that_cannot_be_translated_runs_with_keras(tmp_path: Path) -> None:
    import keras

    photo = keras.Input((32, 32, 3))
    phases = keras.ops.fft2((photo, photo * 0.0))[
        0
    ]  # a complex operation without its counterpart, or with another answer
    odd = keras.layers.GlobalAveragePooling2D()(keras.layers.Activation(keras.ops.erfinv)(photo / 300.0) + 0.0 * phases)
    odd_model = keras.Model(photo, odd)
    found = open_engine(lambda: odd_model, SPEC, tmp_path)
    assert isinstance(found, KerasEngine) and "OpenVINO, which was not used because" in found.description
    assert found.run(photos(2)).shape == (2, 3)
    again = open_engine(lambda: odd_model, SPEC, tmp_path)
    assert again.description == found.description
    assert not compiled.is_kept(tmp_path / SPEC.key)


def test_without_openvino(tmp_path: Path) -> None:
    """Where the package is missing Keras does the work, and says so."""
    kind, shape, description = run("tests.learning.features.without_openvino", tmp_path).split("|")
    assert (kind, shape) == ("KerasEngine", "(1, 1280)")
    assert "TensorFlow on the CPU" in description and "cannot be used" in description


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path, model: Any) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    found = open_engine(lambda: model, SPEC, blocked)
    assert isinstance(found, KerasEngine)
    assert blocked.read_text() == "in the way"


def test_a_gpu_is_left_to_tensorflow(tmp_path: Path, model: Any) -> None:
    found = open_engine(lambda: model, SPEC, tmp_path, gpu=True)
    assert isinstance(found, KerasEngine) and "GPU" in found.description
    assert not list(tmp_path.iterdir())


def test_differences() -> None:
    reference = np.array([[1.0, -4.0]])
    assert difference(reference + 0.004, reference) == pytest.approx(0.001)
    assert difference(reference[:, :1], reference) == float("inf")
    assert difference(np.zeros((1, 2)), np.zeros((1, 2))) == 0
    assert not difference(reference * np.nan, reference) <= TOLERANCE
    assert not difference(reference, reference * np.nan) <= TOLERANCE
    assert not difference(reference, reference * 0.0) <= TOLERANCE


# ---------------------------------------------------------------------- silence

CI_SIGNS = ("CI", "TF_BUILD", "JENKINS_URL")  # where the reporting package keeps quiet by itself
OFFLINE = ROOT / "tests" / "offline"  # takes the network away and notes who asks for it


def watched(tmp_path: Path, program: str, *arguments: object) -> tuple[str, str]:
    """The last line that a program printed and everything that the watch saw, in an empty home folder."""
    home, seen = tmp_path / "home", tmp_path / "seen"
    home.mkdir()
    seen.touch()
    own = {"HOME": str(home), "ATTEMPTS": str(seen), "PYTHONPATH": str(OFFLINE)}
    environment = {
        name: value for name, value in os.environ.items() if name not in CI_SIGNS and "proxy" not in name.lower()
    } | own
    return run("tests.learning.features.watch", program, *arguments, environment=environment), seen.read_text()


@needs_openvino
def test_no_connection_leaves_the_machine(tmp_path: Path) -> None:
    """A whole life of an engine, watched: importing, translating, keeping, loading, running. Nothing looks up
    another machine, connects or sends to it, starts a program, imports the reporting package, or leaves its files at
    home."""
    printed, seen = watched(tmp_path, "tests.learning.features.engine_life", tmp_path / "engines")
    assert printed == "OpenVINOEngine|[]|[]"
    assert seen == ""
    assert not (tmp_path / "home" / "intel").exists()


@needs_openvino
def test_the_watch_would_notice(tmp_path: Path) -> None:
    """OpenVINO imported the usual way reports (the watch stops it): the test above can fail."""
    _, seen = watched(tmp_path, "tests.learning.features.plain_openvino")
    assert "google-analytics" in seen


# ---------------------------------------------------------------------- every family

EVERY = os.environ.get("TRANSFER_EVERY_NETWORK") == "1"
LARGE = 60_000_000  # parameters beyond which a network needs more memory and time than a test should
QUICK = ("MobileNet", "MobileNetV3Small", "EfficientNetB0")  # depthwise, squeeze-and-excite, scaling inside
RECORDS = [
    record
    for family in FAMILIES.values()
    for record in family
    if (record.parameters < LARGE if EVERY else record.name in QUICK)
]


@needs_openvino
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_family_is_translated(record: Any, tmp_path: Path) -> None:
    """Three small ones; with TRANSFER_EVERY_NETWORK=1 every network of all families of less than 60 million."""
    config = RunConfig(backbone=record.name, weights="random", image_size=max(record.minimum_size, 64))
    built = build(config, 3)
    found = open_engine(lambda: built.features, feature_spec(config, built.image_size), tmp_path)
    assert isinstance(found, OpenVINOEngine), found.description
    batch = photos(2, built.image_size)
    assert (
        difference(found.run(batch), np.asarray(built.features(batch.astype(np.float32), training=False))) < TOLERANCE
    )
