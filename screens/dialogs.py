"""What lies on top of a page for a moment: leaving, help, warnings."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Static

from screens.pages import MARKDOWN
from screens.painting import PaintedOnce
from screens.theme import MARKS, Part, say
from screens.widgets import Act, Card, Keys, Reading
from wizard.findings import Finding
from wizard.package_data import read_text
from wizard.self_start import load

if TYPE_CHECKING:
    from screens.program import WizardApp

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

    @cached_property
    def wizard(self) -> "WizardApp":
        """The program."""
        return cast("WizardApp", self.app)

    def action_close(self) -> None:
        """Nothing was chosen."""
        self.dismiss(None)


class Question(Over[str]):
    """Words and buttons; the id of the pressed one is the answer."""

    name_of_card: ClassVar[str] = ""
    first: ClassVar[str] = ""

    def words(self) -> Sequence[Part]:
        """What is asked."""
        raise NotImplementedError

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Label and id of each."""
        raise NotImplementedError

    def compose(self) -> Iterable[Widget]:
        """The card."""
        buttons = Horizontal(*(Act(label, id=name) for label, name in self.buttons()), classes="buttons")
        yield Card(self.name_of_card, Static(say(*self.words())), buttons, classes="dialog small")
        yield Keys()

    def on_mount(self) -> None:
        """The safe button is the first."""
        self.query(Act).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Its id is the answer."""
        event.stop()
        self.dismiss(event.button.id)


AGAIN = "To see more or to continue, start cloudstream-wizard again."


class Quit(Question):
    """The question before leaving."""

    name_of_card = "Leave the wizard?"

    def __init__(self, *, running: bool, over: bool, answered: bool) -> None:
        """*running*: a change is being made; *over*: one has ended; *answered*: there is something to keep."""
        super().__init__()
        self._change_runs, self._over, self._answered = running, over, answered

    def words(self) -> Sequence[Part]:
        """What is kept, and how to come back."""
        if self._change_runs:
            return ["The change continues in the background and is finished or undone by itself.\n", AGAIN]
        if self._over:
            return ["The change has ended; what it did stays.\n", AGAIN]
        if not self._answered:
            return ["Nothing was changed, and nothing was answered."]
        return ["Nothing was changed. Saved answers are kept, passwords are not.\n", AGAIN]

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Staying is the first."""
        if self._change_runs:
            return [("Keep watching", "stay"), ("Exit (the change continues)", "leave")]
        if self._over or not self._answered:
            return [("Stay", "stay"), ("Leave", "leave")]
        return [("Stay", "stay"), ("Save and quit", "save"), ("Quit without saving", "forget")]


class Doubt(Over[bool]):
    """Warnings that nobody has overruled: with what comes of them, and No first."""

    def __init__(self, pending_warnings: tuple[Finding, ...]) -> None:
        """About *doubts*."""
        super().__init__()
        self._doubts = pending_warnings

    def compose(self) -> Iterable[Widget]:
        """The warnings above, the answer below."""
        parts: list[Part] = []
        for number, finding in enumerate(self._doubts):
            parts += [
                "\n\n" if number else "",
                MARKS["warn"],
                (finding.message, "bold"),
                (f"  [{finding.code}]", "muted"),
            ]
            parts += [f"\n  {finding.why}"]
            parts += [("\n  To fix it: ", "muted"), " ".join(finding.fix.split())] if finding.fix else []
        count = len(self._doubts)
        name = "There is a warning" if count == 1 else f"There are {count} warnings"
        buttons = Horizontal(Act("No, stay here", id="stay"), Act("Continue anyway", id="on"), classes="buttons")
        reading = Reading(Static(say(*parts)), id="warnings")
        yield Card(f"{name}. Continue anyway?", reading, buttons, classes="dialog fitting")
        yield Keys()

    def on_mount(self) -> None:
        """Begin with No."""
        self.query_one("#stay").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Yes or no."""
        event.stop()
        self.dismiss(event.button.id == "on")


class Help(Over[None]):
    """The page about a step."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1,enter", "close", show=False)]

    def __init__(self, name: str, question: tuple[int, int] = (0, 1)) -> None:
        """The page *name*; *question* is the one with the focus, and how many the step has."""
        super().__init__()
        self._page_name, self._question = name, question

    def compose(self) -> Iterable[Widget]:
        """The page, and the keys that work everywhere."""
        markdown = load(MARKDOWN)
        reading = Reading(markdown(page_text(self._page_name, self._question), open_links=False), id="page")
        yield Card("Help", reading, classes="dialog")
        yield Keys()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#page").focus()


KEYS = """
## Keys

* **Enter** continues; in a list it takes the marked line
* **Esc** goes one step back, **Tab** to the next part of the page
* **Up**, **Down** move in a list; **Page Up**, **Page Down** scroll
* **F4** shows a password, **F5** checks again, **F3** draws the screen again
* **F10** leaves, with a question first; your answers can be kept

To copy text, mark it with the mouse as always: the wizard leaves the mouse to your terminal.
"""


def page_text(name: str, question: tuple[int, int] = (0, 1)) -> str:
    """The page *name* in Markdown, the section for *question* (which of how many) before the others, and the keys.

    Sections are in the order of the questions; the introduction speaks of the first questions when there are fewer.
    """
    try:
        text = read_text("screens", f"help/{name}.md")
    except FileNotFoundError:
        text = "There is no page for this step.\n"
    title, *sections = re.split(r"(?m)^(?=## )", text.partition("# Keys")[0])
    place = question[0] - max(0, question[1] - len(sections))
    if 0 < place < len(sections):
        sections.insert(0, sections.pop(place))
    return "\n\n".join(part.strip() for part in (title, *sections, KEYS))
