"""One photo file becomes pixels: the one decoder for checking, training, prediction and exported models.

A verbatim copy of this file travels in every export, so it needs Pillow and numpy only (and pillow-heif, where it
is installed, for HEIC) and imports nothing else of Transfer. It is not where photos are varied (`augment`) or
brought to a network's value range (that happens inside the model).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

try:
    import pillow_heif

    pillow_heif.register_heif_opener()
    HEIC = True
except ImportError:
    HEIC = False

# Pillow warns about harmless oddities (odd metadata, big photos) on stderr; what matters is raised below, with words.
warnings.filterwarnings("ignore", module=r"PIL(\.|$)")

EXTENSIONS = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".heic", ".heif", ".hif", ".avif"),
    ]
)
"""File name endings, in lower case, that are taken for photos."""

_AVIF = importlib.util.find_spec("PIL.AvifImagePlugin") is not None  # since Pillow 11.3
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", *(["HEIF"] if HEIC else []), *(["AVIF"] if _AVIF else []))
# Whatever a file is called, Pillow looks at its content: without this list one that holds PostScript would be given
# to Ghostscript, and rare formats to decoders that nobody watches. A JPEG of several photos (MPO) counts as JPEG.

MOST_PIXELS = 200_000_000
"""What is decoded at a time, by all threads of a process together, of four bytes each. A photo that needs more for
itself is refused: a small file can unfold to gigabytes (a decompression bomb)."""

# Some decoders hold a pixel several times; so often, measured with 30 megapixels.
_WEIGHTS = {"WEBP": 4.0, "AVIF": 2.5, "HEIF": 2.0}
_PROGRESSIVE = 1.5  # such a JPEG is held whole before it is made smaller, with up to six bytes for a pixel
LARGE = 32_000_000  # a photo with more pixels is made smaller piece by piece, before anything is done with all of it
_PIECE = 4_000_000  # pixels

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit counts a JPEG before it is made smaller
# Other JPEGs, too, can have to be held whole, which their headers do not tell: libjpeg reads what it may use from here.
os.environ.setdefault("JPEGMEM", f"{6 * MOST_PIXELS // 1_000_000}M")


class _Budget:
    """So much at a time, over all threads."""

    def __init__(self, pixels: float) -> None:
        self._free = pixels
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, pixels: float) -> Iterator[None]:
        """Wait until there is room, and keep it for as long as this is open."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


_budget = _Budget(MOST_PIXELS)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> what undoes it


def read_photo(path: str | Path | BinaryIO, size: int) -> np.ndarray:
    """The whole photo, squashed to a square of `size` pixels (antialiased bilinear).

    Returns:
        uint8 array of shape (size, size, 3), RGB, 0-255.

    Raises:
        OSError, ValueError: as `open_photo`.
    """
    image = open_photo(path, at_least=size)
    return np.array(image.resize((size, size), Image.Resampling.BILINEAR), dtype=np.uint8)


def open_photo(path: str | Path | BinaryIO, at_least: int | None = None) -> Image.Image:
    """The photo as people see it: RGB, upright (EXIF), transparency on white, 16 bits brought to 8, first frame.

    Args:
        path: the file, or an open binary file.
        at_least: a JPEG, and any large photo, may be made smaller, down to this many pixels on its shorter side.
            Faster, and the file is still read to its end, so a cut-off one is still noticed.

    Raises:
        OSError: the file cannot be opened, or is cut short or damaged. The message says so in plain words.
        ValueError: the file is not a photo, or one too large or of a kind that is not understood.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            held = width * height * _PROGRESSIVE if image.info.get("progressive") else 0.0
            if at_least is not None:
                image.draft(None, (at_least, at_least))
            held += image.width * image.height * _WEIGHTS.get(image.format or "", 1.0)
            if held > MOST_PIXELS:
                raise ValueError(_too_large(f"{width} x {height} pixels", width * height * MOST_PIXELS / held))
            with _budget.taken(held):
                image.load()
                # After load(): a TIFF turns itself while loading, and a PNG may keep its EXIF behind the pixels.
                orientation = _orientation(image)
                upright = _rgb(image, at_least)
    except Exception as error:  # a damaged file makes decoders raise nearly anything, SyntaxError included
        raise _plain(error, path) from error
    return upright.transpose(_TURNS[orientation]) if orientation in _TURNS else upright


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged metadata is no reason to refuse a good photo
        return 1


def _rgb(image: Image.Image, at_least: int | None) -> Image.Image:
    """The photo in RGB; a large one smaller. Of what is between, only a piece is held at a time."""
    width, height = image.size
    across = down = 1
    if at_least is not None and width * height > LARGE:
        both = max(1, min(width, height) // (2 * at_least))  # twice as much is kept, for the resizing to be good
        across, down = (max(both, side // (64 * at_least)) for side in (width, height))  # a strip is made shorter, too
    if image.mode == "RGB" and not image.has_transparency_data and across == down == 1:
        return image
    small = Image.new("RGB", (-(-width // across), -(-height // down)))
    pieces = range(0, height, down * max(1, _PIECE // (width * down)))
    boxes = [(0, top, width, min(height, top + pieces.step)) for top in pieces]
    top = max(float(_values(image.crop(box)).max()) for box in boxes) if image.mode in {"I", "F"} else 0.0
    for box in boxes:
        piece = _piece(image.crop(box), top)
        small.paste(piece.reduce((across, down)) if across > 1 or down > 1 else piece, (0, box[1] // down))
    return small


def _values(image: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _piece(image: Image.Image, top: float) -> Image.Image:
    """A piece in RGB; `top` is the greatest value in the whole photo, where that decides what is white."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float32)
        clear = image.info.get("transparency")  # a PNG may call one of its greys transparent
        image = _eight_bits(np.where(values == clear, 255.0, values / 257.0) if clear is not None else values / 257.0)
    elif image.mode == "I":
        image = _eight_bits(_values(image) * (1.0 if top <= 255 else 255.0 / max(65535.0, top)))
    elif image.mode == "F":
        image = _eight_bits(_values(image) * (255.0 if top <= 1.0 else min(1.0, 255.0 / top)))
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _too_large(found: str, most: float) -> str:
    return f"it is too large ({found}; of its kind, at most {most / 1e6:.0f} million pixels are read)"


def _plain(error: Exception, path: str | Path | BinaryIO) -> Exception:
    """The same failure in words that mean something to the owner of the photo."""
    if isinstance(error, ValueError) and str(error).startswith("it is"):
        return error
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError("the file is not there")
    if isinstance(error, PermissionError):
        return PermissionError("there is no permission to read the file")
    if isinstance(error, IsADirectoryError):
        return IsADirectoryError("it is a folder, not a photo")
    start = _first_bytes(path)
    if not start:
        return OSError("the file is empty")
    if isinstance(error, UnidentifiedImageError):
        return ValueError(_unknown(start))
    message = str(error).lower()
    if any(sign in message for sign in ("truncated", "not enough", "end of file")) or isinstance(error, EOFError):
        return OSError("the file is cut short (truncated)")
    if isinstance(error, MemoryError):
        return OSError("there is not enough memory to read it")
    return OSError(f"the file is damaged ({str(error).rstrip('.') or type(error).__name__})")


def _first_bytes(path: str | Path | BinaryIO) -> bytes:
    try:
        if isinstance(path, (str, Path)):
            with Path(path).open("rb") as file:
                return file.read(512)
        path.seek(0)
        return path.read(512)
    except OSError:
        return b"?"


def _unknown(start: bytes) -> str:
    text = start.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<svg", b"%!ps")):
        return "it is a web page or drawing saved under a photo's name, not a photo"
    if start[4:8] == b"ftyp" and start[8:11] in {b"hei", b"hev", b"mif"} and not HEIC:
        return "it is a HEIC photo, and the package that reads them (pillow-heif) is not installed"
    known = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG": "PNG",
        b"RIFF": "WebP",
        b"GIF8": "GIF",
        b"BM": "BMP",
        b"II*\0": "TIFF",
    }
    known |= {b"MM\0*": "TIFF"}
    for signature, name in known.items():
        if start.startswith(signature):
            return f"it starts like a {name} file but is cut short or damaged"
    if not any(start):
        return "it holds only zeros: the photo was never written, or its copy failed"
    return "it is not a photo of a known kind (JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC)"
