"""What is remembered of photos for the next run, as the page shows and clears it."""

from pathlib import Path

import numpy as np

from transfer.feature_store.store import FeatureStore
from transfer.ui.past_runs.tab import cleared, remembered


def test_remembered_features_are_shown_and_cleared(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "features")
    assert "0 MB of 10 GB" in remembered(store)
    assert "0 MB freed" in cleared(store)
    with store.open({"network": "one"}, (1000,)) as features:
        features.append([bytes([number]) * 32 for number in range(1, 251)] * 2, np.ones((500, 1000)))
        features.append([bytes([number]) * 32 for number in range(1, 251)], np.ones((250, 1000)), view=1)
        assert "1 MB of 10 GB" in remembered(store)
        assert "in training uses was kept" in cleared(store)
        assert store.size() > 1_000_000
    told = cleared(store)
    assert "1 MB freed" in told and "0 MB of 10 GB" in told
    assert store.size() == 0
