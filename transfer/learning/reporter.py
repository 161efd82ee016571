"""Reporter: how far the work is, told at most twice a second, and what got in its way.

Everything that takes long in a worker reports through one `Reporter`. It writes `progress`, `skipped` and `notice`
events; it decides nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque

from transfer.learning.memory import forget_peak, peak_megabytes, resident_megabytes
from transfer.messages.events import Noticed, Progressed, Skipped, Spent
from transfer.runs.job import Job

BEAT = 0.5  # seconds between two progress events
TRAINING = {"train", "validate"}
WINDOW = 15.0  # seconds over which the speed is averaged


class Reporter:
    """The one voice of a worker.

    Args:
        job: whose log to write; the caller holds its lock.
    """

    def __init__(self, job: Job) -> None:
        self._log = job.log
        self.skipped: set[str] = set()
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._memory: defaultdict[str, float] = defaultdict(float)
        self._looked = self._stored = 0
        self._stage, self._around = "loading", "loading"
        self._since, self._apart = time.monotonic(), 0.0
        self._next_beat = 0.0
        self.begin("loading", "Getting ready.", 0)

    # ------------------------------------------------------------------ how far

    def begin(self, stage: str, message: str, total: int, unit: str = "photos", *, done: int = 0) -> None:
        """A stretch of work begins.

        Args:
            stage: loading, features, train, validate, evaluate, refine or export.
            message: what is happening, for people.
            total: how many units it has; `done` of them lie behind already.
            unit: photos or steps.
        """
        self._turn(stage)
        self._message, self._total, self._unit, self.done = message, total, unit, done
        self._photos = 0
        self._marks: deque[tuple[float, int, int]] = deque([(time.monotonic(), 0, done)])

    def turn_to(self, stage: str, message: str, total: int) -> None:
        """Another part of the same stretch of work, which may have become longer; what is done, and how fast, stays."""
        self._turn(stage)
        self._message, self._total = message, total

    def _turn(self, stage: str) -> None:
        if stage == self._stage or {stage, self._stage} <= TRAINING:
            self._stage = stage
            return
        now, over = time.monotonic(), self._stage
        if over == "features":  # what of it was not looking at photos belongs to what needed that
            over = self._around
        elif over in TRAINING:
            over = "train"
        elif over == "loading" and "train" in self._spent:
            over = "export"  # the whole network, which only the file needs
        self._spent[over] += now - self._since - self._apart
        self._memory[over] = max(self._memory[over], peak_megabytes())
        forget_peak()
        if stage not in {"features", "loading"}:
            self._around = stage
        self._stage, self._since, self._apart = stage, now, 0.0

    def looked(self, photos: int, size: int, seconds: float) -> None:
        """Frozen layers looked at so many photos, and so many bytes of that are kept."""
        self._looked, self._stored, self._apart = self._looked + photos, self._stored + size, self._apart + seconds
        self._spent["features"] += seconds

    def once(self, seconds: float) -> None:
        """Something took so long that no later run on this machine has to do again."""
        self._apart += seconds

    def tell_spent(self) -> None:
        """The work is done: what it took."""
        self._turn("")
        self._log.append(
            Spent(
                seconds={stage: round(max(seconds, 0.0), 3) for stage, seconds in self._spent.items()},
                memory_mb=dict(self._memory),
                looked=self._looked,
                stored=self._stored,
            )
        )

    def advance(self, done: int, photos: int = 0) -> None:
        """`done` units lie behind now, `photos` more photos than at the last call."""
        self.done = done
        self._photos += photos
        now = time.monotonic()
        if now < self._next_beat:
            return
        self._next_beat = now + BEAT
        self._marks.append((now, self._photos, done))
        while len(self._marks) > 2 and self._marks[0][0] < now - WINDOW:
            self._marks.popleft()
        self.say()

    def warm_up(self, done: int, photos: int = 0) -> None:
        """`advance`, for what took longer because it was the first of its kind: no speed is reckoned from it."""
        self.done, self._photos = done, self._photos + photos
        self._marks = deque([(time.monotonic(), self._photos, done)])
        self.say()

    def reach(self, done: int) -> None:
        """`advance`, for work that is counted in photos."""
        self.advance(done, done - self.done)

    def say(self) -> None:
        """Write where things stand, now."""
        began, photos, done = self._marks[0]
        seconds = max(time.monotonic() - began, 1e-6)
        pace = (self.done - done) / seconds
        progressed = Progressed(
            stage=self._stage,
            message=self._message,
            done=self.done,
            total=self._total,
            unit=self._unit,
            photos_per_second=round((self._photos - photos) / seconds, 2) if self._photos > photos else None,
            eta_seconds=round((self._total - self.done) / pace, 1) if pace > 0 else None,
            memory_mb=resident_megabytes(),
        )
        self._log.append(progressed, durable=False)

    # ------------------------------------------------------------------ what got in the way

    def skip(self, path: str, reason: str) -> None:
        """A photo could not be read although it could when the photos were checked. Told once per photo."""
        if path not in self.skipped:
            self.skipped.add(path)
            self._log.append(Skipped(path=path, reason=reason))

    def notice(self, title: str, message: str) -> None:
        """Something the user should know although it stops nothing; told once per job."""
        print(f"{title} {message}", flush=True)
        if not any(noticed.message == message for noticed in self._log.all(Noticed)):
            self._log.append(Noticed(title=title, message=message))
