"""What a checked folder looks like: counts, splits, sheets of thumbnails, and what was left out and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from transfer.dataset.corrections import in_words
from transfer.dataset.dataset import SPLITS, Dataset
from transfer.dataset.thumbnails import examples
from transfer.drawing import html
from transfer.drawing.panels import facts, muted, panel, picture, scrolled

SHEETS = 12  # classes per page of thumbnails
NAMED = 200  # photos left out that are named one by one

TREE = """my photos
├── ants
│   ├── IMG_0001.jpg
│   └── …
└── bees
    ├── IMG_0107.jpg
    └── …"""

# What the three splits are for, in words for somebody who has never heard of them.
PURPOSES = {"train": "to learn from", "validation": "to check while learning", "test": "kept for the final test"}


def found(dataset: Dataset) -> Markup:
    """The answer to "Check photos": how much there is, what was done with it, and how it is divided."""
    return html.div("t-found")[html.div[summary(dataset), notes(dataset)], table(dataset)]


def summary(dataset: Dataset) -> Markup:
    """The one-line answer: how many photos of how many classes, and what becomes of them."""
    sizes = Counter(photo.split for photo in dataset.photos)
    pairs = [(f"{len(dataset.photos):,}", "photos"), (f"{len(dataset.classes):,}", "classes")]
    pairs += [(f"{sizes[split]:,}", PURPOSES[split]) for split in SPLITS]
    return html.join(html.p("t-path")[dataset.root], facts(pairs))


def notes(dataset: Dataset) -> Markup:
    """What was done with the folder that its owner should know."""
    lines = [f"How it was understood: {dataset.layout}."] if dataset.layout else []
    lines += dataset.notes
    return html.ul("t-notes")[(html.li[line] for line in lines)] if lines else html.NOTHING


def table(dataset: Dataset) -> Markup:
    """Photos per class and split, with a bar that shows how even the classes are."""
    counts = [Counter[str]() for _ in dataset.classes]
    for photo in dataset.photos:
        counts[photo.label][photo.split] += 1
    most = max((sum(count.values()) for count in counts), default=0) or 1
    rows = []
    for name, count in zip(dataset.classes, counts, strict=True):
        bars = (
            html.i(f"t-{split}", style=f"width:{count[split] / most:.2%}", title=f"{count[split]} {purpose}")
            for split, purpose in PURPOSES.items()
        )
        cells = [html.td[f"{count[split]:,}"] for split in SPLITS]
        total = html.td[html.b[f"{sum(count.values()):,}"]]
        rows.append(html.tr[html.th(scope="row")[name], html.td("t-bars")[bars], cells, total])
    splits = (html.th(scope="col")[html.i(f"t-{split}"), PURPOSES[split]] for split in SPLITS)
    heads = html.tr[html.th(scope="col")["class"], html.th("t-bars"), splits, html.th(scope="col")["all"]]
    return scrolled(html.table("t-table t-counts")[html.thead[heads], html.tbody[rows]])


def sheets(
    dataset: Dataset, contact_sheets: Callable[[Sequence[Sequence[Path]]], Sequence[str | None]], page: int = 0
) -> Markup:
    """A card per class with a sheet of its photos, for one page of classes."""
    labels = range(page * SHEETS, min((page + 1) * SHEETS, len(dataset.classes)))
    pictures = contact_sheets([examples(dataset, label) for label in labels])
    cards = (
        html.figure("t-sheet")[picture(data, f"Photos of the class {name}"), html.figcaption[name]]
        for name, data in zip(dataset.classes[labels.start : labels.stop], pictures, strict=True)
    )
    return html.div("t-sheets")[cards]


def pages(dataset: Dataset) -> list[tuple[str, int]]:
    """The pages of `sheets` by the classes they show; one page needs no choice."""
    found = []
    for start in range(0, len(dataset.classes), SHEETS):
        names = dataset.classes[start : start + SHEETS]
        found.append((f"{names[0]} … {names[-1]}", start // SHEETS))
    return found


def left_out(dataset: Dataset) -> Markup:
    """Every photo and folder that is not used, under its reason; open while they are few."""
    if not dataset.left_out:
        return html.NOTHING
    reasons: dict[str, list[str]] = defaultdict(list)
    for each in dataset.left_out[:NAMED]:
        reasons[each.reason].append(each.path)
    rows = (
        html.li[html.b[reason[:1].upper() + reason[1:]], html.ul[(html.li[path] for path in paths)]]
        for reason, paths in reasons.items()
    )
    count = len(dataset.left_out)
    title = f"Left out: {count:,} photos or folders, and why" if count != 1 else "Left out: 1, and why"
    more = muted(f"… and {count - NAMED:,} more.") if count > NAMED else ""
    return html.details("t-fold", open=count <= 20)[html.summary[title], html.ul("t-left-out")[rows], more]


def corrections(dataset: Dataset) -> Markup:
    """What of this folder somebody moved or left out, each with a way back; nothing where nobody did."""
    made = dataset.corrections
    if not made:
        return html.NOTHING
    rows = (
        html.li[
            f"{each.path}: ", html.b[each.now or "left out"], f", its folder says {each.was} ",
            html.button("t-link", type="button", data_undo=each.digest)["Undo"],
        ]
        for each in made[:NAMED]
    )  # fmt: skip
    every = html.button("t-link", type="button", data_undo="all")["Undo all"]
    more = muted(f"… and {len(made) - NAMED:,} more.") if len(made) > NAMED else ""
    title = f"{in_words(made)}. Show, undo"
    return html.details("t-fold")[html.summary[title], html.p[every], html.ul("t-left-out")[rows], more]


def undo_all(folder: str, decided: int) -> Markup:
    """The way back where a folder cannot be used as it is corrected; nothing where it is not."""
    if not decided:
        return html.NOTHING
    undo = html.button("t-link", type="button", data_undo="all", data_folder=folder)["Undo all"]
    return html.p[f"{decided} correction{'s' if decided != 1 else ''} of the photos in this folder. ", undo]


def nothing_yet() -> Markup:
    """What a folder should look like, shown until one was checked."""
    return html.div("t-empty")[
        html.p["Transfer needs one folder with a sub-folder for each kind of thing, like this:"],
        html.pre("t-tree")[TREE],
        html.p["Twenty photos of each are enough to begin with. Your photos stay on this computer."],
    ]


def stopped() -> Markup:
    """Shown when a check was stopped."""
    return panel("info", "Stopped.", "What was already checked is remembered, so checking again goes faster.")
