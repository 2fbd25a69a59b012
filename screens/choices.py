"""One of several: `(*)` is chosen, `( )` is not; arrows move, Space or Enter chooses."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from screens import glyphs
from screens.field import Field
from screens.text import fit
from wizard.questions.flow import Choice, Question


class ChoiceField(Field):
    """A question with a list of answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", show=False),
        Binding("home", "end(0)", show=False),
        Binding("end", "end(-1)", show=False),
    ]

    def __init__(self, question: Question, value: str, *, notes: int, ident: str) -> None:
        """Show the choices of *question*, *value* chosen."""
        self.choices: tuple[Choice, ...] = question.choices
        super().__init__(question.key, question.heading, question.why, rows=len(self.choices), notes=notes, ident=ident)
        self._chosen = self._at = 0
        self.set_value(value)

    @property
    def text(self) -> str:
        """What is stored for the chosen one."""
        return self.choices[self._chosen].value

    def set_value(self, value: str) -> None:
        """Choose *value* without telling anybody."""
        values = [str(choice.value) for choice in self.choices]
        self._chosen = self._at = values.index(value) if value in values else 0
        self.refresh()

    def cursor(self) -> tuple[int, int]:
        """Between the brackets of the marked row."""
        return 1, self._at

    def control(self, width: int) -> list[Content]:
        """One row for each choice, the details in a column of their own."""
        sign = glyphs.of(self)
        labels = [sign.text(choice.label) for choice in self.choices]
        column = max(cell_len(label) for label in labels) + 2
        rows = []
        for number, (choice, label) in enumerate(zip(self.choices, labels, strict=True)):
            mark = "(*)" if number == self._chosen else "( )"
            text = f"{mark} {label}"
            gap = " " * (column - cell_len(label))
            room = max(0, width - cell_len(text) - len(gap))
            detail = fit([sign.text(choice.detail)[:room]], 1, room, "")[0]
            focused = self.has_focus and number == self._at
            rows.append(Content.assemble((text, "reverse" if focused else ""), gap, (detail, "dim")))
        return rows

    def on_focus(self, event: events.Focus) -> None:
        """Always begin at the chosen one, so that passing through with Enter changes nothing."""
        self._at = self._chosen
        super().on_focus(event)

    def action_step(self, by: int) -> None:
        """Move inside the list, and out of it at its ends."""
        if 0 <= self._at + by < len(self.choices):
            self._move(self._at + by)
        else:
            super().action_step(by)

    def action_end(self, place: int) -> None:
        """Go to the first or the last choice."""
        self._move(place % len(self.choices))

    def action_choose(self) -> None:
        """Choose the marked one."""
        if self._chosen != self._at:
            self._chosen = self._at
            self.changed()

    def action_accept(self) -> None:
        """Choose the marked one and go on. Going on draws it; drawing it here as well would send every row twice."""
        if self._chosen != self._at:
            self._chosen = self._at
            self.post_message(self.Changed(self))
        super().action_accept()

    def _move(self, place: int) -> None:
        self._at = place
        self.place_cursor()
        self.draw()
