"""What every tab of the page is given: the workspace, the folders it may look into, and the programs it may ask.

It holds no state of the person using the page: that is on disk (runs) or in their browser (`remembered`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import context as building

from transfer.config import RunConfig
from transfer.dataset.roots import Roots
from transfer.errors import ConfigError, RunError
from transfer.networks import weights
from transfer.networks.backbones import backbone
from transfer.networks.layers import layers
from transfer.processes.client import PredictionClient
from transfer.processes.supervisor import Supervisor
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace
from transfer.ui.network.networks import is_custom


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
    predictor: PredictionClient
    errands: PredictionClient

    @classmethod
    def open(cls, workspace: Workspace, roots: Roots, supervisor: Supervisor) -> Context:
        """A context whose two services are started when they are first asked.

        What was uploaded to the workspace, and the samples drawn there, may be looked at beside `roots`.
        """
        return cls(
            workspace,
            Roots([*roots.folders, workspace.photos_dir]),
            supervisor,
            predictor=PredictionClient(workspace.cache_dir / "predictor.log"),
            errands=PredictionClient(workspace.cache_dir / "errands.log"),
        )

    def close(self) -> None:
        """End the services; runs in training are not touched."""
        self.predictor.close()
        self.errands.close()

    def run(self, run_id: str) -> Run | None:
        """The run that a tab shows; None when none is chosen, or it was deleted."""
        # What comes from a browser names a run of this workspace and nothing else: no path, no part of a name.
        place = self.workspace.runs_dir / run_id
        if not run_id or place.name != run_id or place.resolve().parent != self.workspace.runs_dir:
            return None
        try:
            return Run(place)
        except RunError:
            return None

    def allowed(self, config: RunConfig) -> RunConfig:
        """The config as it can be trained: paths resolved and allowed, all layers frozen written as empty.

        Raises:
            TransferError: when the photos, the backbone or the weights are a file that may not be opened here,
                or there is no such network.
        """
        changes: dict[str, Any] = {"photos": str(self.roots.confine(config.photos))}
        if is_custom(config.backbone):
            changes["backbone"] = str(self.file_allowed(config.backbone))
        else:
            changes["backbone"] = backbone(config.backbone).name
            total = len(layers(changes["backbone"], config.alpha))
            if config.frozen_layers is not None and config.frozen_layers >= total:
                changes["frozen_layers"] = None
        if config.weights not in {*weights.PRETRAINED, "random"}:
            changes["weights"] = str(self.file_allowed(config.weights))
        return weights.settled(dataclasses.replace(config, **changes)).validated()

    def file_allowed(self, path: str) -> Path:
        """The resolved path of a model or weights file that may be read: in the roots, among Keras' weights, or
        in the workspace, where models of earlier runs are.

        Raises:
            ConfigError: when it lies elsewhere or is not there.
        """
        place = Path(path.strip()).expanduser()
        allowed = [*self.roots.folders, self.workspace.path, weights.models_folder()]
        if Roots(allowed).allows(place) and place.is_file():
            return place.resolve()
        raise ConfigError(
            f"The file “{path}” cannot be used.",
            expected=f"a file inside {', '.join(map(str, allowed))}",
            found="a place outside of these folders" if not Roots(allowed).allows(place) else "nothing at that path",
            fix="Correct the path, move the file there, or start Transfer with --root and the folder to allow.",
        )

    def keep_network(self, upload: str | None) -> str:
        """Where an uploaded `.keras` file was put to stay: uploads themselves are temporary."""
        assert upload is not None
        source = Path(upload)
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        # Another file of the same name must not change what an earlier run was made with.
        place = self.workspace.networks_dir / f"{source.stem}-{digest}.keras"
        shutil.copyfile(source, place)
        return str(place)

    def remembered(self, key: str, default: Any) -> gr.BrowserState:
        """A value the browser keeps over reloads and restarts of the app, separately for each workspace.

        The secret only keeps workspaces apart; nothing stored this way needs to be kept from anybody.
        """
        secret = hashlib.sha256(str(self.workspace.path.resolve()).encode()).hexdigest()
        return gr.BrowserState(default, storage_key=f"transfer-{key}", secret=secret)

    def page(self) -> gr.Blocks:
        """The page being built, for what a tab hangs on its loading."""
        page = building.Context.root_block
        assert page is not None, "tabs are built inside a page"
        return page
