"""The buttons under a run on the Train tab: which of them it has, and what they say."""

from __future__ import annotations

from typing import Any

import gradio as gr

from transfer.commands.desk import Desk
from transfer.drawing.panels import shown
from transfer.messages.events import Progressed
from transfer.runs.run import Run
from transfer.runs.status import Status

SMALLER = {"batch_size": "a batch size of", "image_size": "a photo size of"}


def stop(run: Run, status: Status) -> Any:
    """What stopping would mean right now; nothing once all rounds are done and the model is only being written."""
    if status.state == "queued":
        return gr.Button("Take off the queue", visible=True, interactive=True)
    progress = run.log.newest(Progressed)
    done = progress is not None and progress.stage in {"evaluate", "export"}
    return gr.Button(
        "Stop and keep the best", visible=shown(status.alive and not done), interactive=status.state != "stopping"
    )


def pause(run: Run, status: Status) -> Any:
    """Giving the memory back for a while, where that is still worth it."""
    return gr.Button("Pause", visible=shown(run.pausable), interactive=status.state in {"queued", "running"})


def resume(run: Run, status: Status) -> Any:
    """Going on, of a run that somebody paused or something interrupted."""
    return gr.Button(
        "Go on" if status.state == "paused" else "Resume",
        visible=shown(run.resumable),
        variant="secondary" if run.out_of_memory else "primary",  # then `retry` is what helps
    )


def retry(desk: Desk, run: Run) -> Any:
    """What to go on with after memory ran out, in one click."""
    changes = desk.outlooks.smaller(run.id) if run.resumable else {}
    words = " and ".join(f"{SMALLER[name]} {value}" for name, value in changes.items())
    return gr.Button(f"Go on with {words}", visible=shown(bool(changes)))
