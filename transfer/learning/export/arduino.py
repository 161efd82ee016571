"""The header for microcontrollers: the full-integer LiteRT file as an array in C++, and a sketch that uses it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

from tensorflow.lite.python import schema_py_generated as schema

from transfer.errors import ExportError
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import TEMPLATES, ExportFormat, bytes_as
from transfer.runs.run import Run

SKETCH = TEMPLATES / "arduino"
LIMIT = 2_000_000  # bytes of model: what the flash memory of large boards holds beside a program
SPARE = 1.2  # times the memory between layers that is reckoned, for how the interpreter divides it
_BYTES = {schema.TensorType.FLOAT32: 4, schema.TensorType.INT32: 4, schema.TensorType.INT64: 8}  # others: 1
_COLUMNS = 20


class Arduino(ExportFormat):
    network = "arduino.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        # A byte for each number of a kernel, at least: nobody waits for what cannot come out smaller. What normalises
        # is no part of it, it disappears in the kernels.
        weights = [weight.shape for weight in predictor.model.weights]
        _require_small(sum(math.prod(shape) for shape in weights if len(shape) > 1))
        model = bytes_as("litert_int8", predictor, run)
        _require_small(len(model))
        text = (SKETCH / "model.h").read_text(encoding="utf-8")
        values = {
            "SIZE": predictor.image_size,
            "CLASSES": len(predictor.labels),
            "ARENA": math.ceil(SPARE * memory(model) / 1024) * 1024,
            "LABELS": ", ".join(json.dumps(label, ensure_ascii=False) for label in predictor.labels),
            "BYTES": len(model),
            "MODEL": "\n".join(
                "".join(f"0x{byte:02x}," for byte in model[begin : begin + _COLUMNS])
                for begin in range(0, len(model), _COLUMNS)
            ),
        }
        text = re.sub("@([A-Z]+)@", lambda match: str(values[match[1]]), text)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def files(self) -> dict[str, Path]:
        return {**super().files(), "classifier/classifier.ino": SKETCH / "classifier.ino"}


def _require_small(size: int) -> None:
    if size > LIMIT:
        raise ExportError(
            "This network is too large for a microcontroller.",
            expected=f"at most {LIMIT / 1e6:g} MB, for boards such as the ESP32-S3 or the Portenta H7",
            found=f"{size / 1e6:.1f} MB",
            fix="Train with MobileNet at width 0.25 (about 0.3 MB) or MobileNetV2 at width 0.35 (about 0.6 MB), "
            "and photos of 96 pixels, which also saves memory between the layers.",
        )


def memory(model: bytes) -> int:
    """Bytes that lie between the layers of a LiteRT file at once, at the worst moment."""
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0)).subgraphs[0]
    made: dict[int, int] = {index: 0 for index in graph.inputs}  # at which step
    needed: dict[int, int] = {}  # for the last time
    for step, operation in enumerate(graph.operators):
        made |= {index: step for index in operation.outputs if index not in made}
        needed |= {index: step for index in operation.inputs if index in made}
    sizes = {index: math.prod(graph.tensors[index].shape) * _BYTES.get(graph.tensors[index].type, 1) for index in made}
    return max(
        sum(size for index, size in sizes.items() if made[index] <= step <= needed.get(index, len(graph.operators)))
        for step in range(len(graph.operators))
    )


FORMAT = Arduino()
