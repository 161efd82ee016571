"""Heat maps as the prediction server makes them: by Keras, by the engine, the same numbers, and for the class asked."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from transfer.errors import ConfigError
from transfer.learning.analysis.explained import ExplainedModel
from transfer.learning.analysis.prediction import load
from transfer.runs.run import Run


def test_the_engine_makes_the_maps_that_keras_makes(trained: Run, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    shutil.copytree(trained.path, tmp_path / "runs" / trained.id)
    run = Run(tmp_path / "runs" / trained.id)

    def not_needed(run: Run) -> None:
        raise AssertionError("Keras was asked although the maps had been translated")

    photo, labels = str(run.dataset.path(run.dataset.of("test")[0])), run.dataset.classes
    model = ExplainedModel(run, load)
    slow = model.explain(photo, labels)
    assert not model.ready and list(slow.maps) == list(labels)
    assert np.shape(slow.maps[labels[0]]) == (4, 4), "as the last maps of the network are"
    assert np.sum([slow.maps[label] for label in labels], axis=0) == pytest.approx(0, abs=1e-3)
    other = ExplainedModel(run, not_needed)  # type: ignore[arg-type]
    model.prepare()
    assert model.ready
    other.prepare()
    assert other.explain(photo, labels).maps, "kept by somebody else in between"

    again = ExplainedModel(run, not_needed)  # type: ignore[arg-type]
    assert again.ready
    fast = again.explain(photo, labels[1:])
    assert list(fast.maps) == list(labels[1:])
    assert np.array(fast.maps[labels[1]]) == pytest.approx(np.array(slow.maps[labels[1]]), abs=1e-3)
    assert again.explain("nowhere.jpg", labels).error and not again.explain("nowhere.jpg", labels).maps
    with pytest.raises(ConfigError, match="does not know the class “zebra”"):
        again.explain(photo, ["zebra"])


def test_a_network_that_cannot_be_taken_apart_is_built_once_and_named(trained: Run, tmp_path: Path) -> None:
    shutil.copytree(trained.path, tmp_path / "runs" / trained.id)
    run, built = Run(tmp_path / "runs" / trained.id), []

    def strange(run: Run) -> SimpleNamespace:
        photos = keras.Input((8, 8, 3))
        built.append(keras.Model(photos, keras.layers.Dense(2)(keras.layers.Flatten()(photos))))
        return SimpleNamespace(model=built[-1])

    model = ExplainedModel(run, strange)  # type: ignore[arg-type]
    model.prepare()
    for _ in range(2):
        error = model.explain("any.jpg", run.dataset.classes).error
        assert error and "cannot be taken apart" in error["what"]
    assert len(built) == 1
