"""A HOCON text taken apart; its commented-out settings; change one setting and verify that nothing else changed."""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, Self, TypeVar

from wizard import codes
from wizard.configs.encoding import encode, line_end
from wizard.configs.hocon.events import (
    Event,
    IncludeNote,
    Includes,
    NotFollowed,
    Source,
    check_size,
    flatten,
    is_text,
    references,
)
from wizard.configs.hocon.resolve import ABSENT, LIST, OBJECT, TEXT, Outcome, View
from wizard.configs.hocon.syntax import (
    BLANK,
    Concat,
    Field,
    Include,
    ListNode,
    ObjectNode,
    Path,
    Reference,
    Scalar,
    content,
    parse_root,
    render_path,
)
from wizard.errors import TextSyntaxError, WizardError
from wizard.printable import printable


class Parsed:
    """A text, the events that its fields cause, and the values that follow from them.

    Attributes:
        text: the whole text, without its encoding.
        known_includes: gives the content of included files.
        environment: of the server's process, None when it is not known.
        root: of the syntax tree.
        source: the text with its line numbers.
        includes: the include statements and what became of them.
        events: every place that sets or appends something, in the order in which it counts.
        view: the values of paths.
    """

    def __init__(self, text: str, known_includes: Includes, environment: Mapping[str, str] | None) -> None:
        self.text = text
        self.known_includes = known_includes
        self.environment = environment
        self.root = parse_root(text)
        self.source = Source(text, "")
        self.includes: list[IncludeNote] = []
        self.events = flatten(self.root, self.source, known_includes, self.includes)
        self.view = View(self.events, environment)

    def render(self) -> bytes:
        """The bytes of the file, all as they were read except for the edits."""
        return encode(self.text)

    def successor(self, text: str) -> Self:
        """Another text with the same includes and environment.

        Raises:
            TextSyntaxError: it does not parse.
        """
        check_size(text)
        return type(self)(text, self.known_includes, self.environment)


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
        if entry is None or offset >= (entry.value.end if isinstance(entry, Field) else entry.end):
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


_BLANKS = BLANK.replace("\\r", "")
_REST = re.compile(rf"[{_BLANKS}]*(,?)[{_BLANKS}]*?((?:#|//)[^\r\n]*)?[ \t]*(?=\r?\n|\Z)")
_SEPARATOR = re.compile(r"[ \t]*[=:][ \t]*\Z")
_INDENT = re.compile(r"[ \t]*")


class Change(NamedTuple):
    """A stretch of the text and what is there afterwards."""

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
    known = [
        f"{render_path(event.path)} (line {document.source.lines.place(event.node.start)[0]})"
        for event in document.events[:2000]
        if isinstance(event.node, ObjectNode) and event.source is document.source
    ]
    if not known:
        raise WizardError(codes.HOCON_PLACE_UNKNOWN, case="no-objects", subject=path, setting=path)
    raise WizardError(codes.HOCON_PLACE_UNKNOWN, subject=path, setting=path, objects=", ".join(known[:6]))


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


_COMMA = re.compile(rf"[{BLANK}]*,?")
_LINE_END = re.compile(r"[ \t\r]*(?:\n|\Z)")


def removals(document: Parsed, keys: Path) -> list[Change]:
    """The changes that take away every place of this text that sets *keys* or something below it."""
    spans: dict[int, int] = {}
    for number in document.view.at.get(keys, ()):
        event = document.events[number]
        if event.source is not document.source or not isinstance(event.entry, Field):
            continue
        # A key that begins above the path, as `a.b.c` does for `a.b`, goes as a whole.
        if len(event.path) - len(event.entry.keys) < len(keys):
            spans[event.entry.start] = event.entry.value.end
    return [_removal(document.text, start, end) for start, end in spans.items()]


def _removal(text: str, start: int, end: int) -> Change:
    comma = _COMMA.match(text, end)
    stop = comma.end() if comma and comma[0].endswith(",") else end
    line = text.rfind("\n", 0, start) + 1
    rest = _LINE_END.match(text, stop)
    if not text[line:start].strip(" \t"):
        return Change(line, rest.end(), "") if rest else Change(start, stop, "")
    if stop == end and text[line:start].rstrip(" \t").endswith(","):
        # The last of several on its line: the comma in front goes with it.
        start = line + len(text[line:start].rstrip(" \t")) - 1
    elif stop > end:
        stop += len(text[stop:]) - len(text[stop:].lstrip(" \t"))
    return Change(start, stop, "")


AnyDocument = TypeVar("AnyDocument", bound=Parsed)


class _Target(NamedTuple):
    change: Change
    replaced: int | None
    """The number of the event whose value is exchanged; None when one is added."""


def quoted(text: str, subject: str = "") -> str:
    """*text* as HOCON: double quotes, JSON escapes, ASCII only.

    Raises:
        WizardError: it holds half of a surrogate pair.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise WizardError(codes.HOCON_VALUE_NOT_TEXT, subject=subject)
    return json.dumps(text).replace("\x7f", "\\u007f")


def assign(document: AnyDocument, keys: Path, text: str, *, followers: bool) -> AnyDocument:
    """See `Document.set`."""
    path = render_path(keys)
    literal = quoted(text, path)
    current = document.view.lookup(keys)
    if current.state == TEXT and not current.doubt and (current.text, current.kind != "null") == (text, True):
        return document
    if current.state in {OBJECT, LIST}:
        kind = "an object" if current.state == OBJECT else "a list"
        where = _line(document, current.winner)
        raise WizardError(codes.HOCON_NOT_A_TEXT, subject=path, setting=path, kind=kind, where=where)
    target = _target(document, keys, literal, current)
    after = _applied(document, [target.change], path)
    outcome = after.view.lookup(keys)
    if outcome.doubt or (outcome.state, outcome.text) != (TEXT, text):
        raise _shadowed(after, keys, outcome)
    _prove_rest(document, after, target, path)
    if not followers:
        _prove_followers(document, after, keys)
    return after


def _target(document: Parsed, keys: Path, literal: str, current: Outcome) -> _Target:
    own = [number for number in document.view.at.get(keys, ()) if _is_own(document, document.events[number], keys)]
    nodes = {number: document.events[number].node for number in own}
    # An optional substitution may vanish.
    firm = [number for number, node in nodes.items() if not (isinstance(node, Reference) and node.optional)]
    if own:
        number = current.winner if current.winner in firm else (firm or own)[-1]
        event = document.events[number]
        return _Target(Change(event.node.start, event.node.end, literal), number)
    if current.winner is not None:
        raise _shadowed(document, keys, current)
    places = [place for place in search(document, keys[-1]) if place.keys == keys and place.whole]
    if len(places) > 1:
        lines = ", ".join(str(place.line) for place in places)
        path = render_path(keys)
        raise WizardError(codes.HOCON_SEVERAL_COMMENTED, subject=path, setting=path, lines=lines)
    if places:
        return _Target(_revival(document.text, places[0], literal), None)
    return _Target(addition(document, keys, literal), None)


def _is_own(document: Parsed, event: Event, keys: Path) -> bool:
    return (
        event.source is document.source
        and event.path == keys
        and isinstance(event.entry, Field)
        and not event.appends
        and not isinstance(event.node, ObjectNode | NotFollowed | ListNode)
    )


def _revival(text: str, place: Commented, literal: str) -> Change:
    start = text.rfind("\n", 0, place.sign) + 1
    blanks = text[place.sign : place.key].lstrip("#/")
    # A sign in the first column with blanks behind it was put over the indentation: those blanks are the indentation.
    keep = blanks if start == place.sign and len(blanks) > 1 and place.inside else ""
    return Change(place.sign, place.value[1], keep + text[place.key : place.value[0]] + literal)


def remove(document: AnyDocument, keys: Path) -> AnyDocument:
    """See `Document.unset`."""
    path = render_path(keys)
    changes = removals(document, keys)
    after = _applied(document, changes, path) if changes else document
    outcome = after.view.lookup(keys)
    if outcome.state != ABSENT or outcome.doubt:
        raise _shadowed(after, keys, outcome)
    if changes:
        size = len(keys)
        before_rest = [_said(event) for event in document.events if event.path[:size] != keys]
        if before_rest != [_said(event) for event in after.events if event.path[:size] != keys]:
            raise WizardError(codes.HOCON_EDIT_NOT_PROVEN, case="removed", subject=path, setting=path)
        # What an object hid comes back when the last of its parts goes.
        around = [after.view.lookup(keys[:size]) for size in range(1, len(keys))]
        if any(each.state not in {OBJECT, ABSENT} and each.kind != "null" for each in around):
            raise WizardError(codes.HOCON_EDIT_NOT_PROVEN, case="earlier", subject=path, setting=path)
        _prove_followers(document, after, keys)
    return after


def _said(event: Event) -> tuple[Path, str]:
    if isinstance(event.node, ObjectNode):
        return event.path, ""
    return event.path, event.source.text[event.node.start : event.node.end]


def _applied(document: AnyDocument, changes: list[Change], path: str) -> AnyDocument:
    text, parts, position = document.text, [], 0
    for change in sorted(changes):
        parts += [text[position : change.start], change.text]
        position = change.end
    parts.append(text[position:])
    try:
        return document.successor("".join(parts))
    except TextSyntaxError as error:
        raise WizardError(
            codes.HOCON_EDIT_NOT_PROVEN, case="broken", subject=path, setting=path, reason=error.message
        ) from error


def _prove_rest(before: Parsed, after: Parsed, target: _Target, path: str) -> None:
    """Every other place is where it was, shifted by what was put in: so its meaning is the same."""
    change = target.change
    shift = len(after.text) - len(before.text)
    old, new = before.events, after.events
    if target.replaced is None:
        written = range(change.start, change.start + len(change.text))
        ours = (n for n, event in enumerate(new) if event.source is after.source and event.node.start in written)
        added = next(ours, len(new))
        new = new[:added] + new[added + 1 :]
    same = len(old) == len(new)
    for number, (one, two) in enumerate(zip(old, new, strict=False)):
        if not same:
            break
        if one.source is not before.source:
            same = one.path == two.path and one.node is two.node
            continue
        start, end = one.node.start, one.node.end
        moved = (start + shift * (start >= change.end), end + shift * (end > change.end))
        same = one.path == two.path and (number == target.replaced or moved == (two.node.start, two.node.end))
    if not same:
        raise WizardError(codes.HOCON_EDIT_NOT_PROVEN, subject=path, setting=path)


def _prove_followers(before: Parsed, after: Parsed, keys: Path) -> None:
    if "${" not in before.text and not any(note.status == "followed" for note in before.includes):
        return
    others = [path for path in _followers(before, keys) if path[: len(keys)] != keys]
    # Where nothing is known of a value, it may change too.
    unknown = {path for path in others if (found := before.view.lookup(path)).state == ABSENT and found.doubt}
    moved = [path for path in others if path in unknown or _worth(before, path) != _worth(after, path)]
    if moved:
        names = ", ".join(render_path(path) for path in moved[:5])
        first = next(event for event in before.events if event.path == moved[0])
        line = first.source.lines.place(first.node.start)[0]
        setting = render_path(keys)
        raise WizardError(codes.HOCON_OTHERS_FOLLOW, subject=setting, setting=setting, others=names, line=line)


def _followers(document: Parsed, keys: Path) -> list[Path]:
    """Paths that refer to *keys*, to something around or below it, or to another follower."""
    looking: list[tuple[Path, set[Path]]] = []
    for event in document.events:
        if event.appends or not isinstance(event.node, ObjectNode | Scalar | NotFollowed):
            named = [reference.path for reference in references(event.node)]
            wanted = {event.path[: event.prefix] + path for path in named} | set(named)
            if wanted:
                looking.append((event.path, wanted))
    found: dict[Path, None] = {}
    touched = {keys}
    around = {keys[:length] for length in range(1, len(keys) + 1)}
    growing = True
    while growing:
        document.view.spend(len(looking) // 8)
        rest = []
        for path, wanted in looking:
            if any(one in around or any(one[:length] in touched for length in range(1, len(one))) for one in wanted):
                found[path] = None
                touched.add(path)
                around |= {path[:length] for length in range(1, len(path) + 1)}
            else:
                rest.append((path, wanted))
        growing, looking = len(rest) < len(looking), rest
    return list(found)


def _worth(document: Parsed, path: Path) -> tuple[str, str, Any]:
    outcome = document.view.lookup(path)
    # The doubt names a line, which an added line moves.
    return outcome.state, outcome.text, document.view.tree(path) if outcome.state == OBJECT else outcome.items


def _shadowed(document: Parsed, keys: Path, outcome: Outcome) -> WizardError:
    path = render_path(keys)
    if outcome.doubt:
        return WizardError(codes.HOCON_SHADOWED, case="doubt", subject=path, setting=path, reason=outcome.doubt)
    if outcome.state == ABSENT:
        return WizardError(codes.HOCON_SHADOWED, case="object", subject=path, setting=path)
    return WizardError(codes.HOCON_SHADOWED, subject=path, setting=path, where=_line(document, outcome.winner))


def _line(document: Parsed, number: int | None) -> str:
    """Where an event is, as " in line 3 of other.conf"; "" when that is not known."""
    if number is None or number < 0:
        return ""
    event = document.events[number]
    line, _ = event.source.lines.place(event.node.start)
    return f" in line {line} of {event.source.name}" if event.source.name else f" in line {line}"
