"""A button: `[ Next ]`. With the focus it is reverse and has the mark before it."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

from screens import glyphs
from screens.field import move_focus, put_cursor


class Action(Widget, can_focus=True, inherit_bindings=False):
    """Something to do, by Enter or Space. Its id says what."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", show=False),
        Binding("left,up", "step(-1)", show=False),
        Binding("right,down", "step(1)", show=False),
    ]

    class Pressed(Message):
        """It was chosen; `name` is the button's id."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, label: str, name: str) -> None:
        """A button that reads *label* and is known as *name*."""
        super().__init__(id=name)
        self.label = label

    def set_label(self, label: str) -> None:
        """Another wording."""
        self.label = label
        self.refresh(layout=True)

    def render(self) -> Content:
        """The label with its mark."""
        text = f"[ {glyphs.of(self).text(self.label)} ]"
        return Content.assemble("> " if self.has_focus else "  ", (text, "bold reverse" if self.has_focus else ""))

    def on_focus(self) -> None:
        """Draw the mark."""
        self.place_cursor()
        self.refresh()

    def on_blur(self) -> None:
        """Take the mark away."""
        self.refresh()

    def on_resize(self, _event: events.Resize) -> None:
        """The widget may stand elsewhere now."""
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """On the first letter of the label."""
        if self.screen.focused is self:
            put_cursor(self, Offset(4, 0))

    def action_step(self, by: int) -> None:
        """To the neighbour."""
        move_focus(self, by)

    def action_press(self) -> None:
        """Tell the screen."""
        self.post_message(self.Pressed(self.id or ""))
