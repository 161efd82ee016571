"""Small photo files, whole and broken, written for the tests of the photo folder."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

CORNERS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "white": (250, 250, 250)}


def corners(width: int = 64, height: int = 48) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right: any turn or mirror shows."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = CORNERS["red"]
    pixels[: height // 2, width // 2 :] = CORNERS["green"]
    pixels[height // 2 :, : width // 2] = CORNERS["blue"]
    pixels[height // 2 :, width // 2 :] = CORNERS["white"]
    return Image.fromarray(pixels)


def quarters(image: Image.Image) -> list[str]:
    """The colours of the four corners, by name, in reading order."""
    width, height = image.size
    places = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    names = []
    for place in places:
        colour = np.array(image.getpixel(place), dtype=int)
        names.append(min(CORNERS, key=lambda name: int(np.abs(colour - CORNERS[name]).sum())))
    return names


def noise(seed: int, width: int = 40, height: int = 30) -> Image.Image:
    """A picture of its own for every seed."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def photos(folder: Path, count: int, first: int = 0, ending: str = ".png") -> list[Path]:
    """`count` different photos in a folder, made when missing; another `first`, other photos."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{first + number:04d}{ending}" for number in range(count)]
    for number, path in enumerate(paths):
        noise(first + number, 8, 6).save(path)
    return paths


def bomb(path: Path, width: int, height: int, whole: bool = False) -> None:
    """A PNG of some hundred bytes that claims to be enormous, or, `whole`, is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes((3 * width + 1) * height if whole else 1000), 1)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
