"""Where a new setting goes, and how it is written there: as its neighbours are."""

import re
from typing import NamedTuple

from wizard.configs.encoding import line_end
from wizard.configs.hocon.nodes import Field, Include, ObjectNode
from wizard.configs.hocon.parsed import Parsed
from wizard.configs.hocon.paths import Path, render_path
from wizard.configs.hocon.refusals import refusal
from wizard.configs.hocon.resolve import OBJECT
from wizard.configs.hocon.tokens import BLANK
from wizard.printable import printable

_BLANKS = BLANK.replace("\\r", "")
_REST = re.compile(rf"[{_BLANKS}]*(,?)[{_BLANKS}]*?((?:#|//)[^\r\n]*)?[ \t]*(?=\r?\n|\Z)")
_SEPARATOR = re.compile(r"[ \t]*[=:][ \t]*\Z")
_INDENT = re.compile(r"[ \t]*")


class Change(NamedTuple):
    """A stretch of the text and what stands there afterwards."""

    start: int
    end: int
    text: str


def addition(document: Parsed, keys: Path, literal: str) -> Change:
    """The change that adds an absent setting to its object.

    Raises:
        WizardError: no object of this text is the one that the setting belongs to; the message tells which there are.
    """
    parent = keys[:-1]
    node: ObjectNode | None = document.root if not parent else None
    sibling: Field | None = None
    if document.view.lookup(parent).state == OBJECT:
        for number in reversed(document.view.at.get(parent, ())):
            event = document.events[number]
            if event.source is document.source and isinstance(event.node, ObjectNode) and event.path == parent:
                node = event.node
                break
        if node is None:
            sibling = _dotted_sibling(document, parent)
    if node is not None:
        return _into(document.text, node, (keys[-1],), literal)
    if sibling is not None:
        return _behind(document.text, sibling, [sibling], (*sibling.keys[:-1], keys[-1]), literal)
    path = printable(render_path(keys))
    known = [f"{render_path(event.path)} (line {_line(document, event.node.start)})" for event in document.events[:2000]
             if isinstance(event.node, ObjectNode) and event.source is document.source]  # fmt: skip
    told = f"the objects are: {printable(', '.join(known[:6]))}" if known else "the file has no objects"
    hint = f"Give the full path of the object it belongs to; {told}."
    raise refusal(
        "place-unknown", f"{path} is absent, and so is the object that it belongs to", hint=hint, subject=path
    )


def _line(document: Parsed, offset: int) -> int:
    return document.source.lines.place(offset)[0]


def _dotted_sibling(document: Parsed, parent: Path) -> Field | None:
    """The last setting of this text that is written with dots into the object, like `a.b = 1` for `a`."""
    for number in reversed(document.view.at.get(parent, ())):
        event = document.events[number]
        entry = event.entry
        if event.source is document.source and isinstance(entry, Field) and event.path[:-1] == parent:
            return entry
    return None


def _into(text: str, node: ObjectNode, keys: Path, literal: str) -> Change:
    if node.entries:
        return _behind(text, node.entries[-1], node.entries, keys, literal, opened=node.start if node.braces else -1)
    setting = f"{render_path(keys)} = {literal}"
    if not node.braces:
        end = len(text)
        line = line_end(text, end)
        glue = "" if not text.strip("\ufeff") or text.endswith("\n") else line
        return Change(end, end, f"{glue}{setting}{line if not glue else ''}")
    inside = text[node.start + 1 : node.end - 1]
    if "\n" not in inside:
        return Change(node.start + 1, node.end - 1, f" {setting} ")
    # Comments in an empty object stay above the new line.
    last = text.rfind("\n", node.start, node.end - 1) + 1
    indent = _indent(text, last)
    return Change(last, last, f"{indent}  {setting}{line_end(text, last - 1)}")


def _behind(
    text: str,
    entry: "Field | Include",
    entries: "list[Field] | list[Field | Include]",
    keys: Path,
    literal: str,
    *,
    opened: int = -1,
) -> Change:
    end = entry.value.end if isinstance(entry, Field) else entry.end
    setting = f"{render_path(keys)}{_separator(text, entries)}{literal}"
    start = text.rfind("\n", 0, entry.start) + 1
    rest = _REST.match(text, end)
    if start <= opened or text[start : entry.start].strip(" \t\ufeff") or rest is None:
        # The neighbour shares its line with a bracket or another setting; a trailing comma stays the last sign.
        return Change(end, end, f", {setting}")
    indent = _indent(text, start + text.startswith("\ufeff", start))
    comma = "," if rest[1] or _after(text, entries) else ""
    ours = "," if rest[1] else ""
    between = text[end : rest.end()] if rest[1] else comma + text[end : rest.end()]
    return Change(end, rest.end(), f"{between}{line_end(text, rest.end())}{indent}{setting}{ours}")


def _after(text: str, entries: "list[Field] | list[Field | Include]") -> bool:
    """Whether the setting before the last one ends with a comma, as in JSON."""
    if len(entries) < 2:
        return False
    before = entries[-2]
    end = before.value.end if isinstance(before, Field) else before.end
    return text[end:].lstrip(" \t")[:1] == "," if end < len(text) else False


def _separator(text: str, entries: "list[Field] | list[Field | Include]") -> str:
    for entry in reversed(entries[-50:]):
        if isinstance(entry, Field) and entry.separator in {"=", ":"}:
            match = _SEPARATOR.search(text[entry.start : entry.value.start])
            if match is not None:
                return match[0]
    return " = "


def _indent(text: str, start: int) -> str:
    match = _INDENT.match(text, start)
    return match[0] if match else ""
