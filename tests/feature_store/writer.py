"""Rows whose values say which photo they belong to, and a process of its own that writes them.

As a program, `python -m tests.feature_store.writer FOLDER write|slow|told|stay|hold|small_disk FIRST STOP` adds what is
missing in blocks of 8 and says after each how far it is on disk. `told` then stays the writer until a line
comes in, `stay` keeps the set open until its standard input ends, and `hold` does nothing but that.
"""

from __future__ import annotations

import hashlib
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from transfer.feature_store.store import FeatureStore

KEY = {"backbone": "MobileNetV2", "image_size": 96}
SHAPE = (4, 5)
ROOT = Path(__file__).parents[2]


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def rows_of(numbers: range | list[int]) -> np.ndarray:
    """Rows that can be told from each other: every value says which photo it belongs to."""
    values = np.array([number % 2048 for number in numbers], np.float32)
    return np.tile(values[:, None, None], (1, *SHAPE))


def start(store: FeatureStore, do: str, first: int, stop: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.feature_store.writer", str(store.folder), do, str(first), str(stop)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def says(process: subprocess.Popen[str], word: str) -> str:
    """Wait for a line that begins so."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(word):
            return line.strip()
    raise AssertionError(f"the process ended without saying “{word}”")


def main(folder: str, do: str, first: int, stop: int) -> None:
    if do == "small_disk":  # a limit on the size of files stands in for a full disk: the same failing write
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with FeatureStore(Path(folder), 10**9).open(KEY, SHAPE) as features:
        if do == "hold":
            print("held", flush=True)
            sys.stdin.read()
        with features.writing(lambda: print("waiting", flush=True)):
            print("writing", flush=True)
            numbers = np.arange(first, stop)
            missing = numbers[features.positions([digest(n) for n in numbers]) < 0].tolist()
            print("missing", len(missing), flush=True)
            for begin in range(0, len(missing), 8):
                block = missing[begin : begin + 8]
                features.append([digest(n) for n in block], rows_of(block))
                print("done", block[-1], flush=True)
                if do in ("slow", "stay"):
                    time.sleep(0.05)
            if do == "told":
                sys.stdin.readline()
        if do == "stay":
            sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
