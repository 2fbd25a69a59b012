"""Folding text to the width of the screen, and the look of a line's tone. The words alone carry the meaning."""

import re
from collections.abc import Iterable

from rich.cells import cell_len, chop_cells
from textual.content import Content

from wizard.reports.lines import Line, Tone

STYLES: dict[Tone, str] = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.GOOD: "ansi_green",
    Tone.WARN: "bold",
    Tone.BAD: "bold ansi_red",
    Tone.ADDED: "ansi_green",
    Tone.REMOVED: "ansi_red",
    Tone.FAINT: "dim",
}
_PARTS = re.compile(r"\s+|\S+")
_HANGING = re.compile(r"\s*(?:\[[^]]{1,6}\] |[-+*] |\d+\. )?")


def fold(text: str, width: int) -> list[str]:
    """*text* in rows of at most *width* columns; following rows stand below the first, behind its mark or number."""
    width = max(8, width)
    if cell_len(text) <= width:
        return [text]
    found = _HANGING.match(text)
    indent = " " * min(found.end() if found else 0, width // 2)
    rows, row = [], ""
    for part in _PARTS.findall(text):
        if cell_len(row + part) <= width:
            row += part
        elif part.isspace():
            rows.append(row)
            row = indent
        else:
            if row.strip():
                rows.append(row.rstrip())
            *full, last = chop_cells(part, width - len(indent)) or [""]
            rows.extend(indent + piece for piece in full)
            row = indent + last
    return [*rows, row.rstrip()] if row.strip() else rows


def fit(rows: list[str], count: int, width: int, more: str) -> list[str]:
    """Exactly *count* rows: cut with the sign *more*, or filled with empty ones."""
    if len(rows) > count:
        kept = rows[:count]
        room = max(0, width - len(more))
        kept[-1] = (chop_cells(kept[-1], room)[0] if room and kept[-1] else "") + more
        return kept
    return rows + [""] * (count - len(rows))


def joined(rows: Iterable[Content]) -> Content:
    """Rows under each other."""
    return Content("\n").join(rows)


def styled(line: Line, width: int, shown: str) -> list[Content]:
    """The rows of *line*, whose text is *shown* on this terminal."""
    style = STYLES[line.tone]
    return [Content.styled(row, style) if style else Content(row) for row in fold(shown, width)]
