"""Pages about an earlier run and about errors: a text, and buttons for the next step."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget
from textual.widgets import Static

from screens.frame import Page
from screens.theme import BAD, MARKS, OK, WARN, Part, say, titled
from screens.widgets import Card, Facts, Rechecked, Row, buttons
from wizard.errors import ExitCode, WizardError
from wizard.questions.flow import Step
from wizard.reports.lines import Line, Tone
from wizard.session.saved_run import SavedRun
from wizard.texts.en.questions import QUESTIONS

_MODES = {
    "undo": "Restoring the files ...",
    "finish": "Finishing the change ...",
    "keep": "Closing the change ...",
}
TONES = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.GOOD: "ok",
    Tone.WARN: "warn",
    Tone.BAD: "bad",
    Tone.ADDED: "ok",
    Tone.REMOVED: "bad",
    Tone.FAINT: "muted",
}


def parts_of(lines: Iterable[Line]) -> list[Part]:
    """Lines of a report as words with roles."""
    parts: list[Part] = []
    for line in lines:
        parts += [*(["\n"] if parts else []), (line.text, TONES[line.tone])]
    return parts


class Notice(Page):
    """A banner with a sentence, a card, and buttons.

    Attributes:
        title: what the page states.
        banner: a word and its roles.
        sentence: beside the banner.
        topic: its help page, where that is not the one of the step.
        choices: label and id of each button; the safe one first.
    """

    title: Sequence[Part] = ()
    banner: tuple[str, str] = ("", "")
    sentence = ""
    topic = ""
    choices: Sequence[tuple[str, str]] = ()
    first_focus = "Act"

    def claim(self) -> Sequence[Part]:
        """See `Page`."""
        return self.title

    def help_name(self) -> str:
        """See `Page`."""
        return self.topic or super().help_name()

    def rows(self) -> Sequence[Row]:
        """The details below the banner."""
        raise NotImplementedError

    def compose(self) -> Iterable[Widget]:
        """The parts."""
        yield Static(say(self.banner, "  ", (self.sentence, "bold")), classes="words")
        yield Static("", classes="gap")
        rows = self.rows()
        yield Card("Details", Facts(*rows, name_width=13 if any(name for name, _value in rows) else 1, id="facts"))
        yield Static("", classes="gap")
        yield buttons(*self.choices)

    def press(self, name: str) -> None:  # noqa: ARG002 - for subclasses
        """Do what the button *name* says; by default leave everything as it is."""
        self.wizard.leave()

    def action_go_on(self) -> None:
        """Enter is for the buttons."""


class Refused(Notice, Rechecked):
    """The page of a step cannot be shown: why, and what can be done."""

    data: WizardError
    banner = (f" {BAD} NOT POSSIBLE ", "bad bold reverse")

    def compose(self) -> Iterable[Widget]:
        """Back to the answers, or the same again."""
        self.sentence = self.data.message
        back = [("Back to the answers", "back")] if self.wizard.can_go_back(self.step) else []
        self.choices = [*back, ("Check again", "again")]
        return super().compose()

    def claim(self) -> Sequence[Part]:
        """Which step it is."""
        return [(f"{self.step.title} cannot be shown", "accent bold")]

    def rows(self) -> Sequence[Row]:
        """The hint and the code."""
        hint = [line for line in self.data.hint.splitlines() if line]
        return [("Do", ["\n".join(hint)]), ("Code", [(self.data.code, "muted")])]

    def press(self, name: str) -> None:
        """One step back, or look again."""
        self.action_back() if name == "back" else self.action_again()


class Recover(Notice):
    """A change was interrupted. Until it is undone or finished nothing else is possible."""

    data: list[Line]
    title = titled("A change was interrupted", "nothing else can be changed until it is undone, finished or kept")
    banner = (f" {WARN} INTERRUPTED ", "warn bold reverse")
    sentence = "Undo it, or finish it. An undo is always possible."
    topic = "recover"
    # Undoing is always possible, so it comes first.
    choices = (("Undo it", "undo"), ("Finish it", "finish"), ("Keep it", "keep"), ("Quit", "quit"))

    def rows(self) -> Sequence[Row]:
        """The report of the engine about the interrupted change."""
        return [("", parts_of(self.data))]

    def press(self, name: str) -> None:
        """Settle the change in this way."""
        if name not in _MODES:
            super().press(name)
            return

        def settle() -> tuple[list[Line], bool]:
            return self.session.recover(name), not self.session.interrupted()

        self.wizard.work("recover", settle, self._recovered, _MODES[name])

    def _recovered(self, result: tuple[list[Line], bool] | WizardError) -> None:
        if isinstance(result, WizardError):
            self.wizard.ended = int(ExitCode.NEEDS_RECOVERY)
            self.frame.tell(MARKS["bad"], f"{result.message} [{result.code}]\n{result.hint}")
        else:
            self.wizard.show(Recovered(None, result))


class Recovered(Notice):
    """How the interrupted change was settled, or that it was not."""

    topic = "recover"
    choices = (("Continue", "on"), ("Quit", "quit"))

    def __init__(self, step: Step | None, data: tuple[list[Line], bool]) -> None:
        """*data*: how it ended, and whether it is settled."""
        super().__init__(step, data)
        if data[1]:
            self.banner = f" {OK} SETTLED ", "ok bold reverse"
            self.title = [("The interrupted change is resolved", "accent bold")]
            self.sentence = "The wizard can be used again."
        else:
            self.banner = f" {WARN} NOT SETTLED ", "warn bold reverse"
            self.title = [("The change is still interrupted", "accent bold")]
            self.sentence = "Continue with Something is wrong, which repairs the cause."

    def rows(self) -> Sequence[Row]:
        """How it ended."""
        return [("", parts_of(self.data[0]))]

    def press(self, name: str) -> None:
        """On: answers may be left, also those of a change that was finished just now."""
        if name != "on":
            super().press(name)
        elif self.data[1]:
            self.wizard.begin()
        else:
            self.wizard.open_step("")


class Resume(Notice):
    """Answers of an earlier run are there."""

    topic = "resume"
    choices = (("Continue", "resume"), ("Start over", "over"), ("Quit", "quit"))

    def __init__(self, step: Step | None, data: tuple[SavedRun, str]) -> None:
        """*data*: the run, and how its change has ended, "" without one."""
        super().__init__(step, data)
        self.sentence = data[1] or "Continue where it stopped, or start over."
        self.title = [("Answers of an earlier run are kept", "accent bold")]
        self.banner = f" {WARN} UNFINISHED ", "warn bold reverse"
        if data[1]:
            good = " finished " in data[1]
            self.title = titled("A change has ended", "you have not seen its result yet")
            self.banner = (f" {OK} FINISHED ", "ok bold reverse") if good else (f" {BAD} UNDONE ", "bad bold reverse")

    def rows(self) -> Sequence[Row]:
        """Who saved them, when, and what happens to them."""
        run, ended = self.data
        goal = QUESTIONS["goal"].choices[run.answers.goal].label
        on = "The answers are checked again." if not ended else "The answers are kept."
        return [
            ("Goal", [goal]),
            ("Saved by", [run.who, (f"  {run.when:%Y-%m-%d %H:%M} UTC", "muted")]),
            ("Continue", [f"{on} Passwords were not saved. You will be asked for those that are needed."]),
        ]

    def press(self, name: str) -> None:
        """Take the answers and check the steps up to the one that was open, or begin with the first step."""
        match name:
            case "resume":
                self.wizard.work("resume", self.session.resume, self._resumed, "Checking the answers ...")
            case "over":
                self.wizard.work("forget", self.session.forget, lambda _result: self.wizard.open_step(""), "")
            case _:
                super().press(name)

    def _resumed(self, name: str | WizardError) -> None:
        if self.session.taken_up:
            self.wizard.ended = int(ExitCode.DONE)
            self.wizard.follow_change(name)
        else:
            self.wizard.ask_again("" if isinstance(name, WizardError) else name)
