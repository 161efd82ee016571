"""Outcome: the network that training led to, that of the best epoch or refined, to be measured and taken away.

How it came about is `trainer`'s business.
"""

from __future__ import annotations

import keras
import numpy as np

from transfer.dataset.dataset import Dataset, Split
from transfer.learning.analysis.calibration import temperature
from transfer.learning.analysis.prediction import with_features
from transfer.learning.analysis.trust import Trust
from transfer.learning.device import use_precision
from transfer.learning.features.extraction import NotKept
from transfer.learning.inbox import Stopped
from transfer.learning.model.classifier import Classifier, build
from transfer.learning.model.depths import refined
from transfer.learning.pipeline import PhotoSource
from transfer.learning.training.callbacks.best_weights import BestWeights
from transfer.learning.training.data import EpochData, PhaseDataLoader
from transfer.learning.training.phases import class_weights, phase
from transfer.learning.training.refinement import Refinement, looked_at, refine
from transfer.learning.training.setup import Setup
from transfer.learning.training.trusting import Look, through, trust


class Outcome:
    """What came of the training of one run.

    Args:
        setup: of its training.
        data: what its phases see of a split.
        best: the weights of its best epoch.
    """

    def __init__(self, setup: Setup, data: PhaseDataLoader, best: BestWeights) -> None:
        self._config, self._dataset, self._device = setup.config, setup.dataset, setup.device
        self._reporter, self._inbox, self._extractor = setup.reporter, setup.inbox, setup.extractor
        self._network, self._data, self._best = setup.network, data, best
        self._refinement: Refinement | None = None
        self._temperature = 1.0

    @property
    def exists(self) -> bool:
        """Whether there was an epoch."""
        return self._best.phase is not None

    def measured(self, split: Split) -> EpochData:
        """A split, and the network with the weights of the best epoch, in 32 bits.

        As in training, what frozen layers say is computed once and kept; where the head was best over photos that are
        known, the rest of the network need not even be built.
        """
        self._inbox.finish()
        if not self._reusable:
            size, batch_size = self._network.image_size, self._config.batch_size
            photos = PhotoSource(self._dataset, split, size, batch_size, self._reporter.skip)
            return EpochData(photos, self.result().model)
        use_precision(None)
        if self._refinement is not None:
            return self._data.measured_at_all_depths(split, self._refined_head(), self._refinement.choice.mirrored)
        self._restore_trained()
        assert self._best.phase is not None
        return self._data.measured(phase(self._config, self._best.phase), split)

    def calibrate(self) -> bool:
        """Choose the temperature that makes the answers to validation photos the best probabilities.

        It goes into the last layer, so `measured` and `result`, and all that is exported, answer with it. A refined
        head has its own.

        Returns:
            Whether answers are others from now on.
        """
        if self._refinement is not None or not self._dataset.of("validation"):
            return False
        self._temperature = temperature(*answers(self.measured("validation")))
        return self._temperature != 1

    def refine(self) -> Refinement | None:
        """Compute a better head from what the frozen network sees, after the best epoch was measured; see `refinement`.

        Where it is better, `measured` and `result` are of it from now on.

        Returns:
            What came of it; None where there is none to be had, or the user asked to stop.
        """
        if not self._network.config.refines or not self._reusable or self._best.phase is None:
            return None
        self._inbox.go_on()
        message = "Looking for a better answer at several depths of the network; the first one is safe."
        self._reporter.begin("refine", message, 0)
        self._reporter.say()
        self._best.restore_trained()
        head = self._network.head
        try:
            refinement = refine(
                self._config,
                self._dataset,
                self._network.parts,
                self._data.features,
                lambda rows: np.asarray(head(rows.astype(np.float32), training=False)),
                class_weights(self._config, self._dataset),
            )
        except (Stopped, NotKept):
            return None
        finally:
            self._inbox.finish()
            self._extractor.engines.release()
        if refinement.better:
            self._refinement = refinement
        return refinement

    def trust(self) -> Trust | None:
        """What the model of `result` knows of its limits; None where there are too few photos to tell.

        Call it last: the progress that is shown is not of it.
        """
        self._inbox.finish()
        refinement = self._refinement
        left_out = (refinement.learned_from, refinement.left_out) if refinement else None
        kept = self._reusable and self._best.phase == "head"
        try:
            return trust(self._dataset, self._look if kept else self._look_at_photos(), not kept, left_out)
        except NotKept:
            return trust(self._dataset, None, False, left_out)
        finally:
            self._extractor.engines.release()

    def _look(self, photos: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the frozen network sees in training photos; see `trusting.Look`."""
        mirrored = self._refinement is not None and self._refinement.choice.mirrored
        rows, _, real = looked_at(photos, self._data.features, mirrored)
        rows = rows[:, -self._network.parts[-1] :]
        if self._refinement is not None:
            return rows, np.empty((len(rows), 0)), real
        self._restore_trained()
        return rows, np.asarray(self._network.head(rows, training=False)), real

    def _look_at_photos(self) -> Look:
        model, classes = with_features(self.result().model), len(self._dataset.classes)
        size, batch_size = self._network.image_size, self._config.batch_size

        def look(photos: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            source = PhotoSource(photos, "train", size, batch_size, self._reporter.skip)
            return through(model, source.batches(), classes)

        return look

    def result(self) -> Classifier:
        """The network with the weights of the best epoch, or refined, in 32 bits on one device.

        There must be a result.
        """
        use_precision(None)
        if self._refinement is not None:
            choice = self._refinement.choice
            head = self._refined_head(None if choice.share else self._network.parts[-1])
            return refined(self._network.classifier(), head, inner=choice.share > 0, mirrored=choice.mirrored)
        classifier = self._network.classifier() if self._reusable else build(self._config, len(self._dataset.classes))
        self._best.restore(classifier)
        _temper(classifier.head, self._temperature)
        return classifier

    def _restore_trained(self) -> None:
        self._best.restore_trained()
        _temper(self._network.head, self._temperature)

    def _refined_head(self, last: int | None = None) -> keras.Sequential:
        """The refined head: one layer that takes the features of all depths, or the `last` so many of them."""
        assert self._refinement is not None
        kernel, bias = self._refinement.kernel[-last if last else 0 :], self._refinement.bias
        answer = keras.layers.Dense(len(bias), activation="softmax", name="answer", dtype="float32")
        head = keras.Sequential([keras.Input(kernel.shape[:1]), answer], name="head")
        answer.set_weights([kernel, bias])
        return head

    @property
    def _reusable(self) -> bool:
        """Whether the network that was trained is one of 32 bits on one device."""
        return self._device.replicas == 1 and not self._device.mixed_precision


def answers(data: EpochData) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (photos, classes) for the photos that can be read, and their labels (photos,)."""
    said, labels = [], []
    for batch in data.source.batches():
        real = batch.valid > 0
        said.append(np.asarray(data.network(batch.inputs.astype(np.float32), training=False))[real])
        labels.append(batch.labels[real])
    return np.concatenate(said), np.concatenate(labels)


def _temper(head: keras.Sequential, temperature: float) -> None:
    """Multiply what goes into the softmax by a temperature."""
    if temperature != 1:
        last = head.layers[-1]
        last.set_weights([temperature * each for each in last.get_weights()])
