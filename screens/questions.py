"""A page that asks: each question in a card of its own, its error below it, help for the one with the focus."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from screens.pages import PASTE_TEXT
from screens.paths import Completion, complete, complete_from
from screens.picker import Picker
from screens.theme import MARKS, WARN, hanging, refusal, say
from screens.widgets import Card, Choice, Facts, Field, Lines, NameField, PathField, Rechecked, Row, SecretField
from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.questions.answers import MARK, pasted_word
from wizard.questions.flow import Ask, Question, Step
from wizard.secret import Secret
from wizard.self_start import load
from wizard.session.help_pages import question_place
from wizard.session.session import Problem, Session

PAUSE_S = 0.15
"""After so long without a key the names that could follow are looked up."""
AGAIN = "-again"
"""Behind the id of a field that repeats a new password."""


class Questions(Rechecked):
    """Asks the questions of one step. It keeps no password: they go to the engine, and the fields are destroyed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "browse", "Browse", key_display="F2"),
        Binding("f8", "paste", "Paste PEM", key_display="F8"),
        Binding("f5", "again", "Check again", show=False),
    ]
    detail_name = "About this question"
    data: tuple[Any, Sequence[Question]]

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Ask *step*; *data* is what `look` gave."""
        super().__init__(step, data)
        self.fields: list[tuple[Question, Field | Choice]] = []
        self._completion = Completion()
        self._offered: tuple[str, ...] = ()
        self._naming: NameField | None = None
        self._pause: Timer | None = None
        self._pending: tuple[Finding, ...] = ()

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`: what is found first, which a subclass shows, and the questions in the words that fit."""
        return None, session.asked(step)

    @property
    def questions(self) -> Sequence[Question]:
        """The questions of this step."""
        return self.data[1]

    # -- the parts ----------------------------------------------------------------------------------------------------

    def compose(self) -> Iterable[Widget]:
        """What comes before the questions, the questions, and help for the one with the focus."""
        yield from self.above()
        yield from self.cards()
        about = Facts(*self._about(0), name_width=11, id="about")
        named = any(isinstance(field, NameField) for _question, field in self.fields)
        names = [Lines(id="names", highlighted=None)] if named else []
        yield Card(self.detail_name, about, *names, id="detail")

    def above(self) -> Iterable[Widget]:
        """What is shown before the questions."""
        return ()

    def cards(self) -> Iterable[Widget]:
        """A card for each question; a new password has two."""
        for question in self.questions:
            name, hint = f"field-{question.key.replace('.', '-')}", ""
            example = f"for example {question.example}" if question.example else ""
            kept = self.session.has_secret(question.key)
            match question.ask:
                case Ask.CHOICE:
                    words = [(each.value, _choice(each.label, each.detail)) for each in question.choices]
                    widget: Field | Choice = Choice(words, self.session.value(question), id=name)
                case Ask.PATHS:
                    widget = PathField(self._value(question), id=name, placeholder=example)
                    hint = f"F2 browse, {'F8 paste PEM, ' if question.takes_pem else ''}Tab complete"
                case Ask.SECRET | Ask.NEW_SECRET:
                    widget, hint = SecretField(id=name, kept=kept), "F4 shows it"
                case _:
                    kind = NameField if self.names(question) else Field
                    widget = kind(self._value(question), id=name, placeholder=example)
            yield self._card(question, widget, hint=hint)
            if question.ask is Ask.NEW_SECRET:
                yield self._card(question, SecretField(id=name + AGAIN, kept=kept), heading="Repeat the password")

    def names(self, question: Question) -> Sequence[str]:  # noqa: ARG002 - for subclasses
        """Answers to *question* that can be picked from a list."""
        return ()

    def _card(self, question: Question, field: Field | Choice, *, hint: str = "", heading: str = "") -> Card:
        self.fields.append((question, field))
        error = Static(Content(""), classes="error", id=f"{field.id}-error")
        return Card(heading or question.heading, field, error, hint=hint)

    def _value(self, question: Question) -> str:
        key = (self.step.id, question.key)
        return self.wizard.drafts.get(key) or self.session.value(question)

    def arrived(self) -> None:
        """Begin where an answer is needed, else with the first question."""
        every = [field for _question, field in self.fields]
        empty = [field for question, field in self.fields if isinstance(field, Field) and self._needed(question, field)]
        first = every if every and isinstance(every[0], Choice) else [*empty, *every]
        if first:
            first[0].focus()
        else:
            super().arrived()

    def _needed(self, question: Question, field: Field) -> bool:
        """Whether there is no answer; a pasted text of an earlier run is none."""
        if isinstance(field, PathField) and (word := pasted_word(field.value)):
            return word not in self.session.pasted
        return not field.value and not question.optional and not (isinstance(field, SecretField) and field.kept)

    # -- help for the question with the focus -------------------------------------------------------------------------

    def place(self) -> int | None:
        """The index of the field with the focus; that of the path while its names have it."""
        focused = self.screen.focused
        if focused is not None and focused.id == "names":
            focused = self._naming
        return next((at for at, (_question, field) in enumerate(self.fields) if field is focused), None)

    def help_question(self) -> tuple[int, int]:
        """See `Page`."""
        at = self.place()
        return question_place(self.help_name(), self.questions, self.fields[at][0] if at is not None else None)

    def _about(self, at: int) -> list[Row]:
        if not self.questions:
            return []
        question, field = self.fields[at] if at < len(self.fields) else (self.questions[0], None)
        rows: list[Row] = [("Note", [question.why])]
        if isinstance(field, Choice):
            marked = next(each for each in question.choices if each.value == field.answer)
            rows = [("Answer", [(marked.label, "bold"), f"  {marked.detail}"]), *rows]
        if question.example:
            rows.append(("Example", [question.example]))
        if question.ask is Ask.PATHS and self._completion.rows:
            # What is there counts more than an example of it.
            return list(self._completion.rows)
        return rows

    def show_about(self) -> None:
        """Put the help of the question with the focus into the card below."""
        found = self.query("#about")
        if found:
            found.first(Facts).show(*self._about(self.place() or 0))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Its help, and the names that could follow."""
        if isinstance(event.widget, NameField):
            self._naming, self._completion = event.widget, Completion()
            self._look_names(event.widget)
        elif event.widget.id != "names":
            self._naming = None
            self.query("#detail").remove_class("-names")
        self.show_about()
        self.refresh_bindings()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Validate a field when the focus leaves it, as far as it can be checked alone; the focus does not move."""
        for question, field in self.fields:
            shown = isinstance(field, Field) and not isinstance(field, SecretField)
            if event.widget is field and shown and field.answer:
                self.refuse(field, self._put(question, field))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:  # noqa: ARG002 - for subclasses
        """Help for the marked answer."""
        self.show_about()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Files are browsed in a field for files, and PEM is pasted there."""
        if action in {"browse", "paste"}:
            at = self.place()
            in_path = at is not None and isinstance(self.fields[at][1], PathField)
            return in_path and (action == "browse" or self.fields[at or 0][0].takes_pem)
        return super().check_action(action, parameters)

    # -- paths --------------------------------------------------------------------------------------------------------

    def _look_names(self, field: NameField) -> None:
        text, at = field.value, self.place()
        if isinstance(field, PathField):
            base, pasted = self.session.base, frozenset(self.session.pasted)
            self.wizard.listing.run(
                self, "names", lambda: (field, text, complete(text, base, pasted)), self._names_found
            )
        elif at is not None:
            self._names_found((field, text, complete_from(text, self.names(self.fields[at][0]))))

    def _names_found(self, found: tuple[NameField, str, Completion] | WizardError) -> None:
        if isinstance(found, WizardError):
            return
        field, text, completion = found
        if not field.is_attached or field.value != text:
            return
        self.frame.gather()
        self._completion = completion
        names = self.query_one("#names", Lines)
        offered = () if completion.texts == (text,) else completion.names
        if offered != self._offered:
            self._offered = offered
            names.set_options([Option(say(name)) for name in offered])
        names.can_focus = bool(offered)
        if offered:
            # Once there, the list keeps its rows: without them everything around it would be painted anew.
            self.query("#detail").add_class("-names")
        self.show_about()

    def on_path_field_completes(self) -> None:
        """Tab adds what is certain; when nothing is, it leads on."""
        field = self._focused_path()
        certain = self._completion.common
        if field is not None and certain.startswith(field.value) and certain != field.value:
            field.put(certain)
        else:
            self.screen.focus_next()

    def on_name_field_into(self) -> None:
        """Down leads into the names, or to the next field."""
        names = self.query_one("#names", Lines)
        if names.can_focus:
            names.highlighted = 0
            names.focus()
        else:
            self.screen.focus_next()

    def _focused_path(self) -> PathField | None:
        at = self.place()
        field = self.fields[at][1] if at is not None else None
        return field if isinstance(field, PathField) else None

    def on_key(self, event: events.Key) -> None:
        """Up from the first name leads back into the field."""
        names = self.screen.focused
        if event.key == "up" and isinstance(names, Lines) and names.id == "names" and not names.highlighted:
            if self._naming is not None:
                self._naming.focus()
            event.stop()
            event.prevent_default()

    def action_browse(self) -> None:
        """Pick from a tree of files."""
        field = self._focused_path()
        if field is not None:
            self.wizard.push(Picker(self.session.base, field.value), lambda text: field.put(text) if text else None)

    def action_paste(self) -> None:
        """Paste PEM in place of a file."""
        field = self._focused_path()
        if field is not None:
            kept = self.session.pasted.get(pasted_word(field.value), Secret(""))
            self.wizard.push(
                load(PASTE_TEXT)(kept), lambda text: self._pasted(field, text) if text is not None else None
            )

    def on_path_field_pem(self, message: PathField.Pem) -> None:
        """PEM was pasted into the field itself: with what was pasted there before."""
        field = self._focused_path()
        at = self.place()
        if field is None or at is None or not self.fields[at][0].takes_pem:
            self.frame.tell(MARKS["warn"], "Enter the name of a file here, not its content. Nothing was changed.")
            return
        before = self.session.pasted.get(pasted_word(field.value))
        text = message.text.reveal()
        self._pasted(field, Secret(f"{before.reveal()}\n{text}" if before is not None else text))

    def _pasted(self, field: PathField, text: Secret) -> None:
        """The word for *text* takes the place of the marked words, and of what was pasted before."""
        before = pasted_word(field.value)
        try:
            word = self.session.paste(text, before)
        except WizardError as error:
            self.refuse(field, error)
            return
        field.take_word(before, word)
        self._look_names(field)
        self.frame.tell(MARKS["ok"], f"Accepted: {word.removeprefix(MARK)}. It is kept only in memory.")

    # -- answering ----------------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """An error goes as soon as it is repaired; the names that could follow are looked up after a pause.

        The error of a hidden text stays until that is checked again.
        """
        for question, field in self.fields:
            if field is event.input and isinstance(field, Field):
                if self._error(field).has_class("-on") and not isinstance(field, SecretField):
                    self.refuse(field, self._put(question, field))
                if isinstance(field, SecretField):
                    self._compare()
                elif isinstance(field, PathField) and field.has_focus:
                    if self._pause is not None:
                        self._pause.stop()
                    self._pause = self.set_timer(PAUSE_S, lambda field=field: self._look_names(field))
                elif isinstance(field, NameField) and field.has_focus:
                    self._look_names(field)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter leads to the next field, behind the last one on."""
        self._after(event.input)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter takes the marked line."""
        if isinstance(event.option_list, Choice):
            self._after(event.option_list)
            return
        if self._naming is not None:
            self._naming.put(self._completion.texts[event.option_index])
            self._naming.focus()

    def _after(self, field: Widget) -> None:
        at = next(at for at, (_question, each) in enumerate(self.fields) if each is field)
        if at + 1 < len(self.fields):
            self.fields[at + 1][1].focus()
        else:
            self.action_go_on()

    def keep(self) -> None:
        """Hand over what is typed; what cannot be used stays as a draft."""
        for question, field in self.fields:
            if self._put(question, field) is not None and not isinstance(field, SecretField):
                self.wizard.drafts[self.step.id, question.key] = field.answer

    def _put(self, question: Question, field: Field | Choice) -> WizardError | None:
        self.wizard.drafts.pop((self.step.id, question.key), None)
        try:
            if isinstance(field, SecretField):
                if field.touched and not self._differ():
                    self.session.put_secret(question.key, field.secret())
            else:
                self.session.put(question, field.answer)
        except WizardError as error:
            return error
        return None

    def action_go_on(self) -> None:
        """Take the answers; go on, or to the first that cannot be used."""
        wrong = [(field, error) for question, field in self.fields if (error := self._put(question, field)) is not None]
        if self._differ():
            typed = self._twice()
            for field in typed:
                field.value = ""
            wrong.append((typed[0], WizardError(codes.PASSWORD_DIFFERS, case="fields")))
        self._refuse(wrong)
        if not wrong:
            self.frame.tell()
            self.wizard.work("check", self._judge, self._checked, "Checking ...")

    def _judge(self) -> list[Problem]:
        problems = self.session.check(self.step)
        self._pending = () if problems else self.session.pending_warnings(self.step)
        return problems

    def _checked(self, found: list[Problem] | WizardError) -> None:
        self._show_in_place(found)
        if not found:
            self.wizard.confirm_warnings(self.step, self._pending)

    def _show_in_place(self, found: list[Problem] | WizardError) -> None:
        """Show each problem at its field, or below the page."""
        problems = [Problem("", found)] if isinstance(found, WizardError) else found
        by_key = {question.key: field for question, field in reversed(self.fields)}
        self._refuse([(by_key[each.key], each.error) for each in problems if each.key in by_key])
        for problem in problems:
            if problem.key not in by_key:
                self.tell_problem(problem.error)

    def explain(self) -> None:
        """See `Page`: as if Enter had been pressed, but nothing is taken and nothing follows."""
        self.wizard.work("check", lambda: self.session.check(self.step), self._show_in_place, "Checking ...")

    def tell_problem(self, error: WizardError) -> None:
        """Report an error that blocks the step and belongs to no single field."""
        self.frame.tell(*refusal(error.message, error.hint))

    def _error(self, field: Widget) -> Static:
        return self.query_one(f"#{field.id}-error", Static)

    def refuse(self, field: Widget, error: WizardError | None) -> None:
        """Show *error* below *field*, in full, or take it away."""
        line = self._error(field)
        if error is None and not line.has_class("-on"):
            return
        line.update(hanging(*refusal(error.message, error.hint)) if error is not None else "")
        line.set_class(error is not None, "-on")

    def _refuse(self, wrong: list[tuple[Field | Choice, WizardError]]) -> None:
        for _question, field in self.fields:
            error = next((error for bad, error in wrong if bad is field), None)
            self.refuse(field, error)
            if error is not None and isinstance(field, SecretField):
                # The repetition of what was refused is of no use.
                for repeated in self._twice()[1:]:
                    repeated.value = ""
                if field.value:
                    # What is hidden is not corrected letter by letter: typing replaces it, F4 shows it.
                    field.action_select_all()
        if wrong:
            wrong[0][0].focus()

    # -- a new password, typed twice ----------------------------------------------------------------------------------

    def _twice(self) -> list[SecretField]:
        new = [field for question, field in self.fields if question.ask is Ask.NEW_SECRET]
        return [field for field in new if isinstance(field, SecretField)]

    def _differ(self) -> bool:
        typed = self._twice()
        return len(typed) == 2 and typed[0].secret() != typed[1].secret()

    def _compare(self) -> None:
        typed = self._twice()
        if len(typed) != 2:
            return
        first, second = (field.secret().reveal() for field in typed)
        line = self._error(typed[1])
        wrong = not first.startswith(second)
        if wrong != line.has_class("-on"):
            line.update(say((f"{WARN} ", "warn bold"), ("The two passwords differ.", "warn")) if wrong else Content(""))
            line.set_class(wrong, "-on")


def _choice(label: str, detail: str) -> Content:
    return say(f"  {label:<28}", (f" {detail}" if detail else "", "muted"))
