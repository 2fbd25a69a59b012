"""Settings that stand commented out, and where they would count if they did not."""

import re
from dataclasses import dataclass

from wizard.configs.hocon.events import is_text
from wizard.configs.hocon.parsed import Parsed
from wizard.configs.hocon.paths import Path, render_path
from wizard.configs.hocon.syntax import Concat, Field, Include, ObjectNode, Reference, Scalar, parse_root
from wizard.configs.hocon.tokens import content
from wizard.errors import TextSyntaxError

_LINE = re.compile(r"^([ \t\ufeff]*)((?:#|//)+)([ \t]*)([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Commented:
    """A whole line that holds a setting behind a comment sign.

    Attributes:
        path: where the setting would count, from the objects around it.
        text: its value.
        line: of the comment, from 1.
        column: of the comment sign, from 1.
        whole: False when it lies in an object that is commented out as well, so that its path is not known.
    """

    path: str
    text: str
    line: int
    column: int
    whole: bool
    inside: bool
    """Whether an object stands around it."""
    keys: Path
    """The path taken apart."""
    sign: int
    """Where the comment sign begins in the text, and below the key, and the value from and to."""
    key: int
    value: tuple[int, int]


def search(document: Parsed, name: str) -> list[Commented]:
    """All commented-out settings whose last key is *name*."""
    text, found = document.text, []
    for match in _LINE.finditer(text):
        if name not in match[4]:
            continue
        field = _field(match[4])
        around = enclosing(document.root, match.start(2)) if field is not None else None
        if field is None or around is None or field.keys[-1] != name:
            continue
        line, column = document.source.lines.place(match.start(2))
        start, keys = match.start(4), around + field.keys
        span = (start + field.value.start, start + field.value.end)
        value = "".join(content(piece.kind, text[start + piece.start : start + piece.end]) for piece in _words(field))
        whole = not _in_commented_object(text, match.start())
        path, sign = render_path(keys), match.start(2)
        found.append(Commented(path, value, line, column, whole, bool(around), keys, sign, start, span))
    return found


def _words(field: Field) -> list[Scalar]:
    pieces = field.value.pieces if isinstance(field.value, Concat) else (field.value,)
    return [piece for piece in pieces if isinstance(piece, Scalar)]


def _field(text: str) -> Field | None:
    """The setting that a comment holds, or None when it is prose."""
    try:
        root = parse_root(text)
    except TextSyntaxError:
        return None
    if root.braces or len(root.entries) != 1:
        return None
    field = root.entries[0]
    if not isinstance(field, Field) or any(" " in key for key in field.keys):
        return None
    # "key: some words" is a sentence far more often than a setting.
    if field.separator == ":" and isinstance(field.value, Concat):
        return None
    if field.separator in {"=", ":"} and (is_text(field.value) or isinstance(field.value, Reference)):
        return field
    return None


def _in_commented_object(text: str, start: int) -> bool:
    """Whether the comment lines directly above open an object that they do not close."""
    balance = 0
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        match = _LINE.match(text, above)
        if match is None:
            return balance > 0
        words = match[4].partition("#")[0].rstrip().rstrip(",")
        balance += words.endswith("{") - (words.startswith("}") or (words.endswith("}") and "{" not in words))
        if balance > 0:
            return True
        start = above
    return False


def enclosing(node: ObjectNode, offset: int) -> Path | None:
    """The path of the innermost object around a character; None inside lists, and in the words of a value."""
    path: Path = ()
    while True:
        entry = next((one for one in node.entries if one.start <= offset < _end(one)), None)
        if entry is None:
            return path
        if not isinstance(entry, Field):
            return None
        value = entry.value
        pieces = value.pieces if isinstance(value, Concat) else (value,)
        inner = next((one for one in pieces if one.start < offset < one.end), None)
        if not isinstance(inner, ObjectNode):
            return None
        path += entry.keys
        node = inner


def _end(entry: Field | Include) -> int:
    return entry.value.end if isinstance(entry, Field) else entry.end
