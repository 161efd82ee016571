"""A folder is walked through: which sub-folders and photos are visible in it, and what is passed over on the way.

Looks at names and links, never into files. What the folders mean is `layout`'s business.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transfer.dataset.dataset import LeftOut
from transfer.dataset.photo import EXTENSIONS
from transfer.errors import PhotosError

MOST_ENTRIES = 1_000_000
"""Files and folders looked at before giving up: someone picked a whole disk."""

MOST_LEVELS = 50
"""Folders in folders deeper than this are not looked into."""

_HIDDEN = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}
LAYOUT_FIX = (
    "Choose a folder with one sub-folder per class (for example cats/ and dogs/), each with its photos, "
    "or one with train/ and validation/ folders of those."
)


@dataclass
class Folder:
    """A folder with what is visible in it; paths are relative to the folder that was chosen."""

    name: str
    path: str
    photos: list[str] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)

    def all_photos(self) -> Iterator[str]:
        """The photos in it and in every folder below."""
        yield from self.photos
        for folder in self.folders:
            yield from folder.all_photos()

    @property
    def holds_photos(self) -> bool:
        """Whether there is a photo in it or anywhere below."""
        return bool(self.photos) or any(folder.holds_photos for folder in self.folders)

    @property
    def filled(self) -> list[Folder]:
        """The sub-folders that hold photos."""
        return [folder for folder in self.folders if folder.holds_photos]


class Walk:
    """One walk through a folder; `top` makes it, and the counts are complete after it.

    Args:
        root: the folder.
        allowed: asked for every symbolic link whether the place it leads to may be read.
        found: told how many photos were found so far, now and then.
    """

    def __init__(self, root: Path, allowed: Callable[[Path], bool], found: Callable[[int], None]) -> None:
        self.root, self.allowed, self.found = root, allowed, found
        self.left_out: list[LeftOut] = []
        self.passed_over: Counter[str] = Counter()
        self.entries = self.photos = 0

    def top(self) -> Folder:
        """The folder with all that is visible below it.

        Raises:
            PhotosError: no such folder, not a folder, not readable, or far too large.
        """
        shown = str(self.root)
        try:
            there, is_folder = self.root.exists(), self.root.is_dir()
        except OSError as error:  # a folder above may not be entered, or the path is longer than any can be
            raise self.closed(error) from error
        if not there:
            raise PhotosError(
                f"There is no folder “{shown}”.",
                expected="the path of a folder on the machine Transfer runs on",
                found="nothing at that place",
                fix="Check the spelling, or pick the folder in the folder browser.",
            )
        if not is_folder:
            zipped = self.root.suffix.lower() == ".zip"
            raise PhotosError(
                f"“{shown}” is a file, not a folder.",
                expected="a folder with one sub-folder of photos per class",
                found="a zip file" if zipped else "a file",
                fix="Upload the zip instead, or unpack it first." if zipped else LAYOUT_FIX,
            )
        try:
            os.scandir(self.root).close()
        except OSError as error:
            raise self.closed(error) from error
        return self.folder(self.root, "", frozenset())

    def closed(self, error: OSError) -> PhotosError:
        return PhotosError(
            f"The folder “{self.root}” cannot be opened.",
            expected="a folder you may read",
            found=error.strerror or str(error),
            fix="Give your user permission to read the folder, or copy the photos to another place.",
        )

    def folder(self, path: Path, relative: str, above: frozenset[str]) -> Folder:
        here = Folder(path.name, relative)
        if relative.count("/") >= MOST_LEVELS:
            self.left_out.append(LeftOut(relative, f"it lies more than {MOST_LEVELS} folders deep"))
            return here
        above = above | {os.path.realpath(path)}
        try:
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.left_out.append(LeftOut(relative, f"the folder cannot be opened ({error.strerror or error})"))
            return here
        self.entries += len(listed)
        if self.entries > MOST_ENTRIES:
            raise PhotosError(
                f"There are more than {MOST_ENTRIES:,} files and folders in “{self.root}”.",
                expected="a folder that holds the photos and little else",
                found=f"over {MOST_ENTRIES:,} entries, {self.photos:,} of them photos so far",
                fix="Choose the folder of the photos itself, not one far above it.",
            )
        for entry in listed:
            self.entry(entry, f"{relative}/{entry.name}" if relative else entry.name, here, above)
        self.found(self.photos)
        return here

    def entry(self, entry: os.DirEntry[str], relative: str, here: Folder, above: frozenset[str]) -> None:
        name, suffix = entry.name, Path(entry.name).suffix.lower()
        if name.startswith(".") or name.lower() in _HIDDEN:
            self.passed_over["hidden"] += 1
            return
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:  # a link that leads to itself, or into a folder that may not be entered
            is_folder = is_file = False
        if not is_folder and suffix not in EXTENSIONS:
            self.passed_over[suffix.encode("utf-8", "replace").decode() or "no ending"] += 1
            return
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = relative.encode("utf-8", "replace").decode()
            self.left_out.append(LeftOut(shown, "its name is not valid text (UTF-8): rename it"))
            return
        if entry.is_symlink():
            if not is_folder and not is_file:
                self.left_out.append(LeftOut(relative, "it is a link to a file that is not there or may not be read"))
                return
            if not self.allowed(Path(entry.path)):
                self.left_out.append(LeftOut(relative, "it is a link to a place outside the allowed folders"))
                return
            if is_folder and os.path.realpath(entry.path) in above:
                self.left_out.append(LeftOut(relative, "it is a link back to a folder it lies in"))
                return
        if is_folder:
            here.folders.append(self.folder(Path(entry.path), relative, above))
        elif is_file:
            here.photos.append(relative)
            self.photos += 1
        else:
            self.passed_over[suffix] += 1
