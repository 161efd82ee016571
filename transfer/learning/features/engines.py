"""The engines of one run: for each part of the frozen network the fastest there is, found again or made, until they are
given back. What one is and how it is made is in `engine`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from transfer.learning.features.compiled import FeatureSpec
from transfer.learning.features.engine import Engine, OpenVINOEngine, kept_engine, open_engine
from transfer.learning.features.stage import Stage
from transfer.learning.reporter import Reporter


class Arithmetic(Protocol):
    """What of a `device.Device` matters here."""

    @property
    def gpus(self) -> tuple[str, ...]: ...
    @property
    def mixed_precision(self) -> bool: ...
    @property
    def replicas(self) -> int: ...


class Engines:
    """Those of one run.

    Args:
        folder: where they are kept, for all runs.
        device: what the run trains on.
        reporter: where it is told that one is being made.
        reserve: bytes of the disk that the run needs for something else.
    """

    def __init__(self, folder: Path, device: Arithmetic, reporter: Reporter, reserve: int = 0) -> None:
        self._folder, self._reporter, self._reserve = folder, reporter, reserve
        # OpenVINO is for one processor with 32 bits.
        self._tensorflow = bool(device.gpus) or device.mixed_precision or device.replicas > 1
        self._open: dict[FeatureSpec, Engine] = {}

    def of(self, stage: Stage) -> Engine:
        """The engine of a stage, made now if there is none yet."""
        if stage.network not in self._open:
            self._reporter.begin("loading", "Getting the frozen part of the network ready for this machine.", 0)
            self._reporter.say()
            if self.kept(stage.network) is None:
                self._make(stage)
        return self._open[stage.network]

    def kept(self, network: FeatureSpec) -> OpenVINOEngine | None:
        """The engine kept for a part, which is used from now on; None where there is none that would be used."""
        known = self._open.get(network)
        if known is None and not self._tensorflow and (found := kept_engine(network, self._folder)) is not None:
            self._keep(network, found)
            return found
        return known if isinstance(known, OpenVINOEngine) else None

    def release(self) -> None:
        """Give back their memory until they are needed again."""
        self._open.clear()

    def _make(self, stage: Stage) -> None:
        began = time.monotonic()
        engine = open_engine(stage.model, stage.network, self._folder, gpu=self._tensorflow, reserve=self._reserve)
        self._keep(stage.network, engine)
        if isinstance(engine, OpenVINOEngine):
            self._reporter.once(time.monotonic() - began)
        elif not self._tensorflow:
            self._reporter.notice("Looking at the photos takes longer than it could.", f"{engine.description}.")

    def _keep(self, network: FeatureSpec, engine: Engine) -> None:
        print(f"The frozen part of the network runs on {engine.description}.", flush=True)
        self._open[network] = engine
