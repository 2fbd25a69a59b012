"""Taking a setting out of the text: its line when it has one, or its part of a line."""

import re

from wizard.configs.hocon.insertion import Change
from wizard.configs.hocon.nodes import Field
from wizard.configs.hocon.parsed import Parsed
from wizard.configs.hocon.paths import Path
from wizard.configs.hocon.tokens import BLANK

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
