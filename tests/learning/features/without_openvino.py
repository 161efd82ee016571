"""Opens an engine where OpenVINO is missing; prints what it is, and the shape of what it answers."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.modules["openvino"] = None  # type: ignore[assignment]  # importing it becomes an ImportError
    from tests.learning.features.test_engine import SPEC, lower, photos
    from transfer.learning.features.engine import open_engine

    engine = open_engine(lower, SPEC, Path(sys.argv[1]))
    print(type(engine).__name__, engine.run(photos(1)).shape, engine.description, sep="|")
