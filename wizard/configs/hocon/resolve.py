"""Resolve the value of a path, with duplicates, merges, substitutions and includes.

Substitutions are followed only as far as the question needs. A substitution that leads back to its own path sees what
was set before it, as in the Lightbend library.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wizard import codes
from wizard.configs.hocon.events import Event, Includes, NotFollowed, flatten, references
from wizard.configs.hocon.syntax import (
    Concat,
    Field,
    ListNode,
    Node,
    ObjectNode,
    Path,
    Reference,
    Scalar,
    content,
    render_path,
    syntax,
)
from wizard.printable import printable

ABSENT, TEXT, LIST, OBJECT = "absent", "text", "list", "object"
_NUMBER = re.compile(r"-*[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|-*[0-9]+\.")
HOPS = 60
"""Substitutions behind one another; more is taken for a circle."""
MOST_STEPS = 20_000
"""Substitutions that are followed for all questions about one document; eight values at one path count as one."""
MOST_EXPANDED = 2_000_000
"""Characters and list items that its substitutions may make in all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one question.

    Attributes:
        state: `absent`, `text`, `list` or `object`.
        text: of a text.
        kind: of a text: `string`, `number`, `boolean` or `null`.
        winner: the number of the event that decided, None when absent.
        doubt: why it cannot be decided; the rest then tells what would be so without the doubtful part.
        items: of a list.
        wrong: the library refuses the whole configuration because of this place; `doubt` says why.
        quoted: of a text: whether it is anything but one unquoted word, which the library drops behind a list.
        size: of a list: its items, those of the lists in it included.
    """

    state: str = ABSENT
    text: str = ""
    kind: str = ""
    winner: int | None = None
    doubt: str = ""
    items: tuple[Any, ...] = ()
    wrong: bool = False
    quoted: bool = True
    size: int = 0


class View:
    """Answers questions about the events of one document."""

    def __init__(
        self,
        events: list[Event],
        environment: Mapping[str, str] | None,
        outer: "tuple[View, Event, dict[Path, int], int] | None" = None,
    ) -> None:
        self.events = events
        self._environment = environment
        self._outer = outer
        """For the objects in a list: where their substitutions look, which is never inside the list."""
        self.budget: list[int] = outer[0].budget if outer is not None else [MOST_STEPS, MOST_EXPANDED]
        self._known: dict[Path, Outcome] = {}
        self._asked: list[dict[tuple[Path, int], Outcome]] = [{}]
        """For each open path what its substitutions gave already, so that each is followed once."""
        self._reading: Event | None = None
        self._open: list[Path] = []
        """The paths whose values are being found, each because the one before it refers to it."""
        self._starts: list[int] = []
        """For each event the number of the first one of its field: `a = { b = 1 } ${a}` makes several."""
        fields: dict[Path, int] = {}
        self.at: dict[Path, list[int]] = {}
        """Path to the numbers of the events that are at it, or lie below it through a key with dots."""
        self._ending: dict[Path, list[int]] = {}
        """Path to the numbers of the events there that may say something about what lies below it."""
        for number, event in enumerate(events):
            path, known = event.path, self.at.get(event.path)
            if event.entry is not None:
                fields[path] = number
            self._starts.append(fields.get(path, number))
            if known is None:
                self.at[path] = [number]
            else:
                known.append(number)
            if not isinstance(event.node, ObjectNode):
                self._ending.setdefault(path, []).append(number)
            if isinstance(event.entry, Field) and len(event.entry.keys) > 1:
                for length in range(len(path) - len(event.entry.keys) + 1, len(path)):
                    self.at.setdefault(path[:length], []).append(number)
        self._lengths = {len(path) for path in self._ending}
        self._below: dict[Path, dict[str, None]] | None = None

    def lookup(self, path: Path) -> Outcome:
        """The value of *path*.

        Raises:
            TextSyntaxError: `hocon.expansion`, when the bounds of this module are reached.
        """
        if path not in self._known:
            self._known[path] = self._lookup(path, {}, 0)
        return self._known[path]

    def spend(self, steps: int, expanded: int = 0) -> None:
        """Count work against the bounds of this module.

        Raises:
            TextSyntaxError: `hocon.expansion`, when it is too much.
        """
        self.budget[0] -= steps
        self.budget[1] -= expanded
        if min(self.budget) < 0:
            event = self._reading
            at = event.source.lines.place(event.node.start) if event is not None else (1, 1)
            file = event.source.name if event is not None and event.source.name else "this file"
            if self.budget[0] < 0:
                raise syntax(codes.HOCON_EXPANSION, at, case="steps", file=file, limit=MOST_STEPS)
            raise syntax(codes.HOCON_EXPANSION, at, case="size", file=file, limit=MOST_EXPANDED)

    def _layers(self, path: Path, limits: Mapping[Path, int]) -> list[tuple[int, int]]:
        """Numbers of the events that bear on *path*, the last first, each with the length of the path it is at."""
        layers: list[tuple[int, int]] = []
        limit = len(self.events)
        # Only these lengths: cutting and hashing every prefix would cost the cube of the depth for a whole file.
        for length in sorted(self._lengths | {len(path)} | {len(at) for at in limits}):
            if length > len(path):
                break
            prefix = path[:length]
            limit = min(limit, limits.get(prefix, limit))
            said = self.at if length == len(path) else self._ending
            layers += [(number, length) for number in said.get(prefix, ()) if number < limit]
        self.spend(len(layers) // 8)
        layers.sort(reverse=True)
        return layers

    def _lookup(self, path: Path, limits: dict[Path, int], hops: int) -> Outcome:
        if hops > HOPS:
            return Outcome(doubt="its substitutions refer to each other in a circle")
        doubt, opened = "", None if path else -1
        layers = self._layers(path, limits)
        if self._open:
            doubt = next((why for number, length in layers if (why := self._meets_itself(number, path[length:]))), "")
        for number, length in layers:
            event = self.events[number]
            node, rest = event.node, path[length:]
            if len(event.path) > length or isinstance(node, ObjectNode):
                opened = number if opened is None and not rest else opened
            elif isinstance(node, NotFollowed):
                doubt = doubt or node.reason
                opened = number if opened is None and not rest else opened
            else:
                found = self._value(number, rest, limits, hops)
                if found.wrong and opened is None:
                    return Outcome(winner=number, doubt=found.doubt, wrong=True)
                doubt = doubt or found.doubt
                if found.state == OBJECT:
                    opened = number if opened is None else opened
                elif found.state != ABSENT:
                    if opened is None:
                        return replace(found, winner=number, doubt=doubt)
                    break
                elif rest and self._value(number, (), limits, hops).state in {TEXT, LIST}:
                    break  # what is no object at a higher path wipes out what was set below it before
        return Outcome(doubt=doubt) if opened is None else Outcome(OBJECT, winner=opened, doubt=doubt)

    def _value(self, number: int, rest: Path, limits: dict[Path, int], hops: int) -> Outcome:
        """The value of one event, or what lies under *rest* in it."""
        event, start = self.events[number], self._starts[number]
        below = {**limits, event.path: min(start, limits.get(event.path, start))}
        self._open.append(event.path)
        self._asked.append({})
        self._reading = event
        try:
            return self._said(event, rest, below, hops)
        finally:
            self._open.pop()
            self._asked.pop()

    def _said(self, event: Event, rest: Path, below: dict[Path, int], hops: int) -> Outcome:
        node = event.node
        if isinstance(node, ObjectNode | NotFollowed):
            return Outcome(OBJECT)
        if event.appends:
            before = self._lookup(event.path, below, hops + 1)
            added = self._list(node, event, below, hops)
            doubt = before.doubt or added.doubt
            if before.state == TEXT and not doubt:
                return Outcome(doubt=f"{_where(event, node)} += adds to something that is not a list", wrong=True)
            if before.state == OBJECT:
                # An object whose keys are numbers becomes a list; any other is refused.
                why = f"{_where(event, node)} += adds to an object"
                if not doubt and not any(key.isdigit() for key in self.keys(event.path)):
                    return Outcome(doubt=why, wrong=True)
                doubt = doubt or why
            return Outcome() if rest else self._as_list((*before.items, *added.items), before.size + added.size, doubt)
        return self._node(node, rest, event, below, hops)

    def _node(self, node: Node, rest: Path, event: Event, limits: dict[Path, int], hops: int) -> Outcome:
        if isinstance(node, Reference):
            return self._reference(node, rest, event, limits, hops)
        if isinstance(node, Concat):
            return self._concat(node, rest, event, limits, hops)
        if rest:
            return Outcome()
        if isinstance(node, ListNode):
            return self._list(node, event, limits, hops)
        if isinstance(node, Scalar):
            text = content(node.kind, event.source.text[node.start : node.end])
            return Outcome(TEXT, text, _kind(node.kind, text), quoted=node.kind not in {"word", "blank"})
        return Outcome(OBJECT)

    def _reference(self, node: Reference, rest: Path, event: Event, limits: dict[Path, int], hops: int) -> Outcome:
        if self._outer is not None:
            view, event, limits, far = self._outer
            return view._reference(node, rest, event, limits, far + hops + 4)  # noqa: SLF001  # another one of its kind
        wanted = event.path[: event.prefix] + node.path
        if len(wanted) < len(event.path) and event.path[: len(wanted)] == wanted:
            why = f"{_where(event, node)} ${{{render_path(node.path)}}} contains the place that refers to it"
            return Outcome(doubt="" if node.optional else why)
        if any(path[: len(wanted)] == wanted for path in self._open[:-1]):
            return Outcome(doubt=f"{_where(event, node)} ${{{render_path(node.path)}}} refers to itself")
        found = self._referred(wanted + rest, limits, hops + 1)
        if found.state == ABSENT and event.prefix and not found.doubt:
            found = self._referred(node.path + rest, limits, hops + 1)
        if found.state != ABSENT or found.doubt:
            return found
        name = node.path[0]
        if len(node.path) == 1 and not rest:
            if self._environment is None:
                why = f"{_where(event, node)} ${{{name}}} may come from the environment of the service"
                return Outcome(doubt=why)
            if name in self._environment:
                return Outcome(TEXT, self._environment[name], "string")
        if node.optional or rest:
            return Outcome()
        return Outcome(
            doubt=f"{_where(event, node)} ${{{render_path(node.path)}}} is not set in the files that were read"
        )

    def _referred(self, path: Path, limits: dict[Path, int], hops: int) -> Outcome:
        self.spend(1)
        asked = self._asked[-1]
        if (path, hops) not in asked:
            asked[path, hops] = self._lookup(path, limits, hops)
        return asked[path, hops]

    def _as_list(self, items: tuple[Any, ...], size: int, doubt: str, *, wrong: bool = False) -> Outcome:
        self.spend(0, size)
        return Outcome(LIST, items=items, doubt=doubt, wrong=wrong, size=size)

    def _concat(self, node: Concat, rest: Path, event: Event, limits: dict[Path, int], hops: int) -> Outcome:
        if rest:
            for piece in reversed(node.pieces):
                found = self._node(piece, rest, event, limits, hops)
                if found.state != ABSENT or found.doubt:
                    return found
            return Outcome()
        parts = [(piece, self._node(piece, (), event, limits, hops)) for piece in node.pieces]
        doubt = next((found.doubt for _, found in parts if found.doubt), "")
        present = [(piece, found) for piece, found in parts if found.state != ABSENT]
        states = {found.state for _, found in present}
        if LIST in states or OBJECT in states:
            # White space between substitutions counts only when they turn out to be texts.
            present = [(piece, found) for piece, found in present if not _is_blank(piece)]
            states = {found.state for _, found in present}
            if len(states) > 1:
                why = f"{_where(event, node)} a text, a list or an object are side by side"
                return Outcome(doubt=doubt or why, wrong=not doubt and _refused(parts))
            if states == {OBJECT}:
                return Outcome(OBJECT, doubt=doubt)
            items = tuple(item for _, found in present for item in found.items)
            return self._as_list(items, sum(found.size for _, found in present), doubt)
        if not present:
            return Outcome(doubt=doubt)
        if len(present) == 1:
            return Outcome(TEXT, present[0][1].text, present[0][1].kind, doubt=doubt)
        self.spend(0, sum(len(found.text) for _, found in present))
        return Outcome(TEXT, "".join(found.text for _, found in present), "string", doubt=doubt)

    def _list(self, node: Node, event: Event, limits: dict[Path, int], hops: int) -> Outcome:
        """What a list holds; an optional substitution without a value is no item."""
        items: list[Any] = []
        doubt, wrong, size = "", False, 0
        for item in node.items if isinstance(node, ListNode) else ():
            found = self._node(item, (), event, limits, hops)
            if found.state == OBJECT or isinstance(item, Concat):
                # As if it were the value of a key: then objects side by side merge as everywhere.
                alone = ObjectNode([Field(("x",), item.start, "=", item)], item.start, item.end, braces=False)
                events = flatten(alone, event.source, Includes(None), [])
                inner = View(events, self._environment, (self, event, limits, hops))
                found = inner.lookup(("x",))
                if found.wrong:
                    doubt, wrong = found.doubt, True
                doubt = doubt or next(iter(inner.doubts()), "")
                if found.state == OBJECT:
                    tree, weight = inner.weighed(("x",))
                    items.append(tree)
                    size += 1 + weight
                    continue
            doubt = doubt or found.doubt
            size += 1 + found.size
            if found.state == LIST:
                items.append(list(found.items))
            elif found.state == TEXT:
                items.append(found.text if found.kind != "null" else None)
        return self._as_list(tuple(items), size, doubt, wrong=wrong)

    def refused(self) -> tuple[Event, str] | None:
        """The first place that counts and that makes the library refuse the whole configuration, with the reason."""
        for path in dict.fromkeys(
            event.path
            for event in self.events
            if event.appends or (isinstance(event.node, Concat | ListNode) and any(references(event.node)))
        ):
            outcome = self.lookup(path)
            if outcome.wrong and outcome.winner is not None:
                return self.events[outcome.winner], outcome.doubt
        return None

    def _meets_itself(self, number: int, rest: Path) -> str:
        """Why a layer makes the answer doubtful: it refers to an object in which a value is just being found.

        The library then looks only at what was set before, in an order of its own.
        """
        event = self.events[number]
        if not rest or isinstance(event.node, ObjectNode | NotFollowed | Scalar):
            return ""
        for node in references(event.node):
            wanted = event.path[: event.prefix] + node.path
            if any(len(path) > len(wanted) and path[: len(wanted)] == wanted for path in self._open):
                return f"{_where(event, node)} ${{{render_path(node.path)}}} refers to itself"
        return ""

    def doubts(self) -> Iterator[str]:
        """Why single places cannot be decided, whether they count or not, in the order of the text.

        The server resolves all of them when it starts: a substitution that is set nowhere stops it even where a later
        place hides it.
        """
        last = {event.path: number for number, event in enumerate(self.events)}
        for number, event in enumerate(self.events):
            if isinstance(event.node, NotFollowed):
                yield event.node.reason
            elif event.appends and number < last[event.path]:
                # What stood before it is part of the last one's answer.
                yield self._list(event.node, event, {event.path: self._starts[number]}, 0).doubt
            elif event.appends or any(references(event.node)):
                yield self._value(number, (), {}, 0).doubt

    def tree(self, path: Path) -> Any:
        """Everything below an object: dicts, lists and texts; None for null."""
        return self.weighed(path)[0]

    def weighed(self, path: Path) -> tuple[Any, int]:
        """As `tree`, with the number of values in it."""
        outcome = self.lookup(path)
        if outcome.state == OBJECT:
            keys = [key for key in self.keys(path) if self.lookup((*path, key)).state != ABSENT]
            below = {key: self.weighed((*path, key)) for key in keys}
            return {key: value for key, (value, _) in below.items()}, sum(size for _, size in below.values()) + 1
        if outcome.state == LIST:
            return list(outcome.items), outcome.size + 1
        return outcome.text if outcome.state == TEXT and outcome.kind != "null" else None, 1

    def literal(self, node: Node | NotFollowed, event: Event) -> str:
        """The text of a value without substitutions."""
        text = event.source.text
        pieces = node.pieces if isinstance(node, Concat) else (node,)
        return "".join(content(p.kind, text[p.start : p.end]) for p in pieces if isinstance(p, Scalar))

    def keys(self, path: Path) -> list[str]:
        """Keys that may be below *path*, also through substitutions; ask `lookup` whether they do."""
        found: dict[str, None] = dict.fromkeys(self._children(path))
        seen, waiting = {path}, [path]
        while waiting:
            here = waiting.pop()
            for number, length in self._layers(here, {}):
                event = self.events[number]
                if isinstance(event.node, ObjectNode | NotFollowed) or len(event.path) > length:
                    continue
                for reference in references(event.node):
                    if self._outer is not None:
                        found |= dict.fromkeys(self._outer[0].keys(reference.path + here[length:]))
                        continue
                    for wanted in (event.path[: event.prefix] + reference.path, reference.path):
                        target = wanted + here[length:]
                        found |= dict.fromkeys(self._children(target))
                        if target not in seen and len(seen) < 10_000 and len(target) <= 256:
                            seen.add(target)
                            waiting.append(target)
        return list(found)

    def _children(self, path: Path) -> Iterator[str]:
        if self._below is None:
            self._below = {}
            for known in self.at:
                for length in range(len(known) - 1, -1, -1):
                    below = self._below.setdefault(known[:length], {})
                    if known[length] in below:
                        break
                    below[known[length]] = None
        yield from self._below.get(path, ())


def _refused(parts: list[tuple[Node, Outcome]]) -> bool:
    """Whether the library surely refuses what is side by side: a text beside a list or an object.

    It joins literal texts first, drops one unquoted word behind a list or object, and makes a list of an object whose
    keys are numbers.
    """
    left, literal = "", False
    for place, (piece, found) in enumerate(parts):
        if found.state == ABSENT:
            continue
        before, literal = literal, isinstance(piece, Scalar)
        if literal and (before or (place + 1 < len(parts) and isinstance(parts[place + 1][0], Scalar))):
            dropped = False
        else:
            dropped = found.state == TEXT and not found.quoted
        if not left:
            left = "" if literal and dropped and _is_blank(piece) else found.state
        elif left != TEXT and found.state == TEXT:
            if not dropped:
                return True
            if not literal:
                return False
        elif {left, found.state} == {LIST, OBJECT}:
            return False
        elif left != found.state:
            return True
    return False


def _where(event: Event, node: Node) -> str:
    line = event.source.lines.place(node.start)[0]
    return f"{printable(event.source.name)} line {line}:" if event.source.name else f"line {line}:"


def _is_blank(piece: Node) -> bool:
    return isinstance(piece, Scalar) and piece.kind == "blank"


def _kind(kind: str, text: str) -> str:
    if kind == "word" and text in {"true", "false"}:
        return "boolean"
    if kind == "word" and text == "null":
        return "null"
    return "number" if kind in {"number", "word"} and _NUMBER.fullmatch(text) else "string"
