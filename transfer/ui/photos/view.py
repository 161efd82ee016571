"""What a checked folder looks like: counts, splits, sheets of thumbnails, and what was left out and why. HTML only."""

from __future__ import annotations

from collections import Counter, defaultdict
from html import escape

from transfer.dataset.dataset import SPLITS, Dataset
from transfer.dataset.thumbnails import sheet
from transfer.ui.shared.checking import CheckProgress
from transfer.ui.shared.panels import facts, panel, picture

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


def progress(words: str, state: CheckProgress | None = None) -> str:
    """A bar that fills, with what is being done and how long it will still take."""
    share = state.done / state.total if state and state.total else 0.0
    more = f" {escape(state.message)}" if state else ""
    return (
        f'<div class="t-checking" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}" aria-label="{escape(words)}"><p><b>{escape(words)}</b>{more}</p>'
        f'<div><i style="width:{share:.1%}"></i></div></div>'
    )


def found(dataset: Dataset) -> str:
    """The answer to "Check photos": how much there is, what was done with it, and how it is divided."""
    return f'<div class="t-found"><div>{summary(dataset)}{notes(dataset)}</div>{table(dataset)}</div>'


def summary(dataset: Dataset) -> str:
    """The one-line answer: how many photos of how many classes, and what becomes of them."""
    sizes = Counter(photo.split for photo in dataset.photos)
    pairs = [(f"{len(dataset.photos):,}", "photos"), (f"{len(dataset.classes):,}", "classes")]
    pairs += [(f"{sizes[split]:,}", PURPOSES[split]) for split in SPLITS]
    return f'<p class="t-path">{escape(dataset.root)}</p>{facts(pairs)}'


def notes(dataset: Dataset) -> str:
    """What was done with the folder that its owner should know."""
    lines = [f"How it was understood: {dataset.layout}."] if dataset.layout else []
    lines += dataset.notes
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="t-notes">{items}</ul>'


def table(dataset: Dataset) -> str:
    """Photos per class and split, with a bar that shows how even the classes are."""
    counts = [Counter[str]() for _ in dataset.classes]
    for photo in dataset.photos:
        counts[photo.label][photo.split] += 1
    most = max((sum(count.values()) for count in counts), default=0) or 1
    rows = ""
    for name, count in zip(dataset.classes, counts, strict=True):
        bars = "".join(
            f'<i class="t-{split}" style="width:{count[split] / most:.2%}" title="{count[split]} {purpose}"></i>'
            for split, purpose in PURPOSES.items()
        )
        cells = "".join(f"<td>{count[split]:,}</td>" for split in SPLITS)
        rows += (
            f'<tr><th scope="row">{escape(name)}</th><td class="t-bars">{bars}</td>{cells}'
            f"<td><b>{sum(count.values()):,}</b></td></tr>"
        )
    heads = "".join(f'<th scope="col"><i class="t-{split}"></i>{PURPOSES[split]}</th>' for split in SPLITS)
    return (
        '<div class="t-scroll"><table class="t-table t-counts"><thead><tr><th scope="col">class</th>'
        f'<th class="t-bars"></th>{heads}<th scope="col">all</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def sheets(dataset: Dataset, page: int = 0) -> str:
    """A card per class with a sheet of its photos, for one page of classes."""
    cards = ""
    for label in range(page * SHEETS, min((page + 1) * SHEETS, len(dataset.classes))):
        name = dataset.classes[label]
        photos = picture(sheet(dataset, label), f"Photos of the class {name}")
        cards += f'<figure class="t-sheet">{photos}<figcaption>{escape(name)}</figcaption></figure>'
    return f'<div class="t-sheets">{cards}</div>'


def pages(dataset: Dataset) -> list[tuple[str, int]]:
    """The pages of `sheets` by the classes they show; one page needs no choice."""
    found = []
    for start in range(0, len(dataset.classes), SHEETS):
        names = dataset.classes[start : start + SHEETS]
        found.append((f"{names[0]} … {names[-1]}", start // SHEETS))
    return found


def left_out(dataset: Dataset) -> str:
    """Every photo and folder that is not used, under its reason."""
    if not dataset.left_out:
        return ""
    reasons: dict[str, list[str]] = defaultdict(list)
    for each in dataset.left_out[:NAMED]:
        reasons[each.reason].append(each.path)
    rows = ""
    for reason, paths in reasons.items():
        items = "".join(f"<li>{escape(path)}</li>" for path in paths)
        rows += f"<li><b>{escape(reason[:1].upper() + reason[1:])}</b><ul>{items}</ul></li>"
    more = len(dataset.left_out) - NAMED
    rest = f'<p class="t-muted">… and {more:,} more.</p>' if more > 0 else ""
    return f'<ul class="t-left-out">{rows}</ul>{rest}'


def folded(dataset: Dataset) -> str:
    """`left_out` under its heading, open while it is short."""
    if not dataset.left_out:
        return ""
    state = " open" if len(dataset.left_out) <= 20 else ""
    title = f"<summary>{left_out_title(dataset)}</summary>"
    return f'<details class="t-fold"{state}>{title}{left_out(dataset)}</details>'


def left_out_title(dataset: Dataset) -> str:
    """The heading over `left_out`."""
    count = len(dataset.left_out)
    return f"Left out: {count:,} photos or folders, and why" if count != 1 else "Left out: 1, and why"


def nothing_yet() -> str:
    """What a folder should look like, shown until one was checked."""
    return (
        '<div class="t-empty"><p>Transfer needs one folder with a sub-folder for each kind of thing, like this:</p>'
        f'<pre class="t-tree">{TREE}</pre>'
        "<p>Twenty photos of each are enough to begin with. Your photos stay on this computer.</p></div>"
    )


def stopped() -> str:
    """Shown when a check was stopped."""
    return panel("info", "Stopped.", "What was already checked is remembered, so checking again goes faster.")
