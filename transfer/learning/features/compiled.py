"""Compiled: the frozen part of a network translated for OpenVINO once, and found again without Keras.

One folder per part holds the translated network (`network.xml`, `network.bin`), what OpenVINO compiled from it for
this processor (`*.blob`, written and checked by OpenVINO's own model cache) and what Keras answered to a few fixed
pictures (`reference.npz`). Its name is a digest of everything the answers depend on, so an entry is never out of
date, only unused. Nothing here decides whether an entry is trusted or runs it on photos: that is `engine`.

Nothing leaves the machine. OpenVINO's Python package reports usage when its converter is imported, which
`import openvino` does by itself; `openvino()` below imports it with the converter and the reporting package blocked,
and networks are translated by the frontend classes, which report nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from transfer.config import RunConfig
from transfer.networks import weights as weight_files
from transfer.networks.backbones import backbone
from transfer.networks.custom import custom_path, is_custom

FORMAT = 1  # raise it when preprocessing or what is stored changes
ENGINES = 2_000_000_000  # bytes that kept engines may take
DEPTHS = "depths 1"  # of `model.depths`; raise the number when other places are taken
PICTURES = 4  # how many fixed pictures the reference holds
REPORTING = ("openvino.tools.ovc", "openvino_telemetry")


def openvino() -> Any:
    """The OpenVINO package, imported so that it reports nothing.

    Raises:
        ImportError: when it is not installed, or does not work here.
    """
    for name in REPORTING:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes importing it an ImportError
    return importlib.import_module("openvino")


@dataclass(frozen=True)
class FeatureSpec:
    """Which frozen part of which network: everything its answers depend on.

    Attributes:
        backbone: name and width, or "own".
        weights: a digest of what the network knows.
        image_size: of the photos, pixels.
        cut: the name of the cut (`cut.Cut.name`), with the kind of pooling where that is below it.
    """

    backbone: str
    weights: str
    image_size: int
    cut: str

    @property
    def key(self) -> str:
        """The name of its folder: new with another OpenVINO, Keras or processor."""
        versions = [importlib.metadata.version(name) for name in ("openvino", "keras")]
        content = json.dumps([FORMAT, dataclasses.asdict(self), versions, processor()])
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def feature_spec(config: RunConfig, image_size: int, cut: str = "features") -> FeatureSpec:
    """The frozen part that a config leads to, found without building the network.

    Args:
        config: what the user chose.
        image_size: of the photos; `config.image_size` may leave it to the network.
        cut: `Cut.name`; the default is that of an entirely frozen backbone.

    Raises:
        ConfigError, WeightsError: for an unknown network, or weights that are not there (see `weights.require`).
    """
    custom = is_custom(config.backbone)
    name = "own" if custom else f"{backbone(config.backbone).name} {config.alpha:g}"
    digests = [digest(custom_path(config.backbone))] if custom else []
    if config.weights == "random":
        digests.append(f"random {config.seed}")
    elif not (custom and config.weights in weight_files.PRETRAINED):
        file = weight_files.require(config)
        digests += [digest(file.path)] if file is not None and file.present else ["missing"]
    return FeatureSpec(name, " ".join(digests), image_size, f"{cut} {config.pooling}" if cut == "features" else cut)


def backbone_spec(config: RunConfig, image_size: int) -> FeatureSpec:
    """The whole backbone as `feature_spec`, with what it sees at several depths where a refinement may want that."""
    spec = feature_spec(config, image_size)
    several = config.refines and config.feature_depths != "last"
    return dataclasses.replace(spec, cut=DEPTHS) if several else spec


def pictures(shape: tuple[int, ...]) -> np.ndarray:
    """The fixed pictures that engines are compared on: float32 (PICTURES, *shape), whole numbers from 0 to 255.

    Noise, coarse blocks of colour, a slope from dark to light, and a bright disc on black: sharp and smooth, dark and
    light. For a part that does not take photos they are just numbers.
    """
    rng = np.random.default_rng(20)
    if len(shape) != 3:
        return rng.random((PICTURES, *shape), np.float32)
    height, width, depth = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = rng.integers(0, 256, shape)
    coarse = rng.integers(0, 256, (8, 8, depth))
    blocks = coarse[(y * 8 // height).astype(int), (x * 8 // width).astype(int)]
    slope = np.repeat(((x / width + y / height) * 127)[..., None], depth, axis=-1)
    disc = np.repeat(
        (np.hypot(x - width / 2, y - height / 2) < min(height, width) / 3)[..., None] * 230, depth, axis=-1
    )
    return np.stack([noise, blocks, slope, disc]).astype(np.uint8).astype(np.float32)


def translate(model: Any) -> Any:
    """A Keras model as an OpenVINO model that takes one sample at a time (measured faster than batches).

    The way is a frozen TensorFlow graph in a file and the TensorFlow frontend: about 4 s for MobileNetV2, against 16 s
    for writing a SavedModel.

    Raises:
        Exception: whatever OpenVINO or TensorFlow has against the network.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    ov = openvino()
    shape = tuple(model.input_shape[1:])
    answer = tf.function(
        lambda sample: tf.cast(model(sample, training=False), tf.float32),
        input_signature=[tf.TensorSpec((1, *shape), tf.float32)],
        jit_compile=False,
        autograph=False,
    )
    graph = convert_variables_to_constants_v2(answer.get_concrete_function()).graph.as_graph_def()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frozen.pb"
        file.write_bytes(graph.SerializeToString())
        del graph
        frontend = ov.frontend.FrontEndManager().load_by_framework("tf")
        translated = frontend.convert(frontend.load(str(file)))
        translated.reshape([1, *shape])
        return translated


def keep(entry: Path, model: Any, answers: np.ndarray) -> None:
    """Translate a Keras model into the folder `entry`, complete or not at all; another process may do the same.

    Args:
        entry: `folder / part.key`.
        model: the part, a Keras model.
        answers: what Keras says to `pictures`.

    Raises:
        Exception: as `translate`; OSError when the disk refuses.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    # Of this thread alone; the end as in `runs.leftovers`.
    writing = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", suffix=f".{os.getpid()}", dir=entry.parent))
    try:
        openvino().save_model(translate(model), writing / "network.xml", compress_to_fp16=False)
        np.savez(writing / "reference.npz", pictures=pictures(tuple(model.input_shape[1:])), answers=answers)
        try:
            writing.replace(entry)
        except OSError:
            if not is_kept(entry):
                raise
    finally:
        shutil.rmtree(writing, ignore_errors=True)


def is_kept(entry: Path) -> bool:
    """Whether a translated network is there."""
    return all((entry / name).is_file() for name in ("network.xml", "network.bin", "reference.npz"))


def compile_kept(entry: Path) -> tuple[Any, np.ndarray, np.ndarray]:
    """The compiled network of a folder, with the fixed pictures and what Keras answered to them.

    OpenVINO takes what it compiled before where that is there and fits this version and processor.

    Raises:
        Exception: for damaged files.
    """
    core = openvino().Core()
    compiled = core.compile_model(
        str(entry / "network.xml"),
        "CPU",
        {
            "PERFORMANCE_HINT": "THROUGHPUT",  # one sample per core at a time beats all cores on one
            "INFERENCE_PRECISION_HINT": "f32",  # never bfloat16, which newer processors would take by themselves
            # Threads tied to cores get in the way of the training that follows in this process.
            "ENABLE_CPU_PINNING": "NO",
            "CACHE_DIR": str(entry),
        },
    )
    with np.load(entry / "reference.npz") as reference:
        return compiled, reference["pictures"], reference["answers"]


def discard(entry: Path) -> None:
    """Remove what is kept of a part, if anything is."""
    shutil.rmtree(entry, ignore_errors=True)


def refuse(entry: Path, reason: str) -> None:
    """Remember that this part does not work with OpenVINO, so that not every start tries again."""
    discard(entry)
    entry.mkdir(parents=True, exist_ok=True)
    (entry / "refused.txt").write_text(reason, encoding="utf-8")


def refusal(entry: Path) -> str:
    """Why this part is not run with OpenVINO; "" when nothing speaks against it."""
    file = entry / "refused.txt"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def processor() -> str:
    """The processor's name, for the key."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def digest(file: Path) -> str:
    """What tells the content of a file apart, hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
