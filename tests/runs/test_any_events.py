"""Whatever stands in an event log: the reader passes over what it cannot understand, and the page shows the rest."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.conftest import new_run
from transfer.messages.endings import Finished
from transfer.messages.events import Event
from transfer.runs.event_log import EventLog
from transfer.runs.progress import progress
from transfer.runs.summary import Summary
from transfer.runs.workspace import Workspace
from transfer.ui.shared.run_summary import charts, headline
from transfer.ui.train import view

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
FIELDS = sorted({name for kind in Event.kinds().values() for name in kind.__dataclass_fields__})
events = st.dictionaries(st.sampled_from(FIELDS), values, max_size=12)
kinds = st.sampled_from(sorted(Event.kinds()))


def line(kind: str, fields: dict[str, Any]) -> bytes:
    return json.dumps({"event": kind, **fields}).encode()


lines = st.builds(line, kinds, events) | st.binary(max_size=60) | values.map(json.dumps).map(str.encode)
END = json.dumps(Finished(time=1.0).to_dict()).encode()


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(st.lists(lines, max_size=8))
def test_nothing_hides_what_comes_after_it(written: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_bytes(b"\n".join([*written, END]) + b"\n")
        assert EventLog(path).last() == Finished(time=1.0)


def likely(kind: str, fields: dict[str, Any]) -> bytes:
    """An event with all that it must have, and some of it odd."""
    whole: dict[str, Any] = {}
    for name, field in Event.kinds()[kind].__dataclass_fields__.items():
        usual = {"int": 1, "float": 0.5, "str": "x", "bool": True}.get(str(field.type).split(" ")[0])
        if usual is not None:
            whole[name] = usual
    return line(kind, {**whole, **fields})


numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, -1, ""])
odd = st.dictionaries(st.sampled_from(FIELDS), numbers | st.text(max_size=5), max_size=4)


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(st.lists(st.builds(likely, kinds, odd), min_size=1, max_size=6), st.booleans())
def test_whatever_was_understood_can_be_shown(written: list[bytes], held: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = new_run(Workspace(Path(folder)), Path(folder))
        run.log.path.write_bytes(b"\n".join(written) + b"\n")
        lock = run.lock.acquire() if held else None
        progress(run)
        Summary.of(run)
        for show in (headline, charts, view.state, view.remarks, view.log):
            show(run)
        if lock:
            lock.lock.release()
