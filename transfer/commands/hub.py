"""The Hugging Face Hub: a trained model for others, or for one's other machines, under one's own name there.

The token is the user's. It is handed on to the Hub's own client and kept nowhere: in no file, log, event or message.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from transfer.commands.models import Models
from transfer.commands.runs import Runs
from transfer.errors import HubError
from transfer.runs.exported import PARITY
from transfer.runs.run import Run

_NAME = re.compile(r"[\w-][\w.-]{0,94}/[\w-][\w.-]{0,94}", re.ASCII)
_NOT_SENT = frozenset({PARITY, "README.md"})  # names a photo; is written anew


@dataclass(frozen=True)
class Pushed:
    """Where things are now: the address of the model, and of the Space that shows it, if there is one."""

    model: str
    demo: str | None = None


class Hub:
    """Args:
    runs: whose models.
    models: exports them.
    """

    def __init__(self, runs: Runs, models: Models) -> None:
        self._runs, self._models = runs, models

    def push(self, name: str, to: str, token: str | None = None, *, public: bool = False, demo: bool = False) -> Pushed:
        """Put a run's model on the Hub: the Keras file, labels, the programs to use it and its card.

        Args:
            name: of the run.
            to: the repository, `user/name`; made if it is not there, else it gets a new version.
            token: with the right to write; None: that of HF_TOKEN.
            public: whether everybody may see it. A repository that is there stays as it is.
            demo: whether a Space gets the web page, too.

        Raises:
            TransferError: when there is no such run or it has no model, or the Hub does not take it.
        """
        run, token = self._runs.trained(name), (token or os.environ.get("HF_TOKEN") or "").strip()
        _check(to, token)
        # What takes long comes before anything is made there.
        formats = {"model": "keras", **({"space": "web"} if demo else {})}
        folders = {kind: self._folder(run, format) for kind, format in formats.items()}
        cards = {"model": _model_card(run, folders["model"]), "space": _demo_card(run, to)}
        try:
            return _uploaded(run.name, to, token, folders, cards, public)
        except Exception as trouble:  # the client, and what it is built upon, raise many kinds
            refused = _refused(trouble, to, token)
        raise refused  # out here, so that it does not lead to the request, which holds the token

    def _folder(self, run: Run, format: str) -> Path:
        self._models.export(run.id, format, again=False)
        return run.exports_dir / format


def _uploaded(title: str, to: str, token: str, folders: dict[str, Path], cards: dict[str, str], public: bool) -> Pushed:
    """Folders and cards by the kind of their repository, which is made if it is not there."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token, library_name="transfer")
    where = {}
    for kind, folder in folders.items():
        sdk = "static" if kind == "space" else None
        made = api.create_repo(to, repo_type=kind, private=not public, exist_ok=True, space_sdk=sdk)
        files: dict[str, Path | bytes] = {"README.md": cards[kind].encode()}
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name not in _NOT_SENT:
                files[file.relative_to(folder).as_posix()] = file
        operations = [CommitOperationAdd(place, content) for place, content in files.items()]
        api.create_commit(to, operations, commit_message=f"{title}, from Transfer", repo_type=kind)
        where[kind] = str(made)
    return Pushed(where["model"], where.get("space"))


def _model_card(run: Run, folder: Path) -> str:
    """The card of the export, with what the Hub sorts models by before it."""
    from huggingface_hub import EvalResult, ModelCardData

    metrics = run.metrics()
    score = [] if metrics is None else [
        EvalResult(
            task_type="image-classification",
            dataset_type="own",
            dataset_name=f"own photos ({metrics.split})",
            metric_type="accuracy",
            metric_value=round(metrics.accuracy, 4),
        )
    ]  # fmt: skip
    about = ModelCardData(
        library_name="keras",
        pipeline_tag="image-classification",
        tags=["image-classification", "transfer-learning"],
        model_name=run.name,
        eval_results=score or None,
    )
    card = (folder / "README.md").read_text(encoding="utf-8")
    return f"---\n{about.to_yaml()}\n---\n\n{card}"


def _demo_card(run: Run, to: str) -> str:
    from huggingface_hub import SpaceCardData

    about = SpaceCardData(title=run.name[:80], sdk="static", app_file="index.html", models=[to])
    text = f"What is on the photo? The model {to}, in the browser: photos stay on the device they are on."
    return f"---\n{about.to_yaml()}\n---\n\n{text}\n"


def _check(to: str, token: str) -> None:
    if not _NAME.fullmatch(to):
        raise HubError(
            "That is no name of a repository.",
            expected="user/name, of letters, digits, “-”, “_” and “.”",
            found=to[:100],
            fix="Write your user name on the Hugging Face Hub, a slash and a name for the model.",
        )
    if not token:
        raise HubError(
            "There is no token for the Hugging Face Hub.",
            expected="a token of yours with the right to write",
            fix="Make one on huggingface.co under Settings, Access Tokens; give it here, or in HF_TOKEN.",
        )


def _refused(trouble: Exception, to: str, token: str) -> HubError:
    """What went wrong while talking to the Hub, in words that do not hold the token."""
    status = getattr(getattr(trouble, "response", None), "status_code", None)
    if any(kind.__name__ == "TransportError" for kind in type(trouble).__mro__):  # of the client's HTTP library
        status = "away"
    what, fix = {
        401: ("The Hugging Face Hub does not know this token.", "Copy it again; it may have been revoked."),
        403: (f"This token may not write to {to}.", "Give it the right to write, or choose a repository of yours."),
        "away": ("The Hugging Face Hub cannot be reached.", "Check the internet connection, then try again."),
    }.get(status, ("The Hugging Face Hub did not take the model.", "Try again later."))
    found = f"{type(trouble).__name__}: {trouble}".replace(token, "…")[:500]
    return HubError(what, expected=f"{to} to get a new version", found=found, fix=fix)
