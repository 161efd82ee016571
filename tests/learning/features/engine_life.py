"""A whole life of an engine: importing, translating, keeping, loading, running. Prints what it is, connections to other
machines, and whatever of the reporting package was imported."""

import sys
from pathlib import Path

import psutil

from tests.learning.features.test_engine import SPEC, lower, photos
from transfer.learning.features.engine import open_engine

if __name__ == "__main__":
    for _ in range(2):
        engine = open_engine(lower, SPEC, Path(sys.argv[1]))
    engine.run(photos(2))
    connections = [connection for connection in psutil.Process().net_connections() if connection.raddr]
    reporting = [name for name, module in sys.modules.items() if "telemetry" in name and module is not None]
    print(type(engine).__name__, connections, reporting, sep="|")
