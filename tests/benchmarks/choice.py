"""Is the network that the advisor recommends the one that is best after training? Sets of photos times seeds.

    python -m tests.benchmarks.choice --photos FOLDER… --keras-home KERAS_HOME [--seeds 5 6] [--a-class 60]

For each set and seed the advisor measures every network that is ready, on training and validation photos; then each of
them is trained in earnest, by the default click, and tried on the test photos, which the advisor never saw. A choice is
right when no other network is better on these by more than noise: the exact form of the test of McNemar (1947), 5 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks import drive, photo_sets
from tests.benchmarks.recipe import few
from transfer.advice.networks import recommend
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.scan import scan
from transfer.learning import device
from transfer.learning.advisor.advisor import advise
from transfer.learning.reporter import Reporter
from transfer.learning.training.trainer import Trainer
from transfer.messages.measurements import NetworkMeasured
from transfer.networks.candidates import Candidate, ready
from transfer.runs.comparison import Pair
from transfer.runs.study import StudyConfig
from transfer.runs.workspace import Workspace


def chosen(dataset: Dataset, workspace: Workspace, a_class: int) -> str:
    """What the advisor recommends."""
    config = StudyConfig(run=RunConfig(photos=dataset.root), photos_a_class=a_class, minutes=600)
    study = workspace.create_study(config, dataset)
    advise(study)
    found = recommend(study.log.all(NetworkMeasured))
    assert found is not None
    return found.network.step


def right(dataset: Dataset, workspace: Workspace, candidate: Candidate, seed: int) -> np.ndarray:
    """Which test photos the trained network names right, (photos,) bool."""
    config = RunConfig.from_dict({"photos": dataset.root, "seed": seed, **candidate.settings})
    run = workspace.create(config, dataset)
    trainer = Trainer(run, device.choose(), Reporter(run))
    try:
        trainer.train()
        trainer.outcome.refine()
        data = trainer.outcome.measured("test")
        named = []
        for batch in data.source.batches():
            answers = np.asarray(data.network(np.asarray(batch.inputs, np.float32), training=False))
            named.append((answers.argmax(axis=1) == batch.labels)[batch.valid > 0])
        return np.concatenate(named)
    finally:
        trainer.close()


def by_chance(one: np.ndarray, other: np.ndarray) -> float:
    """How often chance alone makes two equally good networks differ so much, or more (McNemar, exact, two-sided)."""
    gained, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return Pair("", "", len(one), gained, lost).chance


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    drive.use_keras_home(options)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "generated"
        quick = options.quick or not options.photos
        for photos in [photo_sets.generated(generated, 60, side=48)] if quick else options.photos:
            for seed in options.seeds[:1] if quick else options.seeds:
                workspace = Workspace(Path(folder) / photos.name)
                dataset = few(scan(photos.resolve(), seed=seed), options.a_class)
                network = chosen(dataset, workspace, options.a_class)
                results = {each.name: right(dataset, workspace, each, seed) for each in ready()}
                best = max(results, key=lambda name: results[name].mean())
                chance = by_chance(results[best], results[network])
                verdict = "best" if results[network].mean() == results[best].mean() else f"noise, p = {chance:.2f}"
                accuracies = ", ".join(f"{name} {mask.mean():.1%}" for name, mask in results.items())
                rows.append([photos.name, str(seed), network, accuracies, verdict if chance > 0.05 else "**wrong**"])
                print(rows[-1], file=sys.stderr, flush=True)
    print(drive.table(["photos", "seed", "recommended", "test photos right after training", "so it was"], rows))


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", help="folders of photos; else generated ones")
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6])
    parser.add_argument("--a-class", type=int, default=60, help="training photos of each class at most")
    return parser


if __name__ == "__main__":
    main()
