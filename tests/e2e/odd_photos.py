"""Photos as cameras and programs write them, each with a plain one that shows the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from transfer.dataset.photo import read_photo


def draw_odd(folder: Path, size: int) -> dict[Path, Path]:
    """Files that are easily misread, and for each a PNG of just those `size` x `size` pixels that training sees."""
    folder.mkdir()
    ramp = np.linspace(0, 255, 90)
    colours = np.stack([ramp[:, None] + 0 * ramp, 0 * ramp[:, None] + ramp, 255 - ramp[:, None] + 0 * ramp], -1)
    photo = Image.fromarray(colours.astype(np.uint8)).crop((0, 0, 90, 60))
    clear = photo.copy()
    clear.putalpha(Image.fromarray(np.tile(np.arange(90, dtype=np.uint8) * 2, (60, 1))))
    clear.save(folder / "transparent.png")
    Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 200).save(folder / "16 bits.png")
    photo.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(folder / "turned.jpg", exif=turned, quality=95)
    photo.save(folder / "phone.heic", format="HEIF", quality=95)
    twins = {}
    for file in sorted(folder.iterdir()):
        twins[file] = folder / f"plain {file.stem}.png"
        Image.fromarray(read_photo(file, size)).save(twins[file])
    return twins
