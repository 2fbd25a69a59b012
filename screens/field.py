"""One question on the screen: heading, control, and the rows below that hold the reason for asking or the error."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.widget import Widget

from screens import glyphs
from screens.text import fit, fold, joined
from wizard.errors import WizardError

GUTTER = 2
"""Columns before every control; the mark of the focus stands there."""


class Field(Widget, can_focus=True, inherit_bindings=False):
    """The base of all fields. Its height never changes, so that an error moves nothing.

    Attributes:
        key: of the question.
        error: why the answer cannot be used, None while nothing is known against it.
        note: a remark that stands before the reason for asking, such as a warning.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("enter", "accept", show=False),
    ]

    class Changed(Message):
        """The answer is another now. It carries the field, never the answer."""

        def __init__(self, field: "Field") -> None:
            super().__init__()
            self.field = field

    class Accepted(Changed):
        """Enter: go on to the next field."""

    class Left(Changed):
        """The focus went elsewhere."""

    def __init__(self, key: str, heading: str, hint: str, *, rows: int, notes: int, ident: str) -> None:
        """Lay the field out.

        Args:
            key: of the question.
            heading: the question itself.
            hint: why it is asked, and an example.
            rows: of the control.
            notes: rows below it.
            ident: the widget's id.
        """
        super().__init__(id=ident)
        self.key = key
        self.heading = heading
        self.hint = hint
        self.error: WizardError | None = None
        self.note = ""
        self._rows = rows
        self._notes = notes
        self.styles.height = 1 + rows + notes

    @property
    def text(self) -> str:
        """The answer as text."""
        raise NotImplementedError

    def control(self, width: int) -> list[Content]:
        """The rows of the control, in *width* columns, without the gutter."""
        raise NotImplementedError

    def cursor(self) -> tuple[int, int]:
        """Column (counted from the gutter's end) and row of the control at which the work is."""
        raise NotImplementedError

    def ask(self, heading: str, hint: str) -> None:
        """The same question in other words."""
        if (heading, hint) != (self.heading, self.hint):
            self.heading, self.hint = heading, hint
            self.refresh()

    def remark(self, note: str) -> None:
        """Show *note* in place of the reason for asking; an empty one shows the reason again."""
        if note != self.note:
            self.note = note
            self._draw_below()

    def refuse(self, error: WizardError | None) -> None:
        """Show *error* below the control, or that there is none any more."""
        if error is not self.error:
            self.error = error
            self._draw_below()

    def _draw_below(self) -> None:
        self.refresh(Region(0, 1 + self._rows, self.size.width, self._notes))

    def render(self) -> Content:
        """The whole field."""
        width = max(1, self.size.width)
        sign = glyphs.of(self)
        heading = fit(fold(sign.text(self.heading), width - GUTTER), 1, width - GUTTER, sign.ellipsis)[0]
        rows = [Content.assemble("  ", (heading, "bold"))]
        marked = self.cursor()[1] if self.has_focus else -1
        for number, row in enumerate(self.control(width - GUTTER)):
            rows.append(Content.assemble("> " if number == marked else "  ", row))
        rows.extend(self._below(width - 2 * GUTTER))
        return joined(rows)

    def _below(self, width: int) -> list[Content]:
        sign = glyphs.of(self)
        if self.error is not None:
            text, style = f"Error: {self.error.in_one_line}", "bold ansi_red"
        elif self.note:
            text, style = self.note, ""
        else:
            text, style = self.hint, "dim"
        more = f" {sign.ellipsis} (F1)"
        one_row = sign.text(" ".join(text.split("\n")).strip())
        parts = [one_row] if cell_len(one_row) <= width else sign.text(text).strip().split("\n")
        rows = fit([row for part in parts for row in fold(part, width)], self._notes, width, more)
        return [Content.assemble(" " * 2 * GUTTER, (row, style)) for row in rows]

    def place_cursor(self) -> None:
        """Put the terminal's own cursor where the work is: screen readers and braille lines follow it."""
        if self.screen.focused is self:
            column, row = self.cursor()
            put_cursor(self, Offset(GUTTER + column, 1 + row))

    def changed(self) -> None:
        """Tell the screen that the answer is another, and draw it."""
        self.place_cursor()
        self.draw()
        self.post_message(self.Changed(self))

    def draw(self) -> None:
        """Draw the control, and no more: a slow line has to carry it."""
        self.refresh(Region(0, 1, self.size.width, self._rows))

    def on_focus(self, event: events.Focus) -> None:
        """Draw the mark. Textual would draw the whole field, which is most of a kilobyte."""
        event.prevent_default()
        self.has_focus = True
        self.place_cursor()
        self.draw()

    def on_blur(self, event: events.Blur) -> None:
        """Take the mark away, in the same way."""
        event.prevent_default()
        self.has_focus = False
        self.draw()
        self.post_message(self.Left(self))

    def on_resize(self, _event: events.Resize) -> None:
        """The widget may stand elsewhere now."""
        self.call_after_refresh(self.place_cursor)

    def action_step(self, by: int) -> None:
        """Move to the neighbour in reading order; at either end nothing happens."""
        move_focus(self, by)

    def action_accept(self) -> None:
        """Go on to the next field."""
        self.post_message(self.Accepted(self))


def put_cursor(widget: Widget, place: Offset) -> None:
    """Put the terminal's own cursor at *place* of *widget*; it is sent with what is drawn next, so a cell is drawn."""
    there = widget.region.offset + place
    if widget.app.cursor_position != there:
        widget.app.cursor_position = there
        widget.refresh(Region(place.x, place.y, 1, 1))


def move_focus(widget: Widget, by: int) -> None:
    """Focus the neighbour of *widget* in reading order, without going round."""
    chain = widget.screen.focus_chain
    place = chain.index(widget) + by
    if 0 <= place < len(chain):
        chain[place].focus()
