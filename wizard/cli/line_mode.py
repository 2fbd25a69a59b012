"""The wizard as lines: the same steps, checks and review as on the screen, without placing anything on it."""

import contextlib
import getpass
import shlex
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import TextIO

from wizard import codes
from wizard.cli.pem_input import read_pem
from wizard.errors import ExitCode, WizardError
from wizard.findings import worst_finding
from wizard.package_data import read_text
from wizard.printable import printable
from wizard.questions.flow import Ask, Question, Step, View
from wizard.questions.pasted import BEGINS, MARK, pasted_word
from wizard.reports.lines import Line, doubt_lines
from wizard.secret import Secret
from wizard.session.session import Session


class Back(Exception):  # noqa: N818 - a way of the conversation, not an error
    """`back` was typed: one step back."""


class Leave(Exception):  # noqa: N818 - likewise
    """`quit` was typed and meant, or the input ended."""


class Dialogue:
    """Says lines and asks for lines. At every question `?` shows the help page, `back` and `quit` do what they say.

    Attributes:
        page: name of the help page.
        so_far: the line about the machine before leaving.
    """

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        """Read *stdin* and write *stdout*, which shows what it cannot encode as escapes."""
        self._stdin = stdin
        self._stdout = stdout
        reconfigure = getattr(stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        self.page = ""
        self.so_far = "Nothing has been changed on this machine by these steps."

    def say(self, text: str = "") -> None:
        """One line."""
        print(text, file=self._stdout, flush=True)

    def say_lines(self, lines: Iterable[Line]) -> None:
        """Lines of a report; their words carry their tone."""
        for line in lines:
            self.say(line.text)

    def say_numbered(self, lines: Iterable[Line]) -> list[Line]:
        """The same, with a number before each line that can be chosen; these lines, in the order of their numbers."""
        numbered: list[Line] = []
        for line in lines:
            if line.can_be_chosen:
                numbered.append(line)
            self.say(f"  {len(numbered):2}  {line.text}" if line.can_be_chosen else line.text)
        return numbered

    def refuse(self, error: WizardError) -> None:
        """Why something cannot be, and what to do; nothing to repair is good news."""
        word = "Good" if error.spec == codes.RESCUE_NOTHING_WRONG else "Error"
        self.say(f"{word}: {error.message} [{error.code}]")
        for line in error.hint.splitlines():
            self.say(f"  {line}")

    def ask(self, prompt: str, default: str = "") -> str:
        """The answer to *prompt*; *default* is shown in brackets and is what an empty line means.

        Raises:
            Back: `back` was typed.
            Leave: `quit` was typed and confirmed, or there is no more input.
        """
        # What was answered before may have come from a file that others wrote.
        shown = f"{prompt} [{printable(default)}]: " if default else f"{prompt}: "
        while True:
            text = self._line(shown)
            match text.strip().lower():
                case "?":
                    self._help()
                case "back":
                    raise Back
                case "quit":
                    self.leave()
                case "":
                    return default
                case _:
                    return text.strip()

    def choose(self, prompt: str, words: Sequence[str], default: str) -> str:
        """One of *words*; anything else is asked again."""
        while True:
            answer = self.ask(prompt, default).lower()
            if answer in words:
                return answer
            self.say(f"Error: please type one of: {', '.join(words)}.")

    def ask_secret(self, prompt: str) -> Secret:
        """A password, without showing it. What is typed is the password, also when it reads `back` or `?`.

        Raises:
            Leave: there is no more input.
        """
        if not self._stdin.isatty():
            return Secret(self._line(f"{prompt}: "))
        try:
            return Secret(getpass.getpass(f"{prompt}: ", stream=self._stdout))
        except (EOFError, KeyboardInterrupt):
            self.say()
            self.leave()
            return self.ask_secret(prompt)

    def ask_pem(self, first: str) -> Secret:
        """PEM in place of the name of a file, not shown; *first* is a line of it that was typed already, or ""."""
        self.say("Paste the text now; it is not shown. An empty line ends it.")
        try:
            return Secret(read_pem(first, self._stdin))
        except KeyboardInterrupt:
            self.say()
            return Secret("")

    def ask_unseen(self, prompt: str) -> Secret:
        """As `ask`, without showing what is typed: it may be the password that was just refused.

        Raises:
            Back: `back` was typed.
            Leave: `quit` was typed and confirmed, or there is no more input.
        """
        while True:
            typed = self.ask_secret(prompt)
            match typed.reveal().strip().lower():
                case "?":
                    self._help()
                case "back":
                    raise Back
                case "quit":
                    self.leave()
                case _:
                    return typed

    def leave(self) -> None:
        """Ask whether to leave; returns when the operator stays.

        Raises:
            Leave: with `save` or `forget` as its argument.
        """
        self.say(self.so_far)
        prompt = "save and leave, forget and leave, or stay? [save/forget/stay]: "
        try:
            answer = self._read(prompt)
        except (EOFError, KeyboardInterrupt):
            raise Leave("save") from None
        word = answer.strip().lower()
        if word in {"save", "forget"}:
            raise Leave(word)

    def _line(self, prompt: str) -> str:
        while True:
            try:
                return self._read(prompt)
            except EOFError:
                raise Leave("save") from None
            except KeyboardInterrupt:
                self.say()
                self.leave()

    def _read(self, prompt: str) -> str:
        self._stdout.write(prompt)
        self._stdout.flush()
        line = self._stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def _help(self) -> None:
        try:
            text = read_text("screens", f"help/{self.page}.md")
        except FileNotFoundError:
            text = "There is no page for this step.\n"
        self.say(text.partition("# Keys")[0].rstrip())
        self.say("\nType back for the step before, quit to leave, - to empty an answer.")


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


STOPPED = 130
"""Exit code when the operator left before the end, as after Ctrl+C in a command."""


def run(session: Session, *, stdin: TextIO, stdout: TextIO) -> int:
    """Ask all steps of *session* on these streams; return the exit code."""
    conversation = LineByLine(session, Dialogue(stdin, stdout))
    with _signals_unwind():
        code = conversation.run()
    for line in session.summary():
        conversation.dialogue.say(line)
    return code


class _GoTo(Exception):  # noqa: N818 - a way of the conversation, not an error
    """To the step whose id is the argument."""


class LineByLine:
    """Leads through the steps. It decides nothing: the session does."""

    def __init__(self, session: Session, dialogue: Dialogue) -> None:
        """Talk about *session* through *dialogue*."""
        self.session = session
        self.dialogue = dialogue
        self._ended: int | None = None

    def run(self) -> int:
        """From the first step to the last; the exit code."""
        say = self.dialogue.say
        say("CloudStream TLS wizard, line by line.")
        say("At each question: ? explains, back goes back, quit leaves, Enter takes [this].")
        try:
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
        if self.session.watching():
            self.dialogue.say("\nA change that another session started is being made.")
            return self._place("apply")
        if self.session.interrupted():
            self._recover()
        run = self.session.saved()
        if run is None:
            return 0
        self.dialogue.page = "resume"
        if run.change:
            self.dialogue.say("")
            self.dialogue.say_lines(self.session.ended_lines(run))
        else:
            self.dialogue.say(f"\n{run.who} saved unfinished answers on {run.when:%Y-%m-%d at %H:%M} UTC.")
            self.dialogue.say("Going on checks them all again and asks for the passwords anew.")
        if self.dialogue.choose("Go on with them, or start over? (go/over)", ("go", "over"), "go") == "over":
            self.session.forget()
            return 0
        wanted = self.session.resume()
        if self.session.taken_up:
            self._ended = int(ExitCode.DONE)
        return self._place(wanted)

    def _place(self, name: str) -> int:
        """Where the step *name* is; behind the last one when it is ""."""
        ids = [step.id for step in self.session.steps()]
        return ids.index(name) if name in ids else len(ids)

    def _recover(self) -> None:
        self.dialogue.page = "recover"
        self._ended = int(ExitCode.NEEDS_RECOVERY)
        self.dialogue.say("\nAn unfinished change")
        self.dialogue.say_lines(self.session.interrupted())
        prompt = "Undo it, finish it, or keep everything as it is now? (undo/finish/keep)"
        mode = self.dialogue.choose(prompt, ("undo", "finish", "keep"), "undo")
        self.dialogue.say_lines(self.session.recover(mode))
        if self.session.interrupted():
            self.dialogue.say("It is still unfinished. Something is wrong, below, finds the cause and repairs it.")
        else:
            self._ended = None

    # -- steps --------------------------------------------------------------------------------------------------------

    def _visit(self, place: int) -> int:
        """Do the step at *place* and return where to go."""
        steps = self.session.steps()
        step = steps[place]
        self.dialogue.page = step.id
        self.dialogue.say(f"\nStep {place + 1} of {len(steps)}: {step.title}")
        try:
            match step.view:
                case View.REVIEW:
                    done = self._review(step)
                case View.ELSEWHERE:
                    done = tick(self.session, self.dialogue, step)
                case View.CONFIRM:
                    done = self._confirm(step)
                case View.APPLY:
                    done = self._apply()
                case _:
                    done = self._questions(step)
        except Back:
            done = False
        except _GoTo as there:
            return [each.id for each in self.session.steps()].index(str(there))
        if done and step.view is View.APPLY and self.session.unknown_answers:
            # What follows it is not this session's: nobody knows from which answers it was made.
            self.session.let_go()
            return self._beginning()
        if done:
            following = self.session.steps()[place + 1 :]
            name = following[0].id if following else ""
            if self.session.taken_up and place <= self._place("apply"):
                name = self.session.after_change()
            with contextlib.suppress(WizardError):
                self.session.save(name)
            return self._place(name)
        if place == 0 or steps[place - 1].view is View.APPLY or self.session.taken_up:
            self.dialogue.say("There is no step to go back to.")
            return place
        return place - 1

    def _questions(self, step: Step) -> bool:
        self._show(step)
        self._offer_round(step)
        asked = self.session.asked(step)
        wanted = [question.key for question in asked]
        typed: Secret | None = None
        while True:
            for question in asked:
                if question.key in wanted:
                    self._question(question, typed)
            problems = self.session.check(step)
            if not problems:
                if not asked:
                    self.dialogue.ask("Press Enter to go on")
                if self._goes_on(step):
                    return True
                continue
            for problem in problems:
                self.dialogue.refuse(problem.error)
            asked = self.session.asked(step)
            wanted = [problem.key for problem in problems if problem.key] or [each.key for each in asked]
            typed = self._again([question for question in asked if question.key in wanted])

    def _again(self, wanted: Sequence[Question]) -> Secret | None:
        """Wait until the operator is ready for *wanted*; a password that is typed at once, unseen, is the answer."""
        if all(question.ask not in {Ask.SECRET, Ask.NEW_SECRET} for question in wanted):
            self.dialogue.ask("Press Enter to answer again")
            return None
        if len(wanted) > 1:
            self.dialogue.ask_unseen("Press Enter to answer again")
            return None
        return self.dialogue.ask_unseen("Type it again (not shown); Enter repeats the question") or None

    def _offer_round(self, step: Step) -> None:
        again = self.session.another_round(step)
        prompt = "Repair the next cause, or go on to the end? (repair/end)"
        if again and self.dialogue.choose(prompt, ("repair", "end"), "repair") == "repair":
            self.session.begin_round(step)
            raise _GoTo(again)

    def _goes_on(self, step: Step) -> bool:
        """Whether to leave *step*: asked when it has warnings that nobody has accepted."""
        pending_warnings = self.session.pending_warnings(step)
        if not pending_warnings:
            return True
        self.dialogue.say_lines(doubt_lines(pending_warnings)[:-1])
        if self.dialogue.choose("Continue anyway? (yes/no)", ("yes", "no"), "no") == "yes":
            self.session.accept_warnings(pending_warnings)
            return True
        self.dialogue.say("You are still at this step; back leads to the one before.")
        return False

    def _show(self, step: Step) -> None:
        if step.view is not View.NONE:
            try:
                self.dialogue.say_lines(self.session.lines(step))
            except WizardError as error:
                self.dialogue.refuse(error)

    def _question(self, question: Question, typed: Secret | None = None) -> None:
        """Ask until the answer can be taken; *typed* is a password that was typed already."""
        if typed is None:
            self.dialogue.say(f"\n{question.heading}")
            self.dialogue.say(f"  {question.why}")
            if question.example:
                self.dialogue.say(f"  Example: {question.example}")
            if question.takes_pem:
                self.dialogue.say("  Or type paste, to paste PEM text instead of naming a file.")
        while True:
            try:
                match question.ask:
                    case Ask.SECRET | Ask.NEW_SECRET:
                        self._secret(question, typed)
                    case Ask.CHOICE:
                        self._choice(question)
                    case _:
                        text = self.dialogue.ask("Answer", self.session.value(question))
                        self.session.put(question, "" if text == "-" else self._or_pasted(question, text))
            except WizardError as error:
                self.dialogue.refuse(error)
                typed = None
            else:
                return

    def _or_pasted(self, question: Question, text: str) -> str:
        """*text*, or the word for the PEM that is pasted in its place."""
        if not question.takes_pem or not (text.lower() == "paste" or text.startswith(BEGINS)):
            return text
        before = pasted_word(self.session.value(question))
        word = self.session.paste(self.dialogue.ask_pem(text if text.startswith(BEGINS) else ""), before)
        self.dialogue.say(f"Taken: {word.removeprefix(MARK)}. It is kept only in memory.")
        return shlex.quote(word)

    def _choice(self, question: Question) -> None:
        values = [str(choice.value) for choice in question.choices]
        for number, choice in enumerate(question.choices, start=1):
            self.dialogue.say(f"  {number}  {choice.label}{f' ({choice.detail})' if choice.detail else ''}")
        now = self.session.value(question)
        default = str(values.index(now) + 1) if now in values else "1"
        numbers = [str(number) for number in range(1, len(values) + 1)]
        chosen = self.dialogue.choose("Number", numbers, default)
        self.session.put(question, values[int(chosen) - 1])

    def _secret(self, question: Question, typed: Secret | None) -> None:
        if typed is None:
            kept = self.session.has_secret(question.key)
            prompt = "Password (not shown; Enter keeps the one typed before)" if kept else "Password (not shown)"
            typed = self.dialogue.ask_secret(prompt)
            if kept and not typed:
                return
        if question.ask is Ask.NEW_SECRET:
            self._same_again(typed)
        self.session.put_secret(question.key, typed)

    def _same_again(self, typed: Secret) -> None:
        if self.dialogue.ask_secret("The same again") != typed:
            raise WizardError(codes.PASSWORD_DIFFERS)

    # -- the change ---------------------------------------------------------------------------------------------------

    def _review(self, step: Step) -> bool:
        try:
            review = self.session.review()
        except WizardError as error:
            self.dialogue.refuse(error)
            self.dialogue.ask("Press Enter to go back")
            return False
        numbered = self.dialogue.say_numbered(review.page)
        if review.blocked:
            worst = worst_finding(review.findings)
            self.dialogue.say(f"Error: this cannot be applied. {worst.message}")
            self.session.invalidate()  # somebody may repair it meanwhile
        prompt = f"Press Enter to go {'back' if review.blocked else 'on'}"
        while True:
            answer = self.dialogue.ask(f"{prompt}; a number leads to its step" if numbered else prompt)
            line = chosen(numbered, answer) if answer else None
            if line is not None:
                raise _GoTo(line.step)
            if answer and numbered:
                self.dialogue.say(f"Error: please type a number from 1 to {len(numbered)}, or press Enter.")
            elif review.blocked or self._goes_on(step):
                if review.phase.number and review.plan.is_empty and not review.blocked:
                    # Nothing is made on this machine: on to the bundles or the list.
                    raise _GoTo(self.session.after_change())
                return not review.blocked

    def _confirm(self, step: Step) -> bool:
        self._show(step)
        while self.dialogue.ask("Type apply to go on").lower() != "apply":
            self.dialogue.say("Nothing was done. apply makes the change, back leads to the review.")
        return True

    def _apply(self) -> bool:
        try:
            if not self.session.watching():
                self.session.start()
            for event in self.session.events():
                self.dialogue.say(f"{event.state:8}  {event.text}")
            outcome = self.session.outcome()
        except WizardError as error:
            self.dialogue.refuse(error)
            self.dialogue.ask("Press Enter to go back")
            return False
        except KeyboardInterrupt:
            self.dialogue.say("\nThe change goes on by itself, finished or undone. Start again to see how it ends.")
            raise Leave("watch") from None
        self._ended = int(outcome.exit_code)
        self.dialogue.so_far = "The change has ended, and what it did stays."
        self.dialogue.say_lines(self.session.outcome_lines())
        if self._ended:
            # The answers stay saved: with the cause repaired, the next run begins with them.
            self.session.put_aside()
            raise Leave("ended")
        return True


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
