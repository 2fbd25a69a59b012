"""The diagnosis: the cause, its evidence, its repair, and the next step."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Collapsible, Static

from screens.certificates import finding_line
from screens.questions import Questions
from screens.theme import BAD, MARKS, OK, WARN, Part, say
from screens.widgets import Act, Card
from wizard.doctor.diagnose import Diagnosis
from wizard.findings import Finding, Severity
from wizard.questions.answers import Goal
from wizard.questions.flow import Question, Step
from wizard.session.session import Session


class Rescue(Questions):
    """Shows the diagnosis; a password is asked only when the repair needs one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "again", "Check again", key_display="F5"),
        Binding("f7", "codes", "Codes", key_display="F7"),
    ]

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Show *data*."""
        super().__init__(step, data)
        self._codes = False

    @classmethod
    def look(cls, session: Session, step: Step | None) -> Any:
        """See `Page`."""
        assert step is not None  # noqa: S101 - for the type checker
        diagnosis = session.examined(step.id)[1]
        needs = session.needs_password(step)
        return diagnosis, session.asked(step) if needs else (), session.another_round(step)

    @property
    def diagnosis(self) -> Diagnosis:
        """The doctor's diagnosis of this machine."""
        found: Diagnosis = self.data[0]
        return found

    @property
    def questions(self) -> Sequence[Question]:
        """The password, when it is needed."""
        asked: Sequence[Question] = self.data[1]
        return asked

    @property
    def again(self) -> bool:
        """Whether this is the check after a repair."""
        return self.step is not None and not self.step.questions

    def claim(self) -> Sequence[Part]:
        """Whether something is wrong."""
        checks = f"  {len(self.diagnosis.outcomes)} checks; nothing was changed by looking"
        causes = len(self.diagnosis.root_causes)
        if not causes:
            return [(f"{OK} Nothing wrong was found", "ok bold"), (checks, "muted")]
        more = f" ({causes} causes)" if causes > 1 else ""
        return [(f"What is wrong{more}", "accent bold"), (checks, "muted")]

    def compose(self) -> Iterable[Widget]:
        """Cause, evidence, repair, buttons, the rest."""
        headline = self.diagnosis.headline
        if headline is None:
            sign: Part = (f" {OK} GOOD ", "ok bold reverse")
            yield Static(say(sign, ("  Nothing wrong was found.", "bold")), classes="words")
        else:
            bad = headline.severity >= Severity.ERROR
            sign = (f" {BAD} CAUSE ", "bad bold reverse") if bad else (f" {WARN} WARNING ", "warn bold reverse")
            yield Static(say(sign, (f"  {headline.title}", "bold")), classes="words", id="cause")
            yield Card("Evidence", Static(self._evidence(), id="evidence"))
            yield Card("Repair" if self._automatic() else "What to do", Static(self._repair()))
        yield from self.cards()
        with Horizontal(classes="buttons"):
            for label, name in self.buttons():
                yield Act(label, id=name)
        follows = [each for each in self.diagnosis.findings if headline is not None and each.caused_by]
        others = [each for each in self.diagnosis.findings if each is not headline and each not in follows]
        yield from _folded("It explains", self._listed(follows), len(follows), closed=True)
        yield from _folded("Also found", self._listed(others), len(others), closed=headline is not None)
        unseen = self.diagnosis.not_seen
        words: list[Part] = [
            ("\n".join(f"{each.rule.removeprefix('doctor.')}: {each.reason}" for each in unseen), "muted")
        ]
        yield from _folded("Not checked", words, len(unseen), closed=True)

    def arrived(self) -> None:
        """At the password when one is needed, else at the button."""
        if self.fields:
            self.fields[0][1].focus()
        else:
            self.query(Act).first().focus()

    def _automatic(self) -> bool:
        return any(repair.automatic for repair in self.diagnosis.repairs)

    def buttons(self) -> Sequence[tuple[str, str]]:
        """The buttons for the next step; there is at least one."""
        if self.again:
            more = [("Repair the next cause", "round")] if self.data[2] else []
            return [*more, ("Finish", "finish")]
        if self._automatic():
            return [("Repair it", "repair"), ("New certificates", "new"), ("Undo a change", "undo")]
        if self.diagnosis.headline is not None:
            return [("Replace certificates", "new"), ("Undo a change", "undo"), ("Check again", "again")]
        return [("Finish", "finish"), ("Check again", "again")]

    def _evidence(self) -> Content:
        headline = self.diagnosis.headline
        if headline is None:
            return Content("")
        code: list[Part] = [(f"\n  [{headline.code}]", "muted")] if self._codes else []
        mark = MARKS["bad" if headline.severity >= Severity.ERROR else "warn"]
        return say(mark, headline.message, ("\n  ", ""), (headline.why, "muted"), *code)

    def _repair(self) -> Content:
        for repair in self.diagnosis.repairs:
            if repair.automatic:
                steps = [f"{repair.summary}.", "Every replaced file is kept; the server is checked again afterwards."]
                if self.questions:
                    steps.insert(0, "You type the password; it is tried on the key store first.")
                return say(*_numbered(steps))
        first = self.diagnosis.repairs[0] if self.diagnosis.repairs else None
        return say(*_numbered(first.steps if first is not None else ()))

    def _listed(self, findings: Sequence[Finding]) -> list[Part]:
        parts: list[Part] = []
        for finding in findings:
            parts += ["\n" if parts else "", *finding_line(finding)]
            parts += [(f"  [{finding.code}]", "muted")] if self._codes else []
        return parts

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Run the action of the pressed button."""
        event.stop()
        match event.button.id:
            case "repair":
                self.action_go_on()
            case "round" if self.step is not None:
                self.session.begin_round(self.step)
                self.wizard.open_step(self.data[2])
            case "new":
                self.wizard.change_goal(Goal.RE_KEY)
            case "undo":
                self.wizard.change_goal(Goal.UNDO)
            case "again":
                self.action_again()
            case _ if self.again and self.step is not None:
                self.wizard.forward(self.step)
            case _:
                self.wizard.finish()

    def action_codes(self) -> None:
        """Show or hide the permanent codes."""
        self._codes = not self._codes
        self.query("#evidence").first(Static).update(self._evidence())


def _folded(name: str, words: Sequence[Part], count: int, *, closed: bool) -> Iterable[Widget]:
    """*words* under a line that opens and closes them; nothing when there are none."""
    if count:
        yield Collapsible(
            Static(say(*words)),
            title=f"{name}: {count}",
            collapsed=closed,
            collapsed_symbol="\u25b8",
            expanded_symbol="\u25be",
        )


def _numbered(steps: Sequence[str]) -> list[Part]:
    parts: list[Part] = []
    for number, words in enumerate(steps, start=1):
        parts += ["\n" if parts else "", (f"{number} ", "accent bold"), words]
    return parts
