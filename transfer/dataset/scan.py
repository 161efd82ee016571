"""A photo folder becomes a checked, split `Dataset`, with everything that was left out named.

Puts together `layout` (which folder is what), `verdicts` (which photo can be read) and `split` (which photo is
for what), and applies the rules between them: copies, small classes, splits that are not given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from transfer.dataset import split as splitting
from transfer.dataset.catalog import SPLITS, Dataset, LeftOut, Photo, Split
from transfer.dataset.layout import Layout, read_layout, split_named
from transfer.dataset.roots import Roots
from transfer.dataset.verdicts import judge
from transfer.dataset.walk import LAYOUT_FIX
from transfer.errors import PhotosError


@dataclass(frozen=True)
class _Found:
    """A readable photo on its way into the dataset; `split` is None where none is given."""

    path: str
    name: str
    split: Split | None
    digest: str


def scan(
    folder: Path,
    *,
    seed: int = 0,
    memory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    roots: Roots | None = None,
) -> Dataset:
    """Find the classes of a folder, try every photo, and split what can be read.

    Args:
        folder: the folder, in any of the layouts `layout` understands.
        seed: of every random choice; the same photos and seed give the same split.
        memory: a SQLite file that remembers which photos were read, so that the next scan is quick.
        progress: called with (photos tried, photos in all); while the folder is still being listed, with
            (0, photos found so far).
        roots: where given, links that lead out of these folders are not followed.

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
    verdicts = judge([folder / path for path, _, _ in listed], memory, progress)
    left_out, notes = layout.left_out, layout.notes
    found: list[_Found] = []
    for (path, name, split), verdict in zip(listed, verdicts, strict=True):
        if verdict.reason:
            left_out.append(LeftOut(path, verdict.reason))
        else:
            found.append(_Found(path, name, split, verdict.digest))
    unreadable = len(listed) - len(found)
    found = _without_contradictions(found, left_out)
    found = _without_copies_across(found, left_out)
    found = _without_untrainable(found, layout, left_out)
    names = _large_enough(found, listed, left_out)
    if len(names) < 2:
        raise _too_few(folder, names, listed, found, left_out, unreadable)
    found = [each for each in found if each.name in names]
    splits = _splits(found, names, seed, notes)
    photos = tuple(
        Photo(each.path, names.index(each.name), splits[each.name, each.split, each.digest], each.digest)
        for each in sorted(found, key=lambda each: each.path)
    )
    _note_gaps(photos, names, notes)
    return Dataset(
        root=str(folder),
        classes=tuple(names),
        photos=photos,
        left_out=tuple(sorted(left_out, key=lambda each: each.path)),
        passed_over=sum(layout.passed_over.values()),
        notes=tuple([*notes, *_note_passed_over(layout.passed_over)]),
        layout=layout.words,
    )


# ---------------------------------------------------------------------- what is left out


def _by_digest(found: Iterable[_Found]) -> dict[str, list[_Found]]:
    groups: dict[str, list[_Found]] = defaultdict(list)
    for each in found:
        groups[each.digest].append(each)
    return groups


def _without_contradictions(found: list[_Found], left_out: list[LeftOut]) -> list[_Found]:
    """Identical photos under two labels teach nothing: all of them go."""
    kept = []
    for same in _by_digest(found).values():
        if len({each.name for each in same}) == 1:
            kept += same
            continue
        for each in same:
            other = next(one for one in same if one.name != each.name)
            left_out.append(LeftOut(each.path, f"the identical photo is also in “{other.name}”: {other.path}"))
    return kept


def _without_copies_across(found: list[_Found], left_out: list[LeftOut]) -> list[_Found]:
    """A photo that was trained on proves nothing: copies across given splits stay in the first of them only."""
    kept = []
    for same in _by_digest(found).values():
        first = min(same, key=lambda each: SPLITS.index(each.split) if each.split else 0)
        for each in same:
            if each.split == first.split:
                kept.append(each)
            else:
                left_out.append(LeftOut(each.path, f"it is a copy of {first.path}; it is kept in {first.split} only"))
    return kept


def _without_untrainable(found: list[_Found], layout: Layout, left_out: list[LeftOut]) -> list[_Found]:
    """Classes of a given validation or test split that have no photo in train cannot be learned."""
    if None in layout.classes:
        return found
    trained = {each.name for each in found if each.split == "train"}
    missing: Counter[tuple[Split, str]] = Counter()
    for each in found:
        if each.name not in trained and each.split:
            missing[each.split, each.name] += 1
    for (split, name), count in sorted(missing.items()):
        alike = next((one for one in sorted(trained) if one.casefold() == name.casefold()), None)
        hint = f"; train has “{alike}”, spelled differently" if alike else ""
        left_out.append(
            LeftOut(
                _class_folder(next(each for each in found if each.name == name and each.split == split)),
                f"the class “{name}” is in {split} but has no readable photo in train ({_photos(count)}){hint}",
            )
        )
    return [each for each in found if each.name in trained]


def _class_folder(photo: _Found) -> str:
    """The folder of a photo's class: the one of that name right below the split's; "val/val" is a class, too."""
    parts = photo.path.split("/")
    level = next(i for i in range(1, len(parts)) if parts[i] == photo.name and split_named(parts[i - 1]) == photo.split)
    return "/".join(parts[: level + 1])


def _large_enough(
    found: list[_Found], listed: list[tuple[str, str, Split | None]], left_out: list[LeftOut]
) -> list[str]:
    """Names of the classes with two different photos; the others are left out by name."""
    different: dict[str, set[str]] = {name: set() for _, name, _ in listed}
    total = Counter(each.name for each in found)
    for each in found:
        different[each.name].add(each.digest)
    for name in sorted(different):
        count = len(different[name])
        if count >= 2 or any(entry.reason.startswith(f"the class “{name}” is in") for entry in left_out):
            continue
        words = {0: "no photo of it can be used", 1: "only one photo of it can be used"}[count]
        copies = f" (and {total[name] - 1} exact copies)" if total[name] > 1 else ""
        left_out.append(LeftOut(name, f"the class is left out: {words}{copies}; it takes two different ones"))
    return sorted(name for name, digests in different.items() if len(digests) >= 2)


def _too_few(
    folder: Path,
    names: list[str],
    listed: list[tuple[str, str, Split | None]],
    found: list[_Found],
    left_out: list[LeftOut],
    unreadable: int,
) -> PhotosError:
    total, usable = Counter(name for _, name, _ in listed), Counter(each.name for each in found)
    classes = [f"{name}: {usable[name]} of {_photos(total[name])} can be used" for name in sorted(total)]
    more = f"; and {len(classes) - 8} more" if len(classes) > 8 else ""
    shown = [each for each in left_out if not each.reason.startswith("the class is left out")][:3]
    why = [f"{each.path}: {each.reason}" for each in shown]
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
    found: list[_Found], names: list[str], seed: int, notes: list[str]
) -> dict[tuple[str, Split | None, str], Split]:
    """The split of each photo, by class, given split and digest."""
    given = {each.split for each in found}
    decided: dict[tuple[str, Split | None, str], Split] = {}

    def apply(to: Split | None, rule: Callable[[Iterable[str], int], dict[str, Split]]) -> None:
        for name in names:
            digests = [each.digest for each in found if each.name == name and each.split == to]
            for digest, split in rule(digests, seed).items():
                decided[name, to, digest] = split

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
    things = (
        "1 file or folder that is no photo was" if total == 1 else f"{total:,} files or folders that are no photos were"
    )
    return [f"{things} passed over ({kinds})."]


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
