"""Output and questions of the line mode: words wrapped to the terminal, numbers for choices, ways out."""

import contextlib
import getpass
import os
import re
import select
import termios
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.questions.answers import BEGINS, ENDS, LARGEST
from wizard.reports.lines import Line
from wizard.secret import Secret
from wizard.session.help_pages import plain_text, search

NARROWEST = 20
"""With fewer columns nothing is wrapped here; the terminal does it."""
INTRODUCTION = (
    "CloudStream TLS wizard, line by line.",
    "At each question: ? explains it, back returns to the step before, answers lets you change one, quit leaves.",
    "Enter accepts the answer in [brackets]. At a password, press Ctrl+C for these choices.",
)


class Back(Exception):  # noqa: N818 - a way of the conversation, not an error
    """`back` was typed: one question or one step back."""


class Leave(Exception):  # noqa: N818 - likewise
    """`quit` was typed and meant, or the input ended."""


class ListAnswers(Exception):  # noqa: N818 - likewise
    """`answers` was typed: the operator wants to see the answers so far, and perhaps change one."""


class Dialogue:
    """Says lines and asks for lines. At every question `?` shows the help page; `back`, `answers`, `quit` do as named.

    Attributes:
        page: name of the help page.
        question: which one of the step is asked, and how many there are: the help begins with it.
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
        self.question = (0, 1)
        self.so_far = "Nothing has been changed on this machine by these steps."

    # -- saying -------------------------------------------------------------------------------------------------------

    def say(self, text: str = "", *, whole: bool = False) -> None:
        """One line, wrapped between words when it is for a terminal; *whole*: it is a command or of a file."""
        width = self._width()
        if not whole and len(text) >= width >= NARROWEST:
            text = "\n".join(row for part in text.split("\n") for row in wrapped(part, width - 1))
        print(text, file=self._stdout, flush=True)

    def _width(self) -> int:
        """The columns of the terminal; 0 when there is none."""
        try:
            return os.get_terminal_size(self._stdout.fileno()).columns if self._stdout.isatty() else 0
        except (OSError, ValueError):
            return 0

    def say_lines(self, lines: Iterable[Line]) -> None:
        """Lines of a report; their words carry their tone."""
        for line in lines:
            self.say(line.text, whole=line.whole)

    def say_numbered(self, lines: Iterable[Line]) -> list[Line]:
        """The same, with a number before each line that can be chosen; these lines, in the order of their numbers."""
        numbered: list[Line] = []
        for line in lines:
            if line.can_be_chosen:
                numbered.append(line)
                self.say(f"  {len(numbered):2}  {line.text}")
            else:
                self.say(line.text, whole=line.whole)
        return numbered

    def refuse(self, error: WizardError) -> None:
        """Why something cannot be, and what to do; nothing to repair is good news."""
        word = "Good" if error.spec == codes.RESCUE_NOTHING_WRONG else "Error"
        self.say(f"{word}: {error.message} [{error.code}]")
        for line in error.hint.splitlines():
            self.say(f"  {line}")

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, prompt: str, default: str = "") -> str:
        """The answer to *prompt*; *default* is shown in brackets and is what an empty line means.

        Raises:
            Back, ListAnswers: that word was typed.
            Leave: `quit` was typed and confirmed, or there is no more input.
        """
        # What was answered before may have come from a file that others wrote.
        shown = f"{prompt} [{printable(default)}]: " if default else f"{prompt}: "
        while True:
            text = self._line(shown).strip()
            if not self._is_command(text):
                return text or default

    def _is_command(self, text: str) -> bool:
        """Whether *text* is one of the words that work everywhere; done then, unless it raises."""
        if text.startswith("?"):
            self._help(text[1:].strip())
            return True
        match text.lower():
            case "back":
                raise Back
            case "answers":
                raise ListAnswers
            case "quit":
                self.leave()
            case _:
                return False
        return True

    def pick(self, choices: Sequence[tuple[str, str]], default: str = "") -> str:
        """The first part of one of *choices*, whose second parts are shown with numbers; the name is taken, too."""
        names = [name for name, _label in choices]
        for number, (_name, label) in enumerate(choices, start=1):
            self.say(f"  {number}  {label}")
        numbers = [str(number) for number in range(1, len(names) + 1)]
        first = numbers[names.index(default)] if default in names else "1"
        while True:
            answer = self.ask("Number", first).lower()
            if answer in numbers:
                return names[int(answer) - 1]
            if answer in names:
                return answer
            self.say(f"Error: please type a number from 1 to {len(names)}.")

    def ask_secret(self, prompt: str) -> Secret:
        """A password, without showing it. What is typed is the password, also when it reads `back` or `?`.

        Raises:
            Back, ListAnswers, Leave: chosen after Ctrl+C; `Leave` also at the end of the input.
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
        """As `ask`, without showing what is typed: it may be the password that was just refused."""
        while True:
            typed = self.ask_secret(prompt)
            if not self._is_command(typed.reveal().strip()):
                return typed

    def leave(self) -> None:
        """Ask whether to leave; returns when the operator stays.

        Raises:
            Leave: with `save` or `forget` as its argument.
            Back, ListAnswers: that word was typed instead.
        """
        self.say(self.so_far)
        prompt = "save and leave, forget and leave, or stay? [save/forget/stay]: "
        try:
            word = self._read(prompt).strip().lower()
        except (EOFError, KeyboardInterrupt):
            raise Leave("save") from None
        if word in {"save", "forget"}:
            raise Leave(word)
        if word in {"back", "answers"}:
            self._is_command(word)

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

    def _help(self, words: str = "") -> None:
        """The page of this step, the part for this question first; with *words*, the first part that has them."""
        place, others = self.question, []
        page = self.page
        if words:
            found = search(words)
            if not found:
                self.say("No page of the help contains all these words.")
                return
            page, place = found[0].page, (found[0].place, found[0].place + 1)
            others = list(dict.fromkeys(part.title for part in found if part.page != page))
        for line in plain_text(page, place):
            self.say(line)
        if others:
            self.say(f"Also in: {'; '.join(others)}.")
        self.say(
            "\nType back for the step before, quit to leave, - to clear an answer, ? and words to search the help."
        )


_HANGS = re.compile(r" *(?:\d+ {2,}|\d+\. +|- |\[[ x]\] )*(?:\S[^:]{0,14}: {2,})?")


def wrapped(text: str, width: int) -> list[str]:
    """*text* in rows of at most *width*, broken between words; further rows begin below the words of the first."""
    first = _HANGS.match(text)
    hang = first.end() if first is not None else 0
    lead = " " * (hang if 0 < hang <= width // 2 else len(text) - len(text.lstrip()))
    rows = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False, subsequent_indent=lead)
    return rows or [""]


def chosen(numbered: Sequence[Line], answer: str) -> Line | None:
    """The line with this number, or whose step is *answer*, or whose words begin with it; None when there is none."""
    if answer.isascii() and answer.isdigit():
        return numbered[int(answer) - 1] if 0 < int(answer) <= len(numbered) else None
    word = answer.lower()
    return next((line for line in numbered if word == line.step or line.text.lower().startswith(word)), None)


# -- PEM that is pasted: lines that are not shown, until an empty one behind the last block ---------------------------

_MORE_S = 0.3
"""So long after an empty line more of the same text may come."""


def read_pem(first: str, stdin: TextIO) -> str:
    """Read lines of *stdin* behind *first*, which was typed already ("" when nothing was).

    The text ends at the end of the input, and at an empty line outside a block when nothing more is on its way.
    A terminal does not show what is typed meanwhile.
    """
    text = first
    with _hidden(stdin):
        while len(text) <= LARGEST:
            line = stdin.readline()
            ends = not line.strip() and text.count(BEGINS) == text.count(ENDS)
            if not line or (ends and not _more(stdin)):
                break
            text += f"\n{line.rstrip()}"
    return text


def _more(stdin: TextIO) -> bool:
    """Whether a terminal has more to read; from a pipe an empty line is the end."""
    return stdin.isatty() and bool(select.select([stdin], [], [], _MORE_S)[0])


@contextlib.contextmanager
def _hidden(stdin: TextIO) -> Iterator[None]:
    if not stdin.isatty():
        yield
        return
    before = termios.tcgetattr(stdin)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    # What was pasted already is still to be read: nothing is discarded.
    termios.tcsetattr(stdin, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSANOW, before)
