"""Settings that are commented out, and where they would count if they did not."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

from wizard.configs.hocon.events import is_text
from wizard.configs.hocon.parsed import Parsed
from wizard.configs.hocon.syntax import (
    Concat,
    Field,
    Include,
    ObjectNode,
    Path,
    Reference,
    Scalar,
    parse_root,
    render_path,
)
from wizard.configs.hocon.tokens import content
from wizard.errors import TextSyntaxError

MOST = 1000
"""Comments that are read as settings; a file with more of them is no configuration that somebody wrote."""

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
    """Whether an object encloses it."""
    keys: Path
    """The path taken apart."""
    sign: int
    """Where the comment sign begins in the text, and below the key, and the value from and to."""
    key: int
    value: tuple[int, int]


def search(document: Parsed, name: str) -> list[Commented]:
    """All commented-out settings whose last key is *name*."""
    text, found = document.text, []
    balance, end, left = 0, -1, MOST
    for match in _LINE.finditer(text):
        # Comment lines directly above that open an object and do not close it.
        above = balance if match.start() == end + 1 else 0
        balance, end = max(above, 0) + _opened(match[4]), match.end() + text.startswith("\r", match.end())
        if name not in match[4] or not left:
            continue
        left -= 1
        field = _field(match[4])
        around = enclosing(document.root, match.start(2)) if field is not None else None
        if field is None or around is None or field.keys[-1] != name:
            continue
        line, column = document.source.lines.place(match.start(2))
        start, keys = match.start(4), around + field.keys
        span = (start + field.value.start, start + field.value.end)
        value = "".join(content(piece.kind, text[start + piece.start : start + piece.end]) for piece in _words(field))
        whole = above <= 0
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


def _opened(comment: str) -> int:
    words = comment.partition("#")[0].rstrip().rstrip(",")
    return words.endswith("{") - (words.startswith("}") or (words.endswith("}") and "{" not in words))


def enclosing(node: ObjectNode, offset: int) -> Path | None:
    """The path of the innermost object around a character; None inside lists, and in the words of a value."""
    path: Path = ()
    while True:
        before = bisect_right(node.entries, offset, key=attrgetter("start"))
        entry = node.entries[before - 1] if before else None
        if entry is None or offset >= _end(entry):
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
