"""Memory: one heap for all threads, and sizes to try when it runs out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from transfer.config import RunConfig
from transfer.errors import TrainingError
from transfer.learning.memory import sizes_to_try


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has several heaps")
def test_all_threads_share_one_heap() -> None:
    def heaps(*arguments: str) -> int:
        command = [sys.executable, "-m", "tests.learning.heaps", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "not glibc" in done.stderr:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        return done.stdout.count("<heap nr=")

    assert heaps("shared") == 1 < heaps()


def test_a_lack_of_memory_ends_with_sizes_to_try() -> None:
    config = RunConfig(batch_size=24, image_size=96, backbone="MobileNet")
    with pytest.raises(TrainingError) as caught, sizes_to_try(config):
        _more_memory_than_there_is()
    assert "24 photos" in caught.value.found
    assert "batch size of 12" in caught.value.fix
    assert "48" in caught.value.fix


def _more_memory_than_there_is() -> None:
    import tensorflow as tf

    tf.zeros((2**20, 2**20, 2**10)) + 1.0
