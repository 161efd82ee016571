"""The commands about a trained model: how good it is, what it says of photos, and how it is taken away."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from transfer.cli.follow import following_export
from transfer.cli.output import show
from transfer.commands import heat_picture
from transfer.commands.desk import Desk


def report(desk: Desk, options: argparse.Namespace) -> int:
    """Write all there is to say of a run into one HTML file, to print or to send."""
    written = {"report": str(desk.report(options.run))}
    if options.tensorboard:
        written["tensorboard"] = str(desk.models.summarize(options.run, options.tensorboard))
    return show(written, "\n".join(written.values()), options)


def evaluate(desk: Desk, options: argparse.Namespace) -> int:
    """Measure a trained model again on its test photos."""
    metrics = desk.models.evaluate(options.run)
    import pandas as pd

    table = pd.DataFrame([dataclasses.asdict(each) for each in metrics.classes]).to_string(index=False)
    text = (
        f"{metrics.accuracy:.1%} right on {metrics.measured_on(desk.runs.get(options.run).dataset)} "
        f"(95 % interval {metrics.low:.1%} to {metrics.high:.1%}; "
        f"always “{metrics.baseline_class}” would give {metrics.baseline:.1%})\n\n{table}"
    )
    return show(metrics.to_dict(), text, options)


def predict(desk: Desk, options: argparse.Namespace) -> int:
    """Say what is on some photos."""
    answer = desk.models.predict(options.run, options.images, top=options.top)
    photos = [photo.to_dict() for photo in answer.photos]
    for photo in photos if options.why else ():
        if "error" not in photo and (place := _why(desk, options, photo["path"])):
            photo["why"] = str(place)
    lines = []
    for photo in photos:
        said = photo.get("error") or ", ".join(f"{label} {share:.1%}" for label, share in photo["classes"])
        why = f" (what it looked at: {photo['why']})" if "why" in photo else ""
        lines.append(f"{photo['path']}: {said}{_doubts(photo)}{why}")
    show({"predictions": photos, "milliseconds": answer.milliseconds}, "\n".join(lines), options)
    return 2 if any("error" in photo for photo in photos) else 0


def _doubts(photo: dict[str, Any]) -> str:
    """What is to be said of an answer beside its classes, if anything."""
    if photo.get("unfamiliar"):
        return f"; it may be nothing that it has learned, most like {photo['nearest'][0]['photo']}"
    possible = photo.get("possible", ())
    return f"; may be {' or '.join(possible)}" if len(possible) > 1 else ""


def _why(desk: Desk, options: argparse.Namespace, photo: str) -> Path | None:
    """The picture of what speaks for the class that a photo was taken for; None when it is gone by now."""
    maps = desk.models.explain(options.run, photo)
    pictures = [heat_picture.on_photo(maps, label, desk.photos) for label in maps.maps]
    return heat_picture.write(pictures[0], options.why, photo) if pictures and pictures[0] else None


def export(desk: Desk, options: argparse.Namespace) -> int:
    """Write a trained model in some formats, as zips."""
    made = []
    for format in options.format:
        with following_export(desk, options.run, format):
            made.append(desk.models.export(options.run, format))
        print(f"{format}: {' · '.join(made[-1].parity.in_words())}", file=sys.stderr)
    data = [each.to_dict() for each in made]
    return show(data[0] if len(data) == 1 else {"exports": data}, "\n".join(str(each.zip) for each in made), options)


def push(desk: Desk, options: argparse.Namespace) -> int:
    """Put a trained model, with what it compares photos to, on the Hugging Face Hub; the token is HF_TOKEN."""
    pushed = desk.hub.push(options.run, options.to, public=options.public, demo=options.demo)
    return show(dataclasses.asdict(pushed), "\n".join(filter(None, (pushed.model, pushed.demo))), options)
