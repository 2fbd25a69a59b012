"""The words and the syntax of HOCON, with the refusal of a text that does not parse.

One regular expression covers every character of a text. The Lightbend library (version 1.3.1) is followed where it
differs from the HOCON specification: it is what the server runs.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from wizard import codes
from wizard.errors import TextSyntaxError, WizardError
from wizard.findings import Code, Fact
from wizard.printable import printable

_BOUNDS = {
    codes.HOCON_EXPANSION, codes.HOCON_LONG_PATH, codes.HOCON_TOO_LARGE, codes.HOCON_TOO_MANY_APPENDS,
    codes.HOCON_TOO_MANY_KEYS,
}  # fmt: skip


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
PATH_WORDS = SIMPLE | {"blank"}

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LOST = re.compile("[\udc80-\udcff]")


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
    return Lines(text).place(offset)


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


def path_words(text: str, position: int) -> tuple[Elements, int, int]:
    """The words of a path from *position* on, and where the last of them and the blanks behind it end.

    Raises:
        TextSyntaxError: something that looks like a number has a plus sign.
    """
    elements, start, end = Elements(), position, position
    while (match := TOKEN.match(text, position)) and match.lastgroup in PATH_WORDS:
        kind = match.lastgroup or ""
        if kind != "blank":
            if kind == "number":
                check_number(text, position, match.end())
            if end != start:
                elements.add(text[end:position], quoted=False)
            elements.add(content(kind, match[0]), quoted=kind in {"string", "triple"})
            end = match.end()
        position = match.end()
    return elements, end, position


def parse_path(text: str) -> Path:
    """Read a path like `hcp."default.host".port`.

    Raises:
        WizardError: it is empty, has two dots in a row, or a sign that needs quotes.
    """
    if _WORD.fullmatch(text):
        return tuple(text.split("."))
    stripped = text.strip()
    try:
        elements, _, position = path_words(stripped, 0)
        if position < len(stripped):
            raise _unusable(text)
        return elements.finish()
    except ValueError as error:  # an empty key, or a number with a plus sign
        raise _unusable(text) from error


def _unusable(text: str) -> WizardError:
    shown = printable(text, limit=60)
    return WizardError(codes.HOCON_PATH, case="setting", subject=shown, path=shown)


def render_path(keys: Iterable[str]) -> str:
    """Write *keys* as a path; keys with other signs than letters, digits, - and _ go in double quotes."""
    return ".".join(key if _BARE.fullmatch(key) else json.dumps(key) for key in keys)


class Scalar(NamedTuple):
    """One word: `string`, `triple`, `number`, `word`, or the `blank` between two parts of a value."""

    kind: str
    start: int
    end: int


class Reference(NamedTuple):
    """A substitution `${path}`, or `${?path}` when optional."""

    path: Path
    optional: bool
    start: int
    end: int


class Concat(NamedTuple):
    """Several values side by side on one line."""

    pieces: "tuple[Node, ...]"
    start: int
    end: int


class ListNode(NamedTuple):
    """A list in square brackets."""

    items: "tuple[Node, ...]"
    start: int
    end: int


class ObjectNode(NamedTuple):
    """An object; *start* and *end* include its braces when it has them (the root may have none)."""

    entries: "list[Field | Include]"
    start: int
    end: int
    braces: bool


Node = Scalar | Reference | Concat | ListNode | ObjectNode


class Field(NamedTuple):
    """A key with its value; *separator* is `=`, `:`, `+=` or empty before an object."""

    keys: Path
    start: int
    separator: str
    value: Node


class Include(NamedTuple):
    """An include statement: *how* is `heuristic`, `file`, `url` or `classpath`."""

    how: str
    name: str
    required: bool
    start: int
    end: int


DEEPEST = 256
"""Objects and lists inside each other; more is refused, so that reading cannot exhaust the stack."""
LONGEST_PATH = 256
MOST_KEYS = 20_000
"""Keys, list items, substitutions and includes in one text; of a path with dots, each key counts."""
MOST_APPENDS = 1_000


_URL = re.compile(r"\s*(?:url:)?(?:https?|file|jar|ftp|mailto|jrt|jmod):", re.IGNORECASE)
_INCLUDE = re.compile(r"(required\()?(?:(url|file|classpath)\()?")


def parse_root(text: str) -> ObjectNode:
    """Read a whole document: an object with or without braces.

    Raises:
        TextSyntaxError: the Lightbend library would not read it, with line and column.
    """
    parser = _Parser(text)
    position = TRIVIA.match(text).end()  # type: ignore[union-attr]  # it matches the empty text, so always
    if text.startswith("[", position):
        raise syntax(codes.HOCON_LIST_ROOT, place(text, position))
    if text.startswith("{", position):
        start = position
        entries, position = parser.entries(position + 1, 1, opened=position)
        root = ObjectNode(entries, start, position, braces=True)
    else:
        entries, _ = parser.entries(0, 0, opened=None)
        return ObjectNode(entries, 0, len(text), braces=False)
    rest = parser.skip(position)
    if rest < len(text):
        raise syntax(codes.HOCON_EXTRA_BRACE, place(text, rest), case="text-follows")
    return root


class _Parser:
    """Recursive descent over one text; every method takes a position and gives back the one behind what it read."""

    __slots__ = ("_appends", "_keys_left", "_lists", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys_left = MOST_KEYS
        self._appends = 0
        self._lists = 0
        """How many lists are open around the place that is read."""

    def skip(self, position: int) -> int:
        return TRIVIA.match(self._text, position).end()  # type: ignore[union-attr]  # it matches the empty text

    def entries(self, position: int, depth: int, *, opened: int | None) -> "tuple[list[Field | Include], int]":
        """The fields of an object up to its closing brace, or to the end of the text when it has none."""
        text = self._text
        if depth > DEEPEST:
            self._fail(codes.HOCON_TOO_DEEP, position, limit=DEEPEST)
        found: list[Field | Include] = []
        separated, may_comma = True, False
        position = self.skip(position)
        while True:
            sign = text[position : position + 1]
            if sign == "," and may_comma:
                separated, may_comma = True, False
                position = self.skip(position + 1)
                continue
            if sign == "}":
                if opened is None:
                    self._fail(codes.HOCON_EXTRA_BRACE, position)
                return found, position + 1
            if not sign:
                if opened is not None:
                    self._fail(codes.HOCON_MISSING_BRACE, opened, case="object")
                return found, position
            if not separated:
                self._fail(codes.HOCON_SEPARATOR, position)
            entry, end = self._entry(position, depth)
            found.append(entry)
            position = self.skip(end)
            separated, may_comma = "\n" in text[end:position], True

    def _entry(self, position: int, depth: int) -> "tuple[Field | Include, int]":
        text, start = self._text, position
        if text.startswith("include", position) and TOKEN.match(text, position)[0] == "include":  # type: ignore[index]
            return self._include(position, position + len("include"))
        keys, position = self._keys(position)
        position = self.skip(position)
        if text.startswith("{", position):
            entries, end = self.entries(position + 1, depth + 1, opened=position)
            first = ObjectNode(entries, position, end, braces=True)
            # Lightbend reads one object here and nothing more; whatever follows on the line is an error there too.
            return Field(keys, start, "", first), end
        match = TOKEN.match(text, position)
        separator = match[0] if match is not None and match.lastgroup == "mark" else ""
        if separator not in {"=", ":", "+="}:
            if match is None and position < len(text):
                unreadable(text, position)
            self._fail(codes.HOCON_KEY, start, key=printable(text[start:position].strip(), limit=40))
        appends = separator == "+="
        if appends and self._lists:
            self._fail(codes.HOCON_APPEND_IN_LIST, start)
        self._appends += appends
        if self._appends > MOST_APPENDS:
            self._fail(codes.HOCON_TOO_MANY_APPENDS, start, limit=MOST_APPENDS)
        self._lists += appends
        value, position = self.value(position + len(separator), depth)
        self._lists -= appends
        if value is None:
            self._fail(codes.HOCON_MISSING_VALUE, start)
        return Field(keys, start, separator, value), position

    def _keys(self, position: int) -> tuple[Path, int]:
        text, start = self._text, position
        try:
            elements, end, position = path_words(text, start)
            if end == start:
                if position < len(text) and TOKEN.match(text, position) is None:
                    unreadable(text, position)
                self._fail(codes.HOCON_KEY, start, case="expected", sign=text[start : start + 1])
            keys = elements.finish()
        except ValueError as error:
            if hasattr(error, "code"):
                raise
            self._fail(codes.HOCON_PATH, start, case="key")
        self._count(len(keys), start)
        return keys, end

    def value(self, position: int, depth: int) -> tuple[Node | None, int]:  # noqa: C901, PLR0912 - the alternatives of one rule of the grammar
        """The value that begins here, its first word maybe on a later line; None when there is none."""
        text = self._text
        position = self.skip(position)
        pieces: list[Node] = []
        end = position
        while True:
            match = TOKEN.match(text, position)
            if match is None:
                if position < len(text):
                    unreadable(text, position)
                break
            kind = match.lastgroup or ""
            if kind == "blank":
                position = match.end()
                continue
            piece: Node
            if kind in SIMPLE:
                if kind == "number":
                    check_number(text, position, match.end())
                piece = Scalar(kind, position, match.end())
            elif kind == "dollar":
                piece = self._reference(position, match.end())
            elif match[0] == "{":
                entries, stop = self.entries(position + 1, depth + 1, opened=position)
                piece = ObjectNode(entries, position, stop, braces=True)
            elif match[0] == "[":
                items, stop = self.items(position + 1, depth + 1)
                piece = ListNode(items, position, stop)
            else:
                break
            if end != position and pieces and _is_text(pieces[-1]) and _is_text(piece):
                pieces.append(Scalar("blank", end, position))
            if not pieces or self._joins(pieces[-1], piece):
                pieces.append(piece)
            position = end = piece.end
        if not pieces or (len(pieces) == 1 and pieces[0].end == end):
            return (pieces[0] if pieces else None), end
        return Concat(tuple(pieces), pieces[0].start, end), end

    def _joins(self, left: Node, right: Node) -> bool:
        """Whether two neighbours make one value; False when the library drops the right one without a word."""
        if isinstance(left, Reference) or isinstance(right, Reference):
            return True
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return True
        if type(left) is type(right):
            return True
        if isinstance(right, Scalar) and right.kind == "word":
            word = self._text[right.start : right.end]
            if not word.startswith(("true", "false", "null")):
                return False
        raise syntax(codes.HOCON_MIXED, place(self._text, right.start))

    def items(self, position: int, depth: int) -> "tuple[tuple[Node, ...], int]":
        """The items of a list up to its closing bracket."""
        text, opened = self._text, position - 1
        if depth > DEEPEST:
            self._fail(codes.HOCON_TOO_DEEP, position, limit=DEEPEST)
        found: list[Node] = []
        self._lists += 1
        while True:
            item, end = self.value(position, depth)
            if item is not None:
                self._count(1, position)
                found.append(item)
            position = self.skip(end)
            sign = text[position : position + 1]
            if sign == "]":
                self._lists -= 1
                return tuple(found), position + 1
            if not sign:
                self._fail(codes.HOCON_MISSING_BRACE, opened, case="list")
            if item is None or (sign != "," and "\n" not in text[end:position]):
                self._fail(codes.HOCON_SEPARATOR, position, case="list")
            position += sign == ","

    def _reference(self, start: int, position: int) -> Reference:
        optional = self._text[position - 1] == "?"
        elements, _, position = path_words(self._text, position)
        match = TOKEN.match(self._text, position)
        if match is None:
            self._fail(codes.HOCON_MISSING_BRACE, start, case="substitution")
        if match[0] != "}":
            self._fail(codes.HOCON_PATH, position, case="sign")
        try:
            keys = elements.finish()
        except ValueError:
            self._fail(codes.HOCON_PATH, start, case="substitution")
        self._count(len(keys), start)
        return Reference(keys, optional, start, position + 1)

    def _include(self, start: int, position: int) -> tuple[Include, int]:
        text = self._text
        position = self.skip(position)
        match = _INCLUDE.match(text, position)
        required, how = (match[1], match[2]) if match else (None, None)
        position = match.end() if match else position
        if required and not how:
            position = self.skip(position)
            inner = re.compile(r"(url|file|classpath)\(").match(text, position)
            how, position = (inner[1], inner.end()) if inner else (None, position)
        position = self.skip(position) if required or how else position
        name = TOKEN.match(text, position)
        if name is None or name.lastgroup not in {"string", "triple"}:
            self._fail(codes.HOCON_INCLUDE, start)
        if how == "url" and not _URL.match(content(name.lastgroup, name[0])):
            self._fail(codes.HOCON_INCLUDE, start, case="protocol")
        position = name.end()
        for _ in range(bool(required) + bool(how)):
            position = self.skip(position)
            if not text.startswith(")", position):
                self._fail(codes.HOCON_INCLUDE, start, case="bracket")
            position += 1
        self._count(1, start)
        return Include(how or "heuristic", content(name.lastgroup, name[0]), bool(required), start, position), position

    def _count(self, keys: int, offset: int) -> None:
        if keys > LONGEST_PATH:
            self._fail(codes.HOCON_LONG_PATH, offset, limit=LONGEST_PATH)
        self._keys_left -= keys
        if self._keys_left < 0:
            self._fail(codes.HOCON_TOO_MANY_KEYS, offset, limit=MOST_KEYS)

    def _fail(self, spec: Code, offset: int, case: str = "", **facts: Fact) -> NoReturn:
        raise syntax(spec, place(self._text, offset), case, **facts)


def _is_text(piece: Node) -> bool:
    return isinstance(piece, Scalar | Reference)
