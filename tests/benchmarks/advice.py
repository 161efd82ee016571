"""What the advisor takes, beside the limit: one engine pass over the same photos with each of the networks.

    python -m tests.benchmarks.advice --photos FOLDER --keras-home KERAS_HOME [--a-class 100]

Ours is a study over the networks that are ready, from its first event to its last, in a workspace that keeps nothing
(`cold`: networks are built and translated) and once more with the engines kept, as after a study of other photos
(`warm`). The limit decodes and runs the same photos with the same kept engines, one network after the other, and counts
nothing else. Seconds of the clock, and of the processor, which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import drive, photo_sets
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.dataset.subset import subset
from transfer.messages.events import Started
from transfer.messages.measurements import NetworkMeasured
from transfer.networks.candidates import ready
from transfer.runs.study import Study, StudyConfig
from transfer.runs.workspace import Workspace


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.side:
        print(json.dumps(_ours(Path(options.side)) if options.ours else _limit(Path(options.side))))
        return
    drive.use_keras_home(options)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        photos = options.photos
        if photos is None or options.quick:
            photos = photo_sets.generated(place / "generated", 60, side=48)
        workspace = Workspace(place / "workspace")
        cold, warm = _study(workspace, photos, options.a_class), _study(workspace, photos, options.a_class)
        sides = {"cold": _run(cold, "--ours")}
        for file in (*workspace.features.folder.glob("*/rows"), *workspace.features.folder.glob("*/index")):
            file.write_bytes(b"")  # as if it had been other photos
        sides["warm"] = _run(warm, "--ours")
        limit = _run(warm)
        measured = warm.log.all(NetworkMeasured)
    print(f"{len(measured)} networks, {len(measured[0].right)} photos: {', '.join(each.step for each in measured)}")
    rows = [["limit", *(f"{limit[unit]:.1f}" for unit in ("clock", "cpu")), "", "", ""]]
    for name, side in sides.items():
        ratios = [f"{side[unit] / limit[unit]:.2f}" for unit in ("clock", "cpu")]
        rows.append([name, *(f"{side[unit]:.1f}" for unit in ("clock", "cpu")), *ratios, "≤ 1.3"])
    print(drive.table(["", "s", "s of the processor", "/ limit", "/ limit, processor", "reach"], rows))


def _study(workspace: Workspace, photos: Path, a_class: int) -> Study:
    config = StudyConfig(run=RunConfig(photos=str(photos.resolve())), photos_a_class=a_class, minutes=600)
    return workspace.create_study(config, scan(photos.resolve()))


def _run(study: Study, *flags: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.advice", "--side", str(study.path), *flags]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _ours(path: Path) -> dict[str, float]:
    from transfer.learning import standby, worker

    standby._load()  # as a standby worker has
    study, used = Study(path), time.process_time()
    if worker.main([str(path)]):
        raise RuntimeError(study.status().message)
    used = time.process_time() - used
    started, last = study.log.newest(Started), study.log.last()
    assert started is not None and last is not None
    return {"clock": last.time - started.time, "cpu": used}


def _limit(path: Path) -> dict[str, float]:
    from transfer.learning import device as devices
    from transfer.learning.features.engine import Engine
    from transfer.learning.features.extraction import FeatureExtractor
    from transfer.learning.inbox import Inbox
    from transfer.learning.pipeline import PhotoSource
    from transfer.learning.reporter import Reporter
    from transfer.learning.training.network import TrainedNetwork

    study, device = Study(path), devices.choose()
    workspace, reporter, few = Workspace.of(study), Reporter(study), subset(study.dataset, study.config.photos_a_class)
    extractor = FeatureExtractor(workspace, device, reporter, Inbox(study.mailbox))
    clock = cpu = 0.0
    for candidate in ready():
        config = RunConfig.from_dict({"photos": "-", **candidate.settings})
        (stage,) = TrainedNetwork(config, len(few.classes), device, reporter, extractor).stages("head")
        engine = Engine.cached(workspace.engines_dir, stage.network.key)
        assert engine is not None, "the study kept it"
        photos = PhotoSource(few, "train", candidate.image_size, 32)
        began, used = time.perf_counter(), time.process_time()
        batches = (batch.inputs for batch in photos.pick(np.arange(photos.photos), 32))
        assert sum(map(len, engine.map(batches))) == photos.photos
        clock, cpu = clock + time.perf_counter() - began, cpu + time.process_time() - used
    return {"clock": clock, "cpu": cpu}


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos; else generated ones")
    parser.add_argument("--a-class", type=int, default=100, help="photos of each class at most")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
