"""Reads a JPEG and a HEIC photo of a folder as where pillow-heif is not installed. A program: it spoils the import."""

import sys
from pathlib import Path

sys.modules["pillow_heif"] = None  # type: ignore[assignment] # which makes the import fail

from transfer.dataset import photo  # noqa: E402

folder = Path(sys.argv[1])
print(photo.HEIC, photo.read_photo(folder / "a.jpg", 8).shape)
try:
    photo.read_photo(folder / "phone.heic", 8)
except ValueError as error:
    print(error)
