"""Questions and answers as lines: what a screen reader, a serial line or a terminal without a screen can do."""

import getpass
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import TextIO

from wizard.errors import WizardError
from wizard.printable import printable
from wizard.reports.lines import Line
from wizard.secret import Secret


class Back(Exception):  # noqa: N818 - a way of the conversation, not an error
    """`back` was typed: one step back."""


class Leave(Exception):  # noqa: N818 - likewise
    """`quit` was typed and meant, or the input ended."""


class Dialogue:
    """Says lines and asks for lines. At every question `?` shows the help page, `back` and `quit` do what they say.

    Attributes:
        page: name of the help page.
        so_far: what is said about the machine before leaving.
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
        word = "Good" if error.code == "rescue.nothing-wrong" else "Error"
        self.say(f"{word}: {error.message} [{error.code}]")
        for line in error.hint.splitlines():
            self.say(f"  {line}")

    def ask(self, prompt: str, default: str = "") -> str:
        """The answer to *prompt*; *default* stands in brackets and is what an empty line means.

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
        page = files("screens") / "help" / f"{self.page}.md"
        text = page.read_text(encoding="utf-8") if page.is_file() else "There is no page for this step.\n"
        self.say(text.partition("# Keys")[0].rstrip())
        self.say("\nType back for the step before, quit to leave, - to empty an answer.")
