"""The commands of the terminal: each asks the desk for one thing, prints the answer and returns the exit code.

The first line of each says in the help what it does.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from typing import Any, Protocol

from transfer.cli.findings import OF_A_NETWORK, in_words
from transfer.cli.follow import follow, follow_study, supervision
from transfer.cli.output import flags, print_json, show
from transfer.commands.desk import Desk
from transfer.commands.findings import Findings
from transfer.commands.networks import list_networks
from transfer.config import RunConfig
from transfer.errors import ConfigError, DiskError, PhotosError, RunError, TransferError, WeightsError
from transfer.messages.endings import Died, Failed
from transfer.runs.changes import LIVE, ON_RESUME
from transfer.runs.comparison import Comparison
from transfer.runs.job import Job, shortened
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.runs.summary import DAMAGED, Summary

MISTAKES = (ConfigError, DiskError, PhotosError, WeightsError)  # the user's, when a worker meets them


class Command(Protocol):
    """One of the functions below."""

    __name__: str

    def __call__(self, desk: Desk, options: argparse.Namespace, /) -> int: ...


def backbones(desk: Desk, options: argparse.Namespace) -> int:
    """List the networks and which have their weights on this machine."""
    columns = ("name", "family", "image_size", "parameters", "top1", "download_mb", "alphas")
    import pandas as pd

    listed = list_networks()
    rows = [{name: getattr(each.backbone, name) for name in columns} | {"ready": each.ready} for each in listed]
    table = pd.DataFrame(rows).drop(columns="ready")
    table["alphas"] = [", ".join(map(str, widths)) if len(widths) > 1 else "" for widths in table["alphas"]]
    table["on this machine"] = [each.state for each in listed]
    return show(rows, table.to_string(index=False), options)


def check(desk: Desk, options: argparse.Namespace) -> int:
    """Say what is in a photo folder and what would be left out."""
    dataset = desk.check(options.folder, seed=options.seed)
    lines = [dataset.counts().to_string(), "", *dataset.notes]
    lines += [f"Passed over: {dataset.passed_over} files that are no photos."] if dataset.passed_over else []
    lines += [f"Left out: {left.path}: {left.reason}" for left in dataset.left_out]
    return show(dataset.to_dict(), "\n".join(lines), options)


def advise(desk: Desk, options: argparse.Namespace) -> int:
    """Measure which network suits a folder of photos, how deep to fine-tune it, or how fast, before it is trained."""
    settings = {name: getattr(options, name) for name in ("seed", *OF_A_NETWORK)}
    with supervision(desk):
        study = desk.studies.begin({"photos": options.folder, **settings}, options.kind, minutes=options.minutes)
        status = follow_study(desk, study)
    error = _went_wrong(study, status)
    if error:
        print(error, file=sys.stderr)
    findings = Findings.of(study)
    about = findings.to_dict() | ({"error": error.to_dict()} if error else {})
    show(about, in_words(findings, study), options)
    if status.state in {"finished", "stopped"} and about["recommended"]:
        return 0
    return 2 if isinstance(error, MISTAKES) else 1


def train(desk: Desk, options: argparse.Namespace) -> int:
    """Train, in a queue shared with the page, and print the run directory."""
    if options.dry_run:
        return _foreseen(desk, {name: getattr(options, name) for name in RunConfig.settings()}, options)
    with supervision(desk):  # the worker loads while the photos are checked
        run = desk.training.begin({name: getattr(options, name) for name in RunConfig.settings()})
        for left in run.dataset.left_out:
            print(f"Left out: {left.path}: {left.reason}", file=sys.stderr)
        return followed(desk, run, options)


def stop(desk: Desk, options: argparse.Namespace) -> int:
    """Ask a run to end at the next step and keep its best state."""
    return _asked(desk.training.stop(options.run), options)


def pause(desk: Desk, options: argparse.Namespace) -> int:
    """Ask a run to leave for a while; resume lets it go on exactly where it was."""
    return _asked(desk.training.pause(options.run), options)


def change(desk: Desk, options: argparse.Namespace) -> int:
    """Change settings of a run while it trains, from its next round on."""
    settings = {name: value for name in LIVE if (value := getattr(options, name)) is not None}
    return _asked(desk.training.change(options.run, settings), options)


def resume(desk: Desk, options: argparse.Namespace) -> int:
    """Go on with a paused or interrupted run from its last checkpoint."""
    with supervision(desk):
        changes = {name: value for name in ON_RESUME if (value := getattr(options, name)) is not None}
        return followed(desk, desk.training.resume(options.run, changes), options)


def clone(desk: Desk, options: argparse.Namespace) -> int:
    """Train once more with the settings of a run, but for those given."""
    with supervision(desk):
        settings = {name: getattr(options, name) for name in RunConfig.settings() if name != "photos"}
        changes = {name: value for name, value in settings.items() if value is not None}
        return followed(desk, desk.training.clone(options.run, changes), options)


def queue(desk: Desk, options: argparse.Namespace) -> int:
    """List the runs that wait for their turn, or move one of them or take it off."""
    if options.remove and options.run:
        desk.queue.remove(options.run)
    elif options.run:
        desk.queue.move(options.run, options.place, by=options.by)
    elif options.remove or options.by or options.place is not None:
        raise ConfigError("Which run?", expected="the name of a run that waits", fix="Write it behind `queue`.")
    waiting = desk.queue.all()
    rows = [{"place": place, "run": run.id, "name": run.name} for place, run in enumerate(waiting, 1)]
    text = "\n".join(f"{row['place']:>3}  {row['name']}  {row['run']}" for row in rows)
    return show(rows, text or "No run waits.", options)


def runs(desk: Desk, options: argparse.Namespace) -> int:
    """List the runs, newest first."""
    rows = [dataclasses.asdict(each) for each in desk.runs.summaries()]
    columns = ("name", "backbone", "photos", "status", "test_accuracy", "val_accuracy", "run")
    lines = [columns, *([_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    text = "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    damaged = [f"{row['run']}: {row['message']}" for row in rows if row["status"] == DAMAGED]
    return show(rows, "\n".join([text, *damaged]) if rows else "No runs yet.", options)


def compare(desk: Desk, options: argparse.Namespace) -> int:
    """Say what is different about some runs: settings, results, and whether that is more than chance."""
    found = Comparison.of([desk.runs.get(name) for name in options.runs])
    return show(found.to_dict(), str(found), options)


def _cell(value: Any) -> str:
    """What stands in a table: no more than fits, and never a second line."""
    text = f"{value:.1%}" if isinstance(value, float) else shortened(str(value or ""), 200)
    return " ".join(text.split())


def _foreseen(desk: Desk, settings: dict[str, Any], options: argparse.Namespace) -> int:
    """Say what a run would take; 1 where there is not as much."""
    dataset = desk.check(options.photos, seed=desk.training.config(settings).seed)
    outlook = desk.outlooks.of(settings, dataset)
    if not outlook.estimate.measured and outlook.fits:
        print("Nothing like it was measured here yet: trying a few photos.", file=sys.stderr)
        try:
            outlook = desk.outlooks.measured(settings, dataset)
        except RunError as error:  # something else is at work: a rough guess is better than nothing
            print(error, file=sys.stderr)
    lines = [f"{name:<8} {text}" for name, text in outlook.rows()]
    lines += [f"{notice.title} {notice.message}" for notice in outlook.notices()]
    for offer in outlook.offers:
        given = {name: value for name, value in offer.items() if value is not None}
        lines.append(f"It would fit with {flags(given)}")
    show(outlook.to_dict(), "\n".join(lines), options)
    return 0 if outlook.fits else 1


def _asked(run: Run, options: argparse.Namespace) -> int:
    """Print how a run is doing that something was asked of."""
    status = run.status()
    return show({"run": str(run.path), "status": status.state, "message": status.message}, status.message, options)


def followed(desk: Desk, run: Run, options: argparse.Namespace) -> int:
    """Show the run until it is over, and print how it ended."""
    began = time.monotonic()
    status = follow(desk, run)
    summary = Summary.of(run)
    about = {**dataclasses.asdict(summary), "seconds": round(time.monotonic() - began, 2)}
    error = _went_wrong(run, status)
    if error:
        print(error, file=sys.stderr)
        about["error"] = error.to_dict()
    if run.resumable:
        print(f"To go on: python -m transfer resume {run.id}", file=sys.stderr)
    if options.json:
        print_json(about)
    else:
        if summary.test_accuracy is not None:
            metrics = run.metrics()
            photos = metrics.measured_on(run.dataset) if metrics else "test photos"
            print(f"Right on {summary.test_accuracy:.1%} of the {photos}.", file=sys.stderr)
        print(run.path)
    if status.state == "finished":
        return 0
    return 2 if isinstance(error, MISTAKES) else 1


def _went_wrong(job: Job, status: Status) -> TransferError | None:
    last = job.log.last() if status.state in {"failed", "interrupted"} else None
    if isinstance(last, Failed):
        return last.as_error
    return TransferError(last.message, found=last.log_tail) if isinstance(last, Died) else None
