"""Lists of the plain face whose lines have numbers: decisions that lead to their steps, and the list to tick."""

from collections.abc import Sequence

from wizard.cli.dialogue import Dialogue
from wizard.errors import WizardError
from wizard.questions.flow import Step
from wizard.reports.lines import Line
from wizard.session.session import Session


def chosen(numbered: Sequence[Line], answer: str) -> Line | None:
    """The line with this number, or whose step is *answer*, or whose words begin with it; None when there is none."""
    if answer.isascii() and answer.isdigit():
        return numbered[int(answer) - 1] if 0 < int(answer) <= len(numbered) else None
    word = answer.lower()
    return next((line for line in numbered if word == line.step or line.text.lower().startswith(word)), None)


def tick(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Show the list of *step* and tick what is named, until Enter; True."""
    lines: list[Line] = []
    try:
        lines = session.lines(step)
    except WizardError as error:
        dialogue.refuse(error)
    numbered = dialogue.say_numbered(lines)
    prompt = f"Press Enter to go on{'; a number ticks its line, list shows all' if numbered else ''}"
    while answer := dialogue.ask(prompt):
        line = chosen(numbered, answer)
        if answer.lower() == "list":
            dialogue.say_numbered(lines)
        elif line is None:
            dialogue.say(f"Error: please type a number from 1 to {len(numbered)}, or list.")
        else:
            lines = _ticked(session, dialogue, line, lines)
            numbered = [each for each in lines if each.can_be_chosen]
    return True


def _ticked(session: Session, dialogue: Dialogue, line: Line, before: list[Line]) -> list[Line]:
    try:
        lines = session.tick(line.item)
    except WizardError as error:
        dialogue.refuse(error)
        return before
    dialogue.say_lines(each for each in lines if each.item == line.item)
    dialogue.say_lines(lines[:1])
    return lines
