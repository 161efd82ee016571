"""What came of a refinement, in plain words: for the page and the terminal."""

from __future__ import annotations

from transfer.messages.events import Refined


def refinement(told: Refined) -> tuple[str, str]:
    """A title, and what there is to say: what it gained and what it costs."""
    if not told.taken:
        tried = f"It named {told.after} of {told.photos} validation photos right, the first one {told.before}."
        return "A second answer was tried and was not better, so the first one stays (refinement).", tried
    gained = f"Of {told.photos} validation photos the first answer named {told.before} right, this one {told.after}. "
    if not told.photos:
        gained = "There were no validation photos to compare them with. "
    seen = "what the network sees at several depths" if told.share else "the same features of the network"
    mirror = " for the photo and its mirror image, so an answer takes about twice as long" if told.mirrored else ""
    learned = "It has learned from the validation photos, too. The test score is of this answer."
    better = "A better answer" if told.after > told.before else "An answer at least as good"
    return f"{better} was computed at the end (refinement).", f"{gained}It uses {seen}{mirror}. {learned}"
