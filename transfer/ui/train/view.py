"""What a run in training looks like: where it stands, how fast it is, what is to be said about it.

Everything is read from the run directory, so any browser that looks sees the same.
"""

from __future__ import annotations

from markupsafe import Markup

from transfer.advice.curves import advice_on_curves
from transfer.advice.refinement import refinement
from transfer.drawing import html
from transfer.drawing.panels import bar, error_panel, facts, notices, panel
from transfer.drawing.quantities import counted, percent
from transfer.errors import TransferError
from transfer.messages.endings import Died, Failed, Interrupted, Stopped
from transfer.messages.events import EarlyStopped, Noticed, Refined, Skipped, Started
from transfer.runs.changes import asked, in_words
from transfer.runs.last_words import end_of
from transfer.runs.progress import PHASE_WORDS, Progress, left, progress
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.ui.shared.run_summary import headline


def state(run: Run) -> Markup:
    """Where the run stands: what happens now, two bars, speed and memory; or how it ended."""
    status = run.status()
    parts = [headline(run)]
    if status.alive:
        now = progress(run)
        parts.append(_now(now.message if status.state == "running" else status.message, aria_live="polite"))
        parts.append(bar("This step", now.step_fraction, left(now.step_eta)))
        rounds = f"{now.epochs_done} of {now.epochs_total} rounds"
        parts.append(bar("Everything", now.fraction, " · ".join(filter(None, (rounds, now.left))), "t-overall"))
        parts.append(_measured(run, now))
    elif status.state == "queued":
        ahead = "It begins as soon as this machine is free." if status.place == 1 else "One run trains at a time."
        parts.append(_now(f"{status.message} {ahead}"))
    elif status.state == "paused":
        fix = "Press Go on whenever you like, in minutes or in weeks: it goes on exactly where it was."
        parts.append(
            panel("info", status.message, "Its memory was given back. If another run waits, that one goes on.", fix)
        )
    elif status.state == "interrupted":
        fix = "Press Resume to go on from the last finished round. Nothing that was learned until then is lost."
        last = run.log.last()
        told = error_panel(last.as_error) if isinstance(last, Interrupted) else None
        parts.append(told or panel("warning", "Training was interrupted.", status.message, fix))
    elif status.state == "failed":
        failed = run.log.newest(Failed)
        parts.append(error_panel(failed.as_error if failed else TransferError(status.message)))
    else:
        parts.append(_end(run, status))
    return html.join(parts)


def remarks(run: Run) -> Markup:
    """Advice on the curves, what the worker had to say, unreadable photos, and why a phase ended early."""
    found = [notices(advice_on_curves(run.config_at(), run.dataset, run.log.read()))]
    if changes := [in_words(change) for change in run.changes()]:
        found.append(panel("info", "Changed while it trained.", " ".join(changes)))
    if waiting := [asked(change) for change in run.pending_changes()]:
        found.append(
            panel("info", "Asked for; it comes with the next round.", " ".join(f"{each}." for each in waiting))
        )
    found += [panel("info", noticed.title, noticed.message) for noticed in run.log.all(Noticed)]
    found += [panel("info", *refinement(refined)) for refined in run.log.all(Refined)[-1:]]
    skipped = run.log.all(Skipped)
    if skipped:
        names = "; ".join(f"{event.path}: {event.reason}" for event in skipped[:8])
        more = f"; and {len(skipped) - 8} more" if len(skipped) > 8 else ""
        found.append(panel("warning", f"{counted(len(skipped), 'photo')} could no longer be read.", names + more))
    for ended in run.log.all(EarlyStopped):
        phase = PHASE_WORDS.get(ended.phase, ended.phase)
        reason = (
            f"Round {ended.epoch} of {phase}: no improvement on validation photos since "
            f"round {ended.best_epoch}, whose state is kept (early stopping)."
        )
        found.append(panel("info", "Ended early, because it no longer improved.", reason))
    inside = html.join(found)
    return html.div("t-notices")[inside] if inside else html.NOTHING


def log(run: Run) -> Markup:
    """The end of the worker's own log, folded; for failed and interrupted runs."""
    if run.status().state not in {"failed", "interrupted"}:
        return html.NOTHING
    died = run.log.newest(Died)
    text = end_of(run.worker_log) or (died.log_tail if died else "")
    if not text:
        return html.NOTHING
    title = html.summary["The end of the training program's log"]
    return html.details("t-fold")[title, html.pre("t-log")[text]]


def _now(message: str, **attributes: str) -> Markup:
    return html.p("t-now", **attributes)[message]


def _measured(run: Run, now: Progress) -> Markup:
    started = run.log.newest(Started)
    pairs: list[tuple[str, str]] = []
    if now.photos_per_second:
        pairs.append((f"{now.photos_per_second:,.0f}", "photos per second"))
    if now.memory_mb:
        pairs.append((f"{now.memory_mb / 1024:.1f} GB", "memory in use"))
    if started:
        pairs.append((started.device, "trains on"))
    return html.div("t-small")[facts(pairs)] if pairs else html.NOTHING


def _end(run: Run, status: Status) -> Markup:
    metrics = run.metrics()
    title = "Finished." if status.state == "finished" else "Stopped."
    if metrics is None:
        stopped = run.log.newest(Stopped)
        return panel("info", title, stopped.message if stopped else "No photos were left to test it with.")
    result = (
        f"It is right on {percent(metrics.accuracy)} of the {metrics.measured_on(run.dataset)}; "
        f"always guessing “{metrics.baseline_class}” would give {percent(metrics.baseline)}."
    )
    if status.state == "stopped":
        result = f"The best state so far was kept. {result}"
    return panel("good", title, result, "Look at the results, try it with a photo, or take the model away.")
