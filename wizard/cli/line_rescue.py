"""Something is wrong, in line mode: what was found, and a number for each thing that can be done next."""

import sys
from collections.abc import Iterable, Sequence
from typing import Protocol

from wizard import codes
from wizard.errors import WizardError
from wizard.host import editor
from wizard.questions.answers import Goal
from wizard.questions.flow import Step
from wizard.reports.lines import Line
from wizard.secret import Secret
from wizard.session.repair_flow import EXAMINE_AGAIN, WORDS, Next
from wizard.session.rescue_lines import rescue_lines
from wizard.session.session import Session

OVER = "over"
"""In place of a step: the run is over."""
CODES = "Show the codes of the findings"


class Talk(Protocol):
    """What line mode says and asks with."""

    def say(self, text: str = "") -> None:
        """One line."""

    def say_lines(self, lines: Iterable[Line]) -> None:
        """Lines of a report."""

    def refuse(self, error: WizardError) -> None:
        """Why something cannot be."""

    def ask(self, prompt: str, default: str = "") -> str:
        """An answer."""

    def choose(self, prompt: str, words: Sequence[str], default: str) -> str:
        """One of *words*."""

    def ask_secret(self, prompt: str) -> Secret:
        """A password, not shown."""


def visit(session: Session, talk: Talk, step: Step) -> str:
    """Show what was found and do what is chosen; where to go then: "" is the next step, `OVER` the end."""
    with_codes = False
    while True:
        try:
            found, able = session.rescue(step.id), session.next_steps(step)
        except WizardError as error:
            talk.refuse(error)
            talk.ask("Press Enter to check again")
            session.invalidate()
            continue
        talk.say_lines(rescue_lines(found, codes=with_codes))
        talk.say("\nWhat next?")
        again = step.id == EXAMINE_AGAIN
        labels = [f"{found.label(each, again=again)}: {WORDS[each][1]}" for each in able]
        for number, label in enumerate([*labels, CODES], start=1):
            talk.say(f"  {number}  {label}")
        numbers = [str(number) for number in range(1, len(labels) + 2)]
        chosen = int(talk.choose("Number", numbers, "1")) - 1
        if chosen == len(able):
            with_codes = True
            continue
        where = _do(session, talk, step, able[chosen])
        if where is not None:
            return where


def _do(session: Session, talk: Talk, step: Step, what: Next) -> str | None:
    """Where it leads; None stays here."""
    match what:
        case Next.REPAIR:
            return _repair(session, talk, step)
        case Next.REPLACE | Next.UNDO:
            goal = session.rescue(step.id).goal
            if step.id == EXAMINE_AGAIN:
                session.begin_round(step)
            first = session.steps()[0].questions[0]
            session.put(first, Goal.UNDO if what is Next.UNDO else goal)
            return session.steps()[1].id
        case Next.REQUEST:
            _request(session, talk)
        case Next.OPEN:
            _edit(session, talk, step)
        case Next.COMMANDS:
            talk.say()
            for words in session.commands_by_hand(step):
                talk.say(f"  {words}")
            talk.ask("\nPress Enter when you are done; then all is checked again")
            session.invalidate()
        case Next.AGAIN:
            session.invalidate()
        case _:
            return OVER
    return None


def _repair(session: Session, talk: Talk, step: Step) -> str | None:
    if step.id == EXAMINE_AGAIN:
        return session.begin_round(step)
    for question in session.asked(step):
        talk.say(f"\n{question.heading}")
        talk.say(f"  {question.why}")
        session.put_secret(question.key, talk.ask_secret("Password (not shown)"))
    problems = session.check(step)
    for problem in problems:
        talk.refuse(problem.error)
    return None if problems else ""


def _request(session: Session, talk: Talk) -> None:
    name, folder = session.request_for()
    try:
        names = talk.ask("Host names for the certificate, the main one first", name)
        out = talk.ask("Folder for the key and the request", folder)
        password = talk.ask_secret("Password for the private key (not shown)")
        if talk.ask_secret("The same again") != password:
            talk.refuse(WizardError(codes.CSR_PASSWORDS_DIFFER))
            return
        for line in session.write_request(names, out, password):
            talk.say(line)
    except WizardError as error:
        talk.refuse(error)


def _edit(session: Session, talk: Talk, step: Step) -> None:
    path, line = session.place_to_edit(step)
    try:
        if sys.stdin.isatty():
            editor.edit(path, line)
        else:
            talk.say(f"Open it in another window: {' '.join(editor.command(path, line))}")
            talk.ask("Press Enter when you are done; then all is checked again")
    except WizardError as error:
        talk.refuse(error)
    session.invalidate()
