"""When a backbone is a file, and what is said when it is not there."""

from pathlib import Path

import pytest

from transfer.errors import ConfigError
from transfer.networks.custom import custom_path, is_custom


@pytest.mark.parametrize(
    ("name", "custom"),
    [
        ("mine.keras", True),
        (" ~/a b/mine.keras ", True),
        (".keras", True),
        ("MobileNetV2", False),
        ("mine.h5", False),
        ("mine.keras/x", False),
        ("", False),
    ],
)
def test_a_file_is_told_from_a_name(name: str, custom: bool) -> None:
    assert is_custom(name) == custom


def test_a_file_is_found_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "mine.keras").touch()
    assert custom_path(" ~/mine.keras ") == tmp_path / "mine.keras"


@pytest.mark.parametrize(("name", "found"), [("folder.keras", "a folder"), ("~nobody/x.keras", "nothing")])
def test_what_is_no_file_is_named(name: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ConfigError, match="There is no file") as refused:
        custom_path(name)
    assert refused.value.found.startswith(found)
