"""Exclusions: the rules that take readable photos out of the candidates for a dataset.

Each rule takes the candidates, returns those that stay, and names what it left out, with the reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from transfer.dataset.dataset import SPLITS, LeftOut, Split
from transfer.dataset.layout import counted, split_named


@dataclass(frozen=True)
class Candidate:
    """A readable photo on its way into the dataset; `split` is None where the folders give none."""

    path: str
    name: str
    split: Split | None
    digest: str


def _by_digest(found: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for each in found:
        groups[each.digest].append(each)
    return groups


def without_contradictions(found: list[Candidate], left_out: list[LeftOut]) -> list[Candidate]:
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


def without_copies_across(found: list[Candidate], left_out: list[LeftOut]) -> list[Candidate]:
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


def without_untrainable(found: list[Candidate], left_out: list[LeftOut]) -> tuple[list[Candidate], set[str]]:
    """Classes of a given validation or test split that have no photo in train cannot be learned; also their names."""
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
                f"the class “{name}” is in {split} but has no readable photo in train ({counted(count)}){hint}",
            )
        )
    return [each for each in found if each.name in trained], {name for _, name in missing}


def _class_folder(photo: Candidate) -> str:
    """The folder of a photo's class: the one of that name right below the split's; "val/val" is a class, too."""
    parts = photo.path.split("/")
    level = next(i for i in range(1, len(parts)) if parts[i] == photo.name and split_named(parts[i - 1]) == photo.split)
    return "/".join(parts[: level + 1])


def large_enough(found: list[Candidate], names: Iterable[str], left_out: list[LeftOut]) -> list[str]:
    """Those names that have two different photos, sorted; the others are left out by name."""
    different: dict[str, set[str]] = {name: set() for name in names}
    total = Counter(each.name for each in found)
    for each in found:
        different[each.name].add(each.digest)
    for name in sorted(different):
        count = len(different[name])
        if count >= 2:
            continue
        why = {0: "no photo of it can be used", 1: "only one photo of it can be used"}[count]
        copies = f" (and {total[name] - 1} exact copies)" if total[name] > 1 else ""
        left_out.append(LeftOut(name, f"the class is left out: {why}{copies}; it takes two different ones"))
    return sorted(name for name, digests in different.items() if len(digests) >= 2)
