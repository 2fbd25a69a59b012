"""What is left to do elsewhere: a list that is ticked, and that is there again at the next start."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from screens.marks import MarkPane
from screens.step import QuestionScreen
from wizard.errors import WizardError
from wizard.reports.lines import Line


class ChecklistScreen(QuestionScreen):
    """Shows the list; each tick is kept at once by the engine."""

    _shown = False

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield MarkPane(always=True)

    def buttons(self) -> Sequence[tuple[str, str]]:
        """What Space does is a button too."""
        first, *others = super().buttons()
        return [first, ("Tick", "tick"), *others]

    def show_view(self, result: list[Line] | WizardError) -> None:
        """The list, with the first step that is not done marked when it is opened."""
        super().show_view(result)
        if not self._shown and not isinstance(result, WizardError):
            self._shown = True
            self.query_one(MarkPane).mark("[ ]")

    def press_tick(self) -> None:
        """Tick the marked line."""
        line = self.query_one(MarkPane).chosen
        if line is None:
            self.say("No line is marked. Shift+Tab leads to the list, Up and Down mark a line.")
        else:
            self._tick(line)

    def on_mark_pane_chosen(self, message: MarkPane.Chosen) -> None:
        """Space on a line."""
        self._tick(message.line)

    def _tick(self, line: Line) -> None:
        self.say("")
        self.wizard.engine.run(self, "tick", lambda: self.session.tick(line.item), self._ticked)

    def _ticked(self, result: list[Line] | WizardError) -> None:
        if isinstance(result, WizardError):
            self.say(f"Error: {result.in_one_line}", "bold ansi_red")
        else:
            self.query_one(MarkPane).show(result)
