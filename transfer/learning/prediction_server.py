"""The prediction server: `python -m transfer.learning.prediction_server` answers questions that need Keras.

A question is one line of JSON, and so is an answer.

It serves predictions, exports, evaluations and looks into model files, all on the processor, so that it never takes a
GPU from a training. The client is `transfer.processes.client`. Its standard output carries the protocol and nothing
else;
whatever libraries print goes to standard error. It ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from transfer.errors import ConfigError, RunError, TransferError
from transfer.runs.run import Run

KEPT = 3  # trained models held in memory, the least recently used one leaves first


class Answers:
    """What can be asked, one method per question; each takes the request and gives the answer as JSON-ready data."""

    def __init__(self) -> None:
        from transfer.learning import device

        self._device = device.describe()
        device.hide_gpus()
        self._loaded: OrderedDict[tuple[str, int], Any] = OrderedDict()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request.

        Raises:
            TransferError: when the user can put it right.
        """
        questions: dict[str, Callable[..., dict[str, Any]]] = {
            "device": self.device,
            "predict": self.predict,
            "export": self.export,
            "evaluate": self.evaluate,
            "layers": self.layers,
        }
        rest = dict(request)
        do = rest.pop("do", None)
        if do not in questions:
            raise ConfigError(f"There is no question “{do}”.", expected=f"one of {', '.join(questions)}")
        try:
            return questions[do](**rest)
        except TypeError as trouble:
            if "unexpected keyword" in str(trouble) or "required" in str(trouble):
                raise ConfigError(f"The question “{do}” was not put properly.", found=str(trouble)) from trouble
            raise

    def device(self) -> dict[str, Any]:
        """What training would run on."""
        words, gpus = self._device
        return {"words": words, "gpus": list(gpus)}

    def predict(self, run: str, images: list[str], top: int = 5) -> dict[str, Any]:
        """The most probable classes of photos."""
        import time

        predictor = self._predictor(Run(Path(run)))
        began = time.perf_counter()
        answers = predictor.predict(images, top)
        milliseconds = 1000 * (time.perf_counter() - began)
        predictions: list[dict[str, Any]] = [
            {"path": each.path, "error": f"{each.error.what} {each.error.found}".strip(), "fix": each.error.fix}
            if each.error
            else {"path": each.path, "classes": [[label, share] for label, share in each.classes]}
            for each in answers
        ]
        return {"predictions": predictions, "milliseconds": round(milliseconds, 2)}

    def export(self, run: str, format: str) -> dict[str, Any]:
        """Write the model in a format; the answer names the zip."""
        from transfer.learning.export.exporter import export

        of = Run(Path(run))
        done = export(of, format, self._predictor(of))
        return {**done.to_dict(of), "zip": str(done.zip)}

    def evaluate(self, run: str) -> dict[str, Any]:
        """Measure the model again."""
        from transfer.learning.analysis.evaluation import evaluate

        of = Run(Path(run))
        return evaluate(self._predictor(of), of.dataset, of.evaluation_dir, of.config.batch_size)

    def layers(self, file: str) -> dict[str, Any]:
        """The layer table of a model file of one's own, and the photo size it is made for (None: any)."""
        from dataclasses import asdict

        from transfer.learning.model import custom as own
        from transfer.learning.model.classifier import layers_of

        found = own.load(Path(file))
        return {"layers": [asdict(layer) for layer in layers_of(found.network)], "image_size": found.image_size}

    def _predictor(self, run: Run) -> Any:
        from transfer.learning.analysis.prediction import load

        try:
            key = (str(run.model_file), run.model_file.stat().st_mtime_ns)
        except FileNotFoundError:
            return load(run)  # says what is missing
        if key not in self._loaded:
            self._loaded[key] = load(run)
        self._loaded.move_to_end(key)
        while len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[key]


def serve(questions: TextIO, out: TextIO) -> None:
    """Answer until the questions end."""
    answers: Answers | None = None
    for line in questions:
        if not line.strip():
            continue
        try:
            request = _question(line)
            answers = answers or Answers()
            reply: dict[str, Any] = {"ok": answers.answer(request)}
        except TransferError as error:
            reply = {"error": error.to_dict()}
        except Exception as mistake:
            traceback.print_exc()
            trouble = RunError(
                "The helper process could not answer.",
                found=f"{type(mistake).__name__}: {str(mistake)[:300]}",
                fix="Try once more. If it happens again, report it with the helper's log.",
            )
            reply = {"error": trouble.to_dict()}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def _question(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise ConfigError("A question must be a JSON object on one line.", found=line[:80])
    return request


def main() -> int:
    """Keep standard output for the protocol, then serve."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    import tensorflow  # noqa: F401 - loaded before the first question, which then is answered at once

    serve(sys.stdin, private)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main())
