"""The wizard as lines: the same steps, words and checks as on the screen, without placing anything on it."""

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TextIO

from wizard.cli.line_mode import rescue
from wizard.cli.line_mode.answers import Asker
from wizard.cli.line_mode.dialogue import INTRODUCTION, Back, Dialogue, Leave, ListAnswers
from wizard.cli.line_mode.pages import TYPE_AGAIN, Finish, GoTo, confirm, ended, follow, goes_on, left, review, undo
from wizard.errors import ExitCode, WizardError
from wizard.questions.flow import Ask, Question, Step, StepId, View
from wizard.questions.step_names import phase_of, phases
from wizard.secret import Secret
from wizard.session.session import Problem, Session

STOPPED = 130
"""Exit code when the operator left before the end, as after Ctrl+C in a command."""


def run(session: Session, *, stdin: TextIO, stdout: TextIO) -> int:
    """Ask all steps of *session* on these streams; return the exit code."""
    conversation = LineByLine(session, Dialogue(stdin, stdout))
    with _signals_unwind():
        code = conversation.run()
    for line in session.summary():
        # Commands are for copying.
        conversation.dialogue.say(line, whole=session.command("") in line or line.startswith("openssl "))
    return code


_PAGES = {View.REVIEW: review, View.ELSEWHERE: left, View.CONFIRM: confirm, View.HISTORY: undo}


class LineByLine:
    """Leads through the steps. It decides nothing: the session does."""

    def __init__(self, session: Session, dialogue: Dialogue) -> None:
        """Talk about *session* through *dialogue*."""
        self.session = session
        self.dialogue = dialogue
        self.asker = Asker(session, dialogue)
        self._ended: int | None = None
        self._seen: set[str] = set()
        self._return_to = ""
        """The step to come back to when an earlier answer was changed; steps between are passed when nothing is new."""
        self._only: str | None = None
        """The question that is to be answered anew, "" for all of its step; None when nothing is changed."""
        self._explain = ""
        """The step of an earlier run whose answers may have to be given again: with the reason, and only those."""
        self._from = ("", "")
        """The step and the question at which the operator asked for the list of answers."""

    def run(self) -> int:
        """From the first step to the last; the exit code."""
        for text in INTRODUCTION:
            self.dialogue.say(text)
        try:
            with contextlib.suppress(Finish):
                place = self._beginning()
                while place < len(self.session.steps()):
                    place = self._visit(place)
        except Leave as leaving:
            with contextlib.suppress(WizardError, OSError):
                if leaving.args == ("forget",):
                    self.session.forget()
                elif leaving.args == ("save",):
                    self.session.save(self.dialogue.page)
            return STOPPED if self._ended is None else self._ended
        with contextlib.suppress(WizardError, OSError):
            self.session.forget()
        return self._ended or int(ExitCode.DONE)

    # -- what was there before ----------------------------------------------------------------------------------------

    def _beginning(self) -> int:
        while True:
            try:
                return self._first()
            except (Back, ListAnswers):
                self.dialogue.say("Nothing was answered yet, so there is no step to go back to.")

    def _first(self) -> int:
        """Where to begin: with what an earlier run left, else with the first step."""
        if self.session.watching():
            self.dialogue.say("\nA change that another session started is running.")
            return self._place(StepId.APPLY)
        if self.session.interrupted():
            self._recover()
        run = self.session.saved()
        if run is None:
            return 0
        self.dialogue.page = "resume"
        self.dialogue.say()
        if run.change:
            self.dialogue.say_lines(self.session.ended_lines(run))
        else:
            self.dialogue.say(f"{run.who} saved unfinished answers on {run.when:%Y-%m-%d at %H:%M} UTC.")
            self.dialogue.say(
                "Your answers will be checked again. Passwords were not saved; you will be asked for them."
            )
        if self.dialogue.pick([("go", "Continue"), ("over", "Start over")]) == "over":
            self.session.forget()
            return 0
        wanted = self.session.resume()
        if self.session.taken_up:
            self._ended = int(ExitCode.DONE)
        place = self._place(wanted)
        self._explain = wanted
        self._seen.update(step.id for step in self.session.steps()[:place])
        return place

    def _place(self, name: str) -> int:
        """Where the step *name* is; behind the last one when it is ""."""
        ids = [step.id for step in self.session.steps()]
        return ids.index(name) if name in ids else len(ids)

    def _recover(self) -> None:
        self.dialogue.page = "recover"
        self._ended = int(ExitCode.NEEDS_RECOVERY)
        self.dialogue.say("\nA change was interrupted")
        self.dialogue.say_lines(self.session.interrupted())
        self.dialogue.say("Undo it, or finish it. Undoing is always possible.")
        mode = self.dialogue.pick([("undo", "Undo it"), ("finish", "Finish it"), ("keep", "Keep it as it is now")])
        self.dialogue.say_lines(self.session.recover(mode))
        if self.session.interrupted():
            self.dialogue.say(
                "The change is still unfinished. Choose Something is wrong below to find the cause and repair it."
            )
        else:
            self._ended = None

    # -- from step to step --------------------------------------------------------------------------------------------

    def _visit(self, place: int) -> int:
        """Do the step at *place* and return where to go."""
        steps = self.session.steps()
        step = steps[place]
        self.dialogue.page, self.dialogue.question = step.id, (0, 1)
        if step.id == self._return_to or step.view is View.REVIEW:
            self._return_to = ""
        only, self._only = self._only, None
        names = phases(steps)
        self.dialogue.say(f"\nStep {names.index(phase_of(step)) + 1} of {len(names)}: {step.title}")
        try:
            done = self._done(step, only or "")
        except Back:
            done = False
        except ListAnswers:
            return self._change_answer(place)
        except GoTo as there:
            name, *back = there.args
            self._return_to, self._only = (step.id, back[0]) if back else ("", None)
            return self._place(name)
        self._seen.add(step.id)
        if done and step.view is View.APPLY and self.session.unknown_answers:
            # What follows it is not this session's: nobody knows from which answers it was made.
            self.session.let_go()
            return self._beginning()
        if done:
            return self._onward(step, place)
        if self._return_to and only is not None:
            return self._place(self._return_to)
        if place == 0 or steps[place - 1].view is View.APPLY or self.session.taken_up:
            self.dialogue.say("There is no step to go back to.")
            return place
        return place - 1

    def _onward(self, step: Step, place: int) -> int:
        """Behind *step*, which is done: where to go, with the answers saved."""
        steps = self.session.steps()
        at = place + 1
        if step.view is View.REVIEW and self.session.review().is_empty:
            at = self._place(StepId.APPLY) + 1
        while self._return_to and at < self._place(self._return_to) and self._is_fine(steps[at]):
            at += 1
        name = steps[at].id if at < len(steps) else ""
        if self.session.taken_up and place <= self._place(StepId.APPLY):
            name = self._explain = self.session.after_change()
        with contextlib.suppress(WizardError):
            self.session.save(name)
        return self._place(name)

    def _is_fine(self, step: Step) -> bool:
        """Whether *step* was answered, and can still be left as it is."""
        if step.id not in self._seen or step.view not in {View.NONE, View.VERDICT} or self.session.check(step):
            return False
        try:
            return not self.session.pending_warnings(step)
        except WizardError:
            return False

    def _change_answer(self, place: int) -> int:
        """List the answers so far; the place of the one that is to be changed, else *place*."""
        steps = self.session.steps()
        here = steps[place]
        self._from = here.id, self.asker.at
        before = [each.id for each in steps[:place]]
        if StepId.APPLY in before or here.view is View.APPLY:
            self.dialogue.say(
                "The change has been made, so its answers cannot be changed. To restore the earlier state, choose "
                "Undo a change."
            )
            return place
        known = [each for each in self.session.decided() if each[0].id in before or each[1].key in self.asker.given]
        if not known:
            self.dialogue.say("Nothing is answered yet.")
            return place
        self.dialogue.say("\nYour answers:")
        for number, (_step, question, words) in enumerate(known, start=1):
            self.dialogue.say(f"  {number:2}  {question.name}: {words}")
        while True:
            try:
                answer = self.dialogue.ask("Type a number to change that answer; press Enter to stay here")
            except (Back, ListAnswers):
                answer = ""
            if not answer:
                return place
            if answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(known):
                step, question, _words = known[int(answer) - 1]
                self._return_to, self._only = here.id, question.key
                return self._place(step.id)
            self.dialogue.say(f"Error: please type a number from 1 to {len(known)}, or press Enter.")

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _done(self, step: Step, only: str) -> bool:
        """Do *step*; whether to go on. When it cannot be shown, say why."""
        try:
            return self._page(step, only)
        except WizardError as error:
            self.dialogue.refuse(error)
            self.session.invalidate()  # somebody may repair it meanwhile
        if self.dialogue.ask("Press Enter to go back, or type again to check once more").lower() == "again":
            raise GoTo(step.id)
        return False

    def _page(self, step: Step, only: str) -> bool:
        if step.view in _PAGES:
            return _PAGES[step.view](self.session, self.dialogue, step)
        if step.view is View.APPLY:
            return self._apply()
        return self._rescue(step) if step.view is View.DIAGNOSIS else self._questions(step, only)

    def _rescue(self, step: Step) -> bool:
        where = rescue.visit(self.asker, step)
        if where == rescue.OVER:
            raise Finish
        if where:
            raise GoTo(where)
        return True

    def _questions(self, step: Step, only: str) -> bool:
        if not only:
            self._show(step)
        asked = self.session.asked(step)
        keys = [question.key for question in asked]
        first = 0
        if self._from[0] == step.id and self._from[1] in keys:
            first, self._from = keys.index(self._from[1]), ("", "")
        wanted = [only] if only in keys else keys[first:]
        typed: Secret | None = None
        problems = self.session.check(step) if self._explain == step.id and step.questions else []
        self._explain = ""
        if problems:
            asked, wanted = self._refused(step, problems)
        while True:
            self.asker.all(asked, wanted, typed)
            typed = None
            problems = self.session.check(step)
            if not problems:
                if not asked:
                    self.dialogue.ask("Press Enter to continue")
                if goes_on(self.session, self.dialogue, step):
                    return True
                continue
            asked, wanted = self._refused(step, problems)
            typed = self._again([question for question in asked if question.key in wanted])

    def _refused(self, step: Step, problems: Sequence[Problem]) -> tuple[tuple[Question, ...], list[str]]:
        """Say why *step* cannot be left; its questions as they are then, and the keys of those to ask again."""
        for problem in problems:
            self.dialogue.refuse(problem.error)
        asked = self.session.asked(step)
        return asked, [problem.key for problem in problems if problem.key] or [each.key for each in asked]

    def _again(self, wanted: Sequence[Question]) -> Secret | None:
        """Wait until the operator is ready for *wanted*; a password that is typed at once, unseen, is the answer."""
        if len(wanted) == 1 and wanted[0].ask not in {Ask.SECRET, Ask.NEW_SECRET}:
            return None
        if all(question.ask not in {Ask.SECRET, Ask.NEW_SECRET} for question in wanted):
            self.dialogue.ask("Press Enter to answer again")
            return None
        if len(wanted) > 1:
            self.dialogue.ask_unseen("Press Enter to answer again")
            return None
        return self.dialogue.ask_unseen(TYPE_AGAIN) or None

    def _show(self, step: Step) -> None:
        if step.view is not View.NONE:
            try:
                self.dialogue.say_lines(self.session.lines(step))
            except WizardError as error:
                self.dialogue.refuse(error)

    def _apply(self) -> bool:
        try:
            follow(self.session, self.dialogue)
            self._ended = int(self.session.outcome().exit_code)
            return ended(self.session, self.dialogue)
        except WizardError as error:
            self.dialogue.refuse(error)
            self.dialogue.ask("Press Enter to go back")
            return False
        except GoTo:
            self._ended = None
            raise


@contextlib.contextmanager
def _signals_unwind() -> Iterator[None]:
    """Let SIGHUP and SIGTERM unwind the stack: a prompt for a password has switched the echo off and must undo that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, unwind) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
