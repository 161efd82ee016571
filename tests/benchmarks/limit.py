"""The limit: decode all photos and run the frozen part once over them with the same engine, and nothing else.

    python -m tests.benchmarks.limit FOLDER --backbone MobileNetV2 --alpha 0.35 --engines DIR

Prints one line of JSON: `seconds` for decoding and running, and beside it what came before and does not count:
importing TensorFlow, building the network, opening the engine.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from transfer.config import RunConfig
from transfer.dataset.photo import read_photo
from transfer.dataset.scan import scan

BATCH = 32
AHEAD = 4  # batches decoded in advance


def main() -> None:
    options = _parser().parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    dataset = scan(options.folder)
    paths = [dataset.path(photo) for photo in dataset.photos]
    marks = [time.perf_counter()]
    from transfer.learning.features.compiled import feature_spec
    from transfer.learning.features.cut import cut
    from transfer.learning.features.engine import open_engine
    from transfer.learning.model.classifier import build

    marks.append(time.perf_counter())
    values = {"photos": str(options.folder), "backbone": options.backbone, "alpha": options.alpha}
    config = RunConfig.from_dict(
        values | {"weights": options.weights, "image_size": options.image_size, "hidden_units": 256, "dropout": 0}
    )
    lower = cut(build(config, len(dataset.classes)), None).lower
    marks.append(time.perf_counter())
    engine = open_engine(lambda: lower, feature_spec(config, options.image_size), options.engines)
    marks.append(time.perf_counter())
    photos = 0
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:

        def batches() -> Iterator[np.ndarray]:
            waiting: deque[list[Future[np.ndarray]]] = deque()
            for start in range(0, len(paths), BATCH):
                part = paths[start : start + BATCH]
                waiting.append([pool.submit(read_photo, path, options.image_size) for path in part])
                if len(waiting) > AHEAD:
                    yield np.stack([each.result() for each in waiting.popleft()])
            for reads in waiting:
                yield np.stack([each.result() for each in reads])

        for answers in engine.map(batches()):
            photos += len(answers)
    marks.append(time.perf_counter())
    names = ("import_seconds", "build_seconds", "engine_seconds", "seconds")
    result = dict(zip(names, np.diff(marks).tolist(), strict=True))
    print(json.dumps({**result, "photos": photos, "engine": engine.description}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--backbone", default="MobileNetV2")
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--weights", default="imagenet", help="imagenet or random")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--engines", type=Path, required=True, help="where compiled engines are kept")
    return parser


if __name__ == "__main__":
    main()
