"""A HOCON text that can be queried and edited: the value of each path, where it is, what it hides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard import codes
from wizard.configs.hocon import edit
from wizard.configs.hocon.edit import Parsed
from wizard.configs.hocon.events import Event, Includes, Loader, NotFollowed, is_text, text_of
from wizard.configs.hocon.resolve import ABSENT, OBJECT, TEXT, Outcome
from wizard.configs.hocon.syntax import Field, Include, ListNode, ObjectNode, Path, parse_path, render_path, syntax


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a path, and the place that decides it.

    Attributes:
        path: of the setting, from the root.
        text: as the server will read it; of a list or an object the source text.
        line: of the value, from 1.
        column: of the value in characters, from 1.
        shadowed: the places of the same path that do not count, the last first.
        decidable: False when something that was not read could change it; `text` is then the best guess.
        reason: why not, naming the place.
        kind: `string`, `number`, `boolean`, `null`, `list` or `object`.
        source: name of the included file in which it is, "" for the document itself.
    """

    path: str
    text: str
    line: int
    column: int
    shadowed: "tuple[Value, ...]" = ()
    decidable: bool = True
    reason: str = ""
    kind: str = "string"
    source: str = ""


class Document(Parsed):
    """A parsed text. It does not change: `set` and `unset` give a new one."""

    def get(self, path: str) -> Value | None:
        """The effective value of *path*; None when it is not set.

        Raises:
            WizardError: *path* is no path.
        """
        return self.value(parse_path(path))

    def value(self, keys: Path) -> Value | None:
        """As `get`, for a path that is already taken apart."""
        outcome = self.view.lookup(keys)
        # Of the places that are at the path itself; one that lies deeper only makes the path an object.
        places = [number for number in self.view.at.get(keys, ()) if self.events[number].path == keys]
        places = [number for number in places if not isinstance(self.events[number].node, NotFollowed)]
        if outcome.state == ABSENT and not (outcome.doubt and places):
            return None
        winner = outcome.winner if outcome.winner is not None else places[-1] if places else None
        others = (
            ()
            if outcome.state == OBJECT
            else tuple(self._place(number, keys) for number in reversed(places) if number != winner)
        )
        return self._place(winner, keys, outcome, others)

    def _place(
        self, number: int | None, keys: Path, outcome: Outcome | None = None, shadowed: tuple[Value, ...] = ()
    ) -> Value:
        path = render_path(keys)
        event = self.events[number] if number is not None and number >= 0 else None
        if event is None:
            return Value(path, self.text, 1, 1, kind=OBJECT, shadowed=shadowed)
        node, text = event.node, event.source.text
        line, column = event.source.lines.place(node.start)
        own = text[node.start : node.end]
        if outcome is not None and outcome.state == TEXT:
            own = outcome.text
        elif is_text(node):
            own = self.view.literal(node, event)
        kind = outcome.kind or outcome.state if outcome is not None else "string"
        reason = outcome.doubt if outcome is not None else ""
        return Value(path, own, line, column, shadowed, not reason, reason, kind, event.source.name)

    def find(self, name: str) -> list[Value]:
        """Every setting whose last key is *name*, in the order of the text, one for each path.

        A key inside a list has no path that Java could ask for: it is given with `list[index]` in its path and is not
        decidable, so that it is seen and never edited.
        """
        paths = dict.fromkeys(keys for keys in self.view.at if keys and keys[-1] == name)
        found = [value for keys in paths if (value := self.value(keys)) is not None]
        for event in self.events:
            if isinstance(event.node, ListNode) and name in event.source.text[event.node.start : event.node.end]:
                found += self._in_list(event.node, render_path(event.path), name, event)
        return sorted(found, key=lambda value: (value.source, value.line, value.column))

    def _in_list(self, node: ListNode, path: str, name: str, event: Event) -> list[Value]:
        found: list[Value] = []
        for index, item in enumerate(node.items):
            here = f"{path}[{index}]"
            if isinstance(item, ListNode):
                found += self._in_list(item, here, name, event)
            elif isinstance(item, ObjectNode):
                for keys, field in _fields(item):
                    if keys[-1] == name and not isinstance(field.value, ObjectNode):
                        line, column = event.source.lines.place(field.value.start)
                        text = event.source.text[field.value.start : field.value.end]
                        if is_text(field.value):
                            text = self.view.literal(field.value, event)
                        full = f"{here}.{render_path(keys)}"
                        reason = f"line {line}: it is inside a list and has no path"
                        found.append(Value(full, text, line, column, (), False, reason, "string", event.source.name))
                    if isinstance(field.value, ListNode):
                        found += self._in_list(field.value, f"{here}.{render_path(keys)}", name, event)
        return found

    def doubts(self) -> tuple[str, ...]:
        """Every include that was not followed and every substitution that is set nowhere, with its line."""
        return tuple(dict.fromkeys(filter(None, self.view.doubts())))

    def commented(self, name: str) -> list[edit.Commented]:
        """Places where a setting whose last key is *name* is commented out as a whole line."""
        return edit.search(self, name)

    def set(self, path: str, text: str, *, followers: bool = False) -> "Document":
        """Give *path* the value *text*, changing the place that counts and nothing else.

        The value is written in double quotes, JSON escapes, ASCII. A setting that is only a comment is revived
        in place; one that is absent is added to its object. The edited text is read again before it is returned.

        Args:
            path: of the setting.
            text: the new value.
            followers: allow that other settings, which refer to this one, change with it.

        Raises:
            WizardError: another place would win, others would follow, or the place is not known; nothing was changed.
        """
        return edit.assign(self, parse_path(path), text, followers=followers)

    def unset(self, path: str) -> "Document":
        """Remove every place of this text that sets *path*; the same document when there is none.

        Raises:
            WizardError: an included file would still set it, or another setting would change.
        """
        return edit.remove(self, parse_path(path))

    def resolved(self) -> dict[Path, Any]:
        """Every path that holds a text or a list, with its value: texts as `str`, lists as `list`; no nulls."""
        result: dict[Path, Any] = {}
        waiting: list[Path] = [()]
        while waiting:
            path = waiting.pop()
            outcome = self.view.lookup(path)
            if outcome.state == OBJECT:
                waiting += [(*path, key) for key in self.view.keys(path)]
            elif outcome.state != ABSENT and outcome.kind != "null":
                result[path] = outcome.text if outcome.state == TEXT else list(outcome.items)
        return result


def _fields(node: ObjectNode) -> list[tuple[Path, Field]]:
    found: list[tuple[Path, Field]] = []
    for entry in node.entries:
        if isinstance(entry, Include):
            continue
        found.append((entry.keys, entry))
        if isinstance(entry.value, ObjectNode):
            found += [(entry.keys + keys, field) for keys, field in _fields(entry.value)]
    return found


def parse(data: bytes, *, includes: Loader | None = None, environment: Mapping[str, str] | None = None) -> Document:
    """Read a HOCON file.

    Args:
        data: the bytes of the file; bytes that are no UTF-8 are kept.
        includes: gives the bytes of an included file from its kind (`heuristic` or `file`) and its name, or None when
            there is no such file. Without it includes are not followed.
        environment: the variables of the server's process as far as they are known; None when they are not known.

    Raises:
        TextSyntaxError: the Lightbend library would not read it either, or a bound is exceeded; with line and column.
    """
    document = Document(text_of(data), Includes(includes), environment)
    refused = document.view.refused()
    if refused is not None and not refused[0].source.name:
        event, why = refused
        place, reason = event.source.lines.place(event.node.start), why.partition(": ")[2] or why
        raise syntax(codes.HOCON_MIXED, place, case="found", reason=reason)
    return document
