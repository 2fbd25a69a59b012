"""The border between outside text and the screens, the keys that are used, and what the screens may not touch."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input, OptionList

import screens
from screens.program import WizardApp
from screens.widgets import Field, Lines
from wizard.questions.answers import Answers, Goal, PrimaryKind
from wizard.questions.flow import Step, steps

SOURCES = sorted(Path(str(screens.__path__[0])).glob("*.py"))
MARKUP_TAKERS = {"Static", "Label", "Button", "Option", "Selection", "notify", "Checkbox", "update", "TabPane"}
"""What would read markup in a plain text: it could run actions, or end the program."""
MADE = {"Content", "joined", "say", "cell", "boxes", "hanging", "hanging_rows"}
"""What makes text that is no markup."""
RESULTS = {"Content", "Content | None", "Table"}
ALLOWED = {
    *("enter", "space", "tab", "shift+tab", "up", "down", "left", "right", "escape", "backspace", "delete", "ctrl+d"),
    *("f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f10", "ctrl+c", "ctrl+l", "ctrl+q", "a", "d", "e"),
}
FORBIDDEN_WORDS = ("Header", "LoadingIndicator", "notify(", "from_markup", "markup=True", "total=None", "show_eta=True")
WAYS = [
    *(Answers().put("goal", goal) for goal in Goal),
    Answers().put("primary.kind", PrimaryKind.CLOUD),
    Answers().put("primary.kind", PrimaryKind.ELSEWHERE).put("gateway.0.host", "gateway-host"),
    Answers().put("others.gateways", ("gateway-host",)),
]
STEPS: dict[str, Step] = {step.id: step for answers in WAYS for step in steps(answers)}


def loose_texts(source: str) -> list[int]:
    """Lines where a widget that reads markup gets anything but text made by `MADE`."""
    tree = ast.parse(source)
    returning = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) in RESULTS
    }
    made = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_made(node.value, returning, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    made |= {
        argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if argument.annotation is not None
        and any(made in ast.unparse(argument.annotation) for made in ("Content", "Table"))
    }
    made |= {"words"} if "Sequence[tuple[str, Content]]" in source else set()
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in MARKUP_TAKERS and not _is_made(node.args[0], returning, made):
            found.append(node.lineno)
    return found


def _is_made(value: ast.expr, returning: set[str], made: set[str]) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_made(value.body, returning, made) and _is_made(value.orelse, returning, made)
    if isinstance(value, ast.Constant):
        return value.value == ""
    if isinstance(value, ast.Name):
        return value.id in made
    if isinstance(value, ast.Starred):
        return True
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    root = function.value if isinstance(function, ast.Attribute) else function
    if isinstance(root, ast.Name) and root.id in MADE | returning:
        return True
    return isinstance(function, ast.Attribute) and function.attr in returning


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_widget_gets_a_text_that_is_read_as_markup(path: Path) -> None:
    assert loose_texts(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("Static(Content('a'))", []),
        ("Static(say(text))", []),
        ("Static(joined(rows))", []),
        ("Static('')", []),
        ("x = say(text)\nStatic(x)", []),
        ("Static(text)", [1]),
        ("Static(f'{text}')", [1]),
        ("Static(say(text) if a else text)", [1]),
        ("self.query_one('#x', Static).update(text + 'a')", [1]),
        ("app.notify(text)", [1]),
        ("Option(text)", [1]),
    ],
)
def test_the_guard_itself(source: str, lines: list[int]) -> None:
    assert loose_texts(source) == lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_blinks_turns_or_reads_markup(path: Path) -> None:
    code = re.sub(r'"""[\s\S]*?"""', "", path.read_text())
    assert [word for word in FORBIDDEN_WORDS if word in code] == []


def every_class() -> list[type[DOMNode]]:
    """All widgets, screens and the app of the package."""
    found: dict[str, type[DOMNode]] = {}
    for module in pkgutil.iter_modules(screens.__path__):
        for _name, member in inspect.getmembers(importlib.import_module(f"screens.{module.name}"), inspect.isclass):
            if issubclass(member, DOMNode) and member.__module__.startswith("screens."):
                found[member.__qualname__] = member
    return list(found.values())


@pytest.mark.parametrize("member", every_class(), ids=lambda member: member.__name__)
def test_only_keys_that_every_terminal_sends_are_used(member: type[DOMNode]) -> None:
    own = member.__dict__.get("BINDINGS", [])
    assert all(isinstance(binding, Binding) for binding in own)
    assert {key for binding in own for key in binding.key.split(",")} <= ALLOWED


@pytest.mark.parametrize("member", every_class(), ids=lambda member: member.__name__)
def test_lists_and_fields_are_the_safe_ones(member: type[DOMNode]) -> None:
    if issubclass(member, Input):
        assert issubclass(member, Field)
    if issubclass(member, OptionList) and not member.__name__.startswith("Ticks"):
        assert issubclass(member, Lines)


def test_every_class_is_looked_at() -> None:
    names = {member.__name__ for member in every_class()}
    assert {
        "WizardApp",
        "Frame",
        "Page",
        "Questions",
        "Field",
        "SecretField",
        "Choice",
        "Chain",
        "Rows",
        "Ticks",
    } <= names


def test_only_the_frame_draws_a_frame() -> None:
    for path in SOURCES:
        code = path.read_text()
        assert ("Keys()" in code) <= (path.name in {"frame.py", "dialogs.py", "picker.py", "machines.py", "pasting.py"})


def test_the_palette_is_off_and_nothing_is_copied() -> None:
    assert WizardApp.ENABLE_COMMAND_PALETTE is False
    assert WizardApp.copy_to_clipboard is not WizardApp.__mro__[1].copy_to_clipboard  # type: ignore[attr-defined]


def test_every_step_has_at_most_four_questions_and_a_page() -> None:
    pages = {path.stem for path in (Path(str(screens.__path__[0])) / "help").glob("*.md")}
    for name, step in STEPS.items():
        assert len(step.questions) <= 4
        assert name in pages
    assert pages >= {"recover", "resume"}
