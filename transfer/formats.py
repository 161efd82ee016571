"""The formats in which a trained model can be taken away, as the page and the command line name them.

Plain records, so that both know them without TensorFlow. How a model is written, and what else its zip holds, is in the
module of `transfer.learning.export` that the record names.
"""

from __future__ import annotations

from dataclasses import dataclass

from transfer.errors import ExportError


@dataclass(frozen=True)
class Format:
    """One way to take a model away.

    Attributes:
        title: its name.
        good_for: whom it suits; goes on after "for".
        model: file or folder of the model inside the export.
        needs: packages that run it, for requirements.txt.
        module: of `transfer.learning.export`, which writes it.
    """

    title: str
    good_for: str
    model: str
    needs: tuple[str, ...]
    module: str


FORMATS = {
    "keras": Format(
        title="Keras",
        good_for="Python programs, and to go on training. One file, model.keras.",
        model="model.keras",
        needs=("tensorflow", "keras"),
        module="keras_file",
    ),
    "savedmodel": Format(
        title="TensorFlow SavedModel",
        good_for="servers (TensorFlow Serving), C++, Java, and converters to other formats.",
        model="model",
        needs=("tensorflow",),
        module="saved_model",
    ),
    "litert": Format(
        title="LiteRT (TensorFlow Lite)",
        good_for="phones, browsers and small computers.",
        model="model.tflite",
        needs=("ai-edge-litert",),
        module="litert",
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
