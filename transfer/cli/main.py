"""The command line: `python -m transfer COMMAND`, the same engine as the page without a browser.

Every command takes `--workspace DIR` and `--json`. Exit code 0: the work was done; 1: it was not; 2: a mistake that the
user can put right, said in the same words as in the page.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from transfer.cli.follow import follow, usable
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.errors import ConfigError, PhotosError, RunError, TransferError, WeightsError
from transfer.formats import FORMATS
from transfer.messages.events import Died, Failed
from transfer.messages.questions import A, Evaluate, Export, Predict, Question
from transfer.networks.backbones import BACKBONES, backbone
from transfer.networks.weights import PRETRAINED, default_backbone, require, settled, weights_file
from transfer.processes.client import PredictionClient
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.runs.workspace import Workspace

MISTAKES = (ConfigError, PhotosError, WeightsError)  # the user's, when a worker meets them


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a file name that the terminal cannot show must not end the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    workspace = Workspace(options.workspace) if options.workspace else Workspace.default()
    try:
        if options.command is not backbones:
            usable(workspace.path)
        code: int = options.command(workspace, options)
        return code
    except TransferError as error:
        print(error, file=sys.stderr)
        if options.json:
            _print_json({"error": error.to_dict()})
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `| head` is no mistake; Python must not complain about it at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# ---------------------------------------------------------------------- commands


def backbones(workspace: Workspace, options: argparse.Namespace) -> int:
    """List the networks and which have their weights on this machine."""
    rows = [
        {
            "name": b.name,
            "family": b.family,
            "image_size": b.image_size,
            "parameters": b.parameters,
            "top1": b.top1,
            "download_mb": b.download_mb,
            "alphas": list(b.alphas),
            "ready": [a for a in b.alphas if weights_file(b, a, b.image_size).present],
        }
        for b in BACKBONES.values()
    ]
    table = pd.DataFrame(rows).assign(
        ready=lambda t: ["yes" if r == a else ", ".join(map(str, r)) for r, a in zip(t.ready, t.alphas, strict=True)],
        alphas=lambda t: [", ".join(map(str, a)) if len(a) > 1 else "" for a in t.alphas],
    )
    return _show(rows, table.to_string(index=False), options)


def check(workspace: Workspace, options: argparse.Namespace) -> int:
    """Say what is in a photo folder and what would be left out."""
    config = RunConfig.from_dict({"photos": str(options.folder), "seed": options.seed})
    dataset = scan(options.folder, seed=config.seed, memory=workspace.photo_memory)
    lines = [dataset.counts().to_string(), "", *dataset.notes]
    lines += [f"Passed over: {dataset.passed_over} files that are no photos."] if dataset.passed_over else []
    lines += [f"Left out: {left.path}: {left.reason}" for left in dataset.left_out]
    return _show(dataset.to_dict(), "\n".join(lines), options)


def train(workspace: Workspace, options: argparse.Namespace) -> int:
    """Train, in a queue shared with the page, and print the run directory."""
    given = {name: value for name in RunConfig.settings() if (value := getattr(options, name, None)) is not None}
    given.setdefault("backbone", default_backbone())
    config = _findable(RunConfig.from_dict({**given, "photos": str(options.folder)}))
    require(config)
    dataset = scan(Path(config.photos), seed=config.seed, memory=workspace.photo_memory)
    for left in dataset.left_out:
        print(f"Left out: {left.path}: {left.reason}", file=sys.stderr)
    return _followed(workspace, workspace.create(config, dataset), options)


def resume(workspace: Workspace, options: argparse.Namespace) -> int:
    """Go on with an interrupted run from its last checkpoint."""
    run = workspace.run(options.run)
    run.request_resume()
    return _followed(workspace, run, options)


def _followed(workspace: Workspace, run: Run, options: argparse.Namespace) -> int:
    began = time.monotonic()
    status = follow(workspace, run)
    summary = {**_summary(run), "seconds": round(time.monotonic() - began, 2)}
    error = _went_wrong(run, status)
    if error:
        print(error, file=sys.stderr)
        summary["error"] = error.to_dict()
    if options.json:
        _print_json(summary)
    else:
        if summary["test_accuracy"] is not None:
            print(f"Right on {summary['test_accuracy']:.1%} of the test photos.", file=sys.stderr)
        print(run.path)
    if status.state == "finished":
        return 0
    return 2 if isinstance(error, MISTAKES) else 1


def _went_wrong(run: Run, status: Status) -> TransferError | None:
    last = run.log.last() if status.state in {"failed", "interrupted"} else None
    if isinstance(last, Failed):
        return last.as_error
    return TransferError(last.message, found=last.log_tail) if isinstance(last, Died) else None


def _findable(config: RunConfig) -> RunConfig:
    """The config with names that mean the same to the worker, which may be started from another folder.

    Raises:
        ConfigError: when there is no such network, in the list or as a file.
    """
    changes: dict[str, Any] = {}
    if config.backbone.strip().endswith(".keras"):
        file = _place(config.backbone.strip())
        if not file.is_file():
            raise ConfigError(
                f"There is no file {file}.",
                expected="the path of a .keras file",
                found="a folder" if file.is_dir() else "nothing at that path",
                fix="Check the path, or choose a network from the list (python -m transfer backbones).",
            )
        changes["backbone"] = str(file)
    else:
        changes["backbone"] = backbone(config.backbone).name
    if config.weights not in {*PRETRAINED, "random"}:
        changes["weights"] = str(_place(config.weights))
    return settled(dataclasses.replace(config, **changes))


def runs(workspace: Workspace, options: argparse.Namespace) -> int:
    """List the runs, newest first."""
    rows = [_summary(run) | {"created": run.created} for run in workspace.runs()]
    table = pd.DataFrame(rows, columns=["name", "backbone", "photos", "status", "test_accuracy", "val_accuracy", "run"])
    return _show(rows, table.to_string(index=False) if rows else "No runs yet.", options)


def evaluate(workspace: Workspace, options: argparse.Namespace) -> int:
    """Measure a trained model again on its test photos."""
    run = _trained(workspace, options.run)
    _ask(workspace, Evaluate(run=str(run.path)))
    metrics = run.metrics()
    assert metrics is not None
    table = pd.DataFrame([dataclasses.asdict(each) for each in metrics.classes]).to_string(index=False)
    text = (
        f"{metrics.accuracy:.1%} right on {metrics.photos} {metrics.split} photos "
        f"(95 % interval {metrics.low:.1%} to {metrics.high:.1%}; "
        f"always “{metrics.baseline_class}” would give {metrics.baseline:.1%})\n\n{table}"
    )
    return _show(metrics.to_dict(), text, options)


def predict(workspace: Workspace, options: argparse.Namespace) -> int:
    """Say what is on some photos."""
    run = _trained(workspace, options.run)
    if options.top < 1:
        raise ConfigError(
            "No classes were asked for.",
            expected="--top with a whole number from 1",
            found=str(options.top),
            fix="Leave --top out, or give a higher number.",
        )
    images = [str(path) for path in options.images]
    answer = _ask(workspace, Predict(run=str(run.path), images=tuple(images), top=options.top))
    photos = [photo.to_dict() for photo in answer.photos]
    lines = []
    for photo in photos:
        said = photo.get("error") or ", ".join(f"{label} {share:.1%}" for label, share in photo["classes"])
        lines.append(f"{photo['path']}: {said}")
    _show({"predictions": photos, "milliseconds": answer.milliseconds}, "\n".join(lines), options)
    return 2 if any("error" in photo for photo in photos) else 0


def export(workspace: Workspace, options: argparse.Namespace) -> int:
    """Write a trained model in a format, as a zip."""
    run = _trained(workspace, options.run)
    _ask(workspace, Export(run=str(run.path), format=options.format), timeout=1800)
    made = run.exported(options.format)
    assert made is not None
    return _show({**made, "zip": str(made["zip"]), "format": options.format}, str(made["zip"]), options)


# ---------------------------------------------------------------------- pieces


def _summary(run: Run) -> dict[str, Any]:
    metrics, history = run.metrics(), run.history()
    best = history[history["best"] == True]["val_accuracy"]  # noqa: E712 - a column of objects
    on_test = metrics is not None and metrics.split == "test"
    return {
        "run": str(run.path),
        "name": run.name,
        "backbone": run.config.backbone,
        "photos": run.config.photos,
        "status": run.status().state,
        "test_accuracy": metrics.accuracy if metrics and on_test else None,
        "val_accuracy": float(best.iloc[-1]) if len(best) and pd.notna(best.iloc[-1]) else None,
    }


def _trained(workspace: Workspace, name: str) -> Run:
    run = workspace.run(name)
    if not run.model_file.is_file():
        raise RunError(
            f"“{run.name}” has no trained model.",
            expected="a run that is finished, or was stopped after its first round",
            found=f"a run that is {run.status().state}",
            fix="Wait until it has finished, or resume it.",
        )
    return run


def _ask(workspace: Workspace, question: Question[A], timeout: float = 300.0) -> A:
    server = PredictionClient(workspace.path / "logs" / f"{question.kind}.log")
    try:
        return server.ask(question, timeout=timeout)
    finally:
        server.close()


def _show(data: Any, text: str, options: argparse.Namespace) -> int:
    if options.json:
        _print_json(data)
    else:
        print(text)
    return 0


def _place(text: str) -> Path:
    """An absolute path. Unlike `Path.expanduser`, the name of an unknown user is a file name."""
    return Path(os.path.expanduser(text)).resolve()  # noqa: PTH111


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--workspace", type=_place, metavar="DIR", help="where runs are kept (default: ~/Transfer)")
    shared.add_argument("--json", action="store_true", help="print the result as JSON")
    parser = argparse.ArgumentParser(prog="python -m transfer", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(function: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(
            function.__name__, help=function.__doc__, description=function.__doc__, parents=[shared]
        )
        added.set_defaults(command=function)
        return added

    command(backbones)
    added = command(check)
    added.add_argument("folder", type=_place, metavar="FOLDER")
    added.add_argument("--seed", default=0, help="of the split")
    added = command(train)
    added.add_argument("folder", type=_place, metavar="FOLDER")
    for name, setting in RunConfig.settings().items():
        if name != "photos":
            choices = ", ".join(str(value) for _, value in setting.choices)
            default = RunConfig.__dataclass_fields__[name].default
            text = f"{setting.help} {f'One of {choices}. ' if choices else ''}Default: {default!r}."
            added.add_argument(f"--{name.replace('_', '-')}", dest=name, help=text.replace("%", "%%"), metavar="VALUE")
    command(resume).add_argument("run", metavar="RUN")
    command(runs)
    command(evaluate).add_argument("run", metavar="RUN")
    added = command(predict)
    added.add_argument("run", metavar="RUN")
    added.add_argument("images", type=_place, nargs="+", metavar="IMAGE")
    added.add_argument("--top", type=int, default=3, help="how many classes to name (default: 3)")
    added = command(export)
    added.add_argument("run", metavar="RUN")
    added.add_argument("--format", choices=FORMATS, default="keras")
    return parser


if __name__ == "__main__":
    sys.exit(main())
