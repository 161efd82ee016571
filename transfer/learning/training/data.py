"""PhaseData: what a phase learns from, which is kept features of what stays frozen in it, or, where that is impossible
or not wanted, the photos through the whole network.

How features are computed and kept is in `extraction`, what is done with the data in `trainer`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transfer.dataset.dataset import Dataset, Split
from transfer.learning.features.extraction import NotKept
from transfer.learning.features.source import MeanOfTwo
from transfer.learning.features.table import Table
from transfer.learning.pipeline import PhotoSource, Source, steps
from transfer.learning.training.phases import Phase
from transfer.learning.training.setup import Setup
from transfer.learning.training.steps import Network


@dataclass(frozen=True)
class EpochData:
    """What one epoch goes over.

    Attributes:
        source: where the batches come from.
        network: takes them.
        table: all samples at once, where they fit in memory.
    """

    source: Source
    network: Network
    table: Table | None = None

    @property
    def photos(self) -> int:
        return self.source.photos

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return steps(self.source)


@dataclass(frozen=True)
class PhaseData:
    """What a phase learns from and, where there are any, the photos it is measured on."""

    train: EpochData
    validation: EpochData | None

    @property
    def steps(self) -> int:
        """Batches per epoch, of both."""
        return self.train.steps + (self.validation.steps if self.validation else 0)


class PhaseDataLoader:
    """Gets ready what each phase of a run learns from.

    Args:
        setup: of the training.
    """

    def __init__(self, setup: Setup) -> None:
        self._config, self._dataset, self._network = setup.config, setup.dataset, setup.network
        self._extractor, self._device, self._reporter = setup.extractor, setup.device, setup.reporter

    def load(self, phase: Phase) -> PhaseData:
        """Compute the features that are still missing.

        Raises:
            Stopped: when the user asked to stop; what was computed is kept.
        """
        validation = self._epoch_data(phase, "validation", "off") if self._dataset.of("validation") else None
        train = self._epoch_data(phase, "train", self._config.augmentation)
        self._extractor.engines.release()
        return PhaseData(train, validation)

    def measured(self, phase: Phase, split: Split) -> EpochData:
        """A split as a phase sees it, to be measured on; features that are missing are computed now."""
        data = self._epoch_data(phase, split, "off")
        self._extractor.engines.release()
        return data

    def measured_at_all_depths(self, split: Split, network: Network, mirrored: bool) -> EpochData:
        """As `measured`, for a network that takes the features of all depths, where wanted those of the mirror too."""
        stages, size = self._network.stages("head"), self._network.image_size
        photos, other = (
            PhotoSource(self._dataset, split, size, self._config.batch_size, self._reporter.skip, way)
            for way in ("off", "mirrored")
        )
        source = self._extractor.extract(stages, photos)
        mirror = self._extractor.extract(stages, other, 1) if mirrored else None
        self._extractor.engines.release()
        return EpochData(MeanOfTwo(source, mirror) if mirror else source, network)

    def features(self, photos: Dataset, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
        """What the whole frozen backbone says about training photos, or their mirror images, at all depths.

        Returns:
            Rows (photos, sum of parts), and which of the photos could be read, (photos,) bool.

        Raises:
            Stopped: when the user asked to stop.
            NotKept: when it cannot be kept.
        """
        size, skip = self._network.image_size, self._reporter.skip
        way = "mirrored" if mirrored else "off"
        source = PhotoSource(photos, "train", size, self._config.batch_size, skip, way)
        return self._extractor.extract(self._network.stages("head"), source, 1 if mirrored else 0).everything()

    def _epoch_data(self, phase: Phase, split: Split, augmentation: str) -> EpochData:
        config, reporter = self._config, self._reporter
        size, stages = self._network.image_size, self._network.stages(phase.name)
        views = config.augmentation_views if augmentation != "off" else 0
        photos = PhotoSource(self._dataset, split, size, config.batch_size, reporter.skip, augmentation)
        if not stages:
            reason = "there are hardly any frozen layers to remember."
        elif augmentation != "off" and not views:
            reason = "new variations were asked for in every round (0 views)."
        else:
            try:
                source = self._extractor.extract(stages, photos, views).narrowed(self._network.columns(phase.name))
                table = source.table() if self._device.replicas == 1 else None
                return EpochData(source, self._network.above(phase.name), table)
            except NotKept as trouble:
                reason = f"{trouble}."
        message = f"Every round of the phase “{phase.description}” runs the whole network on every photo: {reason}"
        reporter.notice("Nothing is remembered of the frozen layers.", message)
        return EpochData(photos, self._network.whole(phase.name))
