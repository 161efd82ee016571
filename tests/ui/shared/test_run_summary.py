"""What stands where a model would be used."""

from __future__ import annotations

from collections.abc import Callable

from tests.ui.conftest import measured, read
from transfer.messages.events import Started
from transfer.runs.run import Run
from transfer.ui.shared.run_summary import no_model


def test_a_model_that_is_still_to_come_is_told_from_none(new_run: Callable[..., Run]) -> None:
    run = new_run(name="pets")
    assert "There is no trained model yet" in read(no_model(None)).text
    run.log.append(Started(device="CPU"))
    with run.lock.acquire(timeout=1):  # as its worker does
        assert "“pets” is still training" in read(no_model(run)).text
        measured(run)
        assert "being written and checked" in read(no_model(run)).text
