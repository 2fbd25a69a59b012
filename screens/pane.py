"""Lines to read, in a part of the screen: scrolled by keys, with the place in words instead of a scroll bar."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.widget import Widget

from screens import glyphs
from screens.field import move_focus, put_cursor
from screens.text import joined, styled
from wizard.reports.lines import Line


class Pane(Widget, can_focus=False, inherit_bindings=False):
    """Shows lines; takes the focus only while there are more than fit, or when it is told to always.

    Attributes:
        indent: columns before every row.
    """

    indent: ClassVar[int] = 0

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(0)", show=False),
        Binding("end", "end(1)", show=False),
        Binding("enter", "accept", show=False),
    ]

    class Accepted(Message):
        """Enter: go on."""

    def __init__(self, *, always: bool = False, ident: str = "pane") -> None:
        """*always*: a stop for the focus also when everything fits."""
        super().__init__(id=ident)
        self._always = always
        self.can_focus = always
        self._lines: tuple[Line, ...] = ()
        self._rows: list[Content] = []
        self._owners: list[int] = []
        self._top = 0
        self._width = 0

    @property
    def overflows(self) -> bool:
        """Whether there are more rows than fit; a pane that takes the focus keeps its last row for the mark."""
        return len(self._rows) > self.size.height - self._always

    def show(self, lines: Iterable[Line], *, follow: bool = False) -> None:
        """Show other lines; *follow* keeps the end in view when it was in view."""
        at_end, before = self._top >= self._last, self._drawn()
        self._lines = tuple(lines)
        self._fold()
        self._top = self._last if follow and at_end else min(self._top, self._last)
        # Only rows that changed: while a change is made this is called twice a second, and a slow line must keep up.
        for row, (old, new) in enumerate(zip_longest(before, self._drawn())):
            if old is None or new is None or not old.is_same(new):
                self.refresh(Region(0, row, self.size.width, 1))

    def render(self) -> Content:
        """The rows from the first visible one, and below them where that is."""
        if self._width != self.size.width:
            self._fold()
        return joined(self._drawn())

    def _drawn(self) -> list[Content]:
        bar = self.has_focus and not self.marked
        mark = "> " if bar else "  "
        if not self.overflows:
            words = f"{mark}All is shown. {self.hint() or 'Enter goes on'}" if self.has_focus else ""
            last = [Content.styled(words, "reverse" if bar else "")] if self._always else []
            return [*map(self.drawn, range(len(self._rows))), *last]
        visible = range(len(self._rows))[self._top : self._top + max(1, self.size.height) - 1]
        below = len(self._rows) - self._top - len(visible)
        keys = (self.hint() or "Up, Down, PgUp, PgDn") if self.has_focus else "Tab here to read on"
        place = f"{mark}Lines {self._top + 1}-{self._top + len(visible)} of {len(self._rows)}, {below} below  {keys}"
        shown = Content.styled(place[: self.size.width], "reverse" if bar else "bold")
        return [*map(self.drawn, visible), shown]

    @property
    def marked(self) -> bool:
        """Whether the mark of the focus stands at one of the rows; else it stands at the last row, which tells keys."""
        return False

    def hint(self) -> str:
        """What the keys do just now; "" for what they do in every pane."""
        return ""

    def drawn(self, number: int) -> Content:
        """The row *number* as it is shown."""
        return self._rows[number]

    def on_resize(self, _event: events.Resize) -> None:
        """Fold for the new width."""
        self._fold()
        self._top = min(self._top, self._last)
        self.refresh()
        self.call_after_refresh(self.place_cursor)

    def on_focus(self, event: events.Focus) -> None:
        """Draw the mark, and no more: Textual would send every row again."""
        event.prevent_default()
        self.has_focus = True
        self.place_cursor()
        self._draw_mark()

    def on_blur(self, event: events.Blur) -> None:
        """Take the mark away, in the same way."""
        event.prevent_default()
        self.has_focus = False
        self._draw_mark()

    def _draw_mark(self) -> None:
        row = self.size.height - 1 if self.overflows else len(self._rows)
        self.refresh(Region(0, row, self.size.width, 1))

    def place_cursor(self) -> None:
        """The first visible row: there a screen reader begins."""
        if self.screen.focused is self:
            put_cursor(self, Offset(0, 0))

    def action_scroll(self, by: int) -> None:
        """One row; at the ends on to the neighbour."""
        if 0 <= self._top + by <= self._last:
            self._go(self._top + by)
        else:
            move_focus(self, by)

    def action_page(self, by: int) -> None:
        """As many rows as are visible."""
        self._go(self._top + by * max(1, self.size.height - 2))

    def action_end(self, end: int) -> None:
        """To the begin (0) or the end (1)."""
        self._go(end * self._last)

    def action_accept(self) -> None:
        """Go on."""
        self.post_message(self.Accepted())

    @property
    def _last(self) -> int:
        return max(0, len(self._rows) - self.size.height + 1) if self.overflows else 0

    def _go(self, top: int) -> None:
        self._top = min(self._last, max(0, top))
        self.place_cursor()
        self.refresh()

    def _fold(self) -> None:
        sign = glyphs.of(self)
        self._width = self.size.width
        width = self.size.width - self.indent
        folded = [styled(line, width, sign.text(line.text)) for line in self._lines]
        self._rows = [row for rows in folded for row in rows]
        self._owners = [number for number, rows in enumerate(folded) for _row in rows]
        self.can_focus = self._always or self.overflows
