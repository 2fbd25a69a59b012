"""Looking again after a repair: the end, or the begin of the next repair."""

from collections.abc import Sequence

from screens.action import Action
from screens.step import QuestionScreen
from wizard.errors import WizardError
from wizard.reports.lines import Line


class AgainScreen(QuestionScreen):
    """Shows what is found after a repair; with another cause that can be repaired, leads back to it."""

    _round = ""

    def buttons(self) -> Sequence[tuple[str, str]]:
        """The first one goes on to whatever there is to go on to."""
        first, *others = super().buttons()
        return [first, ("Finish", "finish"), *others]

    def on_mount(self) -> None:
        """One button for the end is enough until there is another way to go."""
        self.query_one("#finish").display = False

    def look(self) -> list[Line]:
        """The lines, and at which step the next repair begins."""
        lines = super().look()
        self._round = self.session.another_round(self.step)
        return lines

    def show_view(self, result: list[Line] | WizardError) -> None:
        """The lines; the first button says where it leads."""
        super().show_view(result)
        self.query_one("#next", Action).set_label("Repair the next cause" if self._round else "Finish")
        self.query_one("#finish").display = bool(self._round)

    def press_next(self) -> None:
        """To the next repair, beginning with what was just seen, or to the end."""
        if self._round:
            self.session.begin_round(self.step)
            self.wizard.open_step(self._round)
        else:
            super().press_next()

    def press_finish(self) -> None:
        """Leave the other causes as they are."""
        super().press_next()
