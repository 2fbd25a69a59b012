"""Walls that no linter sees: what is loaded when, where effects live, how long a file is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "wizard").rglob("*.py"), *(ROOT / "screens").rglob("*.py")])
EFFECTS = ("host", "change", "probing", "sandbox", "cli")
"""Rooms that may start programs, read the clock or write."""


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 else parts[0]


def _loaded(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_whole_engine_loads_without_a_screen_library() -> None:
    every = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.parts[len(ROOT.parts)] == "wizard" and path.name not in {"__main__.py", "__init__.py"}
    ]
    loaded = _loaded("\n".join(f"import {name}" for name in every))
    assert not {name for name in loaded if name.split(".")[0] in {"textual", "rich"}}


def test_help_loads_neither_cryptography_nor_a_screen_library() -> None:
    loaded = _loaded("from wizard.cli.main import build_parser\nbuild_parser(None)")
    assert not {
        name for name in loaded if name.split(".")[0] in {"cryptography", "OpenSSL", "textual", "rich", "asyncio"}
    }


def test_the_facade_loads_without_cryptography() -> None:
    assert "cryptography" not in _loaded("import wizard.session.session")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= (250 if _room(path) == "screens" else 450)


CALLS = {
    "the clock": {("datetime", "now"), ("time", "time"), ("datetime", "utcnow"), ("date", "today")},
    "a file's change": {
        ("os", "replace"),
        ("os", "rename"),
        ("os", "unlink"),
        ("os", "chmod"),
        ("os", "chown"),
        ("shutil", "move"),
    },
}


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if _room(path) not in EFFECTS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_effects_stay_in_their_rooms(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = {
        (node.func.value.id, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {
        node.module.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    for what, calls in CALLS.items():
        assert not found & calls, what
    assert "subprocess" not in imported


def test_nothing_names_this_machine() -> None:
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split("\n")
    # The checkout itself, not the folder around it: that may be one that everybody has, like the temporary one.
    home = re.compile(rf"{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/\.")
    for name in files:
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".svg", ".sh", ".java", ""}:
            assert not home.search(path.read_text(errors="replace")), name
