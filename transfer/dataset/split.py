"""Which photo is for training, which for validation, which for the final test. Decides, and reads no file.

The order in which photos are dealt out comes from a hash of the seed and the photo's bytes. So the same photos
and seed give the same split on every machine, under any file names, and a photo added later moves few others.
Exact copies are dealt out as one, and so stay on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from transfer.dataset.dataset import Split

VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15


def deal(digests: Iterable[str], seed: int) -> dict[str, Split]:
    """Split the photos of one class 70/15/15.

    Small classes fill train, then validation, then test: two different photos give 1/1/0, three give 1/1/1.

    Args:
        digests: one per photo of the class; copies repeat.
        seed: another seed, another split.

    Returns:
        the split of each digest.
    """
    groups, sizes = _shuffled(digests, seed)
    total = sum(sizes.values())
    rest, validation = _take(groups, sizes, round(total * VALIDATION_SHARE), leave=2)
    rest, test = _take(rest, sizes, round(total * TEST_SHARE), leave=1) if len(rest) > 1 else (rest, [])
    return _named(rest, validation, test)


def deal_validation(digests: Iterable[str], seed: int) -> dict[str, Split]:
    """Take a validation split out of a given training split; a class of one photo stays in training."""
    groups, sizes = _shuffled(digests, seed)
    rest, validation = _take(groups, sizes, round(sum(sizes.values()) * VALIDATION_SHARE), leave=1)
    return _named(rest, validation, [])


def halve(digests: Iterable[str], seed: int) -> dict[str, Split]:
    """Turn half of a given validation split of one class into the test split; an odd one stays in validation."""
    groups, sizes = _shuffled(digests, seed)
    rest, test = _take(groups, sizes, sum(sizes.values()) // 2, leave=1)
    return _named([], rest, test)


def _shuffled(digests: Iterable[str], seed: int) -> tuple[list[str], dict[str, int]]:
    sizes: dict[str, int] = {}
    for digest in digests:
        sizes[digest] = sizes.get(digest, 0) + 1
    order = {digest: hashlib.sha256(f"{seed}:{digest}".encode()).digest() for digest in sizes}
    # Photos with many copies come last, which is the training side: one photo must not fill a whole test split.
    return sorted(sizes, key=lambda digest: (sizes[digest], order[digest])), sizes


def _take(groups: list[str], sizes: dict[str, int], target: int, leave: int) -> tuple[list[str], list[str]]:
    """Move groups from the front until `target` photos (at least one group) are taken; `leave` groups stay if they
    can, and one always does."""
    taken: list[str] = []
    photos = 0
    while len(groups) - len(taken) > (leave if taken else 1) and (not taken or photos < target):
        photos += sizes[groups[len(taken)]]
        taken.append(groups[len(taken)])
    return groups[len(taken) :], taken


def _named(train: list[str], validation: list[str], test: list[str]) -> dict[str, Split]:
    named: dict[str, Split] = dict.fromkeys(train, "train")
    named.update(dict.fromkeys(validation, "validation"))
    named.update(dict.fromkeys(test, "test"))
    return named
