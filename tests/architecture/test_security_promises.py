"""The guide's page on security promises nothing that no test holds: each promise names its tests, and they exist."""

import ast
import re
from pathlib import Path

import pytest

from wizard.package_data import read_text

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises(text: str) -> list[str]:
    """The items of the list, each with its following lines."""
    return [item.strip() for item in re.findall(r"(?m)^- (.*(?:\n  .*)*)", text)]


def without_test(promise: str) -> str:
    """Why no test holds *promise*; "" when each test that it names exists."""
    named = NAMED.findall(promise)
    if not named:
        return f"names no test: {promise}"
    for path, name in named:
        file = ROOT / path
        tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
        if not any(
            isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name for each in tree.body
        ):
            return f"no such test: {path}::{name}"
    return ""


def test_each_promise_names_tests_that_exist() -> None:
    found = promises(read_text("wizard.guide", "security.md"))
    assert len(found) >= 10
    assert [why for promise in found if (why := without_test(promise))] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It is safe.", "names no test"),
        ("`tests/architecture/test_security_promises.py::test_that_is_not_there`", "no such test"),
        ("`tests/no/such/file.py::test_x`", "no such test"),
    ],
)
def test_the_search_itself(text: str, why: str) -> None:
    assert promises(f"# S\n\nIntroduction.\n\n- {text}\n\nMore.\n") == [text]
    assert without_test(text).startswith(why)
