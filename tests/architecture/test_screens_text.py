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

import screens
from screens.frame import KEYS, Framed
from screens.program import WizardApp
from tests.screens.fake_session import STEPS, FakeSession
from wizard.session.session import Session

SOURCES = sorted(Path(str(screens.__path__[0])).glob("*.py"))
MARKUP_TAKERS = {"Static", "Label", "Button", "Option", "notify", "Checkbox", "update"}
"""What would read markup in a plain text: it could run actions, or end the program."""
ALLOWED = {
    "enter",
    "space",
    "tab",
    "shift+tab",
    "up",
    "down",
    "left",
    "right",
    "pageup",
    "pagedown",
    "home",
    "end",
    "escape",
    "backspace",
    "delete",
    "f1",
    "f3",
    "f5",
    "f6",
    "f8",
    "f10",
    "ctrl+c",
    "ctrl+l",
    "ctrl+q",
}
FORBIDDEN_WORDS = ("Header", "Footer", "LoadingIndicator", "ProgressBar", "Input(", "notify(", "RichLog", "from_markup")


def loose_texts(source: str) -> list[int]:
    """Lines where a widget that reads markup gets anything but a `Content` or `joined` rows."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in MARKUP_TAKERS:
            continue
        first = node.args[0]
        made = first.func if isinstance(first, ast.Call) else None
        root = made.value if isinstance(made, ast.Attribute) else made
        if not (isinstance(root, ast.Name) and root.id in {"Content", "joined"}):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_widget_gets_a_text_that_is_read_as_markup(path: Path) -> None:
    assert loose_texts(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("Static(Content('a'))", []),
        ("Static(Content.styled(text, 'bold'))", []),
        ("Static(joined(rows))", []),
        ("Static(text)", [1]),
        ("Static(f'{text}')", [1]),
        ("self.query_one('#x', Static).update(text + 'a')", [1]),
        ("app.notify(text)", [1]),
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
    # `_merge_bindings` is what Textual itself asks: inherited ones count.
    used = {key for key, _bindings in member._merge_bindings()}
    assert used <= ALLOWED
    assert all(isinstance(binding, Binding) for binding in member.__dict__.get("BINDINGS", []))


def test_every_class_is_looked_at() -> None:
    names = {member.__name__ for member in every_class()}
    assert {"WizardApp", "QuestionScreen", "EntryField", "ChoiceField", "Pane", "Action", "QuitScreen"} <= names


def test_the_last_row_says_what_the_keys_do() -> None:
    for member in every_class():
        if issubclass(member, Framed):
            assert set(member.keys) <= set(KEYS)
            assert len(member.keys) <= 6
    for name, (keys, words) in KEYS.items():
        shown = {"f1": "F1", "f3,ctrl+l": "F3", "f5": "F5", "f6": "F6", "f10": "F10", "escape": "Esc"}[keys]
        assert words.startswith(f"{shown} "), name


def test_the_palette_is_off_and_nothing_is_copied() -> None:
    assert WizardApp.ENABLE_COMMAND_PALETTE is False
    assert WizardApp.copy_to_clipboard is not WizardApp.__mro__[1].copy_to_clipboard  # type: ignore[attr-defined]


def test_every_step_has_at_most_four_questions_and_a_page() -> None:
    pages = {path.stem for path in (Path(str(screens.__path__[0])) / "help").glob("*.md")}
    for name, (step, _answers) in STEPS.items():
        assert len(step.questions) <= 4
        assert name in pages
    assert pages - set(STEPS) == {"recover", "resume"}


def test_the_session_in_memory_has_the_shape_of_the_real_one() -> None:
    for name, member in inspect.getmembers(FakeSession, inspect.isfunction):
        if name.startswith("_"):
            continue
        real = list(inspect.signature(getattr(Session, name)).parameters.values())
        mine = list(inspect.signature(member).parameters)
        assert [parameter.name for parameter in real[: len(mine)]] == mine, name
        assert all(parameter.default is not parameter.empty for parameter in real[len(mine) :]), name
