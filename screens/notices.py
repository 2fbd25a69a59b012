"""What an earlier run left behind: a change that was cut off, or answers to go on with."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from screens.action import Action
from screens.frame import Framed
from screens.pane import Pane
from screens.refusals import lines_of
from wizard.errors import ExitCode, WizardError
from wizard.questions.flow import View
from wizard.reports.lines import Line, Tone
from wizard.session.saved_run import SavedRun


class Notice(Framed):
    """Lines and a choice; the way into the steps."""

    keys = ("help", "redraw")
    name_of_page = ""

    def __init__(self, heading: str, lines: Iterable[Line]) -> None:
        """Show *lines*."""
        super().__init__(heading)
        self._lines = tuple(lines)

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield Pane()

    def on_mount(self) -> None:
        """The first button is the safe one."""
        self.query_one(Pane).show(self._lines)
        self.query_one(f"#{self.buttons()[0][1]}").focus()

    def help_name(self) -> str:
        """Each has a page."""
        return self.name_of_page

    def press_quit(self) -> None:
        """Leave everything as it is."""
        self.wizard.leave()


class RecoverScreen(Notice):
    """A change was cut off in the middle. Until it is finished or undone nothing else is possible."""

    name_of_page = "recover"

    def __init__(self, lines: Iterable[Line]) -> None:
        """*lines*: what the engine says of it."""
        super().__init__("An unfinished change", lines)
        self._over = self._waits = False

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Undoing is always possible, so it comes first."""
        return [("Undo it", "undo"), ("Finish it", "finish"), ("Keep it", "keep"), ("Quit", "quit"), ("Help", "help")]

    def press_undo(self) -> None:
        """Put everything back; afterwards the button goes on to the steps."""
        if self._waits:
            self.wizard.open_step("")
        elif self._over:
            # Answers may be left, also those of a change that was finished just now.
            self.wizard.begin()
        else:
            self._recover("undo")

    def press_finish(self) -> None:
        """Make the rest of the change."""
        if not self._over:
            self._recover("finish")

    def press_keep(self) -> None:
        """Accept everything as it is now."""
        if not self._over:
            self._recover("keep")

    def _recover(self, mode: str) -> None:
        self.say("Working ...")
        self.wizard.engine.run(self, "recover", lambda: self._settled(mode), self._recovered)

    def _settled(self, mode: str) -> list[Line]:
        told = self.session.recover(mode)
        text = "The wizard can go on now."
        self._waits = bool(self.session.interrupted())
        if self._waits:
            text = "It is still unfinished. Go on to Something is wrong, which repairs the cause."
        return [*told, Line(""), Line(text, Tone.HEADING)]

    def _recovered(self, result: list[Line] | WizardError) -> None:
        self.say("")
        if isinstance(result, WizardError):
            self.query_one(Pane).show([*self._lines, Line(""), *lines_of(result)])
            self.wizard.ended = int(ExitCode.NEEDS_RECOVERY)
            return
        self._over = True
        self.query_one(Pane).show(result)
        button = self.query_one("#undo", Action)
        button.set_label("Go on")
        for name in ("#finish", "#keep"):
            self.query_one(name).display = False
        self.focus_on(button)


class ResumeScreen(Notice):
    """Answers of an earlier run are there."""

    name_of_page = "resume"

    def __init__(self, run: SavedRun, ended: Sequence[Line] = ()) -> None:
        """*run*: who saved it, and when; *ended*: what is said of its change, when that has ended meanwhile."""
        self._change = run.change
        step = f", at the step {run.step_id}" if run.step_id else ""
        text = f"{run.who} saved unfinished answers on {run.when:%Y-%m-%d at %H:%M} UTC{step}."
        more = "Going on checks them all again and asks for the passwords anew; none was saved."
        super().__init__("An unfinished run", ended or [Line(text), Line(""), Line(more)])

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Going on loses nothing."""
        return [("Go on with them", "resume"), ("Start over", "over"), ("Quit", "quit"), ("Help", "help")]

    def press_resume(self) -> None:
        """Take the answers and check the steps up to the one that was open."""
        self.busy("Checking the answers ...")
        self.wizard.engine.run(self, "resume", self._resume, self._resumed)

    def _resume(self) -> str:
        wanted = self.session.resume()
        if self.session.taken_up:
            return wanted
        for step in self.session.steps():
            fails = bool(step.questions) and bool(self.session.check(step))
            if fails or step.id == wanted or step.view is View.REVIEW:
                return step.id
        return ""

    def _resumed(self, result: str | WizardError) -> None:
        if self.session.taken_up:
            self.wizard.ended = int(ExitCode.DONE)
            self.wizard.go_on(result)
        else:
            self.wizard.open_step("" if isinstance(result, WizardError) else result)

    def press_over(self) -> None:
        """Begin with the first step; the saved answers go with the next save."""
        self.wizard.engine.run(self, "forget", self.session.forget, lambda _result: self.wizard.open_step(""))
