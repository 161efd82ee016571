"""How a folder of photos is laid out: which sub-folder is a class, which a split. Looks at names, never into files.

Understood: one folder per class; train + validation/valid/val (+ test) folders of those; either of them one or
more levels deeper, as in the top folder of a zip. Photos anywhere below a class folder count for that class.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transfer.dataset.catalog import LeftOut, Split
from transfer.dataset.photo import EXTENSIONS
from transfer.errors import PhotosError

MOST_ENTRIES = 1_000_000
"""Files and folders looked at before giving up: someone picked a whole disk."""

MOST_LEVELS = 50
"""Folders in folders deeper than this are not looked into."""

_HIDDEN = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}
_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trainset", "trainingset"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "validate", "valset", "validationset"), "validation"),
    **dict.fromkeys(("test", "tests", "testing", "testset", "testingset"), "test"),
}
_DEEPEST = 4
"""Levels of folders that are descended through while each holds just one folder of photos."""

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


@dataclass
class Layout:
    """What `read_layout` found: for each split, or for None where no split is given, the photos of each class."""

    words: str
    classes: dict[Split | None, dict[str, list[str]]]
    left_out: list[LeftOut]
    passed_over: Counter[str]
    notes: list[str]


def read_layout(
    root: Path, allowed: Callable[[Path], bool] | None = None, found: Callable[[int], None] | None = None
) -> Layout:
    """Walk through the folder and find its classes and splits.

    Args:
        root: the folder.
        allowed: asked for every symbolic link whether the place it leads to may be read.
        found: told how many photos were found so far, now and then.

    Raises:
        PhotosError: no such folder, not a folder, not readable, or no classes in it.
    """
    walk = _Walk(root, allowed or (lambda path: True), found or (lambda count: None))
    top = walk.top()
    layout = _understood(top, walk)
    layout.left_out += walk.left_out
    return layout


class _Walk:
    def __init__(self, root: Path, allowed: Callable[[Path], bool], found: Callable[[int], None]) -> None:
        self.root, self.allowed, self.found = root, allowed, found
        self.left_out: list[LeftOut] = []
        self.passed_over: Counter[str] = Counter()
        self.entries = self.photos = 0

    def top(self) -> Folder:
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


def _split_of(folder: Folder) -> Split | None:
    return _SPLITS.get(folder.name.lower().replace("_", "").replace("-", "").replace(" ", ""))


def _is_split(folder: Folder) -> bool:
    """Whether `train`, `validation` and the like are splits here: folders of classes, and training among them."""
    splits = {_split_of(each) for each in folder.filled if each.filled}
    others = [each for each in folder.filled if _split_of(each) is None]
    return "train" in splits and (len(splits - {None}) > 1 or not others)


def _understood(top: Folder, walk: _Walk) -> Layout:
    layout = Layout("", {}, [], walk.passed_over, [])
    here, deeper = top, 0
    while not _is_split(here) and deeper < _DEEPEST:
        filled = here.filled
        if here.photos:
            # Loose photos beside one folder of folders: a title picture on top of the zip. Else it is a class itself.
            if len(filled) != 1 or not (_is_split(filled[0]) or len(filled[0].filled) > 1):
                break
            layout.left_out += [LeftOut(path, "it lies in no class folder") for path in here.photos]
        split_inside = [folder for folder in filled if _is_split(folder)]
        if len(filled) == 1 and filled[0].filled:
            here, deeper = filled[0], deeper + 1
        elif _beside_loose_photos(filled, split_inside):
            # A ready split beside other folders ("single_prediction", "samples"): the split is what was meant.
            layout.left_out += [_unused(folder, split_inside[0]) for folder in filled if folder not in split_inside]
            here, deeper = split_inside[0], deeper + 1
        else:
            break
    place = f" inside “{here.path}”" if here is not top else ""
    if _is_split(here):
        _read_splits(here, layout, place)
    else:
        _read_classes(here, layout, place, walk)
    return layout


def _beside_loose_photos(filled: list[Folder], split_inside: list[Folder]) -> bool:
    if len(split_inside) != 1 or sum(_split_of(each) is not None for each in split_inside[0].filled) < 2:
        return False
    return not any(folder.filled for folder in filled if folder is not split_inside[0])


def _unused(folder: Folder, beside: Folder) -> LeftOut:
    count = _photos(sum(1 for _ in folder.all_photos()))
    return LeftOut(folder.path, f"it is not part of the split in “{beside.path or beside.name}” ({count})")


def _read_splits(here: Folder, layout: Layout, place: str) -> None:
    used = []
    for folder in here.folders:
        split = _split_of(folder)
        if split is None or not folder.filled:
            if folder.photos and split is not None:
                layout.left_out.append(
                    LeftOut(
                        folder.path,
                        f"its {_photos(len(folder.photos))} lie in no class folder: nothing says what they show",
                    )
                )
            elif folder.holds_photos:
                layout.left_out.append(_unused(folder, here))
            elif split is not None:
                layout.left_out.append(LeftOut(folder.path, "there are no photos in it"))
            continue
        used.append(folder.name)
        layout.left_out += [LeftOut(path, "it lies in no class folder") for path in folder.photos]
        classes = layout.classes.setdefault(split, {})
        for each in folder.folders:
            _add_class(classes, each, layout)
    layout.left_out += [LeftOut(path, "it lies in no class folder") for path in here.photos]
    names = " and ".join([", ".join(used[:-1]), used[-1]] if len(used) > 1 else used)
    layout.words = (
        f"the split given by the folders {names}{place}" if len(used) > 1 else f"one folder per class in {names}{place}"
    )


def _read_classes(here: Folder, layout: Layout, place: str, walk: _Walk) -> None:
    filled = here.filled
    if not filled or (all(_split_of(folder) for folder in filled) and not _could_be_classes(filled)):
        raise _no_classes(here, walk, place)
    classes = layout.classes.setdefault(None, {})
    for folder in here.folders:
        _add_class(classes, folder, layout)
    layout.left_out += [LeftOut(path, "it lies in no class folder") for path in here.photos]
    inside = sorted({each.name for folder in filled for each in folder.filled if _split_of(each)})
    if inside:
        layout.notes.append(
            f"Folders named {', '.join(inside)} inside the class folders were not taken for a split: "
            "a split is understood when train and validation folders hold the class folders."
        )
    layout.words = f"one folder per class{place}"


def _could_be_classes(filled: list[Folder]) -> bool:
    """Folders that are all named like splits are classes ("valid", "test") only if none of them is "train"."""
    return len(filled) > 1 and not any(_split_of(folder) == "train" or folder.filled for folder in filled)


def _add_class(classes: dict[str, list[str]], folder: Folder, layout: Layout) -> None:
    photos = list(folder.all_photos())
    if photos:
        classes.setdefault(folder.name, []).extend(photos)
    else:
        layout.left_out.append(LeftOut(folder.path, "there are no photos in it"))


def _no_classes(here: Folder, walk: _Walk, place: str) -> PhotosError:
    what = f"No classes were found in “{walk.root}”{place}."
    loose, filled, fix = len(here.photos), here.filled, LAYOUT_FIX
    if filled:
        names = ", ".join(folder.name for folder in filled)
        if any(folder.filled for folder in filled):
            found = f"the folders {names}, but no train folder with class folders in it"
            fix = (
                "Add a train folder with one sub-folder of photos per class, or choose the one with the class folders."
            )
        else:
            found = f"{names} with photos directly in them: nothing says what each photo shows"
            fix = "Inside each of them, make one sub-folder per class and move the photos there."
    elif loose:
        found = f"{_photos(loose)} directly in the folder and no sub-folders with photos"
        fix = (
            "Make one sub-folder per class and move each photo into the one of its class. "
            "Or choose the folder above, if this is one of the classes."
        )
    elif walk.passed_over or walk.left_out:
        found = f"no photos; {sum(walk.passed_over.values())} other files or folders were passed over"
    elif here.folders:
        found = "only empty sub-folders"
    else:
        found = "an empty folder"
    return PhotosError(
        what, expected="at least two sub-folders, one per class, with photos in each", found=found, fix=fix
    )


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
