"""Runs programs in processes divided off before this one computed something; prints what the second one said, and
whether a missing one was told as such."""

import subprocess
import sys
from pathlib import Path

from transfer.learning.export import fresh

if __name__ == "__main__":
    fresh.keep_ready()
    import tensorflow as tf

    assert float(tf.reduce_sum(tf.ones((3, 3)))) == 9
    folder = Path(sys.argv[1])
    nobody_reads = fresh.Program(folder, ["look.py", "first"])
    print(fresh.Program(folder, ["look.py", "second"]).output().strip())
    try:
        fresh.Program(folder, ["missing.py"]).output()
    except subprocess.CalledProcessError as trouble:
        print("FileNotFoundError" in trouble.stderr)
