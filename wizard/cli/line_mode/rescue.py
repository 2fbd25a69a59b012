"""Something is wrong, in line mode: what was found, and a number for each thing that can be done next."""

import sys

from wizard import codes
from wizard.cli.line_mode.answers import Asker
from wizard.cli.line_mode.dialogue import Dialogue
from wizard.cli.line_mode.pages import TYPE_AGAIN
from wizard.errors import WizardError
from wizard.host import editor
from wizard.questions.answers import Goal
from wizard.questions.flow import Step, StepId
from wizard.secret import Secret
from wizard.session.repair_flow import WORDS, Next, rescue_lines
from wizard.session.session import Session

OVER = "over"
"""In place of a step: the run is over."""
CODES = "Show the codes of the findings"


def visit(asker: Asker, step: Step) -> str:
    """Show what was found and do what is chosen; where to go then: "" is the next step, `OVER` the end."""
    session, dialogue = asker.session, asker.dialogue
    with_codes = False
    while True:
        try:
            found, able = session.rescue(step.id), session.next_steps(step)
        except WizardError as error:
            dialogue.refuse(error)
            dialogue.ask("Press Enter to check again")
            session.invalidate()
            continue
        dialogue.say_lines(rescue_lines(found, codes=with_codes))
        dialogue.say("\nWhat next?")
        again = step.id == StepId.EXAMINE_AGAIN
        choices = [(each.value, f"{found.label(each, again=again)}: {WORDS[each][1]}") for each in able]
        name = dialogue.pick([*choices, ("codes", CODES)])
        if name == "codes":
            with_codes = True
            continue
        where = _do(asker, step, Next(name))
        if where is not None:
            return where


def _do(asker: Asker, step: Step, what: Next) -> str | None:
    """Where it leads; None stays here."""
    session, dialogue = asker.session, asker.dialogue
    match what:
        case Next.REPAIR:
            return _repair(asker, step)
        case Next.REPLACE | Next.UNDO:
            goal = session.rescue(step.id).goal
            if step.id == StepId.EXAMINE_AGAIN:
                session.begin_round(step)
            first = session.steps()[0].questions[0]
            session.put(first, Goal.UNDO if what is Next.UNDO else goal)
            return session.steps()[1].id
        case Next.REQUEST:
            _request(session, dialogue)
        case Next.OPEN:
            _edit(session, dialogue, step)
        case Next.COMMANDS:
            dialogue.say()
            for words in session.rescue(step.id).commands(session.machine):
                dialogue.say(f"  {words}")
            dialogue.ask("\nPress Enter when you are done; everything is then checked again")
            session.invalidate()
        case Next.AGAIN:
            session.invalidate()
        case _:
            return OVER
    return None


def _repair(asker: Asker, step: Step) -> str | None:
    session, dialogue = asker.session, asker.dialogue
    if step.id == StepId.EXAMINE_AGAIN:
        return session.begin_round(step)
    questions = session.asked(step)
    asker.all(questions, [question.key for question in questions])
    while problems := session.check(step):
        for problem in problems:
            dialogue.refuse(problem.error)
        if not questions:
            return None
        # A refused password is not kept: nothing typed leaves out what needs it.
        session.put_secret(questions[0].key, Secret(""))
        asker.all(questions, [questions[0].key], dialogue.ask_unseen(TYPE_AGAIN) or None)
    return ""


def _request(session: Session, dialogue: Dialogue) -> None:
    name, folder = session.request_for()
    try:
        names = dialogue.ask("Host names for the certificate, the main one first", name)
        out = dialogue.ask("Folder for the key and the request", folder)
        password = dialogue.ask_secret("Password for the private key (not shown)")
        if dialogue.ask_secret("Repeat the password") != password:
            dialogue.refuse(WizardError(codes.CSR_PASSWORDS_DIFFER))
            return
        for line in session.write_request(names, out, password):
            dialogue.say(line)
    except WizardError as error:
        dialogue.refuse(error)


def _edit(session: Session, dialogue: Dialogue, step: Step) -> None:
    path, line = session.place_to_edit(step)
    try:
        if sys.stdin.isatty():
            editor.edit(path, line)
        else:
            dialogue.say(f"Open it in another window: {' '.join(editor.command(path, line))}")
            dialogue.ask("Press Enter when you are done; everything is then checked again")
    except WizardError as error:
        dialogue.refuse(error)
    session.invalidate()
