"""The words of HOCON and the paths made of them, with the refusal of a text that does not parse.

One regular expression covers every character of a text. The Lightbend library (version 1.3.1) is followed where it
differs from the HOCON specification: it is what the server runs.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple, NoReturn

from wizard import codes
from wizard.errors import TextSyntaxError, WizardError
from wizard.findings import Code, Fact
from wizard.printable import printable

_BOUNDS = {
    codes.HOCON_EXPANSION,
    codes.HOCON_LONG_PATH,
    codes.HOCON_TOO_LARGE,
    codes.HOCON_TOO_MANY_APPENDS,
    codes.HOCON_TOO_MANY_KEYS,
}


def syntax(spec: Code, place: tuple[int, int], case: str = "", **facts: Fact) -> TextSyntaxError:
    """The refusal for *spec* at *place*, which is line and column."""
    line, column = place
    error = TextSyntaxError(spec, line=line, column=column, case=case, subject="", **facts)
    error.beyond = spec in _BOUNDS
    return error


BLANK = " \\t\\r\\x0b\\x0c\\x1c-\\x1f\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
"""What Java and HOCON call white space, without the line feed; a byte order mark is one of them, anywhere."""
RESERVED = r"$\"{}\[\]:=,+#`^?!@*&\\"
PLAIN = r'[^"\\\x00-\x1f]*+'

TOKEN = re.compile(
    rf"""
      (?P<blank>[{BLANK}]++)
    | (?P<newline>\n)
    | (?P<comment>(?:\#|//)[^\n]*+)
    | (?P<triple>\"{{3}}(?s:.*?)\"{{3}}(?!"))
    | (?P<string>"(?!""){PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}){PLAIN})*+")
    | (?P<number>[0-9-][0-9eE+.-]*+)
    | (?P<word>(?:[^{RESERVED}/\n{BLANK}]++|/(?!/))++)
    | (?P<dollar>\$\{{\??)
    | (?P<mark>\+=|[{{}}\[\],:=])
    """,
    re.VERBOSE,
)
TRIVIA = re.compile(rf"(?:[{BLANK}\n]++|(?:#|//)[^\n]*+)*+")
SIMPLE = frozenset({"triple", "string", "number", "word"})

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LOST = re.compile("[\udc80-\udcff]")


class Token(NamedTuple):
    """A stretch of the text: `blank`, `newline`, `comment`, `string`, `triple`, `number`, `word`, `dollar`, `mark`."""

    kind: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Cut *text* into words that cover it without a gap.

    Raises:
        TextSyntaxError: at the first character that no word can start with.
    """
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            unreadable(text, position)
        yield Token(match.lastgroup or "", position, match.end())
        position = match.end()


def content(kind: str, raw: str) -> str:
    """What a word of that kind says: quotes taken off, escapes read, bytes that are no UTF-8 as Java shows them."""
    if kind == "string":
        raw = raw[1:-1]
        if "\\" in raw:
            # Two escaped halves of a surrogate pair are one character, as in Java's strings.
            raw = _ESCAPE.sub(_unescaped, raw).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    elif kind == "triple":
        raw = raw[3:-3]
    if raw.isascii() or not _LOST.search(raw):
        return raw
    # As Java decodes: one replacement character for each broken sequence, not for each byte.
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2])


def check_number(text: str, start: int, end: int) -> None:
    """Refuse a `+` in something that looked like a number and is none, as the Lightbend library does."""
    if "+" in (word := text[start:end]) and not _NUMBER.fullmatch(word):
        unreadable(text, text.index("+", start))


class Lines:
    """Where the lines of a text begin; built on first use, because most texts are read without a question."""

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text. A byte order mark takes no column."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        marked = line == 1 and offset > 0 and self._text.startswith("\ufeff")
        return line, offset - start + 1 - marked


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of one character, both from 1."""
    line = text.count("\n", 0, offset) + 1
    start = text.rfind("\n", 0, offset) + 1
    return line, offset - start + 1 - (line == 1 and offset > 0 and text.startswith("\ufeff"))


def unreadable(text: str, offset: int) -> NoReturn:
    """Raise the refusal that fits a character that starts no word.

    Raises:
        TextSyntaxError: always, with the line and the reason.
    """
    at = place(text, offset)
    if text.startswith('"""', offset):
        raise syntax(codes.HOCON_OPEN_STRING, at, case="three-quotes")
    sign = text[offset : offset + 1]
    if sign == '"':
        _bad_string(text, offset, at)
    if sign == "$":
        raise syntax(codes.HOCON_RESERVED, at, case="dollar")
    if sign == "+":
        raise syntax(codes.HOCON_RESERVED, at, case="plus")
    raise syntax(codes.HOCON_RESERVED, at, sign=sign)


def _bad_string(text: str, offset: int, opened: tuple[int, int]) -> NoReturn:
    end = re.compile(rf'"{PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}){PLAIN})*+').match(text, offset)
    stop = end.end() if end else offset + 1
    at = place(text, stop)
    sign = text[stop : stop + 1]
    if sign == "\\":
        raise syntax(codes.HOCON_ESCAPE, at, escape=text[stop : stop + 2])
    if sign in {"\n", "\r", ""}:
        raise syntax(codes.HOCON_OPEN_STRING, opened)
    raise syntax(codes.HOCON_CONTROL, at, sign=sign)


Path = tuple[str, ...]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Elements:
    """Collects the keys of a path from its words: dots divide outside quotes and are letters inside."""

    __slots__ = ("_broken", "_current", "_keys", "_may_be_empty")

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._current = ""
        self._may_be_empty = False
        self._broken = False

    def add(self, text: str, *, quoted: bool) -> None:
        """Take the next word or white space between words."""
        if quoted:
            self._current += text
            self._may_be_empty |= not self._current
            return
        first, *others = text.split(".")
        self._current += first
        for other in others:
            self._close()
            self._current = other

    def _close(self) -> None:
        if not self._current and not self._may_be_empty:
            self._broken = True
        self._keys.append(self._current)
        self._current = ""
        self._may_be_empty = False

    def finish(self) -> Path:
        """The keys.

        Raises:
            ValueError: a key is empty and was not written as `""`.
        """
        self._close()
        if self._broken:
            raise ValueError("empty key")
        return tuple(self._keys)


def parse_path(text: str) -> Path:
    """Read a path like `hcp."default.host".port`.

    Raises:
        WizardError: it is empty, has two dots in a row, or a sign that needs quotes.
    """
    if _WORD.fullmatch(text):
        return tuple(text.split("."))
    elements = Elements()
    position, stripped = 0, text.strip()
    try:
        while position < len(stripped):
            match = TOKEN.match(stripped, position)
            kind = match.lastgroup or "" if match else ""
            if match is None or kind not in {*SIMPLE, "blank"}:
                raise _unusable(text)
            if kind == "number":
                check_number(stripped, position, match.end())
            elements.add(content(kind, match[0]), quoted=kind in {"string", "triple"})
            position = match.end()
        return elements.finish()
    except ValueError as error:  # an empty key, or a number with a plus sign
        raise _unusable(text) from error


def _unusable(text: str) -> WizardError:
    shown = printable(text, limit=60)
    return WizardError(codes.HOCON_PATH, case="setting", subject=shown, path=shown)


def render_path(keys: Iterable[str]) -> str:
    """Write *keys* as a path; keys with other signs than letters, digits, - and _ go in double quotes."""
    return ".".join(key if _BARE.fullmatch(key) else json.dumps(key) for key in keys)
