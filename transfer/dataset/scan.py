"""A photo folder becomes a checked, split `Dataset`, with everything that was left out named.

Puts together `layout` (which folder is what), `integrity` (which photo can be read), `exclusions` (which of these may
not stay), `split` (which photo is for what), by photo or by `groups`, and `corrections` (which are taken for something
else than their folder says).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from transfer.dataset import split as splitting
from transfer.dataset.corrections import Corrections
from transfer.dataset.dataset import Dataset, LeftOut, Photo, Split
from transfer.dataset.exclusions import (
    Candidate,
    large_enough,
    without_contradictions,
    without_copies_across,
    without_untrainable,
)
from transfer.dataset.groups import SIGNS, Groups, Member, groups, taken
from transfer.dataset.integrity import Integrity, check_photos, read_photos
from transfer.dataset.layout import counted, read_layout
from transfer.dataset.roots import Roots
from transfer.dataset.walk import LAYOUT_FIX
from transfer.errors import PhotosError


def scan(
    folder: Path,
    *,
    seed: int = 0,
    memory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    roots: Roots | None = None,
    read: Callable[[Sequence[Path]], Iterable[Integrity]] = read_photos,
    split_by: str = "photo",
    corrections: Corrections | None = None,
    times: Callable[[Sequence[Path]], Sequence[tuple[str, float] | None]] = taken,
) -> Dataset:
    """Find the classes of a folder, try every photo, and split what can be read.

    Args:
        folder: the folder, in any of the layouts `layout` understands.
        seed: of every random choice; the same photos and seed give the same split.
        memory: a SQLite file that remembers which photos were read, so that the next scan is quick.
        progress: called with (photos tried, photos in all); while the folder is still being listed, with
            (0, photos found so far).
        roots: where given, links that lead out of these folders are not followed.
        read: decodes photos, see `integrity.check_photos`.
        split_by: photo, or group: photos that belong together go into the same split.
        corrections: of this folder.
        times: says when photos were taken; asked only where it matters.

    Raises:
        PhotosError: fewer than two classes with two different readable photos, or no such folder.
    """
    folder = Path(folder).expanduser().absolute()
    tell = progress or (lambda done, total: None)
    layout = read_layout(folder, roots.allows if roots else None, lambda count: tell(0, count))
    listed = [
        (path, name, split)
        for split, names in layout.classes.items()
        for name, paths in names.items()
        for path in paths
    ]
    checked = check_photos([folder / path for path, _, _ in listed], memory, progress, read)
    left_out, notes = layout.left_out, layout.notes
    found: list[Candidate] = []
    for (path, name, split), integrity in zip(listed, checked, strict=True):
        if integrity.reason:
            left_out.append(LeftOut(path, integrity.reason))
        else:
            found.append(Candidate(path, name, split, integrity.digest))
    unreadable = len(listed) - len(found)
    found = without_contradictions(found, left_out)
    found = without_copies_across(found, left_out)
    unlearned: set[str] = set()
    if None not in layout.classes:  # the folders say what is for training
        found, unlearned = without_untrainable(found, left_out)
    reasons = left_out[:3]
    names = large_enough(found, {name for _, name, _ in listed} - unlearned, left_out)
    if len(names) < 2:
        raise _too_few(folder, Counter(name for _, name, _ in listed), found, reasons, unreadable)
    found = [each for each in found if each.name in names]
    together = Groups({})
    splits = _splits(found, names, seed, notes, {})
    if split_by == "group":
        moments = times([folder / each.path for each in found])
        members = [Member(e.path, e.name, e.digest, moment) for e, moment in zip(found, moments, strict=True)]
        copies, seen = corrections.copies if corrections else [], set[str]()
        for surest in range(len(SIGNS), -1, -1):  # without signs in the end, which is each photo by itself
            together = groups(members, copies, SIGNS[:surest])
            seen |= together.signs.keys()
            by_group = _splits(found, names, seed, [], together.of)
            if set(by_group.values()) == set(splits.values()):
                break
        splits = by_group
        _note_groups(together, [sign for sign in SIGNS[surest:] if sign in seen], {each.split for each in found}, notes)
    photos = tuple(
        Photo(each.path, names.index(each.name), splits[each.name, each.split, each.digest], each.digest)
        for each in sorted(found, key=lambda each: each.path)
    )
    dataset = Dataset(
        root=str(folder),
        classes=tuple(names),
        photos=photos,
        left_out=tuple(left_out),
        passed_over=sum(layout.passed_over.values()),
        layout=layout.description,
    )
    if corrections is not None:  # after the split, so that it is the same for all other photos
        dataset = corrections.apply(dataset)
    _note_gaps(dataset.photos, list(dataset.classes), notes)
    return dataclasses.replace(
        dataset,
        left_out=tuple(sorted(dataset.left_out, key=lambda each: each.path)),
        notes=tuple([*notes, *_note_passed_over(layout.passed_over)]),
    )


def _too_few(
    folder: Path, total: Counter[str], found: list[Candidate], reasons: list[LeftOut], unreadable: int
) -> PhotosError:
    usable = Counter(each.name for each in found)
    classes = [f"{name}: {usable[name]} of {counted(total[name])} can be used" for name in sorted(total)]
    more = f"; and {len(classes) - 8} more" if len(classes) > 8 else ""
    why = [f"{each.path}: {each.reason}" for each in reasons]
    rest = "; for example " + "; ".join(why) if why else ""
    fix = LAYOUT_FIX
    if len(total) >= 2:
        fix = "Add more photos to the small classes, two different ones at the very least and better twenty or more."
        if unreadable:
            fix += " Replace the photos that cannot be read: copy or download them again."
    return PhotosError(
        f"Fewer than two classes with two readable photos were found in “{folder}”.",
        expected="at least two classes with at least two different readable photos each",
        found="; ".join(classes[:8]) + more + rest,
        fix=fix,
    )


# ---------------------------------------------------------------------- who goes where


def _splits(
    found: list[Candidate], names: list[str], seed: int, notes: list[str], together: Mapping[str, str]
) -> dict[tuple[str, Split | None, str], Split]:
    """The split of each photo, by class, given split and digest; `together` names the group of a digest."""
    given = {each.split for each in found}
    decided: dict[tuple[str, Split | None, str], Split] = {}

    def apply(to: Split | None, rule: splitting.Rule) -> None:
        dealt: dict[str, Split] = {}
        digests = {name: [each.digest for each in found if each.name == name and each.split == to] for name in names}
        for name in names:
            dealt |= rule([together.get(digest, digest) for digest in digests[name]], seed, dealt)
        for name in names:
            mine = {together.get(digest, digest) for digest in digests[name]}
            if rule is not splitting.halve and mine and all(dealt[group] != "train" for group in mine):
                dealt[min(mine)] = "train"  # other classes sent all of its groups elsewhere
        for name in names:
            decided.update({(name, to, digest): dealt[together.get(digest, digest)] for digest in digests[name]})

    for each in found:
        if each.split:
            decided[each.name, each.split, each.digest] = each.split
    seeded = f"chosen at random with seed {seed}"
    if given <= {None} or given == {"train"}:
        apply(next(iter(given)), splitting.deal)
        only = "Only training photos were given. " if given == {"train"} else ""
        notes.append(
            f"{only}Of each class about 70 % of the photos are for training, 15 % for validation and 15 % "
            f"for the final test, {seeded}."
        )
    elif "validation" not in given:
        apply("train", splitting.deal_validation)
        notes.append(
            f"No validation photos were given: 15 % of the training photos of each class became validation, {seeded}."
        )
    elif "test" not in given:
        apply("validation", splitting.halve)
        notes.append(
            f"No test photos were given: half of the validation photos of each class became the test split, {seeded}."
        )
    return decided


def _note_groups(together: Groups, weak: Sequence[str], given: set[Split | None], notes: list[str]) -> None:
    if len(given - {None}) > 1:
        notes.append("Photos that belong together are on the side that the folders say, as far as these say one.")
        return
    count, photos = len(set(together.of.values())), len(together.of)
    how = {"name": "their names", "folder": "their folders", "time": "when they were taken"}
    how |= {"day": "the day they were taken on", "copy": "what they show"}
    by = ", ".join(how[sign] for sign in together.signs)
    if weak:
        notes.append(
            f"Not kept together is what belongs together by {', '.join(how[sign] for sign in weak)}: these groups are "
            "so large that none would be left for validation or for the final test."
        )
        if not photos:
            notes.append("So each photo is dealt by itself.")
            return
    notes.append(
        f"Photos that belong together stay on one side: {photos:,} photos in {count:,} groups, by {by}."
        if photos
        else "By name, folder, time and content no photos were found to belong together, so each is dealt by itself."
    )


def _note_gaps(photos: Iterable[Photo], names: list[str], notes: list[str]) -> None:
    present = {(photo.label, photo.split) for photo in photos}
    for split, meaning in (
        ("validation", "how well training goes says nothing about them"),
        ("test", "the final result says nothing about them"),
    ):
        without = [name for label, name in enumerate(names) if (label, split) not in present]
        if without:
            notes.append(f"Without {split} photos, so that {meaning}: {', '.join(without)}.")


def _note_passed_over(passed_over: Counter[str]) -> list[str]:
    if not passed_over:
        return []
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in sorted(passed_over.items(), key=lambda item: (-item[1], item[0]))[:6]
    )
    total = sum(passed_over.values())
    strangers = (
        "1 file or folder that is no photo was" if total == 1 else f"{total:,} files or folders that are no photos were"
    )
    return [f"{strangers} passed over ({kinds})."]
