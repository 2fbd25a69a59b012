"""Going on in spite of warnings: asked once, with what comes of them, and No first."""

from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget

from screens.frame import Framed, StepScreen
from screens.pane import Pane
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.reports.lines import Line, doubt_lines


class DoubtScreen(Framed):
    """Lies on the step; leaving it in any way but by its last button is a No."""

    keys = ("redraw", "back")
    on_top = True

    def __init__(self, lines: Iterable[Line], go_on: Callable[[], None]) -> None:
        """Show *lines*; *go_on* is called for a Yes."""
        super().__init__("A warning")
        self._lines = tuple(lines)
        self._go_on = go_on

    def body(self) -> Iterable[Widget]:
        """The warnings, and what comes of them."""
        yield Pane()

    def buttons(self) -> Sequence[tuple[str, str]]:
        """The safe one first."""
        return [("No, stay at this step", "back"), ("Continue anyway", "next")]

    def on_mount(self) -> None:
        """Begin with No."""
        self.query_one(Pane).show(self._lines)
        self.query_one("#back").focus()

    def on_pane_accepted(self) -> None:
        """Enter in a long text is no Yes."""
        self.query_one("#back").focus()

    def action_back(self) -> None:
        """No."""
        self.dismiss()

    def press_next(self) -> None:
        """Yes."""
        self.dismiss()
        self._go_on()


def leave(screen: StepScreen) -> None:
    """Go on to the step after *screen*, with the question first when warnings stand that nobody has overruled."""

    def found(result: tuple[Finding, ...] | WizardError) -> None:
        if isinstance(result, WizardError):
            screen.say(f"Error: {result.in_one_line}", "bold ansi_red")
        else:
            go_on(screen, result)

    screen.wizard.engine.run(screen, "doubts", lambda: screen.session.doubts(screen.step), found)


def go_on(screen: StepScreen, doubts: tuple[Finding, ...]) -> None:
    """The same with the warnings at hand."""

    def overruled() -> None:
        screen.session.overrule(doubts)
        screen.wizard.forward(screen.step)

    if doubts:
        screen.app.push_screen(DoubtScreen(doubt_lines(doubts), overruled))
    else:
        screen.wizard.forward(screen.step)
