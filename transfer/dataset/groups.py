"""Groups: photos that show nearly the same because they were made together, such as a person, a series or a burst.

What belongs together is guessed from what photos are called, from the folder below their class that they lie in, from
when they were taken, and from what was found to be a copy of what. Such photos in training and test make the final
mark better than it is. Nothing is decided here: `split` may keep groups together, and a review says where it was not.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from PIL import Image

from transfer.dataset.photo import FORMATS

BURST = 10.0  # seconds between two photos of one camera that still belong together
DAYS = 10  # different days from which on a day says something
SIGNS = ("copy", "time", "folder", "name", "day")  # the surest first
LARGEST = 0.5  # share of a class that one group may be; a name that most photos have says nothing

# What distinguishes the photos of a series, at the end of a name: a number, one letter, or what a program adds.
_ENDING = re.compile(
    r"(?:\.rf\.[0-9a-f]+|[\s_.-]*\((?:\d+|copy)\)|[\s_.-]+(?:copy|flip\w*|mirror\w*|rot\w*|crop\w*|aug\w*|[a-z])"
    r"|[\s_.-]*\d+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Member:
    """A photo as far as it matters here.

    Attributes:
        path: relative to the folder, with forward slashes.
        name: its class, by folder.
        digest: of its content.
        taken: the camera and when, in seconds; None when the file does not say.
    """

    path: str
    name: str
    digest: str
    taken: tuple[str, float] | None = None


@dataclass(frozen=True)
class Groups:
    """What belongs together.

    Attributes:
        of: the group of each photo by digest, named by the smallest digest in it; those that are alone are not in it.
        signs: by how many photos were brought together by what: name, folder, time, day or copy.
    """

    of: Mapping[str, str]
    signs: Mapping[str, int] = field(default_factory=dict)


def groups(members: Sequence[Member], copies: Iterable[tuple[str, str]] = (), signs: Collection[str] = SIGNS) -> Groups:
    """Find the groups; what would make one of most photos of a class, sign upon sign, is not put together.

    Args:
        members: all photos of a folder.
        copies: digests of photos that are known to show the same.
        signs: those to go by, the surest first.
    """
    parents = {each.digest: each.digest for each in members}
    sizes = {each.digest: Counter([each.name]) for each in members}
    classes = Counter({each.digest: each.name for each in members}.values())

    def root(digest: str) -> str:
        while parents[digest] != digest:
            parents[digest] = parents[parents[digest]]
            digest = parents[digest]
        return digest

    def joined(one: str, other: str) -> bool:
        one, other = sorted((root(one), root(other)))
        if one == other:
            return True
        together = sizes[one] + sizes[other]
        if any(count > max(LARGEST * classes[name], 1) for name, count in together.items()):
            return False
        parents[other], sizes[one] = one, together
        return True

    brought: Counter[str] = Counter()
    found = {
        "name": _telling(members, _series(members)),
        "folder": _telling(members, {each.digest: place for each in members if (place := _below_class(each))}),
        "time": _telling(members, _bursts(members)),
        "day": _telling(members, _days(members)),
        "copy": [[first, second] for first, second in copies if first in parents and second in parents],
    }
    for sign in signs:
        pairs = [pair for group in found[sign] for pair in pairwise(group) if joined(*pair)]
        brought[sign] = len({digest for pair in pairs for digest in pair})
    of = {digest: root(digest) for digest in parents if sizes[root(digest)].total() > 1}
    return Groups(of, {sign: count for sign, count in brought.items() if count})


def series_of(path: str) -> str:
    """What the photos of a series have in common in their names: "person_12" of "person_12_a.jpg"; "" when nothing."""
    stem = _stem(path)
    ending = _ENDING.search(stem)
    return stem[: ending.start()].strip(" _.-") if ending else ""


def _series(members: Sequence[Member]) -> dict[str, str]:
    """The series of each photo; one that is called just like a series ("img12" beside "img12_flip") belongs to it."""
    found = {each.digest: series_of(each.path) for each in members}
    known = set(found.values())
    return {
        each.digest: series
        for each in members
        if (series := stem if (stem := _stem(each.path)) in known else found[each.digest])
    }


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()


def taken(paths: Sequence[Path]) -> list[tuple[str, float] | None]:
    """The camera and the time of each photo, as the file says (EXIF DateTimeOriginal); None where it does not."""
    return [_taken(path) for path in paths]


def _taken(path: Path) -> tuple[str, float] | None:
    try:
        with Image.open(path, formats=FORMATS) as image:
            written = image.getexif()
            when = written.get_ifd(0x8769).get(0x9003) or written.get(0x0132)
            moment = datetime.strptime(str(when)[:19], "%Y:%m:%d %H:%M:%S")
            return f"{written.get(0x010F, '')} {written.get(0x0110, '')}", (
                moment - datetime(1970, 1, 1)
            ).total_seconds()
    except Exception:  # no time, or damaged metadata: then nobody knows
        return None


def _below_class(member: Member) -> str:
    """The folder below that of its class in which a photo lies; "" when it lies in that itself."""
    parts = member.path.split("/")[:-1]
    if member.name not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index(member.name)
    return "/".join(parts[at + 1 :])


def _bursts(members: Sequence[Member]) -> dict[str, str]:
    """Photos that one camera took within `BURST` seconds of the one before."""
    found: dict[str, str] = {}
    cameras: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for each in members:
        if each.taken is not None:
            cameras[each.taken[0]].append((each.taken[1], each.digest))
    for camera, photos in cameras.items():
        number, before = 0, float("-inf")
        for moment, digest in sorted(photos):
            number += moment - before > BURST
            found[digest], before = f"{camera} {number}", moment
    return found


def _days(members: Sequence[Member]) -> dict[str, str]:
    days = {each.digest: f"{each.taken[1] // 86400:.0f}" for each in members if each.taken is not None}
    return days if len(set(days.values())) >= DAYS else {}


def _telling(members: Sequence[Member], keys: Mapping[str, str]) -> list[list[str]]:
    """Digests with the same key; without keys that most photos of a class have, or only one photo has."""
    sizes: Counter[str] = Counter()
    shares: Counter[tuple[str, str]] = Counter()
    together: dict[str, list[str]] = defaultdict(list)
    for each in {each.digest: each for each in members}.values():
        sizes[each.name] += 1
        if key := keys.get(each.digest):
            shares[key, each.name] += 1
            together[key].append(each.digest)
    common = {key for (key, name), count in shares.items() if count > max(LARGEST * sizes[name], 1)}
    return [sorted(group) for key, group in sorted(together.items()) if len(group) > 1 and key not in common]
