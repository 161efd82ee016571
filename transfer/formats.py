"""The formats in which a trained model can be taken away, as the page and the command line name them.

Plain records, so that both know them without TensorFlow. How a model is written, and what else its zip holds, is the
business of the writer in `transfer.learning.export` that the record names.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from transfer.errors import ExportError


@dataclass(frozen=True)
class Exactness:
    """How close the answers of a format must come to the app's.

    Attributes:
        agreement: least share of photos for which both name the same class.
        difference: greatest allowed difference of a probability; None where it is only told.
        kept: whether a model that names other classes is kept all the same, with a mark that says so.
    """

    agreement: float
    difference: float | None = None
    kept: bool = False


FLOAT32 = Exactness(0.999, 1e-3)
FLOAT16 = Exactness(0.999, 1e-2)
INT8 = Exactness(0.98, kept=True)


@dataclass(frozen=True)
class Extra:
    """What has to be installed before a format can be written.

    Attributes:
        command: what installs it, in Transfer's folder.
        modules: that it brings: what converts the model, and what runs it for the proof.
    """

    command: str
    modules: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """The modules that are not here; nothing is imported to find out."""
        return [module for module in self.modules if find_spec(module) is None]


@dataclass(frozen=True)
class Format:
    """One way to take a model away.

    Attributes:
        title: its name.
        place: where it is used, in plain words; goes on after "for".
        good_for: whom it suits; goes on after "for".
        model: file or folder of the model inside the export.
        needs: packages that run it, for requirements.txt.
        writer: what writes it, an object of a module of `transfer.learning.export`.
        exactness: how close its answers must come to the app's.
        takes: the numbers that go in and come out, for the model card.
        use: what to do with the unzipped folder, a line each; goes on the card and the page.
        extra: what has to be installed to write it; None when Transfer itself brings it.
    """

    title: str
    place: str
    good_for: str
    model: str
    needs: tuple[str, ...]
    writer: str
    exactness: Exactness = FLOAT32
    takes: str = "float32"
    use: tuple[str, ...] = ("pip install -r requirements.txt", "python predict.py photo.jpg")
    extra: Extra | None = None

    def require(self) -> None:
        """See that it can be written here.

        Raises:
            ExportError: when a converter is not installed; it names the command that does.
        """
        if self.extra and (missing := self.extra.missing):
            raise ExportError(
                f"The {self.title} format needs a converter that is not installed.",
                expected=f"the Python packages {', '.join(self.extra.modules)}",
                found=f"no {', '.join(missing)}",
                fix=f"In Transfer's folder run {self.extra.command}, then start Transfer again.",
            )


_ONNX = Extra('pip install -e ".[onnx]"', ("tf2onnx", "onnx", "onnxruntime"))
_OPENVINO = Extra("pip install openvino", ("openvino",))

# What people want most comes first.
FORMATS = {
    "web": Format(
        title="Web page",
        place="a browser",
        good_for="anybody with a browser: it looks at photos and through the camera, without server or internet. Open "
        "index.html, or put the folder on a web server (a phone gives a page its camera over https only).",
        model="model.js",
        needs=("ai-edge-litert",),
        writer="web_page:FORMAT",
        use=("open index.html", "or: python -m http.server, then http://127.0.0.1:8000"),
    ),
    "keras": Format(
        title="Keras",
        place="Python",
        good_for="Python programs, and to go on training. One file, model.keras.",
        model="model.keras",
        needs=("tensorflow", "keras"),
        writer="keras_file:FORMAT",
    ),
    "litert": Format(
        title="LiteRT (TensorFlow Lite)",
        place="a phone",
        good_for="phones, browsers and small computers, with the very answers of the app.",
        model="model.tflite",
        needs=("ai-edge-litert",),
        writer="litert:FLOAT32",
    ),
    "onnx": Format(
        title="ONNX",
        place="C#, Java, C++ or a server",
        good_for="programs in nearly every language, on Windows, Linux, macOS and phones (ONNX Runtime).",
        model="model.onnx",
        needs=("onnxruntime",),
        writer="onnx_file:FORMAT",
        extra=_ONNX,
    ),
    "server": Format(
        title="Server",
        place="other programs",
        good_for="other programs, over HTTP: a FastAPI program and a Dockerfile, with /predict and /health.",
        model="model.tflite",
        needs=("ai-edge-litert", "fastapi", "uvicorn", "python-multipart"),
        writer="server:FORMAT",
        use=("pip install -r requirements.txt", "uvicorn server:app", "or: docker build -t classifier ."),
    ),
    "litert_float16": Format(
        title="LiteRT, half the size",
        place="a phone",
        good_for="phones: half the megabytes, and answers that differ by less than anybody sees (float16 weights).",
        model="model.tflite",
        needs=("ai-edge-litert",),
        writer="litert:FLOAT16",
        exactness=FLOAT16,
    ),
    "litert_dynamic": Format(
        title="LiteRT, 8-bit weights",
        place="a Raspberry Pi",
        good_for="small computers: a quarter of the megabytes; what it learned is rounded to 8 bits, photos and "
        "answers are not (dynamic range quantisation).",
        model="model.tflite",
        needs=("ai-edge-litert",),
        writer="litert:DYNAMIC",
        exactness=INT8,
    ),
    "litert_int8": Format(
        title="LiteRT, 8 bits throughout",
        place="a chip without float numbers",
        good_for="microcontrollers and accelerators (Coral, Hexagon): whole numbers only, rounded as suits your "
        "training photos (full-integer quantisation, int8).",
        model="model.tflite",
        needs=("ai-edge-litert",),
        writer="litert:INT8",
        exactness=INT8,
        takes="uint8",
    ),
    "savedmodel": Format(
        title="TensorFlow SavedModel",
        place="a server with TensorFlow",
        good_for="servers (TensorFlow Serving), C++, Java, and converters to other formats.",
        model="model",
        needs=("tensorflow",),
        writer="saved_model:FORMAT",
    ),
    "openvino": Format(
        title="OpenVINO",
        place="an Intel computer",
        good_for="the fastest answers on Intel processors, and on those of others.",
        model="model",
        needs=("openvino",),
        writer="openvino_ir:FORMAT",
        extra=_OPENVINO,
    ),
    "script": Format(
        title="Script and notebook",
        place="learning how it is done",
        good_for="people who want to see, learn from or change how it was trained: the same run in plain Keras.",
        model="model.keras",
        needs=("tensorflow", "keras"),
        writer="script:FORMAT",
        use=("pip install -r requirements.txt", "python train.py FOLDER_OF_THE_PHOTOS"),
    ),
    "arduino": Format(
        title="Arduino",
        place="a microcontroller",
        good_for="boards such as the ESP32-S3 or the Portenta H7: the network as a C++ header, with a sketch. For "
        "networks of at most 2 MB in 8 bits, such as MobileNet at width 0.25.",
        model="classifier/model.h",
        needs=("ai-edge-litert",),
        writer="arduino:FORMAT",
        exactness=INT8,
        takes="uint8",
        use=("open classifier/classifier.ino in the Arduino IDE",),
    ),
}


def find(name: str) -> Format:
    """The record of a format.

    Raises:
        ExportError: when there is none of this name.
    """
    if name not in FORMATS:
        raise ExportError(
            f"There is no export format called “{name[:80]}”.",
            expected=f"one of {', '.join(FORMATS)}",
            found=name[:80],
            fix="Choose one of these.",
        )
    return FORMATS[name]
