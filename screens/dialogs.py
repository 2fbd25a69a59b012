"""What lies on top of a page for a moment: leaving, help, warnings, commands, what a request is made for."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from screens.frame import Keys
from screens.pages import MARKDOWN
from screens.painting import PaintedOnce
from screens.theme import BAD, MARKS, Part, hanging_rows, say
from screens.widgets import Card, Field, Lines, Reading, SecretField, buttons
from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.secret import Secret
from wizard.self_start import load
from wizard.session.help_pages import Part as Section
from wizard.session.help_pages import page_text, search

Answer = TypeVar("Answer")


class Over(ModalScreen[Answer], PaintedOnce[Answer], inherit_bindings=False):
    """A dialog; Esc closes it with its safe answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
        Binding("escape", "close", "Close", key_display="Esc"),
    ]
    AUTO_FOCUS = ""
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def compose(self) -> Iterable[Widget]:
        """The parts, and the keys that work."""
        yield from self.parts()
        yield Keys()

    def parts(self) -> Iterable[Widget]:
        """What it shows."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Nothing was chosen."""
        self.dismiss(None)


class Form(Over[Answer]):
    """A dialog whose button `take` takes what is filled in; every other one closes it."""

    def take(self) -> None:
        """Give the answer, or say what is wrong."""
        raise NotImplementedError

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take it, or not."""
        self.take() if event.button.id == "take" else self.action_close()


AGAIN = "To see more or to continue, start cloudstream-wizard again."


class Quit(Over[str]):
    """The question before leaving; the id of the pressed button is the answer, and staying is the first."""

    AUTO_FOCUS = "Act"

    def __init__(self, *, running: bool, over: bool, answered: bool) -> None:
        """*running*: a change is being made; *over*: one has ended; *answered*: there is something to keep."""
        super().__init__()
        self._buttons = [("Stay", "stay"), ("Leave", "leave")]
        if running:
            self._words: list[Part] = ["The change continues in the background and ends automatically.\n", AGAIN]
            self._buttons = [("Keep watching", "stay"), ("Exit (the change continues)", "leave")]
        elif over:
            self._words = ["The change has ended. What it did stays.\n", AGAIN]
        elif not answered:
            self._words = ["Nothing was changed, and there are no answers."]
        else:
            self._words = ["Nothing was changed. Saved answers are kept, passwords are not.\n", AGAIN]
            self._buttons = [("Stay", "stay"), ("Save and quit", "save"), ("Quit without saving", "forget")]

    def parts(self) -> Iterable[Widget]:
        """What is kept, how to come back, and the buttons."""
        yield Card("Leave the wizard?", Static(say(*self._words)), buttons(*self._buttons), classes="dialog small")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Its id is the answer."""
        self.dismiss(event.button.id)


class Doubt(Over[bool]):
    """Warnings that nobody has accepted: with what comes of them, and No first."""

    AUTO_FOCUS = "#stay"

    def __init__(self, pending_warnings: tuple[Finding, ...]) -> None:
        """About *pending_warnings*."""
        super().__init__()
        self._pending = pending_warnings

    def parts(self) -> Iterable[Widget]:
        """The warnings above, the answer below."""
        rows: list[tuple[Part, list[Part]]] = []
        for finding in self._pending:
            parts: list[Part] = [(finding.message, "bold"), (f"  [{finding.code}]", "muted"), f"\n{finding.why}"]
            parts += [("\nTo fix it: ", "muted"), " ".join(finding.fix.split())] if finding.fix else []
            rows += [("", [])] if rows else []
            rows.append((MARKS["warn"], parts))
        count = len(self._pending)
        name = "There is a warning" if count == 1 else f"There are {count} warnings"
        reading = Reading(Static(hanging_rows(rows)), id="warnings")
        answers = buttons(("No, stay here", "stay"), ("Continue anyway", "on"))
        yield Card(f"{name}. Continue anyway?", reading, answers, classes="dialog fitting")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Yes or no."""
        self.dismiss(event.button.id == "on")


class Help(Over[None]):
    """The page about a step, and the search in all pages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,enter", "close", show=False),
        Binding("f2", "search", "Search", key_display="F2"),
    ]
    AUTO_FOCUS = "#page"

    def __init__(self, name: str, question: tuple[int, int] = (0, 1)) -> None:
        """The page *name*; *question* is the one with the focus, and how many the step has."""
        super().__init__()
        self._page_name, self._question = name, question
        self._found: list[Section] = []

    def parts(self) -> Iterable[Widget]:
        """The page, and the keys that work everywhere."""
        text = load(MARKDOWN)(page_text(self._page_name, self._question), open_links=False)
        field = Field(id="search", placeholder="F2: words to search in all pages of the help")
        yield Card("Help", field, Lines(id="found", highlighted=None), Reading(text, id="page"), classes="dialog")

    def action_search(self) -> None:
        """To the field for words."""
        self.query_one("#search").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The sections that hold all these words, in place of the page."""
        self._found = search(event.value)
        lines = [Option(say((part.title, "bold"), (f"  {part.heading}", "muted"))) for part in self._found]
        self.query_one("#found", Lines).set_options(lines)
        self.set_class(bool(event.value.strip()), "-searching")

    def on_input_submitted(self) -> None:
        """Into the list, or back to the page."""
        if not self._found:
            self.query_one("#page").focus()
            return
        found = self.query_one("#found", Lines)
        found.highlighted = 0
        found.focus()

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Show this page, the section that was found first."""
        part = self._found[event.option_index]
        page = self.query_one("#page")
        await page.remove_children()
        await page.mount(load(MARKDOWN)(page_text(part.page, (part.place, 1 + part.place)), open_links=False))
        self.query_one("#search", Field).put("")
        self.remove_class("-searching")
        page.focus()


class Commands(Over[None]):
    """Commands, each on a line of its own and without a frame, so that they can be copied from the terminal."""

    AUTO_FOCUS = "#commands"

    def __init__(self, commands: Sequence[str]) -> None:
        """Show *commands*."""
        super().__init__()
        self._commands = commands

    def parts(self) -> Iterable[Widget]:
        """Words, then the commands from the first column on."""
        yield Static(say((" To repair it manually", "accent bold"), ("  in another window, as root\n", "muted")))
        yield Reading(Static(say("\n".join(self._commands)), classes="commands"), id="commands")


class RequestFor(Form[tuple[str, str, Secret]]):
    """Host names, folder and password of a new key and its request."""

    def __init__(self, names: str, folder: str) -> None:
        """Propose *names* and *folder*."""
        super().__init__()
        self._names, self._folder = names, folder

    def parts(self) -> Iterable[Widget]:
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
            buttons(("Make the request", "take"), ("Cancel", "cancel")),
            classes="dialog small",
        )

    def on_mount(self) -> None:
        """At what has to be typed."""
        self.query_one("#password-for" if self._names else "#names-for").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """To the next field; behind the last one, make it."""
        if event.input.id == "password-again":
            self.take()
        else:
            self.screen.focus_next()

    def take(self) -> None:
        """See `Form`."""
        first, second = self.query_one("#password-for", SecretField), self.query_one("#password-again", SecretField)
        if first.secret() != second.secret():
            line = self.query_one("#request-error", Static)
            line.update(
                say((f"{BAD} Error: ", "bad bold"), (WizardError(codes.PASSWORD_DIFFERS, case="fields").message, "bad"))
            )
            line.set_class(True, "-on")
            first.focus()
            return
        names, folder = (self.query_one(name, Field).answer for name in ("#names-for", "#folder-for"))
        self.dismiss((names, folder, first.secret()))
