"""EfficientNet-Lite0 without its top, with its installed weights, as a file that plain Keras reads: for `tutorial.py`.

python -m tests.benchmarks.lite_base FILE.keras SIZE
"""

from __future__ import annotations

import sys

from transfer.config import RunConfig
from transfer.learning.model.classifier import build

if __name__ == "__main__":
    build(RunConfig(backbone="EfficientNetLite0", image_size=int(sys.argv[2])), 2).backbone.save(sys.argv[1])
