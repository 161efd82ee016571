"""The lines the design draws: who may import whom, TensorFlow only in `learning`, Gradio only in `ui`."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "transfer"

# Every room of the package, with the others it may import; each line needs only lines above it.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "door": {"errors"},
    "disk": {"errors"},
    "home": set(),
    "setting": {"errors"},
    "config": {"errors", "setting"},
    "formats": {"errors"},
    "networks": {"errors", "home", "config"},
    "messages": {"errors", "networks"},
    "dataset": {"errors", "home"},
    "samples": {"dataset"},
    "costs": {"config", "networks", "messages", "dataset"},
    "feature_store": set(),
    "advice": {"config", "networks", "messages", "dataset"},
    "runs": {"errors", "setting", "disk", "home", "config", "messages", "dataset", "costs", "feature_store"},
    "drawing": {"errors", "advice", "runs"},
    "report": {"config", "formats", "messages", "dataset", "advice", "runs", "drawing"},
    "processes": {"errors", "disk", "messages", "dataset", "runs"},
    "learning": {
        "errors", "disk", "config", "formats", "networks", "messages", "dataset", "costs", "feature_store", "runs",
        "processes",
    },
    "commands": {
        "errors", "disk", "home", "config", "formats", "networks", "messages", "dataset", "samples", "costs", "advice",
        "runs", "report", "processes",
    },
    "cli": {
        "errors", "disk", "home", "config", "formats", "messages", "dataset", "advice", "runs", "processes", "commands",
    },
    "ui": {
        "errors", "door", "setting", "config", "drawing", "formats", "networks", "messages", "dataset", "feature_store",
        "advice", "runs", "commands",
    },
    "__init__": set(),
    "__main__": {"cli"},
    "app": {"errors", "home", "door", "runs", "processes", "commands", "ui"},
}  # fmt: skip


def files() -> list[Path]:
    return [ROOT / "app.py", *PACKAGE.rglob("*.py")]


def room(file: Path) -> str:
    """The room of a file: a folder of the package, or a module beside the folders."""
    return file.relative_to(PACKAGE if file.is_relative_to(PACKAGE) else ROOT).parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """The modules that a file imports anywhere in it, and whatever it imports from them."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports relative to itself"
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def importers(*packages: str) -> set[str]:
    """The rooms with a file that imports one of these packages."""
    return {room(file) for file in files() if {name.split(".")[0] for name in imported(file)} & set(packages)}


def test_every_file_is_in_a_room() -> None:
    assert {room(file) for file in files()} == set(ALLOWED)


def test_the_table_has_no_circles() -> None:
    above: set[str] = set()
    for name, others in ALLOWED.items():
        assert others <= above, f"{name} needs {others - above}"
        above.add(name)


@pytest.mark.parametrize("name", ALLOWED)
def test_imports_point_one_way(name: str) -> None:
    for file in files():
        if room(file) == name:
            ours = {module.split(".")[1] for module in imported(file) if module.startswith("transfer.")}
            assert ours <= ALLOWED[name] | {name, "__init__"}, file


def test_tensorflow_lives_in_learning_only() -> None:
    assert importers("tensorflow", "keras") == {"learning"}


def test_gradio_lives_in_ui_only() -> None:
    assert importers("gradio") <= {"ui", "app"}


def test_the_page_is_built_without_what_takes_long_to_load(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.page_imports", str(tmp_path)]
    result = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_photo_reader_travels_alone() -> None:
    """`dataset/photo.py` is copied into every export: it may not need anything of this project."""
    assert not any(name.startswith("transfer") for name in imported(PACKAGE / "dataset" / "photo.py"))


def test_names_say_something() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
    assert not [place for place in PACKAGE.rglob("*") if set(place.stem.split("_")) & empty]


def test_a_wheel_has_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {file.parent.relative_to(ROOT) for file in PACKAGE.rglob("*.*") if file.parent.name != "__pycache__"}
    assert set(settings["packages"]) == {".".join(folder.parts) for folder in folders}
