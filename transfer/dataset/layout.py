"""How a folder of photos is laid out: which sub-folder is a class, which a split. Looks at names, never into files.

Understood: one folder per class; train + validation/valid/val (+ test) folders of those; either of them one or
more levels deeper, as in the top folder of a zip. Photos anywhere below a class folder count for that class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transfer.dataset.dataset import LeftOut, Split
from transfer.dataset.walk import LAYOUT_FIX, Folder, Walk
from transfer.errors import PhotosError

_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trainset", "trainingset"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "validate", "valset", "validationset"), "validation"),
    **dict.fromkeys(("test", "tests", "testing", "testset", "testingset"), "test"),
}
_DEEPEST = 4
"""Levels of folders that are descended through while each holds just one folder of photos."""


@dataclass
class Layout:
    """What `read_layout` found: for each split, or for None where no split is given, the photos of each class."""

    description: str
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
    walk = Walk(root, allowed or (lambda path: True), found or (lambda count: None))
    top = walk.top()
    layout = _understood(top, walk)
    layout.left_out += walk.left_out
    return layout


def split_named(name: str) -> Split | None:
    """The split a folder of this name stands for, in any spelling; None for any other name."""
    return _SPLITS.get(name.lower().replace("_", "").replace("-", "").replace(" ", ""))


def _is_split(folder: Folder) -> bool:
    """Whether `train`, `validation` and the like are splits here: folders of classes, and training among them."""
    splits = {split_named(each.name) for each in folder.filled if each.filled}
    others = [each for each in folder.filled if split_named(each.name) is None]
    return "train" in splits and (len(splits - {None}) > 1 or not others)


def _understood(top: Folder, walk: Walk) -> Layout:
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
    if len(split_inside) != 1 or sum(split_named(each.name) is not None for each in split_inside[0].filled) < 2:
        return False
    return not any(folder.filled for folder in filled if folder is not split_inside[0])


def _unused(folder: Folder, beside: Folder) -> LeftOut:
    count = counted(sum(1 for _ in folder.all_photos()))
    return LeftOut(folder.path, f"it is not part of the split in “{beside.path or beside.name}” ({count})")


def _read_splits(here: Folder, layout: Layout, place: str) -> None:
    used = []
    for folder in here.folders:
        split = split_named(folder.name)
        if split is None or not folder.filled:
            if folder.photos and split is not None:
                layout.left_out.append(
                    LeftOut(
                        folder.path,
                        f"its {counted(len(folder.photos))} lie in no class folder: nothing says what they show",
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
    layout.description = (
        f"the split given by the folders {names}{place}" if len(used) > 1 else f"one folder per class in {names}{place}"
    )


def _read_classes(here: Folder, layout: Layout, place: str, walk: Walk) -> None:
    filled = here.filled
    if not filled or (all(split_named(folder.name) for folder in filled) and not _could_be_classes(filled)):
        raise _no_classes(here, walk, place)
    classes = layout.classes.setdefault(None, {})
    for folder in here.folders:
        _add_class(classes, folder, layout)
    layout.left_out += [LeftOut(path, "it lies in no class folder") for path in here.photos]
    inside = sorted({each.name for folder in filled for each in folder.filled if split_named(each.name)})
    if inside:
        layout.notes.append(
            f"Folders named {', '.join(inside)} inside the class folders were not taken for a split: "
            "a split is understood when train and validation folders hold the class folders."
        )
    layout.description = f"one folder per class{place}"


def _could_be_classes(filled: list[Folder]) -> bool:
    """Folders that are all named like splits are classes ("valid", "test") only if none of them is "train"."""
    return len(filled) > 1 and not any(split_named(folder.name) == "train" or folder.filled for folder in filled)


def _add_class(classes: dict[str, list[str]], folder: Folder, layout: Layout) -> None:
    photos = list(folder.all_photos())
    if photos:
        classes.setdefault(folder.name, []).extend(photos)
    else:
        layout.left_out.append(LeftOut(folder.path, "there are no photos in it"))


def _no_classes(here: Folder, walk: Walk, place: str) -> PhotosError:
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
        found = f"{counted(loose)} directly in the folder and no sub-folders with photos"
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


def counted(photos: int) -> str:
    return "1 photo" if photos == 1 else f"{photos:,} photos"
