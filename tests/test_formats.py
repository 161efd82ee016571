"""The records of formats: what they tell people to install exists, and nobody has to guess what they are for."""

import re
import tomllib
from pathlib import Path

from transfer.formats import FORMATS

ROOT = Path(__file__).parent.parent


def test_what_installs_a_converter_is_in_pyproject() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for kind in FORMATS.values():
        for name in re.findall(r"\[(\w+)\]", kind.extra.command if kind.extra else ""):
            assert name in extras
            assert f"transfer[{name}]" in extras["test"], "the tests run with it"


def test_titles_and_files_tell_formats_apart() -> None:
    assert len({kind.title for kind in FORMATS.values()}) == len(FORMATS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in FORMATS), "each is in the table of the README"
