"""What every tab of the page is given: the desk, and what the page being built offers to all of them.

It holds no state of the person using the page: that is on disk (runs) or in their browser (`remembered`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio import context as building

from transfer.commands.desk import Desk
from transfer.errors import RunError
from transfer.runs.run import Run


@dataclass(frozen=True)
class Context:
    """The surroundings of one page; everything that is done is asked of the desk."""

    desk: Desk

    def run(self, run_id: str) -> Run | None:
        """The run that a tab shows; None when none is chosen, or it was deleted or damaged."""
        try:
            return self.desk.runs.get(run_id)
        except RunError:
            return None

    def remembered(self, key: str, default: Any) -> gr.BrowserState:
        """A value the browser keeps over reloads and restarts of the app, separately for each workspace.

        The secret only keeps workspaces apart; nothing stored this way needs to be kept from anybody.
        """
        secret = hashlib.sha256(str(self.desk.workspace.path.resolve()).encode()).hexdigest()
        return gr.BrowserState(default, storage_key=f"transfer-{key}", secret=secret)

    def page(self) -> gr.Blocks:
        """The page being built, for what a tab hangs on its loading."""
        page = building.Context.root_block
        assert page is not None, "tabs are built inside a page"
        return page
