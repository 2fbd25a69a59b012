"""Every text that an operator can read, with its code or place: `python -m tests.support.texts`, or `make texts`."""

import argparse
import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from wizard.cli.main import build_parser
from wizard.texts.en.answers import KEYS
from wizard.texts.en.catalogue import TEXTS
from wizard.texts.en.questions import QUESTIONS, TITLES

ROOT = Path(__file__).resolve().parents[2]
FEWEST_WORDS = 3
"""A string in the source with fewer words is a key, a name or a label."""
SHOWN = ("wizard", "screens")
DATA = {"en", "data"}
"""Folders whose strings are listed from their records, or are data."""


def every_text() -> Iterator[tuple[str, str]]:
    """Each text and what names it, in the order in which they are printed."""
    yield from _of_codes()
    for name, title in TITLES.items():
        yield f"step {name} title", title
    for name, text in QUESTIONS.items():
        yield f"question {name} label", text.label
        yield f"question {name} help", text.help
        yield f"question {name} short", text.short
        for value, choice in text.choices.items():
            yield f"question {name} {value}", f"{choice.label}: {choice.detail}" if choice.detail else choice.label
    yield from _of_pages()
    yield from _of_parsers(build_parser("", whole=True), "--help")
    for package in ("handoff", "sandbox"):
        templates = ROOT / "wizard" / package / "templates"
        for path in sorted(templates.rglob("*")):
            if path.is_file():
                yield f"template {path.relative_to(templates)}", path.read_text("utf-8")
    for folder in SHOWN:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not DATA & set(path.relative_to(ROOT).parts):
                yield from _of_source(path)


def _of_codes() -> Iterator[tuple[str, str]]:
    for code, text in TEXTS.items():
        yield f"{code} title", text.title
        yield f"{code} message", text.message
        yield f"{code} why", text.why
        yield f"{code} fix", text.fix
        for name, case in text.cases.items():
            yield from (
                (f"{code} {name} {part}", words) for part in ("message", "fix") if (words := getattr(case, part))
            )


def _of_pages() -> Iterator[tuple[str, str]]:
    for kind, folder in (("help", ROOT / "screens" / "help"), ("guide", ROOT / "wizard" / "guide")):
        for page in sorted(folder.glob("*.md")):
            if page.stem != "security":  # its promises name their tests
                yield f"{kind} {page.stem}", page.read_text(encoding="utf-8")
    for table, keys in KEYS.items():
        yield from ((f"answers {table}.{key}", meaning) for key, meaning in keys.items())


def _of_parsers(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, str]]:
    own, _, _shared = parser.format_help().partition("\noptions of every command:")
    yield name, f"{own}\n{parser.epilog}" if " " in name else parser.format_help()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, child in action.choices.items():
                yield from _of_parsers(child, f"{command} {name}")


def _of_source(path: Path) -> Iterator[tuple[str, str]]:
    """The strings of a module without its docstrings; what fills an f-string is `{}`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    hidden |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            text = node.value
        if len(re.findall(r"[A-Za-z]{2,}", text)) >= FEWEST_WORDS and " " in text:
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", text


def main() -> None:
    """Print all texts."""
    for name, text in every_text():
        body = text if "\n" in text.strip() else textwrap.fill(text, 78)
        print(f"{name}\n{textwrap.indent(body, '  ')}")


if __name__ == "__main__":
    main()
