"""Questions to the program that reads photos, each with the kind of its answer.

A new question is a class here and a function in `processes.photo_server` that answers it. Pictures come as WebP in
base64, the way a page holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from transfer.messages.questions import Question


@dataclass(frozen=True)
class Checked:
    """Of each photo, in the order asked, its digest and why it cannot be read ("" when it can)."""

    photos: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pictures:
    """In the order asked; None for one that cannot be read."""

    pictures: tuple[str | None, ...]


@dataclass(frozen=True)
class Moments:
    """In the order asked, the camera and when each was taken, in seconds; None where the file does not say."""

    taken: tuple[tuple[str, float] | None, ...]


@dataclass(frozen=True, kw_only=True)
class TakenAt(Question[Moments]):
    """When were these taken?"""

    kind: ClassVar[str] = "taken at"
    answer: ClassVar[type[Any]] = Moments
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CheckPhotos(Question[Checked]):
    """Can these be read?"""

    kind: ClassVar[str] = "check photos"
    answer: ClassVar[type[Any]] = Checked
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Thumbnails(Question[Pictures]):
    """These, at most `size` pixels wide and high."""

    kind: ClassVar[str] = "thumbnails"
    answer: ClassVar[type[Any]] = Pictures
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True, kw_only=True)
class ContactSheets(Question[Pictures]):
    """Each of these lists of photos on one picture."""

    kind: ClassVar[str] = "contact sheets"
    answer: ClassVar[type[Any]] = Pictures
    sheets: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Preview(Question[Pictures]):
    """One picture of these with what augmentation makes of them."""

    kind: ClassVar[str] = "preview"
    answer: ClassVar[type[Any]] = Pictures
    files: tuple[str, ...]
    strength: str
