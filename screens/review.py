"""Everything that will be done, before anything is done."""

from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget

from screens import doubts
from screens.frame import StepScreen
from screens.marks import MarkPane
from screens.refusals import lines_of
from wizard.errors import WizardError
from wizard.reports.lines import Line, Tone
from wizard.reports.review import Review


class ReviewScreen(StepScreen):
    """Shows the plan, line by line, as the engine wrote it from the object that will be applied."""

    keys = ("help", "redraw", "again", "leave", "back")
    _review: Review | None = None
    _refusal: WizardError | None = None

    def body(self) -> Iterable[Widget]:
        """One pane to read; the decisions in it lead to their steps."""
        yield MarkPane(always=True)

    def buttons(self) -> Sequence[tuple[str, str]]:
        """On, or back to the questions."""
        return [("Next", "next"), ("Back", "back"), ("Help", "help")]

    def on_mount(self) -> None:
        """Make the plan."""
        self.query_one(MarkPane).focus()
        self._make(self.session.review)

    def action_again(self) -> None:
        """Look at the machine and make the plan again."""
        self._make(self._anew)

    def _anew(self) -> Review:
        self.session.look_again()
        return self.session.review()

    def _make(self, review: Callable[[], Review]) -> None:
        self._review = self._refusal = None
        self.query_one(MarkPane).show([Line("Looking at the machine and making the plan ...", Tone.FAINT)])
        self.wizard.engine.run(self, "review", review, self._show)

    def _show(self, result: Review | WizardError) -> None:
        if isinstance(result, WizardError):
            self._refusal = result
            self.query_one(MarkPane).show(lines_of(result))
        else:
            self._review = result
            self.query_one(MarkPane).show(result.page)

    def on_mark_pane_chosen(self, message: MarkPane.Chosen) -> None:
        """Open the step of a decision; Next leads from there back to the review."""
        self.wizard.open_step(message.line.step)

    def on_pane_accepted(self) -> None:
        """Enter goes on."""
        self.press_next()

    def press_next(self) -> None:
        """Go on, or say why not."""
        if self._refusal is not None:
            self.say(f"Error: {self._refusal.message}", "bold ansi_red")
        elif self._review is None:
            self.say("The plan is still being made.")
        elif self._review.blocked:
            worst = max(self._review.findings, key=lambda finding: finding.severity)
            self.say(f"Error: this cannot be applied. {worst.message}", "bold ansi_red")
        else:
            doubts.leave(self)
