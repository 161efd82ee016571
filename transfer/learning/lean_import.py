"""Lean import: Keras and TensorFlow are loaded without the libraries that they would use for tables and plots only.

Both try to import pandas, SciPy, Matplotlib and scikit-learn, and do without where one is not installed. Nothing here
hands them a data frame or has them plot, and pandas and Matplotlib alone, which Transfer brings, are a third of the
processor time of `import tensorflow` and 60 MB of each process that does so (with the other two 40 % and 120 MB).
Whoever else imports them gets them as always.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

IMPORTERS = frozenset({"keras", "tensorflow"})
NOT_FOR_THEM = frozenset({"matplotlib", "pandas", "scipy", "sklearn"})
MACHINERY = frozenset({"importlib", "_frozen_importlib", "_frozen_importlib_external"})


class LeanImport(MetaPathFinder):
    """Finds nothing, and says of some libraries that they are not there to those who need not have them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in NOT_FOR_THEM and _importer() in IMPORTERS:
            raise ModuleNotFoundError(f"{fullname} is kept from Keras and TensorFlow", name=fullname)
        return None


def install() -> None:
    """Have it asked about every import of this process."""
    sys.meta_path.insert(0, LeanImport())


def _importer() -> str:
    """The package whose code has the import statement; the stack above it is Python's import itself."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in MACHINERY:
            return package
        frame = frame.f_back
    return ""
