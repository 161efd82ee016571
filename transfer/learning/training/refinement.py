"""Refinement: a second, usually better head, computed in closed form after the first one has learned and was measured.

It is a ridge regression (`ridge`) upon what the frozen network sees at several depths (`model.depths`), where that
helps as the mean for the photo and its mirror image. How much the inner depths count, whether the mirror helps, how
strong the penalty is and how scores become probabilities are chosen by what the regression says about photos it did
not learn from; then it learns from training and validation photos together. It is taken only where it names at least
as many validation photos right as the head does. `tests/benchmarks/README.md` has what each of this gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.subset import subset
from transfer.learning.training.ridge import PENALTIES, Ridge, best_temperature, softmax

CHOOSING = 1500  # photos, at most, by which everything is chosen: the time grows with their cube
MIRRORED = 400  # photos, at most, by which is tried whether the mirror image is worth a second look at each photo
GAIN = 0.03  # share of the log loss that the mirror image must take away, for answers that take twice as long
SHARES = (0.0, 0.5, 1.0)  # what the inner depths may count beside the last one
AS_GOOD = 0.002  # difference of two log losses that is none
BLOCK = 2048  # photos that are added up at a time, where there are too many for one decomposition

Features = Callable[[Dataset, bool], tuple[np.ndarray, np.ndarray]]
"""(photos, whether mirrored) -> rows (photos, sum of parts), and which of them could be read, (photos,) bool."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        share: what the inner depths count beside the last one, 0 to 1.
        mirrored: whether an answer is for the mean of photo and mirror image.
        penalty: of the regression, as in `ridge.PENALTIES`.
        temperature: what its scores are multiplied by.
        loss: of the photos left out.
    """

    share: float
    mirrored: bool
    penalty: float
    temperature: float
    loss: float


@dataclass(frozen=True)
class Refinement:
    """A refined head beside the head that it was compared with.

    Attributes:
        choice: how it was made.
        kernel, bias: (n, classes) and (classes,) of the layer before the softmax.
        photos: validation photos that both were tried on.
        before, after: how many of them the head named right, and the refinement while it was learning from others.
        learned_from: some of the photos it learned from,
        left_out: and what it said of each, (photos, classes) probabilities, while it was learning from the others.
    """

    choice: Choice
    kernel: np.ndarray
    bias: np.ndarray
    photos: int
    before: int
    after: int
    learned_from: tuple[Photo, ...]
    left_out: np.ndarray

    @property
    def better(self) -> bool:
        """Whether to take it: as many right is enough, because it goes on to learn from the validation photos."""
        return self.after >= self.before


def refine(
    config: RunConfig,
    dataset: Dataset,
    parts: tuple[int, ...],
    features: Features,
    head: Callable[[np.ndarray], np.ndarray],
    class_weights: np.ndarray,
) -> Refinement:
    """Compute the refined head of a run.

    Args:
        config, dataset: of the run; there are training photos.
        parts: how wide the features of each depth are, the last one last.
        features: gets them.
        head: features of the last depth (photos, n) -> probabilities (photos, classes), of the head to compare with.
        class_weights: (classes,) what a photo of each class counts.
    """
    validation = {photo.path for photo in dataset.of("validation")}
    classes = len(dataset.classes)
    mirrored = config.mirrored_views == "on" or (
        config.mirrored_views == "auto" and _mirror_helps(config, dataset, parts, features, class_weights)
    )
    few = subset(dataset, max(CHOOSING // classes, 3))
    rows, labels, real = looked_at(few, features, mirrored)
    choice, left_out = choose(config, rows[real], labels[real], parts, mirrored, class_weights)

    read = real
    seen = np.array([photo.path in validation for photo in few.photos])[real]
    plain = rows if not mirrored else features(few, False)[0].astype(np.float32)
    said = head(plain[real][seen][:, -parts[-1] :])
    truth = labels[real][seen]

    everything = subset(dataset, len(dataset.photos))
    if len(everything.photos) > len(few.photos):
        rows, labels, real = looked_at(everything, features, mirrored)
    kernel, bias = _solved(rows[real], labels[real], parts, choice, class_weights)
    return Refinement(
        choice=choice,
        kernel=kernel * choice.temperature,
        bias=bias * choice.temperature,
        photos=len(truth),
        before=int((said.argmax(axis=1) == truth).sum()),
        after=int((left_out[seen].argmax(axis=1) == truth).sum()),
        learned_from=tuple(photo for photo, there in zip(few.photos, read, strict=True) if there),
        left_out=softmax(choice.temperature * left_out),
    )


def looked_at(photos: Dataset, features: Features, mirrored: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (photos, n) float32, labels (photos,) and which photos could be read (photos,)."""
    rows, real = features(photos, False)
    if mirrored:
        others, there = features(photos, True)
        rows, real = (rows.astype(np.float32) + others) / 2, real & there
    return rows.astype(np.float32), np.array([photo.label for photo in photos.photos]), real


def _mirror_helps(
    config: RunConfig, dataset: Dataset, parts: tuple[int, ...], features: Features, class_weights: np.ndarray
) -> bool:
    few = subset(dataset, max(MIRRORED // len(dataset.classes), 3))
    losses = []
    for mirrored in (False, True):
        rows, labels, real = looked_at(few, features, mirrored)
        losses.append(choose(config, rows[real], labels[real], parts, mirrored, class_weights)[0].loss)
    return losses[0] - losses[1] > max(GAIN * losses[0], AS_GOOD)


def choose(
    config: RunConfig,
    rows: np.ndarray,
    labels: np.ndarray,
    parts: tuple[int, ...],
    mirrored: bool,
    class_weights: np.ndarray,
) -> tuple[Choice, np.ndarray]:
    """The best choice, and its scores (photos, classes) for photos it did not learn from.

    Of choices that are as good it is the one with the highest penalty: where all photos are told apart, all are.

    Args:
        config: of the run; what somebody chose in it is not chosen here.
        rows: (photos, sum of parts) float32.
        labels: (photos,) int.
        parts: how wide the features of each depth are, the last one last.
        mirrored: whether the rows are means of photo and mirror image; only noted.
        class_weights: (classes,) what a photo of each class counts.
    """
    tried: list[tuple[Choice, np.ndarray]] = []
    for share in _shares(config, parts):
        factors = standard(rows, parts, share)
        ridge = Ridge(rows * factors, labels, len(class_weights), class_weights[labels])
        for penalty in PENALTIES if config.penalty is None else (config.penalty,):
            scores = ridge.left_out(penalty)
            temperature, loss = best_temperature(scores, labels)
            tried.append((Choice(share, mirrored, penalty, temperature, loss), scores))
    bound = AS_GOOD + min(choice.loss for choice, _ in tried)
    return max((each for each in tried if each[0].loss <= bound), key=lambda each: (each[0].penalty, -each[0].share))


def _shares(config: RunConfig, parts: tuple[int, ...]) -> Iterable[float]:
    if len(parts) == 1 or config.feature_depths == "last":
        return (0.0,)
    return SHARES[1:] if config.feature_depths == "several" else SHARES


def standard(rows: np.ndarray, parts: tuple[int, ...], share: float) -> np.ndarray:
    """What features are multiplied by, (n,), so that every depth has the weight it shall have.

    They are standardised half-way, by the geometric mean of their own spread and that of their depth: a spread taken
    from a few photos is itself uncertain, and a feature that hardly ever shows says little.
    """
    factors, begin = [], 0
    for depth, width in enumerate(parts):
        spread = rows[:, begin : begin + width].std(axis=0)
        typical = max(float(np.sqrt(np.mean(np.square(spread)))), 1e-12)
        halfway = np.where(spread > 1e-6 * typical, np.sqrt(spread * typical), np.inf)
        factors.append((1.0 if depth == len(parts) - 1 else share) / width**0.5 / halfway)
        begin += width
    return np.concatenate(factors).astype(np.float32)


def _solved(
    rows: np.ndarray, labels: np.ndarray, parts: tuple[int, ...], choice: Choice, class_weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The regression upon all photos: kernel (n, classes), bias (classes,), for features as they are."""
    factors = standard(rows, parts, choice.share)
    if len(rows) <= CHOOSING:
        ridge = Ridge(rows * factors, labels, len(class_weights), class_weights[labels])
        kernel, bias = ridge.solution(choice.penalty)
    else:
        kernel, bias = _normal_equations(rows, factors, labels, class_weights, choice.penalty)
    return factors[:, None] * kernel, bias


def _normal_equations(
    rows: np.ndarray, factors: np.ndarray, labels: np.ndarray, class_weights: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """`Ridge.solution` for any number of photos, in memory that does not grow with it."""
    targets, weights = np.eye(len(class_weights), dtype=np.float32)[labels], class_weights[labels].astype(np.float32)
    centre = (weights @ rows) * factors / weights.sum()
    mean = weights @ targets / weights.sum()
    gram = np.zeros((rows.shape[1],) * 2, np.float32)
    moment = np.zeros((rows.shape[1], len(class_weights)), np.float32)
    for begin in range(0, len(rows), BLOCK):
        block = slice(begin, begin + BLOCK)
        x = rows[block] * factors - centre
        gram += x.T @ (x * weights[block, None])
        moment += x.T @ ((targets[block] - mean) * weights[block, None])
    gram[np.diag_indices(len(gram))] += penalty * max(float(np.trace(gram)) / len(rows), 1e-12)
    kernel = np.linalg.solve(gram, moment)
    return kernel, mean - centre @ kernel
