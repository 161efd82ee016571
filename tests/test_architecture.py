"""The two lines the design draws: TensorFlow only in `learning`, Gradio only in `ui`; and nobody imports upwards."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "transfer"


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def importers(*prefixes: str) -> set[str]:
    return {
        str(file.relative_to(ROOT))
        for file in [ROOT / "app.py", *PACKAGE.rglob("*.py")]
        if any(name == p or name.startswith(p + ".") for name in imported(file) for p in prefixes)
    }


def test_tensorflow_lives_in_learning_only() -> None:
    files = importers("tensorflow", "keras")
    assert files and all(file.startswith("transfer/learning/") for file in files)


def test_gradio_lives_in_ui_only() -> None:
    files = importers("gradio")
    assert files and all(file.startswith("transfer/ui/") or file == "app.py" for file in files)


def test_imports_point_one_way() -> None:
    assert all(file.startswith("transfer/learning/") for file in importers("transfer.learning"))
    assert all(file.startswith("transfer/ui/") or file == "app.py" for file in importers("transfer.ui"))
    below = {file for file in importers("transfer.runs") if file.startswith("transfer/dataset/")}
    assert not below


def test_the_page_is_built_without_what_takes_long_to_load(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from transfer.ui.page import build; from transfer.ui.context import Context;"
        "from transfer.commands.desk import Desk; from transfer.runs.workspace import Workspace;"
        f"p = Path({str(tmp_path)!r}); build(Context(Desk.open(Workspace(p), [p], p)));"
        "print([m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'keras', 'matplotlib')])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_photo_reader_travels_alone() -> None:
    """`dataset/photo.py` is copied into every export: it may not need anything of this project."""
    assert not any(name.startswith("transfer") for name in imported(PACKAGE / "dataset" / "photo.py"))


def test_names_say_something() -> None:
    empty = {"utils.py", "helpers.py", "manager.py", "common.py"}
    assert not [file for file in PACKAGE.rglob("*.py") if file.name in empty]


def test_a_wheel_has_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {file.parent.relative_to(ROOT) for file in PACKAGE.rglob("*.*") if file.parent.name != "__pycache__"}
    assert settings["package-dir"] == {"transfer.assets": "assets"}
    assert settings["package-data"]["transfer.assets"] == ["pocket.npz"]
    assert set(settings["packages"]) == {".".join(folder.parts) for folder in folders} | {"transfer.assets"}
