"""The unattended file: `NAME="value"` lines that a shell may source and a simple parser may read.

Each line is kept as it is; an edit changes one value. What bash and a plain parser would read differently is never
written, and where it is found it is reported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from wizard import codes
from wizard.configs.encoding import decode, encode, line_end
from wizard.errors import TextSyntaxError, WizardError
from wizard.printable import printable

LARGEST = 256 * 1024
"""Bytes of one file."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([ \t\ufeff]*)(export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=")
_WORDS = re.compile(
    r"""(?P<single>'[^']*')|(?P<double>"(?:[^"\\]|\\[\s\S])*")|(?P<escape>\\[\s\S])|(?P<bare>[^\s'"\\;&|<>()]+)"""
)
_UNSAFE = re.compile("[$`\"'\\\\\x00-\x1f\x7f\ud800-\udfff\u0085\u2028\u2029]")
_CODE = re.compile(
    r"""[ \t]*(?:
        (?: if | for | while | until | case | function | select | exit | return | exec | readonly
          | (?:declare|typeset)[ \t]+-\w*r\w* | \w+[ \t]*\(\) | \{ ) (?![\w=])
      | [^\s#][^\n]*\\\Z )""",
    re.VERBOSE,
)
"""Code after which a line at the end of the file may have no effect; a last line that goes on is some too."""
_HERE_DOCUMENT = re.compile(r"^(?![ \t]*#)[^\n'\"]*(?<!<)<<(?!<)", re.MULTILINE)
_EXPANDS = re.compile(r"[$`]")


@dataclass(frozen=True, slots=True)
class Value:
    """What one setting holds.

    Attributes:
        name: of the setting.
        text: as a shell reads it, and a plain parser too when `decidable`.
        line: of the assignment, from 1.
        column: of the value, from 1.
        shadowed: earlier lines with the same name, the last first: a shell takes the last.
        decidable: False when a shell and a plain parser read it differently, or only a running shell can tell.
        reason: why not.
    """

    name: str
    text: str
    line: int
    column: int
    shadowed: "tuple[Value, ...]" = ()
    decidable: bool = True
    reason: str = ""


class _Setting(NamedTuple):
    value: Value
    start: int
    """Of the value's text."""
    end: int
    line_start: int
    line_end: int


class Document:
    """A parsed file. It does not change: `set` and `unset` give a new one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._settings: list[_Setting] = _read(text)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that are set, in the order of the file."""
        return tuple(dict.fromkeys(setting.value.name for setting in self._settings))

    def get(self, name: str) -> Value | None:
        """The value that counts, which is the last; None when *name* is not set."""
        places = [setting.value for setting in self._settings if setting.value.name == name]
        return replace(places[-1], shadowed=tuple(reversed(places[:-1]))) if places else None

    def set(self, name: str, text: str) -> "Document":
        """Give *name* the value *text* in double quotes, changing the line that counts or adding one at the end.

        Raises:
            WizardError: the name or the value cannot be written so that a shell and a plain parser read the same.
        """
        if not _NAME.fullmatch(name):
            raise WizardError(codes.ENVFILE_NAME, subject=printable(name), name=name)
        check(text, name)
        if found := _HERE_DOCUMENT.search(self.text):
            # Its lines look like settings, and are none.
            number = self.text.count("\n", 0, found.start()) + 1
            raise WizardError(codes.ENVFILE_SHELL_CODE, subject=name, line=number)
        current = self.get(name)
        if current is not None and current.decidable and current.text == text:
            return self
        places = [setting for setting in self._settings if setting.value.name == name]
        if places:
            last = places[-1]
            edited = f'{self.text[: last.start]}"{text}"{self.text[last.end :]}'
        else:
            edited = self._appended(f'{name}="{text}"')
        after = Document(edited)
        written = after.get(name)
        others = [(one.value.name, one.value.text) for one in after._settings if one.value.name != name]
        kept = [(one.value.name, one.value.text) for one in self._settings if one.value.name != name]
        if written is None or written.text != text or others != kept:
            raise WizardError(codes.ENVFILE_SHELL_CODE, case="other-line", subject=name, name=name)
        return after

    def _appended(self, line: str) -> str:
        text = self.text
        rows = text.splitlines()
        for number, row in enumerate(rows, 1):
            # A backslash joins the new line to the last one alone.
            if _CODE.match(row if number == len(rows) else row.rstrip("\\")):
                raise WizardError(codes.ENVFILE_SHELL_CODE, subject=line.partition("=")[0], line=number)
        end = line_end(text, len(text))
        glue = "" if not text.strip("\ufeff") or text.endswith("\n") else end
        return f"{text}{glue}{line}{end if not glue else ''}"

    def unset(self, name: str) -> "Document":
        """Remove every line that sets *name*; its comment at the end of the line goes with it."""
        text = self.text
        for setting in reversed(self._settings):
            if setting.value.name == name:
                text = text[: setting.line_start] + text[setting.line_end :]
        return Document(text) if text != self.text else self

    def render(self) -> bytes:
        """The bytes of the file, every one as it was read but for the edits."""
        return encode(self.text)


def parse(data: bytes) -> Document:
    """Read an unattended file; lines that are no assignment are kept and not looked into.

    Raises:
        TextSyntaxError: a quoted value is never closed, or the file is UTF-16 or larger than `LARGEST`.
    """
    if len(data) > LARGEST:
        raise TextSyntaxError(codes.ENVFILE_TOO_LARGE, line=1, column=1, size=len(data), limit=LARGEST)
    return Document(decode(data, utf_16_refused=codes.ENVFILE_UTF_16))


def check(text: str, name: str = "") -> None:
    """Refuse a value that bash and a plain parser cannot read alike.

    Raises:
        WizardError: `envfile.unsafe-value`, naming the sign but never the value.
    """
    match = _UNSAFE.search(text)
    if match is not None:
        signs = {"$": "a $", "`": "a backtick", '"': "a double quote", "'": "a single quote", "\\": "a backslash"}
        sign = signs.get(match[0], "a line break" if match[0] in "\r\n" else "a control character")
        raise WizardError(codes.ENVFILE_UNSAFE_VALUE, subject=printable(name), name=name or "it", sign=sign)


def snippet(settings: Mapping[str, str]) -> str:
    """The lines to put into an unattended file that is not here.

    Raises:
        WizardError: a name or value cannot be written safely.
    """
    document = Document("")
    for name, text in settings.items():
        document = document.set(name, text)
    return document.text


def _read(text: str) -> list[_Setting]:
    settings: list[_Setting] = []
    position, line = 0, 1
    while position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        match = _ASSIGNMENT.match(text, position)
        if match is not None:
            stop, words = _value(text, match.end(), line, position)
            end = text.find("\n", stop) + 1 or len(text)
            tail = text[stop:end]
            column = match.end() - position + 1 - text.startswith("\ufeff", position)
            value = _understood(match[3], words, tail, line, column)
            if value is not None:
                settings.append(_Setting(value, match.end(), stop, position, end))
        line += text.count("\n", position, end)
        position = end
    return settings


def _value(text: str, position: int, line: int, line_start: int) -> tuple[int, list[tuple[str, str]]]:
    """Where the value ends, and its parts: `single`, `double`, `escape` or `bare` with their source."""
    words: list[tuple[str, str]] = []
    while match := _WORDS.match(text, position):
        words.append((match.lastgroup or "", match[0]))
        position = match.end()
    if text[position : position + 1] in {"'", '"'}:
        raise TextSyntaxError(codes.ENVFILE_OPEN_QUOTE, line=line, column=position - line_start + 1)
    return position, words


def _understood(name: str, words: list[tuple[str, str]], tail: str, line: int, column: int) -> Value | None:
    """The value as a shell reads it, and whether a plain parser does too; None when it is only for one command."""
    rest = tail.rstrip("\n")
    carriage = rest.endswith("\r")
    rest = rest.rstrip("\r")
    if rest[:1] in {" ", "\t"} and rest.strip() and not rest.lstrip().startswith(("#", ";", "&", "|")):
        return None
    text = "".join(_as_shell(kind, source) for kind, source in words)
    reason = ""
    if any(kind in {"bare", "double"} and _EXPANDS.search(re.sub(r"\\.", "", source)) for kind, source in words):
        reason = "a shell expands the $ or backtick in it"
    elif any(kind == "escape" or (kind == "double" and "\\" in source) for kind, source in words):
        reason = "a shell reads the backslash in it, a plain parser does not"
    elif len(words) > 1:
        reason = "it has several parts, which a plain parser does not join"
    elif "\n" in text:
        reason = "it has several lines"
    elif rest.strip() and not rest.lstrip().startswith("#"):
        reason = "more shell code follows on its line"
    elif carriage and "#" not in rest:
        reason = "the line ends with a carriage return, which a shell takes as part of the value"
    return Value(name, text, line, column, (), not reason, f"line {line}: {reason}" if reason else "")


def _as_shell(kind: str, source: str) -> str:
    if kind == "single":
        return source[1:-1]
    if kind == "double":
        return re.sub(r'\\([$`"\\])|\\\n', lambda match: match[1] or "", source[1:-1])
    if kind == "escape":
        return source[1:].replace("\n", "")
    return source


def missing(document: Document, names: Iterable[str]) -> tuple[str, ...]:
    """Those of *names* that the file does not set."""
    return tuple(name for name in names if document.get(name) is None)
