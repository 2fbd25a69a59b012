"""A step that asks: its view above, its questions below, the errors in place."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.widget import Widget

from screens import doubts
from screens.entry import EntryField, SecretField
from screens.field import Field
from screens.fields import NOTES_IN_ALL, fields_of, hint_of
from screens.frame import StepScreen
from screens.pane import Pane
from screens.refusals import lines_of
from wizard.errors import WizardError
from wizard.questions.flow import Ask, Question, Step, View
from wizard.reports.lines import Line, Tone
from wizard.session.session import Problem

if TYPE_CHECKING:
    from wizard.findings import Finding


class QuestionScreen(StepScreen):
    """Asks the questions of one step. It keeps no password: they go to the engine, and the fields are destroyed."""

    def __init__(self, step: Step, number: int, count: int, *, back: bool) -> None:
        """Ask *step*; *back*: there is a step to go back to."""
        super().__init__(step, number, count)
        self._last = number == count
        self._back = back
        self.keys = ("help", "redraw", "again", "leave", *(("back",) if back else ()))
        self._checking = self._again = False
        self.fields: list[Field] = []
        self._asked = step.questions
        self._doubts: tuple[Finding, ...] = ()

    def body(self) -> Iterable[Widget]:
        """The view, then the fields."""
        room = NOTES_IN_ALL
        if self.step.view is not View.NONE:
            yield Pane(always=not self.step.questions)
            room = NOTES_IN_ALL // 2
        self.fields = fields_of(self.step, self.session, self.wizard.drafts, room)
        yield from self.fields

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Next is never dead: with something wrong it says what."""
        back = [("Back", "back")] if self._back else []
        return [("Finish" if self._last else "Next", "next"), *back, ("Help", "help")]

    def on_mount(self) -> None:
        """Look, and begin where an answer is needed."""
        empty = [field for field in self.fields if isinstance(field, EntryField) and not field.shown()[0]]
        start = empty or self.fields[:1] or [self.query_one("#pane" if self.step.view is View.ELSEWHERE else "#next")]
        start[0].focus()
        if self.step.view is not View.NONE:
            self.query_one(Pane).show([Line("Looking ...", Tone.FAINT)])
            self.wizard.engine.run(self, "view", self.look, self.show_view)

    # -- the view ---------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Look at the machine and the files again."""
        if self.step.view is View.NONE:
            self._check(leave=False)
            return
        self._again = True
        self.busy("Looking ...")
        self.wizard.engine.run(self, "view", self._look_again, self.show_view)

    def _look_again(self) -> list[Line]:
        self.session.look_again()
        return self.look()

    def look(self) -> list[Line]:
        """What the view shows, and how it words the questions; called away from the screen."""
        lines = self.session.lines(self.step)
        self._asked = self.session.asked(self.step)
        return lines

    def show_view(self, result: list[Line] | WizardError) -> None:
        """Show what `look` gave, or the refusal that it raised."""
        if self._again:
            self._again = False
            self.say("")
        self.query_one(Pane).show(lines_of(result) if isinstance(result, WizardError) else result)
        self._ask_more()
        for question, field in zip(self._asked, self.fields, strict=False):
            field.ask(question.heading, hint_of(question, kept=self.session.has_secret(question.key)))
            # What was found may answer a question that is still empty.
            if isinstance(field, EntryField) and not isinstance(field, SecretField) and not field.text:
                field.set_value(self.session.value(question))
                field.place_cursor()

    def _ask_more(self) -> None:
        """Fields for the questions that arise from what the view has found."""
        known = {field.key for field in self.fields}
        more = replace(self.step, questions=tuple(each for each in self._asked if each.key not in known))
        if more.questions:
            fields = fields_of(more, self.session, self.wizard.drafts, NOTES_IN_ALL // 2)
            self.query_one("#body").mount(*fields, after=self.fields[-1] if self.fields else self.query_one(Pane))
            self.fields += fields

    # -- answering --------------------------------------------------------------------------------------------------

    def on_field_changed(self, message: Field.Changed) -> None:
        """While an error stands the answer is looked at with every change, so that it goes as soon as it is mended."""
        field = message.field
        if self._checking:
            self.wizard.engine.drop(self, "check")
            self._checking = False
            self.say("")
        if isinstance(field, SecretField):
            self._compare()
        if field.error is not None:
            field.refuse(self._put(field))
            self.say("")

    def on_field_accepted(self, message: Field.Accepted) -> None:
        """Enter goes on: to the next field, behind the last one to the next step."""
        message.stop()
        place = self.fields.index(message.field) + 1
        if place < len(self.fields):
            self.fields[place].focus()
        else:
            message.field.draw()
            self.press_next()

    def on_pane_accepted(self) -> None:
        """Enter goes on."""
        self.press_next()

    def on_field_left(self, message: Field.Left) -> None:
        """What was filled and left is looked at, as far as it can be judged alone."""
        field = message.field
        if field.text and field.error is None and not isinstance(field, SecretField):
            field.refuse(self._put(field))

    def press_next(self) -> None:
        """Take the answers; go on, or to the first that cannot be used."""
        if not self._checking:
            self._check(leave=True)

    def keep(self) -> None:
        """Hand over what is typed; what cannot be used stays as a draft."""
        for field in self.fields:
            if self._put(field) is not None and not isinstance(field, SecretField):
                self.wizard.drafts[self.step.id, field.key] = field.text

    def _put(self, field: Field) -> WizardError | None:
        question = self._question(field)
        self.wizard.drafts.pop((self.step.id, field.key), None)
        try:
            if isinstance(field, SecretField):
                if field.touched and not self._differ():
                    self.session.put_secret(question.key, field.secret())
            else:
                self.session.put(question, field.text)
        except WizardError as error:
            return error
        return None

    def _question(self, field: Field) -> Question:
        return next(question for question in self._asked if question.key == field.key)

    def _check(self, *, leave: bool) -> None:
        wrong = [(field, error) for field in self.fields if (error := self._put(field)) is not None]
        if self._differ():
            wrong.append((self.fields[-1], differing()))
        self._refuse(wrong)
        if wrong:
            return
        self._checking = True
        self.busy("Checking ...")
        self.wizard.engine.run(self, "check", self._judge, lambda found: self._checked(found, leave=leave))

    def _judge(self) -> list[Problem]:
        problems = self.session.check(self.step)
        self._doubts = () if problems else self.session.doubts(self.step)
        return problems

    def _checked(self, found: list[Problem] | WizardError, *, leave: bool) -> None:
        self._checking = False
        self.say("")
        problems = [Problem("", found)] if isinstance(found, WizardError) else found
        by_key = {field.key: field for field in reversed(self.fields)}
        self._refuse([(by_key[problem.key], problem.error) for problem in problems if problem.key in by_key])
        for problem in problems:
            told = problem.error.in_one_line
            if problem.error.code == "rescue.nothing-wrong":
                # Nothing to repair is what everybody hopes for, although there is nothing to go on to.
                self.say(f"Good: {told}")
            elif problem.key not in by_key:
                self.say(f"Error: {told}", "bold ansi_red")
        if not problems and leave:
            doubts.go_on(self, self._doubts)

    def _refuse(self, wrong: list[tuple[Field, WizardError]]) -> None:
        for field in self.fields:
            field.refuse(next((error for bad, error in wrong if bad is field), None))
            if field.error is not None and isinstance(field, SecretField):
                field.begin_again()
        if wrong:
            self.focus_on(wrong[0][0])

    # -- a new password, typed twice --------------------------------------------------------------------------------

    def _twice(self) -> list[SecretField]:
        new = [question.key for question in self.step.questions if question.ask is Ask.NEW_SECRET]
        return [field for field in self.fields if isinstance(field, SecretField) and field.key in new]

    def _differ(self) -> bool:
        typed = self._twice()
        return len(typed) == 2 and typed[0].secret() != typed[1].secret()

    def _compare(self) -> None:
        typed = self._twice()
        if len(typed) == 2:
            first, second = (field.secret().reveal() for field in typed)
            wrong = not first.startswith(second)
            typed[1].remark("Warning: the two are not the same so far." if wrong else "")

    def help_first(self) -> list[str]:
        """Every error in full."""
        errors = [field.error for field in self.fields if field.error is not None]
        return [*super().help_first(), *(f"Error: {error.message}\n{error.hint}" for error in errors)]


def differing() -> WizardError:
    """The two passwords are not the same."""
    return WizardError(
        "password.differs", "The two passwords are not the same.", "Type both again; Delete empties a field."
    )
