"""Which field asks which question, and how many rows each may have at 80x24."""

from collections.abc import Mapping

from screens.choices import ChoiceField
from screens.entry import EntryField, SecretField
from screens.field import Field
from wizard.questions.flow import Ask, Question, Step
from wizard.session.session import Session

BODY_ROWS = 18
"""Rows between the first row and what is going on, at 80x24."""

NOTES_IN_ALL = 8
"""Rows for reasons and errors on one step, shared by the questions that are typed."""


def fields_of(step: Step, session: Session, drafts: Mapping[tuple[str, str], str], room: int) -> list[Field]:
    """A field for each question of *step*; a new password gets two.

    Args:
        step: whose questions.
        session: for the values so far.
        drafts: what was typed and could not be used.
        room: rows for notes, to be shared.
    """
    typed = sum({Ask.CHOICE: 0, Ask.NEW_SECRET: 2}.get(question.ask, 1) for question in step.questions)
    notes = max(1, min(3, room // max(1, typed)))
    tight = typed * (3 + notes) > BODY_ROWS + 1
    fields: list[Field] = []
    for question in step.questions:
        ident = f"field-{question.key.replace('.', '-')}"
        value = drafts.get((step.id, question.key)) or session.value(question)
        match question.ask:
            case Ask.CHOICE:
                fields.append(ChoiceField(question, value, notes=1, ident=ident))
            case Ask.TEXT:
                fields.append(
                    EntryField(question.key, question.heading, hint_of(question), value, notes=notes, ident=ident)
                )
            case Ask.PATHS:
                from screens.paths import PathsField  # noqa: PLC0415 - the first step has none

                fields.append(
                    PathsField(question.key, question.heading, hint_of(question), value, notes=notes, ident=ident)
                )
            case Ask.SECRET | Ask.NEW_SECRET:
                kept = session.has_secret(question.key)
                hint = hint_of(question, kept=kept)
                fields.append(SecretField(question.key, question.heading, hint, kept=kept, notes=notes, ident=ident))
                if question.ask is Ask.NEW_SECRET:
                    again = SecretField(
                        question.key, "The same again", "", kept=kept, notes=notes, ident=f"{ident}-again"
                    )
                    fields.append(again)
    for field in fields:
        field.set_class(tight, "-tight")
    return fields


def hint_of(question: Question, *, kept: bool = False) -> str:
    """Why it is asked, with an example or, for a password, that one is *kept*."""
    if kept:
        return f"{question.why} One is kept; typing replaces it."
    return f"{question.why}\nExample: {question.example}" if question.example else question.why
