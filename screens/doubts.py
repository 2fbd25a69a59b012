"""Going on in spite of warnings: asked once, with what comes of them, and No first."""

from collections.abc import Callable, Iterable, Sequence

from screens.frame import StepScreen
from screens.pages import PageScreen
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.reports.lines import Line, doubt_lines


class DoubtScreen(PageScreen):
    """Lies on the step; leaving it in any way but by its last button is a No."""

    keys = ("redraw", "back")

    def __init__(self, lines: Iterable[Line], go_on: Callable[[], None]) -> None:
        """Show *lines*; *go_on* is called for a Yes."""
        super().__init__("A warning", lines)
        self._go_on = go_on

    def buttons(self) -> Sequence[tuple[str, str]]:
        """The safe one first."""
        return [("No, stay at this step", "back"), ("Continue anyway", "next")]

    def on_mount(self) -> None:
        """Begin with No; Up leads to the text when it is longer than the screen."""
        super().on_mount()
        self.focus_on(self.query_one("#back"))

    def press_next(self) -> None:
        """Yes."""
        self.dismiss()
        self._go_on()


def leave(screen: StepScreen) -> None:
    """Go on to the step after *screen*, with the question first when warnings stand that nobody has overruled."""

    def answered(found: tuple[Finding, ...] | WizardError) -> None:
        if isinstance(found, WizardError):
            screen.say(f"Error: {found.message} {found.hint}", "bold ansi_red")
        elif found:
            screen.app.push_screen(DoubtScreen(doubt_lines(found), lambda: overruled(found)))
        else:
            screen.wizard.forward(screen.step)

    def overruled(found: tuple[Finding, ...]) -> None:
        screen.session.overrule(found)
        screen.wizard.forward(screen.step)

    screen.wizard.engine.run(screen, "doubts", lambda: screen.session.doubts(screen.step), answered)
