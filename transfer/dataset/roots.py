"""Roots: the folders a person may choose photos from. Guards paths and lists sub-folders; opens no photo."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from transfer.errors import PhotosError
from transfer.home import expanded


class Roots:
    """The allowed folders, with everything below them.

    Args:
        folders: the roots; symbolic links in them are resolved, so a root may itself be a link. None: the whole disk,
            for somebody who sits at this machine.
    """

    def __init__(self, folders: Iterable[Path | str] | None) -> None:
        self.anywhere = folders is None
        resolved = [expanded(folder).resolve() for folder in folders or ()]
        self.folders: tuple[Path, ...] = tuple(dict.fromkeys(resolved))

    def with_folders(self, *more: Path) -> Roots:
        """These roots and some more."""
        return self if self.anywhere else Roots([*self.folders, *more])

    def allows(self, path: Path) -> bool:
        """Whether the place a path leads to, links followed, lies in one of the roots."""
        try:
            place = Path(path).resolve()
        except (OSError, RuntimeError, ValueError):
            return False
        return self.anywhere or any(place.is_relative_to(root) for root in self.folders)

    def confine(self, path: Path | str) -> Path:
        """The resolved path, when it lies in one of the roots; whether it exists is not asked.

        Raises:
            PhotosError: it lies elsewhere, or is no path at all. Says nothing about what is there.
        """
        text = str(path).strip()
        if not text:
            raise PhotosError(
                "No folder was chosen.",
                expected="the path of a folder with one sub-folder of photos per class",
                fix="Type the path, or pick the folder in the folder browser.",
            )
        place = expanded(text)
        if not self.allows(place):
            raise PhotosError(
                f"The folder “{text}” is outside the folders that may be opened here.",
                expected="a folder inside " + " or ".join(map(str, self.folders)),
                found=text,
                fix="Move the photos into one of these folders, or start Transfer with --root and the folder to allow.",
            )
        return place.resolve()

    def children(self, path: Path | str) -> list[Path]:
        """The visible sub-folders, sorted by name; links out of the roots and hidden folders are not among them.

        Raises:
            PhotosError: the folder is outside the roots, missing, or cannot be opened.
        """
        place = self.confine(path)
        try:
            with os.scandir(place) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]
        except OSError as error:
            raise PhotosError(
                f"The folder “{place}” cannot be opened.",
                expected="a folder you may read",
                found=error.strerror or str(error),
                fix="Choose another folder, or give your user permission to read this one.",
            ) from error
        return [place / name for name in sorted(names, key=str.casefold) if self.allows(place / name)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
