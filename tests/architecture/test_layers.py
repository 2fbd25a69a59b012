"""What the import linter does not see: cycles, what is loaded when, which packages may have effects."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.codes_in import parsed
from wizard.certificates.csr import KeyKind
from wizard.certificates.model import Role
from wizard.change.recover import AUTO, FINISH, KEEP, UNDO
from wizard.cli.arguments import KEYS, ROLES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "wizard").rglob("*.py"), *(ROOT / "screens").rglob("*.py")])
EFFECTS = ("host", "change", "probing", "sandbox", "cli")
"""Packages that may start programs, read the clock or write."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(node: ast.AST, known: set[str], *, types_too: bool) -> Iterator[str]:
    """The modules of *known* that *node* imports, at any depth."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) or (_is_type_checking(child) and not types_too):
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            for alias in child.names:
                below = f"{child.module}.{alias.name}"
                yield below if below in known else child.module
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        yield from imported(child, known, types_too=types_too)


def import_graph(files: dict[str, str], *, types_too: bool) -> dict[str, set[str]]:
    """Module to the modules that it imports; *files* is module to source."""
    known = set(files)
    return {
        name: {each for each in imported(parsed(source), known, types_too=types_too) if each in known} - {name}
        for name, source in files.items()
    }


def cycles(graph: dict[str, set[str]]) -> set[str]:
    """The modules that reach themselves: take away what imports nothing (more), and what nothing imports."""
    left = dict(graph)
    while True:
        importing = {name for name, to in left.items() if to & left.keys()}
        targets = {each for to in left.values() for each in to}
        kept = importing & targets
        if kept == left.keys():
            return kept
        left = {name: left[name] for name in kept}


@pytest.mark.parametrize(("package", "types_too"), [("wizard", True), ("screens", False)])
def test_no_import_cycle(package: str, *, types_too: bool) -> None:
    files = {module_name(path): path.read_text() for path in SOURCES if path.relative_to(ROOT).parts[0] == package}
    assert cycles(import_graph(files, types_too=types_too)) == set()


def test_the_search_for_cycles_finds_one() -> None:
    ring = {"a": "def f():\n    import b", "b": "from c import x", "c": "import a", "d": "import a", "e": ""}
    assert cycles(import_graph(ring, types_too=False)) == {"a", "b", "c"}
    typed = {"a": "import b", "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a"}
    assert cycles(import_graph(typed, types_too=True)) == {"a", "b"}
    assert cycles(import_graph(typed, types_too=False)) == set()


def _loaded(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_whole_engine_loads_without_a_screen_library() -> None:
    every = [
        module_name(path)
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == "wizard" and path.name != "__main__.py"
    ]
    loaded = _loaded("\n".join(f"import {name}" for name in every))
    assert not {name for name in loaded if name.split(".")[0] in {"textual", "rich"}}


def test_help_loads_neither_cryptography_nor_a_screen_library() -> None:
    loaded = _loaded("from wizard.cli.main import build_parser\nbuild_parser(None)")
    assert not {
        name for name in loaded if name.split(".")[0] in {"cryptography", "OpenSSL", "textual", "rich", "asyncio"}
    }


def test_the_first_paint_loads_neither_cryptography_nor_the_engine() -> None:
    loaded = _loaded("import screens.app, wizard.cli.dispatch, wizard.cli.interactive")
    assert not {name for name in loaded if name.split(".")[0] in {"cryptography", "OpenSSL"}}
    packages = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("wizard.")}
    assert not packages & {"wizard.session", "wizard.planning", "wizard.change", "wizard.doctor", "wizard.probing"}


def local_imports(source: str) -> list[str]:
    """The imports inside functions of *source*."""
    inside = {
        (node.lineno, ast.unparse(node))
        for function in nodes(source)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in statements(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return [statement for _line, statement in sorted(inside)]


@cache
def nodes(source: str) -> list[ast.AST]:
    """All nodes of *source*, which several tests look through, walked once."""
    return list(ast.walk(parsed(source)))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """What is below *node*, without expressions, which hold no statement."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from statements(child)


def test_imports_are_at_the_top() -> None:
    """What is loaded later is named in two tables: the commands' and the screens'."""
    found = {module_name(path): local_imports(path.read_text()) for path in SOURCES}
    assert {name: statements for name, statements in found.items() if statements} == {}


def test_only_the_tables_load_by_name() -> None:
    calls = {
        module_name(path): [node for node in nodes(path.read_text()) if _imports_by_name(node)] for path in SOURCES
    }
    # `load`, which the tables are read by
    assert {name for name, nodes in calls.items() if nodes} == {"wizard.self_start"}


def _imports_by_name(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and (isinstance(node.func, ast.Name) or getattr(node.func, "attr", "") == "import_module")
        and ast.unparse(node.func) in {"import_module", "importlib.import_module", "__import__"}
    )


def test_the_search_for_local_imports_finds_them() -> None:
    source = "import a\ndef f():\n    import b\n    def g():\n        from c import d\nclass E:\n    import e"
    assert local_imports(source) == ["import b", "from c import d"]


def test_what_is_loaded_later_exists() -> None:
    # Loading the screens drops variables of the environment: another process does it.
    code = (
        "from wizard.self_start import load, LOADED_LATER as a\n"
        "from wizard.cli.commands import LOADED_LATER as b\n"
        "from screens.pages import LOADED_LATER as c\n"
        "from wizard.session.review import LOADED_LATER as d\n"
        "from wizard.planning.judge import REVOCATION as e\n"
        "from wizard.planning.phases import LOADED_LATER as f\n"
        "from wizard.handoff.portal import LOADED_LATER as g\n"
        "from wizard.secret import DUMPS as h\n"
        "from wizard.sandbox.service.unit_file import _SPLIT as i\n"
        "from wizard.sandbox.service.supervisor import LOADS as j, RMTREE as k\n"
        "print(*(name for name in (*a, *b, *c, *d, e, *f, *g, h, i, j, k) if not callable(load(name))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "\n"


def test_the_choices_of_arguments_are_those_of_the_engine() -> None:
    assert tuple(role.value for role in Role) == ROLES
    assert tuple(kind.value for kind in KeyKind) == KEYS
    assert (AUTO, UNDO, FINISH, KEEP) == ("auto", "undo", "finish", "keep")


CALLS = {
    "reads the clock": {("datetime", "now"), ("time", "time"), ("datetime", "utcnow"), ("date", "today")},
    "changes a file": {
        ("os", "replace"),
        ("os", "rename"),
        ("os", "unlink"),
        ("os", "chmod"),
        ("os", "chown"),
        ("shutil", "move"),
    },
}


def effects(source: str) -> list[str]:
    """What *source* does that only a package with effects may do."""
    called = {
        (node.func.value.id, node.func.attr)
        for node in nodes(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    names = {alias.name.split(".")[0] for node in nodes(source) if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        node.module.split(".")[0]
        for node in nodes(source)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    found = [what for what, calls in CALLS.items() if called & calls]
    return [*found, "starts programs"] if "subprocess" in names else found


def test_only_some_packages_have_effects() -> None:
    found = {
        module_name(path): effects(path.read_text())
        for path in SOURCES
        if path.relative_to(ROOT).parts[:2] not in {("wizard", package) for package in EFFECTS}
    }
    assert {name: what for name, what in found.items() if what} == {}


def test_the_search_for_effects_finds_them() -> None:
    source = "import os, time\nfrom subprocess import run\nos.rename('a', 'b')\ntime.time()"
    assert effects(source) == ["reads the clock", "changes a file", "starts programs"]
    assert effects("import os\nos.getpid()") == []


def test_a_path_that_may_not_be_seen_is_not_there() -> None:
    """Before Python 3.14 these methods of a Path raise PermissionError; `os.path` does not."""
    wrong = re.compile(r"(?<!\bentry)\.(is_dir|is_file|exists)\(\)")
    assert [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in SOURCES
        if "sandbox" not in path.parts
        for found in wrong.finditer(path.read_text(encoding="utf-8"))
    ] == []


def test_nothing_names_this_machine() -> None:
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split("\n")
    # The checkout itself, not the folder around it: that may be one that everybody has, like the temporary one.
    home = re.compile(rf"{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/\.")
    suffixes = {".py", ".md", ".toml", ".txt", ".svg", ".sh", ".java", ""}
    texts = [ROOT / name for name in files if (ROOT / name).is_file() and (ROOT / name).suffix in suffixes]
    assert [path.name for path in texts if home.search(path.read_text(errors="replace"))] == []
