"""Runs to report, as the page is tested with."""

from tests.ui.conftest import new_run, photos, workspace  # noqa: F401
