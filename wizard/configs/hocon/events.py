"""A tree laid out as a list: every place that says something about a path, in the order in which it counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from wizard import codes
from wizard.configs.encoding import decode
from wizard.configs.hocon.syntax import (
    LONGEST_PATH,
    MOST_KEYS,
    Concat,
    Field,
    Include,
    Lines,
    ListNode,
    Node,
    ObjectNode,
    Path,
    Reference,
    Scalar,
    parse_root,
    syntax,
)
from wizard.errors import TextSyntaxError
from wizard.findings import Code
from wizard.printable import printable

Loader = Callable[[str, str], bytes | None]
"""Gives the bytes of an included file from its kind and name, or None when there is no such file.

It may raise `OSError` when the file cannot be read; then the include counts as not followed.
"""

INCLUDES_DEEP = 50
INCLUDES_MANY = 200
INCLUDES_BYTES = 8 * 1024 * 1024
LARGEST = 2 * 1024 * 1024
"""Bytes of one file."""


def text_of(data: bytes) -> str:
    """The text of a file.

    Raises:
        TextSyntaxError: it is UTF-16, or larger than `LARGEST`.
    """
    check_size(data)
    return decode(data, utf_16_refused=codes.HOCON_UTF_16)


def check_size(content: bytes | str) -> None:
    """Refuse what is larger than `LARGEST`.

    Raises:
        TextSyntaxError: `hocon.too-large`.
    """
    if len(content) > LARGEST:
        raise syntax(codes.HOCON_TOO_LARGE, (1, 1), limit=LARGEST)


class Source:
    """One text with its name ("" for the document itself) and the lines in it."""

    __slots__ = ("lines", "name", "text")

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.lines = Lines(text)


class NotFollowed(NamedTuple):
    """Takes the place of the content of an include that was not read: it may set anything in its object."""

    reason: str
    start: int
    end: int


class Event(NamedTuple):
    """One place that says something.

    Attributes:
        path: the whole path from the root.
        node: what is set; an `ObjectNode` opens an object and is followed by what is in it.
        entry: the field or include itself; None for parts that belong to the field before.
        source: the text it is in.
        prefix: how many keys of the path come from the place of the include; its substitutions are tried with and
            without them.
        appends: the separator was `+=`.
    """

    path: Path
    node: "Node | NotFollowed"
    entry: "Field | Include | None"
    source: Source
    prefix: int
    appends: bool


@dataclass(frozen=True, slots=True)
class IncludeNote:
    """An include statement and what became of it: `followed`, `missing` or `not followed`, with the reason."""

    name: str
    line: int
    status: str
    reason: str = ""
    source: str = ""
    fatal: bool = False
    """The Lightbend library refuses the whole configuration because of it."""


class Broken(str):  # noqa: SLOT000 - a reason that also says that nothing else can be read
    """Why an included text does not parse."""


@dataclass(slots=True)
class Includes:
    """What is known about included files; read once and shared by a document and its edited successors."""

    loader: Loader | None
    texts: dict[tuple[str, str], "tuple[Source, ObjectNode] | str | None"] = field(default_factory=dict)
    size: int = 0

    def read(self, how: str, name: str) -> "tuple[Source, ObjectNode] | str | None":
        """The parsed text; None when there is no such file; or the reason why it was not followed."""
        if (how, name) not in self.texts:
            self.texts[how, name] = self._read(how, name)
        return self.texts[how, name]

    def _read(self, how: str, name: str) -> "tuple[Source, ObjectNode] | str | None":
        if self.loader is None:
            return "included files were not read"
        if len(self.texts) >= INCLUDES_MANY or self.size > INCLUDES_BYTES:
            return "too many or too large included files"
        try:
            data = self.loader(how, name)
        except OSError as error:
            return printable(error.strerror or "it cannot be read").lower()
        if data is None:
            return None
        self.size += len(data)
        if name.endswith(".properties"):
            return "it is a properties file"
        try:
            text = text_of(data)
            root = parse_root(text)
        except TextSyntaxError as error:
            kind = str if error.beyond else Broken
            return kind(f"it cannot be read ({error.message})")
        return Source(text, name), root


def flatten(root: ObjectNode, source: Source, includes: Includes, notes: list[IncludeNote]) -> list[Event]:
    """Every event of a document, includes followed in place; what became of each include is added to *notes*."""
    events: list[Event] = []
    _object(root, (), _Walk(source, includes, notes, events, 0, 0))
    return events


class _Walk(NamedTuple):
    source: Source
    includes: Includes
    notes: list[IncludeNote]
    events: list[Event]
    prefix: int
    depth: int


def _object(node: ObjectNode, path: Path, walk: _Walk) -> None:
    for entry in node.entries:
        if len(walk.events) > MOST_KEYS:
            raise _beyond(codes.HOCON_TOO_MANY_KEYS, entry, walk.source, MOST_KEYS)
        if isinstance(entry, Include):
            _include(entry, path, walk)
            continue
        value = entry.value
        keys = path + entry.keys
        if len(keys) > LONGEST_PATH:
            raise _beyond(codes.HOCON_LONG_PATH, entry, walk.source, LONGEST_PATH)
        appends = entry.separator == "+="
        # `a = ${b} { c = 1 }` says the same as `a = ${b}` followed by `a { c = 1 }`.
        pieces = value.pieces if isinstance(value, Concat) and not appends else ()
        owner: Field | None = entry
        for piece in pieces if any(isinstance(each, ObjectNode) for each in pieces) else (value,):
            part = ListNode((piece,), piece.start, piece.end) if appends else piece
            walk.events.append(Event(keys, part, owner, walk.source, walk.prefix, appends))
            owner = None
            if isinstance(part, ObjectNode):
                _object(part, keys, walk)


def _beyond(spec: Code, entry: "Field | Include", source: Source, limit: int) -> TextSyntaxError:
    place = source.lines.place(entry.start)
    if source.name:
        return syntax(spec, place, case="included", limit=limit, file=source.name)
    return syntax(spec, place, case="with-includes", limit=limit)


def _include(entry: Include, path: Path, walk: _Walk) -> None:
    read: list[tuple[Source, ObjectNode]] = []
    reason = ""
    if entry.how in {"url", "classpath"}:
        reason = f"what {entry.how}() refers to is not among the files that are read here"
    elif walk.depth >= INCLUDES_DEEP:
        reason = "files include each other in a circle"
    else:
        for name in _candidates(entry, walk.source.name):
            answer = walk.includes.read(entry.how, name)
            if isinstance(answer, str):
                reason = reason or answer
            elif answer is not None:
                read.append(answer)
    status = "not followed" if reason else "followed" if read else "missing"
    if status == "missing" and entry.required:
        status, reason = "not followed", "it is required but does not exist"
    # Another required name may also be found among the classes, which are not searched here.
    fatal = isinstance(reason, Broken) or (entry.required and entry.how == "file" and not read)
    line = walk.source.lines.place(entry.start)[0]
    walk.notes.append(IncludeNote(entry.name, line, status, reason, walk.source.name, fatal))
    # Of name.conf, name.json and name.properties the first wins, so it has to come last.
    for source, root in reversed(read):
        _object(root, path, walk._replace(source=source, prefix=len(path), depth=walk.depth + 1))
    if reason:
        why = f'include "{entry.name}" in line {line}: {reason}'
        node = NotFollowed(why, entry.start, entry.end)
        walk.events.append(Event(path, node, entry, walk.source, walk.prefix, appends=False))


def _candidates(entry: Include, within: str) -> Iterator[str]:
    name = entry.name
    if entry.how == "heuristic" and "/" in within and not name.startswith("/"):
        name = f"{within.rpartition('/')[0]}/{name}"
    if entry.how == "heuristic" and not name.endswith((".conf", ".json", ".properties")):
        yield from (f"{name}.conf", f"{name}.json", f"{name}.properties")
    else:
        yield name


def references(node: "Node | NotFollowed") -> Iterator[Reference]:
    """Every substitution in a value, those inside lists included."""
    if isinstance(node, Reference):
        yield node
    elif isinstance(node, Concat | ListNode):
        for part in node.pieces if isinstance(node, Concat) else node.items:
            yield from references(part)
    elif isinstance(node, ObjectNode):
        for entry in node.entries:
            if isinstance(entry, Field):
                yield from references(entry.value)


def is_text(node: "Node | NotFollowed") -> bool:
    """Whether a value is a single text: a word, or words and blanks side by side."""
    return isinstance(node, Scalar) or (
        isinstance(node, Concat) and all(isinstance(piece, Scalar) for piece in node.pieces)
    )
