"""The exported page in Chromium beside the app: the same answers? How fast, and how much would a canvas alone change?

    python -m tests.benchmarks.browser RUN_FOLDER [--photos 100]

RUN_FOLDER is a run whose export "web" was made. Prints one line of JSON: photos, the share of them that get the app's
class from the page, the greatest and the mean difference of a probability, milliseconds a photo (reading it; the
network), and the share that would get another class if the page let the canvas resize.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path

import numpy as np

from tests.chromium import launched
from transfer.learning.analysis.prediction import load
from transfer.learning.export.proof import photos
from transfer.runs.run import Run

LOOK = """async (bytes) => {
  const file = new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], "photo");
  const began = performance.now();
  const pixels = await photoOfFile(file, MODEL.size);
  const read = performance.now();
  const ours = Array.from(await network.probabilities(pixels));
  const done = performance.now();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = MODEL.size;
  const context = canvas.getContext("2d");
  context.drawImage(await createImageBitmap(file), 0, 0, MODEL.size, MODEL.size);
  const plain = await network.probabilities(photoOfSource(canvas, MODEL.size, MODEL.size, MODEL.size));
  return [ours, Array.from(plain), read - began, done - read];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER")
    parser.add_argument("--photos", type=int, default=100)
    options = parser.parse_args()
    run = Run(options.run)
    paths = list(photos(run, options.photos))
    predictor = load(run)
    expected = np.array([[dict(said.classes)[name] for name in predictor.labels] for said in predictor.predict(paths)])
    ours, plain, reading, network = look((run.exports_dir / "web" / "index.html").resolve(), paths)
    top = expected.argmax(1)
    figures = {
        "photos": len(paths),
        "same_class": float((ours.argmax(1) == top).mean()),
        "max_difference": float(np.abs(ours - expected).max()),
        "mean_difference": float(np.abs(ours - expected).mean()),
        "reading_milliseconds": float(np.median(reading)),
        "network_milliseconds": float(np.median(network)),
        "other_class_by_canvas": float((plain.argmax(1) != top).mean()),
    }
    print(json.dumps(figures))


def look(page_file: Path, paths: list[str]) -> tuple[np.ndarray, ...]:
    """What the page says of photos, what it would say of what a canvas made of them, and both times."""
    with launched() as browser:
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.locator("#check.good").wait_for(timeout=120_000)
        found = [page.evaluate(LOOK, base64.b64encode(Path(path).read_bytes()).decode()) for path in paths]
    return tuple(map(np.array, zip(*found, strict=True)))


if __name__ == "__main__":
    main()
