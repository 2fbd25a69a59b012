"""The one way out before the end: what becomes of the answers."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from screens import glyphs
from screens.action import Action

CALM = "Nothing has been changed on this machine by these steps.\nSaved answers hold no password; it is asked again."
OVER = "The change has ended, and what it did stays.\nWhat is left to do can be read again when the wizard is started."
RUNNING = "The change goes on by itself, finished or undone.\nStart the wizard again to see how it ends."


class QuitChosen(Message):
    """How to leave: `save`, `forget`, or `leave` a change that goes on."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how


class QuitScreen(ModalScreen[None], inherit_bindings=False):
    """Asks whether to leave. While a change runs there is nothing to save, and leaving does not stop it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
        Binding("escape", "stay", show=False),
        Binding("f3,ctrl+l", "redraw", show=False),
    ]
    AUTO_FOCUS = "#stay"
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self, *, running: bool, over: bool) -> None:
        """*running*: a change is being made; *over*: one has ended."""
        super().__init__()
        self._running_change = running
        self._text = RUNNING if running else OVER if over else CALM

    def compose(self) -> ComposeResult:
        """The text and the buttons, the safe one first."""
        sign = glyphs.of(self)
        with Vertical(id="dialog"):
            yield Static(Content.styled("Leave the wizard?", "bold"))
            yield Static(Content(sign.text(self._text)), id="dialog-text")
            yield Action("Keep watching" if self._running_change else "Keep working", "stay")
            if self._running_change:
                yield Action("Leave; the change goes on", "leave")
            else:
                yield Action("Save and quit", "save")
                yield Action("Quit without saving", "forget")

    def on_action_pressed(self, message: Action.Pressed) -> None:
        """Do what was chosen."""
        message.stop()
        if message.name == "stay":
            self.action_stay()
        else:
            self.app.post_message(QuitChosen(message.name))

    def action_stay(self) -> None:
        """Back to work."""
        self.dismiss()

    def action_redraw(self) -> None:
        """Send the whole screen again."""
        self.refresh(repaint=True, layout=True)
