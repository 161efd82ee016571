"""The worker: `python -m transfer.learning.worker RUN_DIR` trains, evaluates and exports one run, then ends.

With `--standby` in place of the directory it loads everything first and waits for the directory on its standard input,
one line; when the input ends without one, so does it. A GPU is not touched until then.

It holds the run's lock for as long as it lives and tells everything through the run's event log. Its output goes to
worker.log. Exit code 0 when the run is finished or was stopped by the user, 1 otherwise.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from transfer.errors import RunError, TrainingError, TransferError
from transfer.messages.events import Evaluated, Exported, Failed, Finished, Started, Stopped
from transfer.networks.backbones import BACKBONES
from transfer.runs.run import Run
from transfer.runs.status import TERMINAL

LOCK_TIMEOUT = 10.0  # seconds; readers hold the lock for an instant when they probe it
M_ARENA_MAX = -8  # of glibc's malloc.h


def main(arguments: list[str]) -> int:
    """Work on the run directory given as the only argument, or on standard input."""
    if len(arguments) != 1:
        print("usage: python -m transfer.learning.worker RUN_DIR | --standby", file=sys.stderr)
        return 1
    if arguments == ["--standby"]:
        return _stand_by()
    try:
        run = Run(Path(arguments[0]))
        with run.lock.acquire(timeout=LOCK_TIMEOUT):
            return _work(run)
    except Timeout:
        print(f"Another process is working on {arguments[0]}.", file=sys.stderr)
        return 1
    except RunError as error:
        print(error, file=sys.stderr)
        return 1


def _stand_by() -> int:
    """Load everything, then work on the run whose directory comes in."""
    given: list[str] = []

    def listen() -> None:
        # In a thread, so that whatever goes wrong while loading is in the log of a run that is waiting already.
        line = os.fsdecode(sys.stdin.buffer.readline()).rstrip("\n")
        if not line:
            os._exit(0)  # whoever started this is gone
        log = os.open(Path(line) / "worker.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for place, file in ((0, nothing), (1, log), (2, log)):
            os.dup2(file, place)
        given.append(line)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    _load()
    listener.join()
    return main(given)


def _load() -> None:
    """Everything that takes seconds and does not depend on the run."""
    from transfer.learning.analysis import (
        evaluation,  # noqa: F401
        prediction,  # noqa: F401
    )
    from transfer.learning.export import exporter as export  # noqa: F401
    from transfer.learning.features import compiled
    from transfer.learning.training import trainer as training  # noqa: F401

    with contextlib.suppress(ImportError):
        compiled.openvino()
    _practise()


def _practise() -> None:
    """Train a head of no use: the first time takes TensorFlow about a second longer. Not where a GPU would be used."""
    import numpy as np
    import tensorflow as tf

    from transfer.config import RunConfig
    from transfer.learning import device
    from transfer.learning.model.classifier import new_head
    from transfer.learning.training.phases import optimizer
    from transfer.learning.training.steps import Steps, Table

    if device.describe()[1]:
        return
    config = RunConfig(hidden_units=2)
    head = new_head(config, 2)
    head(np.zeros((2, 2), np.float32))
    variables, rule = head.trainable_variables, optimizer(config, 1e-3, 1)
    rule.build(variables)
    steps = Steps(device.choose(), variables, rule, head, head, np.ones(2, np.float32))
    table = Table.of([np.zeros((2, 2), np.float16)], np.zeros(2, np.int32), np.ones(2, np.float32))
    order = tf.zeros((1, 2), tf.int64)
    for some in (steps.train_some, steps.measure_some):
        some(table, order, 0, 1, tf.zeros(3))


def _work(run: Run) -> int:
    """Everything, and whatever happens one event that says how it ended. The caller holds the lock."""
    if run.status().state in TERMINAL:
        print(f"This run is over: {run.status().message}", file=sys.stderr)
        return 1
    try:
        with _memory_in_words(run):
            _train_and_measure(run)
        return 0
    except TransferError as error:
        print(error, file=sys.stderr)
        run.log.append(Failed.of(error))
    except Exception as mistake:
        traceback.print_exc()
        found = TrainingError(
            "Training ended because of a mistake in the program, not in your settings.",
            found=f"{type(mistake).__name__}: {str(mistake)[:500]}",
            fix="Try once more. If it happens again, report it with the file worker.log from the run's folder.",
        )
        run.log.append(Failed.of(found))
    return 1


def _train_and_measure(run: Run) -> None:
    from transfer.learning import device as devices
    from transfer.learning.analysis.evaluation import evaluate
    from transfer.learning.analysis.prediction import Predictor
    from transfer.learning.export.exporter import export
    from transfer.learning.reporter import Reporter
    from transfer.learning.training.trainer import Training

    device = devices.choose()
    reporter = Reporter(run)
    training = Training(run, device, reporter)
    run.log.append(Started(device=device.description, resumed_from=training.resumed_from))
    print(f"{run.name}: training on {device.description}", flush=True)
    try:
        whole = training.train()
        best = training.result()
    finally:
        training.close()
    if best is None:
        run.log.append(Stopped(message="Stopped before the first round, so there is no model.", model=False))
        return

    predictor = Predictor(best.model, run.dataset.classes)
    photos = run.dataset.of("test") or run.dataset.of("validation")
    if photos:
        reporter.begin("evaluate", "Trying the best round on photos it did not learn from.", len(photos))
        reporter.say()
        metrics = evaluate(
            predictor,
            run.dataset,
            run.evaluation_dir,
            run.config.batch_size,
            unreadable=reporter.skip,
            seen=reporter.reach,
        )
        told = ("split", "accuracy", "low", "high", "baseline", "photos")
        run.log.append(Evaluated(**{name: getattr(metrics, name) for name in told}))
    reporter.begin("export", "Writing the model, and checking that the file says what the app says.", 1, "steps")
    reporter.say()
    made = export(run, "keras", predictor)
    run.log.append(
        Exported(
            format=made.format,
            zip=made.zip.relative_to(run.path).as_posix(),
            megabytes=round(made.megabytes, 3),
            milliseconds_per_photo=made.parity.milliseconds_per_photo,
            max_difference=made.parity.max_difference,
        )
    )
    if whole:
        run.log.append(Finished())
    else:
        run.log.append(Stopped(message="Stopped by you; the best state so far was kept and measured.", model=True))


@contextlib.contextmanager
def _memory_in_words(run: Run) -> Iterator[None]:
    """Turn every way in which memory runs out into one error that says what to try."""
    import tensorflow as tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError, tf.errors.InternalError) as trouble:
        text = str(trouble)
        ours = not isinstance(trouble, tf.errors.InternalError) or "memory" in text.lower() or "alloc" in text.lower()
        if not ours:
            raise
        traceback.print_exc()
        config = run.config
        record = BACKBONES.get(config.backbone)
        size = config.image_size or (record.image_size if record else None)
        smaller = f"a photo size of {max(size // 2, 32)} (image_size)" if size else "a smaller photo size (image_size)"
        raise TrainingError(
            "Memory ran out.",
            expected="room for a batch of photos and everything the network computes from them",
            found=f"{config.batch_size} photos per step (batch_size)" + (f" of {size} pixels" if size else ""),
            fix=f"Start again with a batch size of {max(config.batch_size // 2, 1)}, or {smaller}.",
        ) from trouble


def _share_one_heap() -> None:
    """Let all threads allocate from one heap; call it before there are any.

    By default glibc gives them several, and each keeps the most it ever held, so that memory would grow with the number
    of photos. Other C libraries have no such thing.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


if __name__ == "__main__":
    _share_one_heap()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
