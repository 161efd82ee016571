"""Opens a kept engine; prints how far it is from Keras, and which of the large packages that took."""

import sys
from pathlib import Path

from transfer.learning.features.engine import Engine

if __name__ == "__main__":
    engine = Engine.cached(Path(sys.argv[1]), sys.argv[2])
    assert engine is not None
    print(engine.difference, [name for name in sys.modules if name in ("tensorflow", "keras")])
