"""Suspects: photos whose label does not go with what all the other photos say, found without training anything.

Confident learning (Northcutt, Jiang and Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels,
JAIR 70) on what a ridge regression upon the kept features says about each photo from all others (`ridge`, in closed
form). A class counts as certain of a photo when it is as probable as it is, on average, for the photos labelled so; a
photo is suspected when another class is certain of it and its own is not the most probable one. They are ordered by
the margin of the label: its probability less the highest other one. NumPy only.

cleanlab 2.5 with "confident_learning" and the normalised margin suspects the same photos, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from transfer.config import RunConfig
from transfer.learning.analysis.trust import unit
from transfer.learning.training.refinement import CHOOSING, choose
from transfer.learning.training.ridge import softmax

NEIGHBOURS = 5  # photos of the own class by which is judged whether one is like them
ODD = 3.5  # robust standard deviations from which on a photo is an odd one out (Iglewicz and Hoaglin 1993)
BLOCK = 1024  # photos that are compared with all others at a time


@dataclass(frozen=True)
class Opinion:
    """What the other photos say about each photo.

    Attributes:
        probabilities: (photos, classes), each from regressions that did not see the photo.
        labels: (photos,) int.
    """

    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """(photos,) the probability of the label."""
        own: np.ndarray = self.probabilities[np.arange(len(self.labels)), self.labels]
        return own

    @property
    def other(self) -> np.ndarray:
        """(photos,) the most probable class but for the label."""
        others = self.probabilities.copy()
        others[np.arange(len(self.labels)), self.labels] = -1
        return others.argmax(axis=1)

    @property
    def margin(self) -> np.ndarray:
        """(photos,) the probability of the label less the highest other one; the lower, the more suspicious."""
        margin: np.ndarray = self.own - self.probabilities[np.arange(len(self.labels)), self.other]
        return margin

    @property
    def mislabelled(self) -> np.ndarray:
        """(photos,) bool, whether confident learning suspects the label."""
        count = np.bincount(self.labels, minlength=self.probabilities.shape[1])
        total = np.zeros(len(count))
        np.add.at(total, self.labels, self.own)
        certain = np.where(count > 0, total / np.maximum(count, 1), np.inf)  # of a class, on average
        reached = np.where(self.probabilities >= certain, self.probabilities, -1.0)
        counted = reached.argmax(axis=1)
        suspected: np.ndarray = (reached.max(axis=1) >= 0) & (counted != self.labels) & (self.margin < 0)
        return suspected

    def uncertain(self) -> np.ndarray:
        """(photos,) the two most probable classes apart; the lower, the less certain."""
        best = np.sort(self.probabilities, axis=1)
        return best[:, -1] - best[:, -2]


def opinion(
    config: RunConfig, rows: np.ndarray, labels: np.ndarray, parts: tuple[int, ...], class_weights: np.ndarray
) -> Opinion:
    """Ask all other photos about each photo.

    More photos than one decomposition takes are asked in parts, each about itself, with what was best for the first.

    Args:
        config: of the run; what somebody chose in it is not chosen here.
        rows: (photos, sum of parts) features.
        labels: (photos,) int.
        parts: how wide the features of each depth are, the last one last.
        class_weights: (classes,) what a photo of each class counts.
    """
    probabilities = np.zeros((len(rows), len(class_weights)), np.float32)
    for part in _parts(labels):
        choice, scores = choose(config, rows[part].astype(np.float32), labels[part], parts, False, class_weights)
        config = replace(config, penalty=choice.penalty)
        probabilities[part] = softmax(choice.temperature * scores)
    return Opinion(probabilities, labels)


def _parts(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Positions in parts of at most about `CHOOSING`, each with its share of every class."""
    number = -(-len(labels) // CHOOSING)
    shuffled = np.random.default_rng(0).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    for begin in range(number):
        yield order[begin::number]


def odd_ones(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far each photo is from its own class, (photos,) in robust standard deviations of that class.

    The distance is the mean cosine distance to the `NEIGHBOURS` nearest photos of the class. A class with fewer than
    twice as many photos has no odd ones: 0.
    """
    rows = unit(rows)
    scores = np.zeros(len(rows))
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        if len(mine) < 2 * NEIGHBOURS:
            continue
        distance = np.empty(len(mine))
        for begin in range(0, len(mine), BLOCK):
            block = slice(begin, begin + BLOCK)
            nearest = -np.partition(-(rows[mine[block]] @ rows[mine].T), NEIGHBOURS, axis=1)[:, : NEIGHBOURS + 1]
            distance[block] = 1 - (nearest.sum(axis=1) - 1) / NEIGHBOURS  # but for itself, whose cosine is 1
        middle = np.median(distance)
        spread = 1.4826 * np.median(np.abs(distance - middle))
        scores[mine] = (distance - middle) / max(spread, 1e-6)
    return scores
