"""A workspace as the tests of runs have it."""

from tests.runs.conftest import workspace  # noqa: F401 - a fixture
