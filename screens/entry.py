"""One line to type: text in the clear, or a password behind a fixed mask. No clipboard, no selection, no blinking."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from screens import glyphs
from screens.field import Field
from wizard.printable import printable
from wizard.secret import MASK, Secret

MAX = 4096
"""Longest answer in characters: the longest path that Linux takes."""


class EntryField(Field):
    """A question that is answered by typing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("home", "edge(0)", show=False),
        Binding("end", "edge(1)", show=False),
        Binding("backspace", "erase(-1)", show=False),
        Binding("delete", "erase(0)", show=False),
    ]

    def __init__(self, key: str, heading: str, hint: str, value: str = "", *, notes: int, ident: str) -> None:
        """Show *value* with the caret at its end."""
        super().__init__(key, heading, hint, rows=1, notes=notes, ident=ident)
        self._value = value
        self._caret = len(value)
        self._left = 0

    @property
    def text(self) -> str:
        """What was typed."""
        return self._value

    @property
    def at_end(self) -> bool:
        """Whether the caret stands behind the text."""
        return self._caret == len(self._value)

    def set_value(self, value: str) -> None:
        """Put *value* into the field without telling anybody."""
        self._value, self._caret, self._left = value, len(value), 0
        self.refresh()

    def shown(self) -> tuple[str, int]:
        """The text as it is drawn, and the column of the caret in it."""
        sign = glyphs.of(self)
        # What was answered before may have come from a file that others wrote.
        before = sign.text(printable(self._value[: self._caret]))
        return before + sign.text(printable(self._value[self._caret :])), cell_len(before)

    def cursor(self) -> tuple[int, int]:
        """The caret."""
        return self._window(self.size.width - 4)[1], 0

    def control(self, width: int) -> list[Content]:
        """The part of the text around the caret: a reverse bar with the focus, a ruled line without."""
        text, column = self._window(width - 2)
        written = text.rstrip()
        row = Content(written + "_" * (len(text) - len(written)))
        if self.has_focus:
            before = _characters(text, column)
            row = Content.assemble(
                (text[:before], "reverse"), text[before : before + 1], (text[before + 1 :], "reverse")
            )
        return [row]

    def _window(self, width: int) -> tuple[str, int]:
        width = max(4, width)
        text, column = self.shown()
        self._left = min(self._left, column)
        if column - self._left >= width:
            self._left = column - width + 1
        start = _characters(text, self._left)
        return set_cell_size(text[start:], width), column - cell_len(text[:start])

    def insert(self, text: str) -> None:
        """Type *text* at the caret; text that a terminal cannot show is refused as a whole, with a note."""
        if not text:
            return
        if printable(text) != text or len(self._value) + len(text) > MAX:
            self.app.bell()
            self.remark("Warning: what was pasted holds signs that cannot be shown, or is too long. It was left out.")
            return
        self.remark("")
        self._value = self._value[: self._caret] + text + self._value[self._caret :]
        self._caret += len(text)
        self.changed()

    def on_key(self, event: events.Key) -> None:
        """Take every character that can be typed."""
        if event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line of what was pasted."""
        event.stop()
        self.insert(event.text.split("\n", 1)[0].rstrip("\r"))

    def action_move(self, by: int) -> None:
        """Move the caret."""
        self.put_caret(self._caret + by)

    def action_edge(self, end: int) -> None:
        """Put the caret before the text (0) or behind it (1)."""
        self.put_caret(end * len(self._value))

    def put_caret(self, place: int) -> None:
        """Put the caret before the character *place*."""
        self._caret = min(len(self._value), max(0, place))
        self.place_cursor()
        self.draw()

    def action_erase(self, by: int) -> None:
        """Erase the character before the caret (-1) or under it (0)."""
        place = self._caret + by
        if 0 <= place < len(self._value):
            self._value = self._value[:place] + self._value[place + 1 :]
            self._caret = place
            self.remark("")
            self.changed()


class SecretField(EntryField):
    """A password. The mask has one length for all; the value leaves through `secret` alone."""

    def __init__(self, key: str, heading: str, hint: str, *, kept: bool, notes: int, ident: str) -> None:
        """Begin empty; *kept* says that a password was typed earlier and stays unless another is typed."""
        super().__init__(key, heading, hint, notes=notes, ident=ident)
        self.kept = kept
        self.touched = False
        self._afresh = False

    def begin_again(self) -> None:
        """What is typed next replaces all: nobody can see where to correct a masked password."""
        self._afresh = True

    def on_focus(self, event: events.Focus) -> None:
        """Coming back to a password means typing it again."""
        super().on_focus(event)
        self.begin_again()

    def insert(self, text: str) -> None:
        """Type *text*, over what was there when this is the first since the focus or a refusal."""
        if self._afresh and text:
            self.clear()
        self._afresh = False
        super().insert(text)

    def secret(self) -> Secret:
        """What was typed."""
        return Secret(self._value)

    def clear(self) -> None:
        """Forget what was typed."""
        self._value, self._caret = "", 0

    def shown(self) -> tuple[str, int]:
        """The mask, the caret always behind it."""
        mask = MASK if self._value or (self.kept and not self.touched) else ""
        return mask, len(mask)

    def changed(self) -> None:
        """What is typed replaces a password that was kept."""
        self.touched = True
        super().changed()

    def action_move(self, by: int) -> None:
        """The caret stays behind the mask: a place in a password that nobody sees means nothing."""

    def action_edge(self, end: int) -> None:
        """Likewise."""

    def action_erase(self, by: int) -> None:
        """Backspace takes the last character; Delete takes all, also a password that was kept."""
        self._afresh = False
        if by:
            super().action_erase(by)
        elif self._value or self.kept:
            self.clear()
            self.kept = False
            self.changed()


def _characters(text: str, columns: int) -> int:
    """How many characters of *text* fill *columns*."""
    used = 0
    for number, character in enumerate(text):
        if used >= columns:
            return number
        used += cell_len(character)
    return len(text)
