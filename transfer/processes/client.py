"""The client of a program that answers questions (see `serving`), such as the prediction server, which needs Keras.

One line of JSON goes in, one comes out, one question at a time. The process starts at the first question, is started
anew when it has died, and ends when its standard input closes, so it never outlives the page.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from transfer.errors import RunError, StoppedError, TransferError
from transfer.messages.questions import A, Question
from transfer.runs.last_words import end_of

PREDICTION_SERVER = (sys.executable, "-m", "transfer.learning.prediction_server")


@dataclass
class _Asked:
    """A question that somebody waits for; `at_work` while the process is at it."""

    question: Question[Any]
    at_work: bool = False
    stopped: bool = False


class Client:
    """A program of one's own that answers.

    Args:
        log_file: where its stderr goes.
        command: its command line.
        name: what it is called, in words.
    """

    def __init__(
        self, log_file: Path, command: tuple[str, ...] = PREDICTION_SERVER, name: str = "prediction server"
    ) -> None:
        self.log_file, self.command, self.name = log_file, command, name
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._turn = threading.Lock()
        self._prepared: Question[Any] | None = None
        self._asked: list[_Asked] = []

    def prepare(self, question: Question[Any]) -> None:
        """Have the process get ready for what will be asked, without waiting; once, however often this is called."""
        if question != self._prepared:
            self._prepared = question
            threading.Thread(target=self._prepare, args=(question,), name="get ready", daemon=True).start()

    def _prepare(self, question: Question[Any]) -> None:
        with contextlib.suppress(TransferError):  # whoever asks in earnest is told
            self.ask(question)

    def ask(self, question: Question[A], *, timeout: float = 300.0) -> A:
        """Ask one question and wait for its answer.

        Args:
            question: what to ask.
            timeout: seconds; a process that takes longer is ended.

        Raises:
            TransferError: what the process answered when the user can put it right.
            StoppedError: when somebody called `stop` with this question.
            RunError: when the process died or took too long.
        """
        asked = _Asked(question)
        self._asked.append(asked)
        try:
            return self._answer(asked, timeout)
        finally:
            self._asked.remove(asked)

    def stop(self, question: Question[Any]) -> bool:
        """End the process if it is at this question, and forget the question if it waits. Whether anybody asked it."""
        found = [asked for asked in self._asked if asked.question == question]
        for asked in found:
            asked.stopped = True
        process = self._process
        if process is not None and any(asked.at_work for asked in found):
            process.kill()  # whoever asked clears up
        return bool(found)

    def _answer(self, asked: _Asked, timeout: float) -> Any:
        question = asked.question
        with self._turn:
            if asked.stopped:
                raise _stopped(question)
            asked.at_work = True
            process = self._running()
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(question.to_dict()) + "\n")
                process.stdin.flush()
                line = self._answers.get(timeout=timeout)
            except (BrokenPipeError, queue.Empty) as trouble:
                line = None
                slow = isinstance(trouble, queue.Empty)
            else:
                slow = False
            if line is None:
                self._end(kill=True)
                if asked.stopped:
                    raise _stopped(question)
                raise RunError(
                    f"The {self.name} took longer than {timeout:.0f} seconds."
                    if slow
                    else f"The {self.name} ended unexpectedly.",
                    expected=f"an answer to “{question.kind}”",
                    found=end_of(self.log_file, 3) or "nothing in its log",
                    fix=f"Try again. If it happens again, the whole log is in {self.log_file}.",
                )
        answer = json.loads(line)
        if "error" in answer:
            raise TransferError.from_dict(answer["error"])
        return question.read(answer["ok"])

    def close(self) -> None:
        """End the process."""
        self._end(kill=False)

    # ------------------------------------------------------------------ the process

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._end(kill=True)
            with self._log() as log:
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    encoding="utf-8",
                )
            self._answers, self._prepared = queue.Queue(), None
            threading.Thread(target=_forward, args=(self._process, self._answers), name="answers", daemon=True).start()
        return self._process

    def _log(self) -> BinaryIO:
        try:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            return self.log_file.open("wb")
        except OSError:  # a full disk, or one that can only be read: it can answer all the same
            return Path(os.devnull).open("wb")

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()  # end of input: the process leaves by itself
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stopped(question: Question[Any]) -> StoppedError:
    return StoppedError(f"“{question.kind}” was stopped.", fix="Nothing of it is left; ask for it again if you like.")


def _forward(process: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    """Move answers from the pipe to the queue; None says that the process has ended."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            answers.put(line)
    answers.put(None)
