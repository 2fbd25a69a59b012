"""Somebody who goes a way by keys, in either face: knows a step by its title and a field by its heading, no more."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from tests.support.pty_terminal import KEYS, Terminal
from tests.support.scenarios import TYPED, Way
from wizard.questions.flow import Ask, Question, Step, View

MARKED = re.compile(r"^ >( |$)|> \[")
PANE = re.compile(r"^ ?> (Lines|All is shown)")
BUSY = ("Looking ...", "Looking at the machine", "Checking ...", "Starting ...")
QUIET_S = 0.1
"""After so long without a byte a screen is taken to be complete; one who does not measure need not wait for that."""
HASTE_S = 0.03
PATIENCE_S = 40.0
MOVES = ("tab", "enter", "up", "down")
KEY_BYTES, STEP_BYTES = 1_000, 12_000
"""The most that a key and a new step may send."""

ON_TOP: dict[str, tuple[str, ...]] = {"Continue anyway?": ("down", "enter")}
"""Questions that may stand on top of a step, and the keys that say yes."""
PROMPTS = {
    "Number [": "",
    "Answer": "",
    "Press Enter": "",
    "Type apply": "apply",
    "Continue anyway?": "yes",
}
"""Beginnings of prompts, and what is typed where the way has no answer."""

GO_ON = "> [ Go on with them ]"
"""The notice of a run that was not finished."""

Arrived = Callable[[Step], None]


class Operator(ABC):
    """Goes *way* in *terminal*.

    Attributes:
        seen: ids of the steps that were shown.
    """

    def __init__(self, terminal: Terminal, way: Way) -> None:
        self.terminal = terminal
        self.way = way
        self.seen: list[str] = []

    def go(self, to: str = "", arrived: Arrived | None = None) -> None:
        """Answer until the step *to* is shown, or the program has ended; *arrived* is called at each step."""
        while (step := self.at()) is not None:
            if step.id not in self.seen[-1:]:
                self.seen.append(step.id)
                if arrived is not None:
                    arrived(step)
            if step.id == to:
                return
            self.leave(step)
        assert not to, f"it ended before {to}:\n{self.terminal.text}"

    @abstractmethod
    def at(self) -> Step | None:
        """Wait for a step and return it; None when the program has ended."""

    @abstractmethod
    def leave(self, step: Step) -> None:
        """Answer *step*, or a question of it, and go on."""

    def named(self, number: int, title: str) -> Step:
        """The step that shows this number and title."""
        steps = self.way.steps
        here = [step for step in steps if step.title == title]
        return steps[number - 1] if number <= len(steps) and steps[number - 1] in here else here[0]

    def given(self, question: Question) -> str | None:
        """What the way has for *question*."""
        return (self.way.secrets if question.ask in TYPED else self.way.answers).get(question.key)


class ByKeys(Operator):
    """Before the full screen. Every paint and every key is measured, unless in haste, and the cursor looked for."""

    def __init__(self, terminal: Terminal, way: Way, *, haste: bool = False) -> None:
        super().__init__(terminal, way)
        self._haste = haste
        self._quiet_s = HASTE_S if haste else QUIET_S

    def at(self) -> Step | None:
        """See `Operator`."""
        end = time.monotonic() + PATIENCE_S
        while self.terminal.child.isalive():
            quiet = not self.terminal.read(self._quiet_s)
            if quiet and not any(word in self.terminal.text for word in BUSY) and self._filled():
                if self.shown():
                    self.mark()
                    return self.shown()
                if GO_ON in self.terminal.text:
                    self.mark()
                    self.terminal.child.send(KEYS["enter"])
                    while GO_ON in self.terminal.text and time.monotonic() < end:
                        self.terminal.read(HASTE_S)
            assert time.monotonic() < end, self.terminal.text
        return None

    def _place(self) -> tuple[int, int]:
        return self.terminal.screen.cursor.x, self.terminal.screen.cursor.y

    def _filled(self) -> bool:
        """Whether the view came; the last question is shown before what it is about."""
        step = self.shown()
        return step is None or step.view is not View.CONFIRM or any(self.terminal.text.splitlines()[1:6])

    def shown(self) -> Step | None:
        """The step of the first row."""
        head = self.terminal.text.partition("\n")[0]
        found = re.search(r"Step (\d+) of \d+ +(.*?)(?:   DRY RUN)?$", head)
        return self.named(int(found[1]), found[2]) if found else None

    def mark(self) -> int:
        """The row that is marked. The terminal's own cursor stands there, or where the reading of a pane begins."""
        rows = self.terminal.text.splitlines()
        marked = [row for row, line in enumerate(rows) if MARKED.search(line)]
        pane = [row for row, line in enumerate(rows) if PANE.search(line)]
        at = self.terminal.screen.cursor.y
        assert at in marked or (pane and 0 < at <= pane[0]), (at, self.terminal.text)
        return at if at in marked else pane[0]

    def press(self, *keys: str) -> None:
        """Keys one by one, none of which may cost more than it may; `=word` is typed."""
        for key in keys:
            for part in (key[:2], f"={key[2:]}") if key[0] == "=" else (key,):
                place = self._place()
                answer = self.terminal.press(part, quiet_s=self._quiet_s) if part != "=" else b""
                end = time.monotonic() + 2
                while part in MOVES and self._place() == place and time.monotonic() < end:
                    answer += self.terminal.read(HASTE_S)
                most = KEY_BYTES * max(1, len(part) - 1 if part[0] == "=" else 1)
                assert self._haste or len(answer) <= most, (part, len(answer), self.terminal.text)

    def leave(self, step: Step) -> None:
        """See `Operator`."""
        if step.view is View.CONFIRM:
            self.press("right")
        elif step.view is View.APPLY:
            self.terminal.until("> [ Next ]", PATIENCE_S)
        for question in step.questions[:-1]:
            self._answer(question, "enter")
        if step.questions:
            self._answer(step.questions[-1])
        self._on(step)

    def _on(self, step: Step) -> None:
        """Enter, which leads to the next step."""
        before, errors = len(self.terminal.sent), self.terminal.text.count("Error:")
        self.terminal.child.send(KEYS["enter"])
        end = time.monotonic() + PATIENCE_S
        while self.shown() == step and self.terminal.child.isalive():
            self.terminal.read(HASTE_S)
            for words, keys in ON_TOP.items():
                if words in self.terminal.text:
                    self.press(*keys[:-1])
                    before = len(self.terminal.sent)
                    self.terminal.child.send(KEYS[keys[-1]])
                    while words in self.terminal.text and time.monotonic() < end:
                        self.terminal.read(HASTE_S)
            assert time.monotonic() < end, self.terminal.text
            assert self.terminal.text.count("Error:") <= errors or self.shown() != step, self.terminal.text
        self.at()
        assert self._haste or len(self.terminal.sent) - before <= STEP_BYTES, self.terminal.text

    def _answer(self, question: Question, *last: str) -> None:
        """Fill its field, unless that holds the answer, and press *last*."""
        wanted = self.given(question)
        if wanted is None:
            if self._focused(question):
                self.press(*last)
            return
        for _ in range(12):
            if self._focused(question):
                break
            self.press("tab")
        rows = self.terminal.text.splitlines()
        row = self.mark()
        if question.ask is Ask.CHOICE:
            first = row - next(n for n in range(row) if question.heading[:40] in rows[row - n]) + 1
            place = [choice.value for choice in question.choices].index(wanted)
            self.press(*["down" if first + place > row else "up"] * abs(first + place - row))
        elif question.ask in TYPED:
            self.press(f"={wanted}", *(("enter", f"={wanted}") if question.ask is Ask.NEW_SECRET else ()))
        else:
            there = rows[row].strip(" >_")
            if there != wanted:
                self.press("home")
                self.terminal.child.send(KEYS["delete"] * len(there))
                self.at()
                self.press(f"={wanted}")
        self.press(*last)

    def _focused(self, question: Question) -> bool:
        """Whether the marked row belongs to *question*: its heading is the nearest above."""
        rows, row = self.terminal.text.splitlines(), self.mark()
        step = self.shown()
        headings = [each.heading[:40] for each in step.questions] if step else []
        above = (heading for n in range(row, -1, -1) for heading in headings if heading in rows[n])
        return "> [" not in rows[row] and next(above, "") == question.heading[:40]


class ByLines(Operator):
    """Before the plain face: reads to the prompt and answers it."""

    def __init__(self, terminal: Terminal, way: Way) -> None:
        super().__init__(terminal, way)
        self._step: Step | None = None
        self._question: Question | None = None
        self._read_to = 0

    def at(self) -> Step | None:
        """See `Operator`."""
        end = time.monotonic() + PATIENCE_S
        alive = True
        while alive:
            told = self.terminal.sent[self._read_to :].decode(errors="replace").replace("\r\n", "\n")
            shown = [self.named(int(n), title) for n, title in re.findall(r"(?m)^Step (\d+) of \d+: (.*)\n", told)]
            if told.endswith(": ") and told.rpartition("\n")[2].startswith("Go on with them"):
                self._answer("go")
            elif told.endswith(": ") or (shown and shown[-1].view is View.APPLY):
                break
            alive = bool(self.terminal.read(0.03)) or self.terminal.child.isalive()
            assert time.monotonic() < end, told
        if not alive:
            return None
        assert not re.search(r"Press Enter to (answer again|go back): $", told), told
        if shown:
            self._step, self._question = shown[-1], None
        for question in self._step.questions if self._step else ():
            if question.heading in told:
                self._question = question
        if shown and shown[-1].view is View.APPLY:
            self._read_to = len(self.terminal.sent)
        return self._step

    def leave(self, step: Step) -> None:
        """See `Operator`."""
        if step.view is View.APPLY:
            return
        prompt = self.terminal.sent[self._read_to :].decode().rpartition("\n")[2]
        default = next((typed for words, typed in PROMPTS.items() if prompt.startswith(words)), None)
        answer = self.given(self._question) if self._question is not None else None
        if default is not None and not prompt.startswith(("Number [", "Answer")):
            answer = default
        elif self._question is not None and self._question.ask is Ask.CHOICE and answer is not None:
            answer = str([choice.value for choice in self._question.choices].index(answer) + 1)
        self._answer(answer or "")

    def _answer(self, text: str) -> None:
        self._read_to = len(self.terminal.sent)
        self.terminal.child.sendline(text)
