"""Review: which photos of a run are worth a second look, as `evaluation/review.json` keeps it.

What looks is `learning.analysis`. It says nothing about what was decided then; that is in `dataset.corrections`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transfer.dataset.dataset import Split
from transfer.messages.message import adapter

MISLABELLED, UNCERTAIN, ODD, COPIES = "mislabelled", "uncertain", "odd", "copies"
LISTS = {
    MISLABELLED: "look mislabelled",
    UNCERTAIN: "it is least certain of",
    ODD: "are unlike the others of their class",
    COPIES: "show the same as one in another split",
}
NOTHING = "Nothing speaks against this result."
MANY = 0.05  # share of the measured photos that may be like others without a warning
_SIGNS = {  # said of one photo, and of several
    "copy": ("shows nearly the same as one of them", "show nearly the same as one of them"),
    "name": ("belongs to the same series by its name", "belong to the same series by their names"),
    "folder": ("lies in the same folder below its class", "lie in the same folder below their class"),
    "time": ("was taken within seconds of one of them", "were taken within seconds of one of them"),
    "day": ("was taken on the same day", "were taken on the same day"),
}


@dataclass(frozen=True)
class Suspect:
    """A photo worth a second look.

    Attributes:
        path: relative to the folder.
        digest: of its content.
        split: which it is in.
        label: the class that it has in this run.
        said: the class that the other photos say it is, or the next one where they agree with the label.
        confidence: how probable that is; `own` is how probable the label is.
    """

    path: str
    digest: str
    split: Split
    label: str
    said: str
    confidence: float
    own: float


@dataclass(frozen=True)
class Pair:
    """Two photos of different splits that show the same; the first is the one kept further from training."""

    first: Suspect
    second: Suspect
    mirrored: bool
    correlation: float


@dataclass(frozen=True)
class Leak:
    """What a score owes to photos that belong together with some the model learned from.

    Attributes:
        split: the photos that were measured.
        photos: how many of them.
        shared: how many belong together with training or validation photos.
        right_shared, right_others: how many of these, and of the others, are named right.
        low: where the 95 % interval of the whole score begins.
        signs: by what they were seen to: photos for each of `dataset.groups.SIGNS`, but for the day alone: on one day
            of many there are photos of different things as well.
    """

    split: Split
    photos: int
    shared: int
    right_shared: int
    right_others: int
    low: float = 0.0
    signs: Mapping[str, int] = field(default_factory=dict)

    @property
    def doubtful(self) -> bool:
        """Whether many are alike, and the others do worse than chance explains; or there are no others."""
        others = self.photos - self.shared
        return self.shared > MANY * self.photos and (not others or self.right_others / others < self.low)

    @property
    def title(self) -> str:
        """In a few words."""
        if self.doubtful:
            return "This result may be too good to be true."
        if not self.shared:
            return NOTHING
        which = f"One {self.split} photo is" if self.shared == 1 else f"Some {self.split} photos are"
        return f"{which} not quite new to it."

    def in_words(self) -> str:
        """How many photos, why, and how good the result is without them."""
        if not self.shared:
            return (
                f"No {self.split} photo was found to show the same as a photo that the model learned from, nor to "
                "belong to the same series, as far as names, times and pictures tell."
            )
        why = ", ".join(f"{count} {_SIGNS[sign][count != 1]}" for sign, count in self.signs.items())
        others = self.photos - self.shared
        said = (
            f"{self.shared} of the {self.photos} {self.split} photos {'is' if self.shared == 1 else 'are'} like photos "
            f"that it learned from: {why}. On {'this one' if self.shared == 1 else 'these'} it is right on "
            f"{self.right_shared / self.shared:.0%}"
        )
        if others:
            return f"{said}, on the other {others} on {self.right_others / others:.0%}."
        return f"{said}; there are no others, so nobody knows how good it is on photos that are really new."

    @property
    def fix(self) -> str:
        """What to do about it."""
        return "Train again with groups of photos kept together, to see what is left of it." if self.doubtful else ""


@dataclass(frozen=True)
class Review:
    """What is worth a second look, in each list the most suspicious first.

    Attributes:
        photos: how many were looked at.
        mislabelled: whose label does not go with what all others say; `suspected` of them in all.
        uncertain: for which two classes are nearly as probable.
        odd: unlike all others of their class.
        copies: in different splits; `pairs` are the digests of all of them, two and two, also of those not listed.
        leak: what the score owes to that; None where nothing was measured.
        seconds: it took.
    """

    photos: int
    suspected: int
    mislabelled: tuple[Suspect, ...] = ()
    uncertain: tuple[Suspect, ...] = ()
    odd: tuple[Suspect, ...] = ()
    copies: tuple[Pair, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    leak: Leak | None = None
    seconds: float = 0.0

    def suspects(self, which: str) -> tuple[Suspect, ...]:
        """The photos of one of `LISTS`; of copies the first ones."""
        if which == COPIES:
            return tuple(pair.first for pair in self.copies)
        listed: tuple[Suspect, ...] = getattr(self, which)
        return listed

    def find(self, path: str) -> Suspect | None:
        """A photo in any of its lists."""
        both = (each for pair in self.copies for each in (pair.first, pair.second))
        return next(
            (each for each in (*self.mislabelled, *self.uncertain, *self.odd, *both) if each.path == path), None
        )

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> Review:
        """What `to_dict` gave.

        Raises:
            ValueError: when it is something else.
        """
        review: Review = adapter(cls).validate_python(data)
        return review
