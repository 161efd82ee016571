"""Says what a run's translated model says about a photo, and which of the large packages that took."""

import sys
from pathlib import Path
from typing import NoReturn

from transfer.learning.analysis.served import ServedModel
from transfer.runs.run import Run


def not_needed(run: Run) -> NoReturn:
    raise AssertionError("Keras was asked")


if __name__ == "__main__":
    (answer,) = ServedModel(Run(Path(sys.argv[1])), not_needed).predict([sys.argv[2]])
    print(dict(answer.classes)[sys.argv[3]], [name for name in sys.modules if name in ("tensorflow", "keras")])
