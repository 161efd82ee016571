"""Which photo is for training, which for validation, which for the final test. Decides, and reads no file.

The order in which photos are dealt out comes from a hash of the seed and the photo's bytes. So the same photos
and seed give the same split on every machine, under any file names, and a photo added later moves few others.
Exact copies are dealt out as one, and so stay on one side; so do groups of photos (see `groups`) where the name of its
group is given for each photo in place of its digest. A group that is in several classes goes where the first of them
sent it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from transfer.dataset.dataset import Split

VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15

Decided = Mapping[str, Split]
Rule = Callable[[Iterable[str], int, Decided], dict[str, Split]]


def deal(digests: Iterable[str], seed: int, decided: Decided | None = None) -> dict[str, Split]:
    """Split the photos of one class 70/15/15.

    Small classes fill train, then validation, then test: two different photos give 1/1/0, three give 1/1/1.

    Args:
        digests: one per photo of the class; copies repeat.
        seed: another seed, another split.
        decided: where some of them go already.

    Returns:
        the split of each digest that was not decided.
    """
    groups, sizes, there = _shuffled(digests, seed, decided or {})
    total = sum(sizes.values())
    rest, validation = _take(groups, sizes, round(total * VALIDATION_SHARE), 2, there["validation"])
    rest, test = _take(rest, sizes, round(total * TEST_SHARE), 1, there["test"]) if len(rest) > 1 else (rest, [])
    return _named(rest, validation, test)


def deal_validation(digests: Iterable[str], seed: int, decided: Decided | None = None) -> dict[str, Split]:
    """Take a validation split out of a given training split; a class of one photo stays in training."""
    groups, sizes, there = _shuffled(digests, seed, decided or {})
    rest, validation = _take(groups, sizes, round(sum(sizes.values()) * VALIDATION_SHARE), 1, there["validation"])
    return _named(rest, validation, [])


def halve(digests: Iterable[str], seed: int, decided: Decided | None = None) -> dict[str, Split]:
    """Turn half of a given validation split of one class into the test split; an odd one stays in validation."""
    groups, sizes, there = _shuffled(digests, seed, decided or {})
    rest, test = _take(groups, sizes, sum(sizes.values()) // 2, 1, there["test"])
    return _named([], rest, test)


def _shuffled(digests: Iterable[str], seed: int, decided: Decided) -> tuple[list[str], Counter[str], Counter[str]]:
    """Those not decided, in order; how many photos each is; how many photos were decided for each split."""
    sizes = Counter(digests)
    order = {digest: hashlib.sha256(f"{seed}:{digest}".encode()).digest() for digest in sizes}
    # Photos with many copies come last, which is the training side: one photo must not fill a whole test split.
    free = sorted(sizes.keys() - decided.keys(), key=lambda digest: (sizes[digest], order[digest]))
    there: Counter[str] = Counter()
    for digest in sizes.keys() & decided.keys():
        there[decided[digest]] += sizes[digest]
    return free, sizes, there


def _take(
    groups: list[str], sizes: Mapping[str, int], target: int, leave: int, there: int
) -> tuple[list[str], list[str]]:
    """Move groups from the front until with those `there` already `target` photos (at least one group) are taken;
    `leave` groups stay if they can, and one always does."""
    taken: list[str] = []
    photos = there
    while len(groups) - len(taken) > (leave if taken else 1) and (not photos or photos < target):
        photos += sizes[groups[len(taken)]]
        taken.append(groups[len(taken)])
    return groups[len(taken) :], taken


def _named(train: list[str], validation: list[str], test: list[str]) -> dict[str, Split]:
    named: dict[str, Split] = dict.fromkeys(train, "train")
    named.update(dict.fromkeys(validation, "validation"))
    named.update(dict.fromkeys(test, "test"))
    return named
