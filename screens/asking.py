"""Dialogs of the rescue: the commands for work by hand, and what a request is made for."""

from collections.abc import Iterable, Sequence

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from screens.dialogs import Over
from screens.questions import differing
from screens.theme import BAD, say
from screens.widgets import Act, Card, Field, Keys, Reading, SecretField
from wizard.secret import Secret


class Commands(Over[None]):
    """Commands, each on a line of its own and without a frame, so that they can be copied from the terminal."""

    def __init__(self, commands: Sequence[str]) -> None:
        """Show *commands*."""
        super().__init__()
        self._commands = commands

    def compose(self) -> Iterable[Widget]:
        """Words, then the commands from the first column on."""
        yield Static(say((" To repair it by hand", "accent bold"), ("  in another window, as root\n", "muted")))
        yield Reading(Static(say("\n".join(self._commands)), classes="commands"), id="commands")
        yield Keys()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#commands").focus()


class RequestFor(Over[tuple[str, str, Secret]]):
    """Host names, folder and password of a new key and its request."""

    def __init__(self, names: str, folder: str) -> None:
        """Propose *names* and *folder*."""
        super().__init__()
        self._names, self._folder = names, folder

    def compose(self) -> Iterable[Widget]:
        """Four fields, an error, and the buttons."""
        yield Card(
            "A key and a request for your PKI team",
            Static(say(("Host names, the main one first", "muted"))),
            Field(self._names, id="names-for", placeholder="primary.example.com"),
            Static(say(("Folder for both files", "muted"))),
            Field(self._folder, id="folder-for"),
            Static(say(("Password for the private key, twice", "muted"))),
            SecretField(id="password-for", kept=False),
            SecretField(id="password-again", kept=False),
            Static(Content(""), id="request-error", classes="error"),
            Horizontal(Act("Make the request", id="make"), Act("Cancel", id="cancel"), classes="buttons"),
            classes="dialog small",
        )
        yield Keys()

    def on_mount(self) -> None:
        """At what has to be typed."""
        self.query_one("#password-for" if self._names else "#names-for").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """To the next field; behind the last one, make it."""
        event.stop()
        if event.input.id == "password-again":
            self._take()
        else:
            self.screen.focus_next()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Make it, or not."""
        event.stop()
        if event.button.id == "make":
            self._take()
        else:
            self.action_close()

    def _take(self) -> None:
        first, second = self.query_one("#password-for", SecretField), self.query_one("#password-again", SecretField)
        if first.secret() != second.secret():
            line = self.query_one("#request-error", Static)
            line.update(say((f"{BAD} Error: ", "bad bold"), (differing().message, "bad")))
            line.set_class(True, "-on")
            first.focus()
            return
        names, folder = (self.query_one(name, Field).answer for name in ("#names-for", "#folder-for"))
        self.dismiss((names, folder, first.secret()))
