"""`python -m transfer review`: which photos are worth a second look, and what is decided about them."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable

from transfer.cli.commands import followed
from transfer.cli.follow import supervision
from transfer.cli.output import show
from transfer.commands.desk import Desk
from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Corrections
from transfer.errors import ConfigError
from transfer.runs.review import COPIES, LISTS, Review

SHOWN = 20  # photos of each list


def review(desk: Desk, options: argparse.Namespace) -> int:
    """Say which photos look mislabelled, are odd or nearly copies; keep, move or leave them out, and train again."""
    if bool(options.move) != bool(options.to):
        raise ConfigError(
            "Photos are moved to a class.", expected="--move PHOTO … together with --to CLASS", fix="Give both."
        )
    if options.undo is not None:
        desk.reviews.undo(options.run, options.undo or None)
    for act, paths in ((KEEP, options.keep), (MOVE, options.move), (LEAVE_OUT, options.leave_out)):
        if paths:
            desk.reviews.correct(options.run, paths, act, options.to or "")
    if options.copy:
        desk.reviews.copy(options.run, options.copy)
    if options.train or options.by_group:
        with supervision(desk):
            run = desk.reviews.train_again(options.run, split_by="group" if options.by_group else "")
            return followed(desk, run, options)
    found = desk.reviews.of(options.run, again=options.again)
    decided = desk.reviews.corrections(desk.runs.get(options.run))
    data = found.to_dict() | {"corrections": [dataclasses.asdict(each) for each in decided.all.values()]}
    return show(data, "\n".join(_lines(found, decided)), options)


def _lines(found: Review, decided: Corrections) -> Iterable[str]:
    if found.leak:
        yield f"{found.leak.title} {found.leak.in_words()} {found.leak.fix}".strip()
    for which, title in LISTS.items():
        twins = [f"like {pair.second.path} ({pair.second.split})" for pair in found.copies]
        said = twins if which == COPIES else [f"{each.said} {each.confidence:.0%}" for each in found.suspects(which)]
        listed = zip(found.suspects(which), said, strict=True)
        suspects = [(each, more) for each, more in listed if each.digest not in decided.all]
        yield f"\n{len(suspects)} of {found.photos} photos {title}:"
        for each, more in suspects[:SHOWN]:
            yield f"  {each.path}  ({each.split}) is in {each.label} ({each.own:.0%}); {more}"
        if len(suspects) > SHOWN:
            yield f"  … and {len(suspects) - SHOWN} more (--json has all)"
    if decided.all:
        yield "\nDecided:"
    for made in decided.all.values():
        yield f"  {made.path}: {made.act}{f' to {made.to}' if made.to else ''}"
