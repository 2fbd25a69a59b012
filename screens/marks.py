"""Lines of which some can be chosen: the step of a decision to open, the step elsewhere to tick."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message

from screens.field import move_focus, put_cursor
from screens.pane import Pane
from wizard.reports.lines import Line, Tone

DONE = "[x]"
"""How a line that is ticked begins."""


class MarkPane(Pane):
    """Up and Down go from one line that can be chosen to the next, and scroll where none is near.

    Enter opens a marked line that leads to a step, Space chooses any; with no line marked, Enter goes on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "choose", show=False)]
    indent = 2

    class Chosen(Message):
        """A line was chosen."""

        def __init__(self, line: Line) -> None:
            super().__init__()
            self.line = line

    _at = -1
    """The row that the last movement came to; it is marked when a line that can be chosen begins there."""

    @property
    def chosen(self) -> Line | None:
        """The marked line."""
        return self._lines[self._owners[self._at]] if self._at in self._stops() else None

    @property
    def marked(self) -> bool:
        """Whether a line that is in view is marked."""
        return self.chosen is not None

    def show(self, lines: Iterable[Line], *, follow: bool = False) -> None:
        """Show other lines, the mark in the same row."""
        super().show(lines, follow=follow)
        self.place_cursor()

    def mark(self, text: str) -> None:
        """Mark the first line that can be chosen and begins with *text*, or leave the mark as it is."""
        for row in self._stops():
            if self._lines[self._owners[row]].text.startswith(text):
                self._move(row)
                return

    def hint(self) -> str:
        """What Enter and Space do with the marked line."""
        line = self.chosen
        if line is None:
            return "Down marks a line, Enter goes on" if self._stops() else ""
        if line.step:
            return "Enter opens this step"
        return f"Space {'takes the tick away' if line.text.startswith(DONE) else 'ticks'}, Enter goes on"

    def drawn(self, number: int) -> Content:
        """The row behind its mark; the marked one reverse, or with another mark while the focus is elsewhere."""
        row = self._rows[number]
        if number != self._at or not self.marked:
            return Content.assemble("  ", row)
        return Content.assemble("> " if self.has_focus else "* ", (row.plain, "reverse" if self.has_focus else "bold"))

    def _draw_mark(self) -> None:
        super()._draw_mark()
        if self.marked:
            self.refresh(Region(0, self._at - self._top, self.size.width, 1))

    def place_cursor(self) -> None:
        """The marked row, else the first visible one."""
        if self.screen.focused is self:
            put_cursor(self, Offset(self.indent, self._at - self._top) if self.marked else Offset(0, 0))

    def action_scroll(self, by: int) -> None:
        """To the next line that can be chosen, if one is near; else one row; at the ends on to the neighbour."""
        page = self._page
        near = page // 2
        at = min(max(self._at, self._top - 1), self._top + page)
        if by > 0:
            stops = [row for row in self._stops() if at < row < self._top + page + near]
        else:
            stops = [row for row in reversed(self._stops()) if self._top - near <= row < at]
        if stops:
            self._move(stops[0])
        elif 0 <= self._top + by <= self._last:
            self._at = self._top + page - 1 + by if by > 0 else self._top + by
            self._go(self._top + by)
        elif by < 0 and self.marked:
            self.action_end(0)
        else:
            move_focus(self, by)

    def action_page(self, by: int) -> None:
        """As many rows as are visible; the mark does not come along."""
        super().action_page(by)
        self._at = self._top - 1 if by < 0 or self._top < self._last else len(self._rows)

    def action_end(self, end: int) -> None:
        """To the begin (0) or the end (1); the mark does not come along."""
        self._at = len(self._rows) if end else -1
        super().action_end(end)

    def action_accept(self) -> None:
        """Open the step of the marked line; else go on."""
        line = self.chosen
        if line is not None and line.step:
            self.post_message(self.Chosen(line))
        else:
            super().action_accept()

    def action_choose(self) -> None:
        """Choose the marked line."""
        if (line := self.chosen) is not None:
            self.post_message(self.Chosen(line))

    @property
    def _page(self) -> int:
        return self.size.height - 1 if self.overflows else len(self._rows)

    def _stops(self) -> list[int]:
        """The rows at which a line that can be chosen begins."""
        owners = self._owners
        return [
            row
            for row, owner in enumerate(owners)
            if self._lines[owner].can_be_chosen and (row == 0 or owners[row - 1] != owner)
        ]

    def _fold(self) -> None:
        owner = self._owners[self._at] if 0 <= self._at < len(self._owners) else None
        super()._fold()
        if owner is not None:
            self._at = self._owners.index(owner) if owner in self._owners else -1

    def _move(self, row: int) -> None:
        """Mark *row*, with the whole line and the details below it in view."""
        self._at = row
        owner = self._owners[row] + 1
        while owner < len(self._lines) and self._lines[owner].tone is Tone.FAINT:
            owner += 1
        end = max(number for number, each in enumerate(self._owners) if each < owner)
        self._go(min(row, max(self._top, end - self._page + 1)))
