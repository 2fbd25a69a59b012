"""The one point of no return."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from screens.action import Action
from screens.frame import StepScreen
from screens.pane import Pane
from screens.refusals import lines_of
from wizard.errors import WizardError
from wizard.reports.lines import Line


class ConfirmScreen(StepScreen):
    """Says what happens now and asks once; the focus is on going back."""

    _ready = False

    def body(self) -> Iterable[Widget]:
        """What happens, what is interrupted, how it can be undone."""
        yield Pane()

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Verbs, the safe one first."""
        return [("Go back", "back"), ("Apply", "next"), ("Help", "help")]

    def on_mount(self) -> None:
        """Ask the engine what the plan does."""
        self.query_one("#back").focus()
        self.wizard.engine.run(self, "view", self._look, self._show)

    def _look(self) -> tuple[list[Line], str]:
        return self.session.lines(self.step), self.session.review().restarts

    def _show(self, result: tuple[list[Line], str] | WizardError) -> None:
        if isinstance(result, WizardError):
            self.query_one(Pane).show(lines_of(result))
            return
        lines, restarted = result
        self._ready = True
        self.query_one(Pane).show(lines)
        verb = "Make the dry run" if self.session.dry_run else "Apply"
        with_restart = f"Apply and restart {restarted}" if restarted and not self.session.dry_run else verb
        self.query_one("#next", Action).set_label(with_restart)

    def press_next(self) -> None:
        """Go."""
        if self._ready:
            self.wizard.forward(self.step)
        else:
            self.say("The plan is not ready. Go back to the review.")
