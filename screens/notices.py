"""Pages about an earlier run and about errors: a text, and buttons for the next step."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Static

from screens.frame import Page
from screens.theme import BAD, MARKS, OK, WARN, Part, say
from screens.widgets import Act, Card, Facts, Row
from wizard.errors import ExitCode, WizardError
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
    """A banner, a card, and buttons; pressing one calls `press_<id>`."""

    banner: ClassVar[tuple[str, str]] = ("", "")

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Label and id of each; the safe one first."""
        raise NotImplementedError

    def rows(self) -> Sequence[Row]:
        """The details below the banner; none by default."""
        return ()

    def words(self) -> Sequence[Part]:
        """One sentence beside the banner."""
        return ()

    def compose(self) -> Iterable[Widget]:
        """The parts."""
        sign, roles = self.banner
        yield Static(say((sign, roles), "  ", *self.words()), classes="words")
        yield Static("", classes="gap")
        rows = self.rows()
        yield Card("Details", Facts(*rows, name_width=13 if any(name for name, _value in rows) else 1, id="facts"))
        yield Static("", classes="gap")
        with Horizontal(classes="buttons"):
            for label, name in self.buttons():
                yield Act(label, id=name)

    def arrived(self) -> None:
        """The first button is the safe one."""
        self.query(Act).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what it says."""
        event.stop()
        getattr(self, f"press_{event.button.id}")()

    def action_go_on(self) -> None:
        """Enter is for the buttons."""

    def press_quit(self) -> None:
        """Leave everything as it is."""
        self.wizard.leave()


class Refused(Notice):
    """The page of a step cannot be shown: why, and what can be done."""

    data: WizardError
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "again", "Check again", key_display="F5")]
    banner = (f" {BAD} NOT POSSIBLE ", "bad bold reverse")

    def claim(self) -> Sequence[Part]:
        """Which step it is."""
        return [(f"{self.step.title} cannot be shown" if self.step else "", "accent bold")]

    def words(self) -> Sequence[Part]:
        """The message."""
        return [(self.data.message, "bold")]

    def rows(self) -> Sequence[Row]:
        """The hint and the code."""
        hint = [line for line in self.data.hint.splitlines() if line]
        return [("Do", ["\n".join(hint)]), ("Code", [(self.data.code, "muted")])]

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Back to the answers, or the same again."""
        back = [("Back to the answers", "back")] if self.wizard.can_go_back(self.step) else []
        return [*back, ("Check again", "again")]

    def press_back(self) -> None:
        """One step back."""
        self.action_back()

    def press_again(self) -> None:
        """Look again."""
        self.action_again()

    def action_again(self) -> None:
        """Likewise."""
        self.session.invalidate()
        if self.step is not None:
            self.wizard.open(self.step)


class Recover(Notice):
    """A change was interrupted. Until it is undone or finished nothing else is possible."""

    data: list[Line]
    banner = (f" {WARN} INTERRUPTED ", "warn bold reverse")

    def claim(self) -> Sequence[Part]:
        """A statement."""
        return [
            ("A change was interrupted", "accent bold"),
            ("  nothing else can be changed until it is undone, finished or kept", "muted"),
        ]

    def words(self) -> Sequence[Part]:
        """What is advised."""
        return [("Undo it, or finish it. An undo is always possible.", "bold")]

    def rows(self) -> Sequence[Row]:
        """The report of the engine about the interrupted change."""
        return [("", parts_of(self.data))]

    def help_name(self) -> str:
        """It has a page."""
        return "recover"

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Undoing is always possible, so it comes first."""
        return [("Undo it", "undo"), ("Finish it", "finish"), ("Keep it", "keep"), ("Quit", "quit")]

    def press_undo(self) -> None:
        """Restore everything."""
        self._recover("undo")

    def press_finish(self) -> None:
        """Make the rest of the change."""
        self._recover("finish")

    def press_keep(self) -> None:
        """Accept everything as it is now."""
        self._recover("keep")

    def _recover(self, mode: str) -> None:
        self.wizard.work("recover", lambda: self._settled(mode), self._recovered, _MODES[mode])

    def _settled(self, mode: str) -> tuple[list[Line], bool]:
        return self.session.recover(mode), not self.session.interrupted()

    def _recovered(self, result: tuple[list[Line], bool] | WizardError) -> None:
        if isinstance(result, WizardError):
            self.wizard.ended = int(ExitCode.NEEDS_RECOVERY)
            self.frame.tell(MARKS["bad"], f"{result.message} [{result.code}]\n{result.hint}")
        else:
            self.wizard.show(Recovered(None, result))


class Recovered(Notice):
    """How the interrupted change was settled, or that it was not."""

    data: tuple[list[Line], bool]

    @property
    def banner(self) -> tuple[str, str]:  # type: ignore[override]  # it depends on the data here
        """Settled or not."""
        return (
            (f" {OK} SETTLED ", "ok bold reverse") if self.data[1] else (f" {WARN} NOT SETTLED ", "warn bold reverse")
        )

    def claim(self) -> Sequence[Part]:
        """A statement."""
        words = "The interrupted change is resolved" if self.data[1] else "The change is still interrupted"
        return [(words, "accent bold")]

    def words(self) -> Sequence[Part]:
        """The recommended next step."""
        if self.data[1]:
            return [("The wizard can be used again.", "bold")]
        return [("Continue with Something is wrong, which repairs the cause.", "bold")]

    def rows(self) -> Sequence[Row]:
        """How it ended."""
        return [("", parts_of(self.data[0]))]

    def help_name(self) -> str:
        """The help page of the question before this one."""
        return "recover"

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Continue or leave."""
        return [("Continue", "on"), ("Quit", "quit")]

    def press_on(self) -> None:
        """On: answers may be left, also those of a change that was finished just now."""
        if self.data[1]:
            self.wizard.begin()
        else:
            self.wizard.open_step("")


class Resume(Notice):
    """Answers of an earlier run are there."""

    data: tuple[SavedRun, str]

    @property
    def banner(self) -> tuple[str, str]:  # type: ignore[override]  # it depends on the data here
        """Whether a change has ended, and how."""
        if not self.data[1]:
            return f" {WARN} UNFINISHED ", "warn bold reverse"
        good = " finished " in self.data[1]
        return (f" {OK} FINISHED ", "ok bold reverse") if good else (f" {BAD} UNDONE ", "bad bold reverse")

    def claim(self) -> Sequence[Part]:
        """A statement."""
        if self.data[1]:
            return [("A change has ended", "accent bold"), ("  you have not seen its result yet", "muted")]
        return [("Answers of an earlier run are kept", "accent bold")]

    def words(self) -> Sequence[Part]:
        """What is advised."""
        if self.data[1]:
            return [(self.data[1], "bold")]
        return [("Continue where it stopped, or start over.", "bold")]

    def rows(self) -> Sequence[Row]:
        """Who saved them, when, and what happens to them."""
        run = self.data[0]
        goal = QUESTIONS["goal"].choices[run.answers.goal].label
        on = "The answers are checked again." if not self.data[1] else "The answers are kept."
        return [
            ("Goal", [goal]),
            ("Saved by", [run.who, (f"  {run.when:%Y-%m-%d %H:%M} UTC", "muted")]),
            ("Continue", [f"{on} Passwords were not saved. You will be asked for those that are needed."]),
        ]

    def help_name(self) -> str:
        """It has a page."""
        return "resume"

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Continuing loses nothing."""
        return [("Continue", "resume"), ("Start over", "over"), ("Quit", "quit")]

    def press_resume(self) -> None:
        """Take the answers and check the steps up to the one that was open."""
        self.wizard.work("resume", self.session.resume, self._resumed, "Checking the answers ...")

    def _resumed(self, name: str | WizardError) -> None:
        if self.session.taken_up:
            self.wizard.ended = int(ExitCode.DONE)
            self.wizard.follow_change(name)
        else:
            self.wizard.ask_again("" if isinstance(name, WizardError) else name)

    def press_over(self) -> None:
        """Begin with the first step."""
        self.wizard.work("forget", self.session.forget, lambda _result: self.wizard.open_step(""), "")
