"""How fast photos are decoded and resized: TensorFlow, Pillow, Pillow `draft` and libjpeg-turbo on the same files.

    python -m tests.benchmarks.decoding [--photos FOLDER] [--size 224] [--threads 2] [--rounds 3]

Rows are sets of photos: those of the folder, and photos of 500 and 4,000 pixels drawn by code. The ways take turns in
each round and the best round counts, so that ratios hold on a busy machine. CPU milliseconds per photo are printed
too: they are what decoding takes away from a network that computes on the same cores. `simplejpeg` (not a dependency
of Transfer) and TensorFlow are left out where they are not installed. At the end it says for how many files
libjpeg-turbo's pixels are those of Pillow's `draft`, before and after resizing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from transfer.dataset.photo import read_photo

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
Way = Callable[[list[Path]], None]


def pillow_whole(path: Path, size: int) -> np.ndarray:
    """Pillow without decoding smaller."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def turbo(path: Path, size: int) -> np.ndarray | None:
    """libjpeg-turbo at the scale that Pillow's `draft` would choose, then Pillow's resize; None when not possible."""
    pixels = turbo_pixels(path, size)
    return (
        None if pixels is None else np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
    )


def turbo_pixels(path: Path, size: int) -> np.ndarray | None:
    """The pixels before resizing."""
    import simplejpeg

    data = path.read_bytes()
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    scale = next(n for n in (8, 4, 2, 1) if min(width // size, height // size) >= n or n == 1)
    # The smallest multiple of an eighth that is at least what is asked for; no larger than draft's power of two.
    least = (-(-height // scale), -(-width // scale)) if scale > 1 else (0, 0)
    pixels: np.ndarray = simplejpeg.decode_jpeg(
        data, "RGB", fastdct=False, fastupsample=False, min_height=least[0], min_width=least[1], min_factor=1
    )
    return pixels


def turbo_eighths(path: Path, size: int) -> np.ndarray | None:
    """libjpeg-turbo at the smallest eighth that is large enough, which Pillow does not offer: other pixels."""
    import simplejpeg

    try:
        pixels = simplejpeg.decode_jpeg(path.read_bytes(), "RGB", min_height=size, min_width=size)
    except ValueError:
        return None
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def draft_pixels(path: Path, size: int) -> np.ndarray | None:
    """What Pillow gives `read_photo` to resize; None for anything but a JPEG of three colours."""
    with Image.open(path) as image:
        if image.format != "JPEG" or image.mode != "RGB":
            return None
        image.draft(None, (size, size))
        return np.asarray(image.convert("RGB"))


def in_threads(read: Callable[[Path, int], Any], size: int, threads: int) -> Way:
    """Read all files with a pool of Python threads, as `learning.pipeline` does."""

    def way(files: list[Path]) -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda file: read(file, size), files):
                pass

    return way


def with_tensorflow(size: int, threads: int) -> Way:
    """tf.io and tf.image in a tf.data pipeline, as `image_dataset_from_directory` reads."""
    import tensorflow as tf

    def read(path: Any) -> Any:
        image = tf.io.decode_image(tf.io.read_file(path), 3, expand_animations=False)
        image.set_shape((None, None, 3))
        return tf.image.resize(image, (size, size), "bilinear")

    def way(files: list[Path]) -> None:
        photos = tf.data.Dataset.from_tensor_slices([str(file) for file in files]).map(read, threads)
        for _ in photos.batch(32).prefetch(1):
            pass

    return way


def draw(folder: Path, side: int, count: int) -> list[Path]:
    """JPEG photos made by code: soft shapes with grain, about as large as files from a camera."""
    files = []
    for index in range(count):
        rng = np.random.default_rng((side, index))
        small = rng.integers(0, 256, (side // 16, side // 12, 3), np.uint8)
        image = Image.fromarray(small).resize((side, side * 3 // 4), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 6, (side * 3 // 4, side, 1))
        pixels = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
        file = folder / f"{side}-{index}.jpg"
        Image.fromarray(pixels).save(file, quality=88)
        files.append(file)
    return files


def measure(ways: dict[str, Way], files: list[Path], rounds: int) -> dict[str, tuple[float, float]]:
    """Photos per second and CPU milliseconds per photo of each way: the best of the rounds."""
    best = {name: (0.0, float("inf")) for name in ways}
    for round in range(rounds + 1):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            way(files)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if round:  # the first warms up
                best[name] = (max(best[name][0], len(files) / wall), min(best[name][1], cpu / len(files) * 1e3))
    return best


def agreement(files: list[Path], size: int) -> str:
    """For how many JPEG files both decoders give the same pixels."""
    same = resized = total = 0
    largest = 0
    for file in files:
        one, other = draft_pixels(file, size), None
        if one is not None:
            other = turbo_pixels(file, size)
        if one is None or other is None:
            continue
        total += 1
        if one.shape == other.shape:
            same += bool((one == other).all())
            largest = max(largest, int(np.abs(one.astype(int) - other).max()))
        last = np.asarray(Image.fromarray(other).resize((size, size), Image.Resampling.BILINEAR)).astype(int)
        upright = Image.fromarray(one).resize((size, size), Image.Resampling.BILINEAR)
        resized += bool((np.asarray(upright) == last).all())
    return f"{same} of {total} JPEG files the same when decoded (largest difference {largest}), {resized} when resized"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of photos; sub-folders count")
    parser.add_argument("--most", type=int, default=200, help="photos read from that folder")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    ways = {
        "Pillow draft (Transfer)": in_threads(read_photo, asked.size, asked.threads),
        "Pillow": in_threads(pillow_whole, asked.size, asked.threads),
    }
    try:
        import simplejpeg

        ways["libjpeg-turbo"] = in_threads(turbo, asked.size, asked.threads)
        ways["libjpeg-turbo, eighths"] = in_threads(turbo_eighths, asked.size, asked.threads)
        print(f"simplejpeg {simplejpeg.__version__}")
    except ImportError:
        print("libjpeg-turbo left out: simplejpeg is not installed")
    try:
        ways["tf.io"] = with_tensorflow(asked.size, asked.threads)
    except ImportError:
        print("tf.io left out: TensorFlow is not installed")

    with tempfile.TemporaryDirectory() as folder:
        sets = {"500 px": draw(Path(folder), 500, 60), "4000 px": draw(Path(folder), 4000, 4)}
        if asked.photos:
            found = sorted(p for p in asked.photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
            sets = {asked.photos.name: found[:: max(1, len(found) // asked.most)][: asked.most]} | sets
        print(f"\n| photos | way | photos/s | CPU ms a photo | speed / tf.io |\n|{'---|' * 5}")
        for name, files in sets.items():
            figures = measure(ways, files, asked.rounds)
            base = figures.get("tf.io", figures["Pillow"])[0]
            for way, (speed, cpu) in figures.items():
                print(f"| {name} | {way} | {speed:.0f} | {cpu:.2f} | {speed / base:.2f} |", flush=True)
        if "libjpeg-turbo" in ways:
            print()
            for name, files in sets.items():
                print(f"{name}: {agreement(files, asked.size)}")


if __name__ == "__main__":
    main()
