"""One question of the line mode: it is put, and a sentence says what was taken."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from wizard import codes
from wizard.cli.line_mode.dialogue import Back, Dialogue
from wizard.errors import WizardError
from wizard.host.files import expand_inputs
from wizard.host.jre import parse_version
from wizard.printable import printable, shell_words
from wizard.questions.answers import BEGINS, MARK, VERSIONS, is_pasted, pasted_word
from wizard.questions.flow import Ask, Question
from wizard.secret import Secret
from wizard.session.help_pages import question_place
from wizard.session.overview import TAKES
from wizard.session.session import Session

IN_VAIN = ("others.chain", "others.password")
"""Not asked while there are no other machines."""


class Asker:
    """Asks questions and hands the answers to the session.

    Attributes:
        given: the keys that were answered so far.
        at: the key of the question that was asked last.
    """

    def __init__(self, session: Session, dialogue: Dialogue) -> None:
        """Ask through *dialogue* for *session*."""
        self.session = session
        self.dialogue = dialogue
        self.given: set[str] = set()
        self.at = ""

    def all(self, questions: Sequence[Question], wanted: Sequence[str], typed: Secret | None = None) -> None:
        """Ask those of *questions* whose keys are *wanted*; `back` leads to the one before.

        Args:
            questions: of the step.
            wanted: the keys.
            typed: a password that was typed already, for the first one.

        Raises:
            Back: `back` was typed at the first one.
        """
        asked = [question for question in questions if question.key in wanted]
        at = 0
        while at < len(asked):
            question = asked[at]
            self.at = question.key
            self.dialogue.question = question_place(self.dialogue.page, questions, question)
            try:
                if question.key not in IN_VAIN or self.session.answers.other_roles():
                    self.one(question, typed)
            except Back:
                if not at:
                    raise
                at -= 1
            else:
                at += 1
            typed = None

    def one(self, question: Question, typed: Secret | None = None) -> None:
        """Ask until the answer can be taken; *typed* is a password that was typed already."""
        if typed is None:
            self.dialogue.say(f"\n{question.heading}")
            for row in question.why.splitlines():
                self.dialogue.say(f"  {row}")
            if question.example:
                self.dialogue.say(f"  Example: {question.example}")
            if question.takes_pem:
                self.dialogue.say("  Or type paste to paste PEM text instead of naming a file.")
        while True:
            try:
                match question.ask:
                    case Ask.SECRET | Ask.NEW_SECRET:
                        self._secret(question, typed)
                    case Ask.CHOICE:
                        self._choice(question)
                    case Ask.PATHS:
                        self._paths(question)
                    case _:
                        text = self.dialogue.ask("Answer", self.session.value(question))
                        self.session.put(question, "" if text == "-" else text)
            except WizardError as error:
                self.dialogue.refuse(error)
                typed = None
            else:
                break
        self.given.add(question.key)
        self._say_taken(question)
        if question.key in VERSIONS:
            self._versions(question.key)

    def _say_taken(self, question: Question) -> None:
        """One sentence: what the answer is now."""
        words = self.session.answer_words(question) or "none"
        more = ""
        if question.key == "goal":
            time, needs, outage = TAKES[self.session.answers.goal]
            more = f" It takes {time}. You need: {needs}. Outage: {outage}."
        elif question.ask is Ask.PATHS and (count := len(self._files(question))):
            more = f" {count} file{'' if count == 1 else 's'} found."
        self.dialogue.say(f"{question.name}: {words.rstrip('.')}.{more}")

    def _choice(self, question: Question) -> None:
        best = self.session.recommended if question.key == "goal" else ""
        labels = []
        for each in question.choices:
            more = f" ({each.detail})" if each.detail else ""
            labels.append((str(each.value), f"{each.label}{more}{', recommended' * (each.value == best)}"))
        now = best if best and not self.session.answered else self.session.value(question)
        self.session.put(question, self.dialogue.pick(labels, str(now)))

    # -- files --------------------------------------------------------------------------------------------------------

    def _paths(self, question: Question) -> None:
        before = self.session.value(question)
        last = "" if pasted_word(before) else ["", *shell_words(before)][-1]
        folder = last[: last.rfind("/") + 1]
        while True:
            certificates = question.takes_pem or question.key == "others.chain"
            names, more = offer(self.session.base, folder, certificates=certificates)
            if names:
                self.dialogue.say(f"Files in {folder or self.session.base} (you can enter their numbers):")
            for number, name in enumerate(names, start=1):
                what = ", this folder and all its files" if name == folder else ", a folder" * name.endswith("/")
                self.dialogue.say(f"  {number:2}  {name}{what}")
            if more:
                self.dialogue.say(f"      and {more} more; type their names")
            text = self.dialogue.ask("Answer", before)
            numbers = _numbers(text) if names else []
            if max(numbers, default=0) > len(names):
                self.dialogue.say(f"Error: please type numbers from 1 to {len(names)}, or a path.")
                continue
            picked = [names[at - 1] for at in numbers]
            opened = picked[0] if len(picked) == 1 and picked[0].endswith("/") and picked[0] != folder else ""
            if not opened:
                break
            folder = opened
        self.session.put(question, shlex.join(picked) if picked else self._typed_path(question, text))
        try:
            # A missing file is refused before the password is asked for.
            self._files(question)
        except WizardError:
            if before:
                self.session.put(question, before)
            raise

    def _typed_path(self, question: Question, text: str) -> str:
        """*text*, or the word for the PEM that is pasted in its place."""
        if text == "-":
            return ""
        if not question.takes_pem or not (text.lower() == "paste" or text.startswith(BEGINS)):
            return text
        before = pasted_word(self.session.value(question))
        word = self.session.paste(self.dialogue.ask_pem(text if text.startswith(BEGINS) else ""), before)
        self.dialogue.say(f"Accepted: {word.removeprefix(MARK)}. It is kept only in memory.")
        return shlex.quote(word)

    def _files(self, question: Question) -> Sequence[object]:
        """The files that the answer names; an answer that is one path is checked when the step is left."""
        value = self.session.answers.get(question.key)
        paths = [path for path in value if not is_pasted(path)] if isinstance(value, tuple) else []
        return expand_inputs(paths, self.session.base) if paths else ()

    # -- passwords and machines ---------------------------------------------------------------------------------------

    def _secret(self, question: Question, typed: Secret | None) -> None:
        if typed is None:
            kept = self.session.has_secret(question.key)
            prompt = "Password (not shown; Enter keeps the one typed before)" if kept else "Password (not shown)"
            typed = self.dialogue.ask_secret(prompt)
            if kept and not typed:
                return
        if question.ask is Ask.NEW_SECRET and self.dialogue.ask_secret("Repeat the password") != typed:
            raise WizardError(codes.PASSWORD_DIFFERS)
        self.session.put_secret(question.key, typed)

    def _versions(self, key: str) -> None:
        """Ask for the version of each machine in the list *key*."""
        table, name, what = VERSIONS[key]
        for number, machine in enumerate(getattr(self.session.answers, table)):
            prompt = f"{what} version of {printable(machine.host)}, if you know it"
            while True:
                text = self.dialogue.ask(prompt, str(getattr(machine, name)))
                version = "" if text == "-" else text
                if table != "gateway" or not version or parse_version(version) is not None:
                    break
                self.dialogue.refuse(
                    WizardError(codes.HANDOFF_JAVA_VERSION, subject=machine.host, version=printable(version))
                )
            question = Question(f"{table}.{number}.{name}", Ask.TEXT, "", "", optional=True)
            self.session.put(question, version)


def _numbers(text: str) -> list[int]:
    """The numbers in *text* when it holds nothing else."""
    words = text.replace(",", " ").split()
    numbers = all(word.isascii() and word.isdigit() and word != "0" for word in words)
    return [int(word) for word in words] if numbers else []


# -- the files of a folder as numbered lines, to name one by its number ------------------------------------------------

ENDINGS = frozenset({".pfx", ".p12", ".pem", ".cer", ".crt", ".der", ".p7b", ".p7c", ".jks", ".jceks", ".key"})
"""Of files with certificates or keys. Any other file can be typed: its content counts, not its name."""
MOST_READ, MOST_SHOWN = 2000, 20


def offer(base: Path, folder: str, *, certificates: bool) -> tuple[list[str], int]:
    """BLOCKING. How each entry of *folder*, relative to *base*, is typed, and how many more there are.

    Folders end with a slash; the first entry is the folder itself when it can be taken. Of files only those with
    *certificates*, or all.
    """
    found: list[tuple[bool, str]] = []
    try:
        with os.scandir(base / os.path.expanduser(folder or ".")) as entries:  # noqa: PTH111 - "~/" keeps its slash
            for _number, entry in zip(range(MOST_READ), entries, strict=False):
                is_folder = os.path.isdir(entry)  # for `entry.is_dir` a link in a circle is an error
                wanted = is_folder or not certificates or Path(entry.name).suffix.lower() in ENDINGS
                if wanted and not entry.name.startswith(".") and printable(entry.name) == entry.name:
                    found.append((is_folder, f"{folder}{entry.name}{'/' if is_folder else ''}"))
    except OSError:
        return [], 0
    names = [name for _is_folder, name in sorted(found)]
    own = [folder] if folder and certificates and names else []
    return own + names[:MOST_SHOWN], max(0, len(names) - MOST_SHOWN)
