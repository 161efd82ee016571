"""What a run in training looks like: where it stands, how fast it is, what is to be said about it. HTML only.

Everything is read from the run directory, so any browser that looks sees the same.
"""

from __future__ import annotations

import time
from html import escape

from transfer.advice import curves as diagnosis
from transfer.errors import TransferError
from transfer.messages.events import Died, EarlyStopped, Failed, Noticed, Skipped, Started, Stopped
from transfer.processes.last_words import end_of
from transfer.runs.progress import PHASE_WORDS, Progress, duration, progress
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.ui.results.figures import percent
from transfer.ui.shared.curves import curves
from transfer.ui.shared.panels import error_panel, facts, notices, panel

STATES = {
    "queued": "waiting",
    "running": "training",
    "stopping": "stopping",
    "interrupted": "interrupted",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
}


def headline(run: Run, status: Status) -> str:
    """The run's name and state."""
    when = time.strftime("%d %b, %H:%M", time.localtime(run.created))
    return (
        f'<div class="t-headline"><b>{escape(run.name)}</b>'
        f'<span class="t-state t-{status.state}">{STATES[status.state]}</span><span>{when}</span></div>'
    )


def state(run: Run) -> str:
    """Where the run stands: what happens now, two bars, speed and memory; or how it ended."""
    status = run.status()
    parts = [headline(run, status)]
    if status.alive:
        now = progress(run)
        parts.append(f'<p class="t-now" aria-live="polite">{escape(_now(status, now))}</p>')
        parts.append(_bar("This step", now.step_fraction, _left(now)))
        rounds = f"{now.epochs_done} of {now.epochs_total} rounds"
        parts.append(_bar("All rounds (epochs)", now.fraction, rounds, "t-overall"))
        parts.append(_measured(run, now))
    elif status.state == "queued":
        ahead = "It begins as soon as this machine is free." if status.place == 1 else "One run trains at a time."
        parts.append(f'<p class="t-now">{escape(status.message)} {ahead}</p>')
    elif status.state == "interrupted":
        fix = "Press Resume to go on from the last finished round. Nothing that was learned until then is lost."
        parts.append(panel("warning", "Training was interrupted.", status.message, fix))
    elif status.state == "failed":
        failed = run.log.newest(Failed)
        parts.append(error_panel(failed.as_error if failed else TransferError(status.message)))
    else:
        parts.append(_end(run, status))
    return "".join(parts)


def charts(run: Run) -> str:
    """The curves, with room for the rounds still to come while it trains."""
    planned = run.config.total_epochs if run.status().alive else None
    return curves(run.history(), planned)


def remarks(run: Run) -> str:
    """Advice on the curves, what the worker had to say, unreadable photos, and why a phase ended early."""
    said = notices(diagnosis.during(run.config, run.dataset, run.log.read()))
    for noticed in run.log.all(Noticed):
        said += panel("info", noticed.title, noticed.message)
    skipped = run.log.all(Skipped)
    if skipped:
        names = "; ".join(f"{event.path}: {event.reason}" for event in skipped[:8])
        more = f"; and {len(skipped) - 8} more" if len(skipped) > 8 else ""
        said += panel("warning", f"{_count(len(skipped), 'photo')} could no longer be read.", names + more)
    for ended in run.log.all(EarlyStopped):
        words = (
            f"Round {ended.epoch} of {PHASE_WORDS[ended.phase]}: no improvement on validation photos since "
            f"round {ended.best_epoch}, whose state is kept (early stopping)."
        )
        said += panel("info", "Ended early, because it no longer improved.", words)
    return f'<div class="t-notices">{said}</div>' if said else ""


def log(run: Run) -> str:
    """The end of the worker's own log, folded; for failed and interrupted runs."""
    if run.status().state not in {"failed", "interrupted"}:
        return ""
    died = run.log.newest(Died)
    text = end_of(run.worker_log) or (died.log_tail if died else "")
    if not text:
        return ""
    return (
        f'<details class="t-fold"><summary>The end of the training program\'s log</summary>'
        f'<pre class="t-log">{escape(text)}</pre></details>'
    )


def _now(status: Status, now: Progress) -> str:
    return status.message if status.state == "stopping" else now.message


def _left(now: Progress) -> str:
    return f"about {duration(now.eta_seconds)} left" if now.eta_seconds else ""


def _bar(name: str, share: float, words: str, kind: str = "") -> str:
    return (
        f'<div class="t-progress {kind}" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}" aria-label="{escape(name)}"><div><span>{escape(name)}</span>'
        f'<span>{escape(words)}</span></div><div class="t-track"><div style="--share:{share:.4f}"></div></div></div>'
    )


def _measured(run: Run, now: Progress) -> str:
    started = run.log.newest(Started)
    pairs: list[tuple[str, str]] = []
    if now.photos_per_second:
        pairs.append((f"{now.photos_per_second:,.0f}", "photos per second"))
    if now.memory_mb:
        pairs.append((f"{now.memory_mb / 1024:.1f} GB", "memory in use"))
    if started:
        pairs.append((started.device, "trains on"))
    return f'<div class="t-small">{facts(pairs)}</div>' if pairs else ""


def _end(run: Run, status: Status) -> str:
    metrics = run.metrics()
    title = "Finished." if status.state == "finished" else "Stopped."
    if metrics is None:
        stopped = run.log.newest(Stopped)
        return panel("info", title, stopped.message if stopped else "No photos were left to test it with.")
    words = (
        f"It is right on {percent(metrics.accuracy)} of the {metrics.photos} {metrics.split} photos; "
        f"always guessing “{metrics.baseline_class}” would give {percent(metrics.baseline)}."
    )
    if status.state == "stopped":
        words = f"The best state so far was kept. {words}"
    return panel("good", title, words, "Look at the results, try it with a photo, or take the model away.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
