"""Training: the two phases of transfer learning, epoch by epoch, resumable exactly.

First the head alone, on features computed once; then, where layers are unfrozen, the whole network at a lower learning
rate, starting from the head's best epoch. What is kept is the best epoch of both phases by validation loss (training
loss where there are no validation photos), so fine-tuning never makes the result worse. What an epoch does follows from
(seed, phase, epoch) and the last checkpoint alone. Evaluation and export come after this, in `worker`.
"""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from transfer.config import RunConfig
from transfer.dataset.catalog import Dataset, Split
from transfer.errors import TrainingError
from transfer.learning import checkpoints, features
from transfer.learning.device import Device, use_precision
from transfer.learning.model import Classifier, build, freeze
from transfer.learning.pipeline import Key, PhotoSource, Source, steps
from transfer.learning.reporter import Reporter, Stopped
from transfer.learning.steps import Network, Score, Steps, Tally
from transfer.runs.run import Run


@dataclass(frozen=True)
class Phase:
    """One of the two phases; `index` is its part of the key an epoch's order follows from."""

    name: str
    index: int
    epochs: int
    learning_rate: float
    words: str


@dataclass
class State:
    """Where training stands between two epochs; with the variables in `last.npz` all that a resume needs.

    Attributes:
        phase, epoch: epochs of this phase that are done.
        step: epochs of both phases that are done.
        value: the lowest loss so far over both phases, and None before the first epoch.
        phase_value, phase_epoch: the lowest loss of this phase, and its epoch.
        wait: epochs of this phase without improvement.
        phase_over: nothing more to do in this phase.
        events: what the last epoch has to tell; in the log, or about to be.
    """

    phase: str = "head"
    epoch: int = 0
    step: int = 0
    value: float | None = None
    phase_value: float | None = None
    phase_epoch: int = 0
    wait: int = 0
    phase_over: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)


def phases(config: RunConfig) -> list[Phase]:
    """The phases that have epochs, in order."""
    head = Phase("head", 0, config.head_epochs, config.head_learning_rate, "the new layers learn")
    tune = Phase(
        "fine_tune", 1, config.fine_tune_epochs, config.fine_tune_learning_rate, "the unfrozen layers are adjusted"
    )
    return [phase for phase in (head, tune) if phase.epochs and (phase is head or config.fine_tunes)]


def class_weights(config: RunConfig, dataset: Dataset) -> np.ndarray:
    """What a photo of each class counts, (classes,) float32, with a mean of 1 over the training photos.

    The weights are photos / (classes × photos of the class), as scikit-learn's "balanced".
    """
    counts = dataset.counts()["train"].to_numpy()
    uneven = counts.max() >= 2 * max(counts.min(), 1)
    if config.class_weights == "off" or (config.class_weights == "auto" and not uneven):
        return np.ones(len(counts), np.float32)
    return (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)


def optimizer(config: RunConfig, learning_rate: float, total_steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of one phase with its schedule; under mixed precision it scales the loss by itself."""
    rate: Any = learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, max(total_steps, 1))
    made: keras.optimizers.Optimizer = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
    }[config.optimizer]()
    if keras.config.dtype_policy().compute_dtype == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    return made


class Training:
    """The training of one run in this process.

    Args:
        run: its directory; the caller holds the run's lock.
        device: what to train on.
        reporter: where progress goes.
    """

    def __init__(self, run: Run, device: Device, reporter: Reporter) -> None:
        self.config, self.dataset = run.config, run.dataset
        self._run, self._device, self._reporter = run, device, reporter
        self._last, self._best = run.checkpoints_dir / "last.npz", run.checkpoints_dir / "best.npz"
        self._features_dir = run.path / "features"
        found = checkpoints.read_state(self._last)
        self.resumed_from: int | None = found["step"] if found else None
        self._state = State(**found) if found else State(phase=phases(self.config)[0].name)
        self._sources: dict[str, features.FeatureSource] = {}
        self._classifier: Classifier | None = None

    # ------------------------------------------------------------------ the whole of it

    def train(self) -> bool:
        """Train whatever is left to train.

        Returns:
            Whether it went to its end; False when the user stopped it.

        Raises:
            TrainingError: when the loss is no longer a number.
            WeightsError, ConfigError: from building the network.
        """
        self._tell(self._state.events)
        plan = phases(self.config)
        if self._state.phase == plan[-1].name and self._state.phase_over:
            return True
        self._reporter.begin("loading", f"Building the network {self.config.backbone}.", 0)
        self._reporter.say()
        use_precision(self._device)
        with self._device.strategy.scope():
            self._classifier = build(self.config, len(self.dataset.classes))
        try:
            for phase in plan[[phase.name for phase in plan].index(self._state.phase) :]:
                if not self._phase(phase):
                    return False
        except Stopped:
            return False
        return True

    def result(self) -> Classifier | None:
        """The network with the weights of the best epoch, in 32 bits on one device; None when there was no epoch."""
        best = checkpoints.read_state(self._best)
        if best is None:
            return None
        reusable = self._device.replicas == 1 and not self._device.mixed_precision
        classifier = self._classifier if reusable else None
        if classifier is None:
            use_precision(None)
            classifier = build(self.config, len(self.dataset.classes))
        self._restore_best(classifier)
        return classifier

    def forget_features(self) -> None:
        """Free the disk space of the features; they can be computed again."""
        self._sources.clear()
        shutil.rmtree(self._features_dir, ignore_errors=True)

    # ------------------------------------------------------------------ one phase

    def _phase(self, phase: Phase) -> bool:
        """Train one phase, or the rest of it. False when stopped."""
        state, classifier = self._state, self._classifier
        assert classifier is not None
        if state.phase != phase.name:
            self._state = state = State(phase=phase.name, step=state.step, value=state.value)
        if state.phase_over:
            return True
        if state.epoch == 0 and self._best.is_file():
            self._restore_best(classifier)  # the phase before ends with its best epoch
        freeze(classifier, phase.name, self.config.frozen_layers)
        variables = classifier.model.trainable_variables
        if state.epoch == 0 and self._best.is_file():
            # From here on more variables change, and going back to the best means going back with all of them.
            checkpoints.save(self._best, {"phase": phase.name}, weights=variables)

        train, train_network, validation, measure_network = self._sources_of(phase)
        with self._device.strategy.scope():
            rule = optimizer(self.config, phase.learning_rate, phase.epochs * steps(train))
            rule.build(variables)
        if state.epoch:
            checkpoints.restore(self._last, weights=variables, optimizer=rule.variables)
        compiled = Steps(
            self._device,
            variables,
            rule,
            train_network,
            measure_network,
            class_weights(self.config, self.dataset),
        )
        if not self._log_has("phase", phase=phase.name):
            self._run.log.append(
                "phase",
                phase=phase.name,
                epochs=phase.epochs,
                learning_rate=phase.learning_rate,
                trainable_parameters=sum(math.prod(variable.shape) for variable in variables),
                photos=train.photos,
            )
        per_epoch = steps(train) + (steps(validation) if validation else 0)
        self._reporter.begin("train", "", phase.epochs * per_epoch, "steps", done=state.epoch * per_epoch)
        while not state.phase_over:
            if not self._epoch(phase, compiled, train, validation, variables, rule):
                return False
        return True

    def _sources_of(self, phase: Phase) -> tuple[Source, Network, Source | None, Network]:
        """Where training and validation samples come from, and which network takes them."""
        assert self._classifier is not None
        whole = self._classifier.model
        parts = features.cut(self._classifier)
        train: Source = self._photos("train", self.config.augmentation)
        validation: Source | None = self._photos("validation") if self.dataset.of("validation") else None
        if phase.name != "head":
            return train, whole, validation, whole
        extract = features.Extractor(parts.lower, self._device)
        # Validation photos are never varied, so their features serve even when those of the training photos cannot.
        if validation:
            validation = self._features("validation", extract)
        if self.config.augmentation != "off":
            return train, whole, validation, parts.upper
        return self._features("train", extract), parts.upper, validation, parts.upper

    def _photos(self, split: Split, augmentation: str = "off") -> PhotoSource:
        assert self._classifier is not None
        size, batch = self._classifier.image_size, self.config.batch_size
        return PhotoSource(self.dataset, split, size, batch, self._reporter.skip, augmentation)

    def _features(self, split: Split, extract: features.Extractor) -> features.FeatureSource:
        if split not in self._sources:
            photos, folder = self._photos(split), self._features_dir
            self._sources[split] = features.compute(extract, photos, folder, split, self._reporter)
        return self._sources[split]

    # ------------------------------------------------------------------ one epoch

    def _epoch(
        self, phase: Phase, compiled: Steps, train: Source, validation: Source | None, variables: Any, rule: Any
    ) -> bool:
        state, reporter, epoch = self._state, self._reporter, self._state.epoch + 1
        key = (self.config.seed, phase.index, epoch)
        reporter.turn_to("train", f"Round {epoch} of {phase.epochs}: {phase.words}.")
        self._reseed(key)
        began = time.monotonic()
        score, whole = self._pass(compiled.train, train, phase, epoch, key)
        if score is None and not whole:
            return False
        trained = time.monotonic() - began
        measured: Score | None = None
        if whole and validation:
            reporter.turn_to("validate", f"Round {epoch} of {phase.epochs}: looking at the validation photos.")
            measured, whole = self._pass(compiled.measure, validation, phase, epoch)
        if score is None:
            raise _nothing_left()
        value = measured.loss if measured else score.loss
        better = state.value is None or (whole and value < state.value)
        event = {
            "event": "epoch",
            "phase": phase.name,
            "epoch": epoch,
            "step": state.step + 1,
            "loss": score.loss,
            "accuracy": score.accuracy,
            "val_loss": measured.loss if measured and whole else None,
            "val_accuracy": measured.accuracy if measured and whole else None,
            "learning_rate": float(tf.convert_to_tensor(rule.learning_rate).numpy()),
            "seconds": round(time.monotonic() - began, 4),
            "photos_per_second": round(score.photos / max(trained, 1e-6), 2),
            "memory_mb": reporter.memory_mb(),
            "partial": not whole,
            "best": better,
        }
        if better:
            checkpoints.save(self._best, {"phase": phase.name}, weights=variables)
        if not whole:  # not a state to go on from: the checkpoint stays at the epoch before
            self._tell([event])
            return False
        self._advance(phase, value, better, event)
        checkpoints.save(self._last, asdict(state), weights=variables, optimizer=rule.variables)
        self._tell(state.events)
        return not reporter.stop_requested()

    def _pass(
        self, step: Any, source: Source, phase: Phase, epoch: int, key: Key | None = None
    ) -> tuple[Score | None, bool]:
        """One time through a source. Returns the score so far and whether it went to the end."""
        tally, reporter, whole = Tally(), self._reporter, True
        for batch in source.batches(key):
            if reporter.stop_requested():
                whole = False
                break
            tally.add(step(batch))
            if reporter.advance(reporter.done + 1, batch.photos):
                self._check(tally.score(), phase, epoch)
        score = tally.score()
        self._check(score, phase, epoch)
        return score, whole

    def _advance(self, phase: Phase, value: float, better: bool, event: dict[str, Any]) -> None:
        """Early stopping and the best so far, after a whole epoch."""
        state = self._state
        state.epoch += 1
        state.step += 1
        state.value = value if better else state.value
        if state.phase_value is None or value < state.phase_value:
            state.phase_value, state.phase_epoch, state.wait = value, state.epoch, 0
        else:
            state.wait += 1
        state.events = [event]
        patience = self.config.early_stopping_patience
        if state.epoch >= phase.epochs:
            state.phase_over = True
        elif patience and state.wait >= patience:
            state.phase_over = True
            state.events.append(
                {
                    "event": "early_stopped",
                    "phase": phase.name,
                    "epoch": state.epoch,
                    "best_epoch": state.phase_epoch,
                }
            )

    def _check(self, score: Score | None, phase: Phase, epoch: int) -> None:
        """Raises TrainingError when the loss is no longer a number."""
        if score is None or math.isfinite(score.loss):
            return
        rate = phase.learning_rate
        setting = "head_learning_rate" if phase.name == "head" else "fine_tune_learning_rate"
        raise TrainingError(
            f"The loss became {'infinite' if math.isinf(score.loss) else 'NaN (not a number)'} in round {epoch}: "
            "the corrections were so large that the network fell apart.",
            expected="a loss that is a number and sinks",
            found=f"a learning rate of {rate:g} ({setting})",
            fix=f"Start again with a learning rate of {rate / 10:g} or {rate / 100:g}.",
        )

    # ------------------------------------------------------------------ small parts

    def _reseed(self, key: Key) -> None:
        """Dropout of an epoch follows from its key, not from how many epochs this process has seen."""
        assert self._classifier is not None
        for number, layer in enumerate(self._classifier.head.layers):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                seeds = np.random.default_rng((*key, number)).integers(0, 2**31 - 1, generator.state.shape)
                generator.state.assign(seeds.astype(generator.state.dtype))

    def _restore_best(self, classifier: Classifier) -> None:
        best = checkpoints.read_state(self._best)
        assert best is not None
        freeze(classifier, best["phase"], self.config.frozen_layers)
        checkpoints.restore(self._best, weights=classifier.model.trainable_variables)

    def _tell(self, events: list[dict[str, Any]]) -> None:
        """Log events once, also when this process takes over from one killed between checkpoint and log."""
        for event in events:
            told = {name: event[name] for name in ("phase", "epoch") if name in event}
            if not self._log_has(event["event"], **told):
                self._run.log.append(**event)

    def _log_has(self, kind: str, **fields: Any) -> bool:
        return any(
            event["event"] == kind
            and not event.get("partial")
            and all(event.get(name) == value for name, value in fields.items())
            for event in self._run.log.read()
        )


def _nothing_left() -> TrainingError:
    return TrainingError(
        "Not one training photo could be read any more.",
        expected="the photos to stay where they were when they were checked",
        fix="Check that the folder is still there (a removed disk?), then start again.",
    )
