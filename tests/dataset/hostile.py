"""Files under photos' names that are made to do harm, or that an accident made: damaged, mislabelled, boundless.

`hostile(folder, count)` writes so many, always the same ones; a part of them is a part of each kind.
"""

from __future__ import annotations

import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.dataset.pictures import noise

HUGE = 60_000


def bases() -> dict[str, bytes]:
    """A small sound file of every kind that is read, by the ending it has."""

    def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
        buffer = io.BytesIO()
        (image or noise(1, 61, 47)).save(buffer, kind, **options)
        return buffer.getvalue()

    others = [noise(number, 61, 47) for number in (2, 3)]
    grey = Image.fromarray(np.random.default_rng(4).integers(0, 65536, (47, 61)).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "x" * 400
    files = {
        "plain.jpg": saved("JPEG", exif=exif),
        "progressive.jpg": saved("JPEG", progressive=True),
        "cmyk.jpeg": saved("JPEG", noise(1).convert("CMYK")),
        "several.mpo": saved("MPO", save_all=True, append_images=others),
        "plain.png": saved("PNG", exif=exif),
        "grey.png": saved("PNG", grey),
        "clear.png": saved("PNG", noise(1).convert("P"), transparency=bytes(range(256))),
        "moving.png": saved("PNG", save_all=True, append_images=others),
        "moving.gif": saved("GIF", save_all=True, append_images=others),
        "moving.webp": saved("WEBP", save_all=True, append_images=others),
        "lossless.webp": saved("WEBP", lossless=True, exif=exif),
        "plain.bmp": saved("BMP"),
        "raw.tif": saved("TIFF"),
        "lzw.tif": saved("TIFF", compression="tiff_lzw"),
        "jpeg.tiff": saved("TIFF", compression="jpeg"),
        "float.tif": saved("TIFF", Image.fromarray(np.random.default_rng(5).normal(0, 1e30, (40, 40)).astype("f4"))),
    }
    for ending, kind in (("heic", "HEIF"), ("avif", "AVIF")):
        if kind in Image.registered_extensions().values():
            files[f"plain.{ending}"] = saved(kind)
    return files


def _damaged(seed: int) -> Callable[[bytes], bytes]:
    """Some bytes of the whole file are others."""

    def damage(content: bytes) -> bytes:
        random, bad = np.random.default_rng(seed), bytearray(content)
        for place in random.integers(0, len(bad), 1 + seed * 4):
            bad[place] = int(random.integers(256))
        return bytes(bad)

    return damage


def _numbers(seed: int) -> Callable[[bytes], bytes]:
    """Numbers near the beginning, where sizes and offsets stand, are as large or small as can be."""

    def damage(content: bytes) -> bytes:
        random, bad = np.random.default_rng(seed), bytearray(content)
        for place in random.integers(4, min(len(bad) - 4, 200), 3):
            bad[place : place + 4] = random.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\xff\xff"]
            )
        return bytes(bad)

    return damage


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "cut at a quarter": lambda content: content[: len(content) // 4],
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut near the end": lambda content: content[:-12],
    "only its beginning": lambda content: content[:14],
    "a hole": lambda content: content[: len(content) // 3] + bytes(400) + content[len(content) // 3 + 400 :],
    "twice": lambda content: content + content,
    "a zip behind it": lambda content: content + _zip(),
    "its beginning repeated": lambda content: content[:100] * 20 + content[100:],
    **{f"damaged {seed}": _damaged(seed) for seed in range(4)},
    **{f"numbers {seed}": _numbers(seed) for seed in range(3)},
}


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros.jpg", bytes(100_000))
    return buffer.getvalue()


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _header(width: int, height: int, bits: int = 8, colour: int = 2, interlaced: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)


def _bmp(*header: int) -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIIIII", 200, 0, 54, 40, *header) + bytes(90)


def _tiff(*tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following) + bytes(300)


def _sized(width: int, height: int, *more: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    plain = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    given = {tag[0]: tag for tag in [*plain, (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 300), *more]}
    return [given[tag] for tag in sorted(given)]


def specials() -> dict[str, bytes]:
    """Files of their own kind."""
    sound, end = bases()["plain.jpg"], (b"IEND", b"")
    zeros = zlib.compress(bytes(20_000_000), 9)
    pixels = (b"IDAT", zlib.compress(bytes(4 * 3 * 4 + 4)))
    start_of_frame = sound.index(b"\xff\xc0")
    vast = sound[: start_of_frame + 5] + struct.pack(">HH", 65_500, 65_500) + sound[start_of_frame + 9 :]
    progressive = vast.replace(b"\xff\xc0", b"\xff\xc2", 1)
    webp = (
        b"RIFF"
        + struct.pack("<I", 40)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x02\0\0\0"
        + b"\xff\x3f\0" * 2
        + bytes(20)
    )
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) print (%pipe%touch hit) (w) file showpage\n"
    return {
        "eps.jpg": script,
        "eps.png": b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 32, len(script)) + bytes(20) + script,
        "page.jpg": b"<!doctype html><script>alert(1)</script>",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "document.jpg": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
        "program.jpg": b"\x7fELF" + bytes(200),
        "archive.png": _zip(),
        "empty.jpg": b"",
        "zeros.gif": bytes(5000),
        "ones.webp": b"\xff" * 5000,
        "text.bmp": "ä€😀".encode() * 100,
        "bitmap.xbm.jpg": b"#define x_width 60000\n#define x_height 60000\nstatic char x_bits[] = {0};",
        "map.jpg": b"P6 60000 60000 255\n" + bytes(100),
        "layers.jpg": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, HUGE, HUGE, 8, 3) + bytes(100),
        "icon.jpg": b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0" + struct.pack("<II", 0xFFFFFFF0, 22) + bytes(50),
        "huge.png": _png(_header(HUGE, HUGE), (b"IDAT", zeros[:3000]), end),
        "endless.png": _png(_header(2**31 - 1, 2**31 - 1), pixels, end),
        "nothing.png": _png(_header(0, 0), pixels, end),
        "thin.png": _png(_header(1, 2**31 - 1), pixels, end),
        "interlaced.png": _png(_header(HUGE, 3000, interlaced=1), (b"IDAT", zeros[:2000]), end),
        "unknown depth.png": _png(_header(4, 4, bits=77, colour=9), pixels, end),
        "too much data.png": _png(_header(4, 4), (b"IDAT", zeros), end),
        "profile.png": _png(_header(4, 4), (b"iCCP", b"x\0\0" + zeros), pixels, end),
        "remark.png": _png(_header(4, 4), (b"zTXt", b"x\0\0" + zeros), pixels, end),
        "remarks.png": _png(_header(4, 4), *[(b"tEXt", b"x\0y")] * 20_000, pixels, end),
        "no palette.png": _png(_header(4, 4, colour=3), pixels, end),
        "too many frames.png": _png(_header(4, 4), (b"acTL", struct.pack(">II", 2**31 - 1, 0)), pixels, end),
        "vast.jpg": vast,
        "vast progressive.jpg": progressive,
        "no end.jpg": sound[:-2] * 3,
        "scans.jpg": sound[: start_of_frame + 400] + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" * 5000,
        "markers.jpg": b"\xff\xd8" + b"\xff\xe1\0\x02" * 50_000,
        "exif.jpg": sound[:2] + b"\xff\xe1\xff\xffExif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(65_000) + sound[2:],
        "huge.gif": b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b"," + bytes(4) + b"\xff\xff\xff\xff\0\x08\x01\0",
        "frames.gif": bases()["moving.gif"][:-1] * 50,
        "huge.bmp": _bmp(HUGE, -HUGE, 1, 24, 0, 0, 0, 0, 0, 0),
        "colours.bmp": _bmp(4, 4, 1, 8, 0, 0, 0, 0, 2**31, 0),
        "packed.bmp": _bmp(9000, 9000, 1, 8, 1, 0, 0, 0, 4, 0),
        "huge.webp": webp,
        "long.webp": webp[:4] + b"\xff\xff\xff\xff" + webp[8:],
        "huge.tif": _tiff(*_sized(HUGE, HUGE)),
        "circle.tif": _tiff(*_sized(8, 8), following=8),
        "samples.tif": _tiff(*_sized(8, 8, (277, 3, 1, 65_535))),
        "strips.tif": _tiff(*_sized(8, 8, (273, 4, 2**30, 8), (279, 4, 2**30, 8))),
        "tag.tif": _tiff(*_sized(8, 8, (700, 7, 2**32 - 1, 8))),
        "tiles.tif": _tiff(*_sized(8, 8, (322, 4, 1, 2**31 - 16), (323, 4, 1, 2**31 - 16), (324, 4, 1, 8))),
        "deflated.tif": _tiff(*_sized(20_000, 9_000, (259, 3, 1, 8))),
        "fax.tif": _tiff(*_sized(20_000, 9_000, (258, 3, 1, 1), (259, 3, 1, 4))),
        "box.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\xff\xff\xff\xffmeta" + bytes(99),
        "box.avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\1meta\x7f" + b"\xff" * 7 + bytes(99),
    }  # fmt: skip


def files() -> Iterator[tuple[str, bytes]]:
    """All of them, by name: first the special ones, then every change of every kind."""
    yield from specials().items()
    for (how, change), (name, content) in itertools.product(CHANGES.items(), bases().items()):
        yield f"{how} {name}", change(content)


def hostile(folder: Path, count: int) -> list[Path]:
    """So many of them, taken evenly."""
    folder.mkdir(parents=True, exist_ok=True)
    everything = list(files())
    assert count <= len(everything)
    paths = []
    for number in range(count):
        name, content = everything[number * len(everything) // count]
        paths.append(folder / f"{number:03} {name}")
        paths[-1].write_bytes(content)
    return paths
