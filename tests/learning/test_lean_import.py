"""Keras and TensorFlow without what they would use for tables and plots only; whoever else wants these gets them."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_they_do_without_and_others_need_not() -> None:
    program = [sys.executable, "-m", "tests.learning.lean"]
    said = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()
    assert [ast.literal_eval(line) for line in said[:2]] == [[], []]
    assert "'matplotlib', 'pandas'" in said[2] and said[2].endswith("(1, 1) matplotlib")
