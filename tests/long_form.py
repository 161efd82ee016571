"""Tests that repeat, for minutes, what shorter ones show: they run with `LONG=1` in the environment."""

import os

import pytest

long_form = pytest.mark.skipif("LONG" not in os.environ, reason="the long form: LONG=1")
