"""Heat maps of photos composed of two classes side by side: how often does the map of each class lie on its half?

    python -m tests.benchmarks.heat_maps FOLDER [--backbone EfficientNetLite0] [--photos 40] [--pairs 50]

FOLDER has one sub-folder of photos per class. A head is computed upon some photos of each class, as refinement does it
(several depths) and upon the last depth alone, and then asked about pairs of other photos of two classes, side by side
in one photo. Prints one line of JSON for each: the share of maps with more than half of what speaks for the class on
its own half, and with their lightest place there (0.5 by chance); the same with random weights; the mean rank
correlation of those maps with the real ones (Adebayo et al. 2018), and of maps with another random head; and the
milliseconds of a map and of an answer, both by the engine where there is one, one photo at a time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.photo import read_photo
from transfer.dataset.scan import scan
from transfer.learning.analysis.heat_map import heat_maps
from transfer.learning.features.compiled import FeatureSpec
from transfer.learning.features.engine import open_engine
from transfer.learning.model.classifier import Classifier, build
from transfer.learning.model.depths import depth_features, refined
from transfer.learning.training.ridge import Ridge

PENALTY = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--backbone", default="EfficientNetLite0")
    parser.add_argument("--photos", type=int, default=40, help="of each class, to learn from (default: 40)")
    parser.add_argument("--pairs", type=int, default=100)
    options = parser.parse_args()
    dataset = scan(options.folder)
    rng = np.random.default_rng(0)
    for inner in (False, True):
        made = learned(options.backbone, dataset, options.photos, inner=inner)
        pairs = [_pair(dataset, rng, made.image_size) for _ in range(options.pairs)]
        photos = np.stack([photo for photo, _, _ in pairs])
        labels = [(left, right) for _, left, right in pairs]
        said = made.model.predict(photos, 16, verbose=0).argsort(axis=1)[:, -2:]
        found = _maps(made.model, photos)
        other_head = _maps(_random_head(made, rng), photos)
        random = _maps(_random(made), photos)
        figures = {
            "folder": options.folder.name,
            "backbone": options.backbone,
            "depths": "several" if inner else "last",
            "grid": found.shape[1],
            "both_recognised": float(np.mean([set(two) == set(both) for two, both in zip(said, labels, strict=True)])),
            "on_its_half": _on_its_half(found, labels),
            "lightest_there": _lightest_there(found, labels),
            "random_weights_on_its_half": _on_its_half(random, labels),
            "correlation_with_random_weights": _alike(found, random, labels),
            "correlation_with_a_random_head": _alike(found, other_head, labels),
            **_milliseconds(made, photos),
        }
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}), flush=True)


def learned(backbone: str, dataset: Dataset, photos: int, *, inner: bool) -> Classifier:
    """A classifier with a head computed in closed form upon so many training photos of each class."""
    made = build(RunConfig(backbone=backbone), len(dataset.classes))
    features = depth_features(made, joined=True, inner=inner)
    some = [photo for label in range(len(dataset.classes)) for photo in _of(dataset, "train", label)[:photos]]
    rows = features.predict(np.stack([read_photo(dataset.path(p), made.image_size) for p in some]), 16, verbose=0)
    spread = rows.std(axis=0) + 0.1 * rows.std()
    labels = np.array([photo.label for photo in some])
    kernel, bias = Ridge(rows / spread, labels, len(dataset.classes)).solution(PENALTY)
    answer = keras.layers.Dense(len(dataset.classes), activation="softmax", dtype="float32")
    head = keras.Sequential([keras.Input(rows.shape[1:]), answer], name="head")
    answer.set_weights([kernel / spread[:, None], bias])
    return refined(made, head, inner=inner, mirrored=False)


def _of(dataset: Dataset, split: Any, label: int) -> list[Photo]:
    return [photo for photo in dataset.of(split) if photo.label == label]


def _pair(dataset: Dataset, rng: np.random.Generator, size: int) -> tuple[np.ndarray, int, int]:
    left, right = (int(each) for each in rng.choice(len(dataset.classes), 2, replace=False))
    halves = []
    for label in (left, right):
        photos = _of(dataset, "test", label)
        halves.append(read_photo(dataset.path(photos[rng.integers(len(photos))]), size))
    return side_by_side(*halves), left, right


def side_by_side(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two photos (size, size, 3) as one, squashed to the same square as any photo is that is twice as wide as high."""
    both = np.concatenate([left, right], axis=1).astype(np.float32)
    return ((both[:, ::2] + both[:, 1::2]) / 2).astype(np.uint8)


def _maps(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    return np.asarray(heat_maps(model).predict(photos, 16, verbose=0))


def _random_head(made: Classifier, rng: np.random.Generator) -> keras.Model:
    kernel, bias = made.head.layers[-1].get_weights()
    head = keras.models.clone_model(made.head)
    head.layers[-1].set_weights([rng.permuted(kernel, axis=0), bias])
    return keras.Model(made.features.input, head(made.features.output))


def _random(made: Classifier) -> keras.Model:
    """All weights of the backbone drawn anew, the head's shuffled; takes the classifier with it."""
    rng = np.random.default_rng(1)
    for layer in made.backbone.layers:
        fresh = []
        for weight in layer.get_weights():
            fresh.append(rng.permuted(weight.reshape(-1)).reshape(weight.shape))
        layer.set_weights(fresh)
    return _random_head(made, rng)


def _on_its_half(maps: np.ndarray, labels: list[tuple[int, int]]) -> float:
    middle = maps.shape[2] / 2
    # A column in the middle of an odd number of them belongs to both halves.
    share = np.clip(middle - np.arange(maps.shape[2]), 0, 1)
    hits = []
    for each, (left, right) in zip(maps, labels, strict=True):
        for label, weight in ((left, share), (right, 1 - share)):
            for_it = np.maximum(each[..., label], 0).sum(axis=0)
            hits.append(float(for_it @ weight) > 0.5 * for_it.sum())
    return float(np.mean(hits))


def _lightest_there(maps: np.ndarray, labels: list[tuple[int, int]]) -> float:
    hits = []
    for each, (left, right) in zip(maps, labels, strict=True):
        for label, is_left in ((left, True), (right, False)):
            column = int(np.unravel_index(each[..., label].argmax(), each.shape[:2])[1]) + 0.5
            hits.append((column < each.shape[1] / 2) == is_left)
    return float(np.mean(hits))


def _alike(maps: np.ndarray, others: np.ndarray, labels: list[tuple[int, int]]) -> float:
    pairs = [(a[..., k].ravel(), b[..., k].ravel()) for a, b, (k, _) in zip(maps, others, labels, strict=True)]
    return float(np.mean([_rank_correlation(a, b) for a, b in pairs]))


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's."""
    return float(np.corrcoef(*(pd.Series(each).rank() for each in (one, other)))[0, 1])


def _milliseconds(made: Classifier, photos: np.ndarray) -> dict[str, float]:
    found = {}
    for name, model in (("answer", made.model), ("map", heat_maps(made.model))):
        with tempfile.TemporaryDirectory() as folder:
            engine = open_engine(lambda model=model: model, FeatureSpec("benchmark", name, 0, name), Path(folder))
            took = []
            for photo in photos:
                began = time.perf_counter()
                engine.run(photo[None])
                took.append(1000 * (time.perf_counter() - began))
            found[f"{name}_milliseconds"] = float(np.median(took))
            found[f"{name}_engine"] = engine.description
            del engine
    return found


if __name__ == "__main__":
    main()
