"""Checkpoints of version 0.1 are gone on from."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.learning import device
from transfer.learning.reporter import Reporter
from transfer.learning.training.trainer import Trainer
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

FORMER = Path(__file__).parents[2] / "fixtures" / "runs_0_1"


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    former = Run(FORMER / "interrupted")
    done = former.history()
    assert len(done) == 38
    config = dataclasses.replace(former.config, photos=str(FORMER / "photos"))
    assert isinstance(config, RunConfig)
    run = Workspace(tmp_path).create(config, scan(FORMER / "photos", seed=config.seed))
    for name in ("checkpoint.npz", "events.jsonl"):
        shutil.copy(former.path / name, run.path / name)
    trainer = Trainer(run, device.choose(), Reporter(run))
    assert trainer.resumed_from == 38
    assert trainer.train()
    trainer.close()
    history = run.history()
    assert history["step"].tolist() == list(range(1, 44))
    assert history.iloc[:38].equals(done)
    assert history["learning_rate"].iloc[-1] == done["learning_rate"].iloc[-1]
    assert trainer.result() is not None
