"""What the README repeats of the code must still be true."""

import re
import shlex
from pathlib import Path

from transfer.cli.main import parser
from transfer.config import RunConfig

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_run_config() -> None:
    table = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert table and table[1] == RunConfig.to_markdown(), "put RunConfig.to_markdown() there"


def test_every_command_shown_is_understood() -> None:
    shown = re.findall(r"^python -m transfer (.*?)(?:\s+#.*)?$", README, re.MULTILINE)
    assert len(shown) >= 8
    for command in shown:
        parser().parse_args(shlex.split(command.replace("…", "")))


def test_the_pictures_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).parent.parent / picture).is_file(), picture
