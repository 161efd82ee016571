"""The queue as HTML; what its buttons do is the desk's."""

from collections.abc import Callable

from tests.ui.conftest import HOSTILE, read
from transfer.runs.run import Run
from transfer.ui.train.queue import ACTS, queue


def test_every_waiting_run_has_its_buttons(new_run: Callable[..., Run]) -> None:
    runs = [new_run(name=HOSTILE), new_run(backbone="ResNet50"), new_run()]
    page = read(queue(runs))
    # Its row, which can be dragged, and five buttons.
    assert page.having("data-run") == [run.id for run in runs for _ in range(6)]
    assert set(page.having("data-act")) == {*ACTS, "clone"}
    assert " ".join(HOSTILE.split()) in page.text and "ResNet50" in page.text
    off = [attributes["data-act"] for _, attributes in page.tags if "disabled" in attributes]
    page = read(queue([], unseen=runs[0]))
    assert "Training now" in page.text and (page.having("data-act"), page.having("data-run")) == (
        ["show"],
        [runs[0].id],
    )
    assert off == ["up", "next", "down"], "the first cannot go up, the last not down"
