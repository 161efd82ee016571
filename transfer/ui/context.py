"""What every tab of the page is given: the workspace, the folders it may look into, and the programs it may ask.

It holds no state of the person using the page: that is on disk (runs) or in their browser (`remembered`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import gradio as gr

from transfer.dataset.roots import Roots
from transfer.runs.service import Service
from transfer.runs.supervisor import Supervisor
from transfer.runs.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """The surroundings of one page.

    Attributes:
        workspace: where runs, uploads and caches are kept.
        roots: the folders that a path given in the page may lie in.
        supervisor: starts queued runs, one at a time.
        predictor: the program that answers predictions, kept warm.
        errands: a second such program for exports, evaluations and looking into model files, so that a
            long errand never holds up a prediction.
    """

    workspace: Workspace
    roots: Roots
    supervisor: Supervisor
    predictor: Service
    errands: Service

    @classmethod
    def open(cls, workspace: Workspace, roots: Roots, supervisor: Supervisor) -> Context:
        """A context whose two services are started when they are first asked."""
        return cls(
            workspace,
            roots,
            supervisor,
            predictor=Service(workspace.cache_dir / "predictor.log"),
            errands=Service(workspace.cache_dir / "errands.log"),
        )

    def close(self) -> None:
        """End the services; runs in training are not touched."""
        self.predictor.close()
        self.errands.close()

    def remembered(self, key: str, default: Any) -> gr.BrowserState:
        """A value the browser keeps over reloads and restarts of the app, separately for each workspace.

        The secret only keeps workspaces apart; nothing stored this way needs to be kept from anybody.
        """
        secret = hashlib.sha256(str(self.workspace.path.resolve()).encode()).hexdigest()
        return gr.BrowserState(default, storage_key=f"transfer-{key}", secret=secret)
