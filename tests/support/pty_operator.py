"""Somebody who goes a way by keys, on the screen or line by line: knows a step by its title and a field by its heading."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from tests.support.pty_terminal import Terminal
from tests.support.scenarios import TYPED, Way
from wizard.questions.flow import Ask, Question, Step, View
from wizard.questions.step_names import phase_of, phases

PATIENCE_S = 120.0
MOST_PROMPTS = 100
"""Of the line mode on one way: what is refused is asked again."""
KEY_BYTES, STEP_BYTES = 6_000, 15_500
"""The most that a key (with the names that could follow, and what a page paints late) and a new step may send at 80x24.

A slow machine paints what is about the field twice: before and after the files were looked at. The limits of single keys
are measured by `bench_screens`; here a key that paints the whole page is found.
"""

PROMPTS = {
    "Number [": "",
    "Answer": "",
    "Press Enter": "",
    "Type apply": "apply",
    "Continue anyway?": "yes",
    "Java version of": "",
    "Windows version of": "",
}
"""Beginnings of prompts, and what is typed where the way has no answer."""

RESUME = re.compile("Answers of an earlier run are kept|A change has ended")
"""The title of the page of a run that was not finished."""
WARNED = "Continue anyway?"
ROOT_ASKED = "the root of your own PKI?"

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

    def asking(self, steps: Sequence[Step], shown: str) -> list[Step]:
        """Those of *steps* whose questions are *shown*: two steps in a row can have one title."""
        return [step for step in steps if any(each.heading in shown for each in step.questions)]

    def given(self, question: Question) -> str | None:
        """What the way has for *question*."""
        return (self.way.secrets if question.ask in TYPED else self.way.answers).get(question.key)


_TITLES: dict[str, tuple[str, ...]] = {
    "goal": ("This machine",),
    "primary-verdict": ("Certificate can", "NOT POSSIBLE"),
    "gateway-verdict": ("Certificate can",),
    "others": ("Gateways and clients  ",),
    "others-verdict": ("Certificates can", "Certificate can", "No certificate is needed"),
    "examine": ("What is wrong", "Nothing wrong was found"),
    "examine-again": ("What is wrong", "Nothing wrong was found"),
    "undo": ("Select the change to undo", "No change is on record"),
    "review": ("will change", "Nothing to do", "This cannot be applied"),
    "confirm": ("Apply the change now?",),
    "apply": ("Applying the change", "Success", "The change was not made"),
    "elsewhere": ("What is left to do", "Everything is done", "There is no checklist"),
}
"""What the titles of the pages begin with or hold, where that is not the step's own title."""


class ByKeys(Operator):
    """Before the full screen. Every paint and every key is measured, unless in haste, and the cursor looked for."""

    def __init__(self, terminal: Terminal, way: Way, *, haste: bool = False) -> None:
        super().__init__(terminal, way)
        self._haste = haste

    def at(self) -> Step | None:
        """See `Operator`."""
        end = time.monotonic() + PATIENCE_S
        while self.terminal.read() or self.terminal.child.isalive():
            if self._arrived():
                return self.shown()
            if self.terminal.idle and RESUME.search(self.terminal.text):
                self.terminal.press("enter")
            assert time.monotonic() < end, self.terminal.text
        return None

    def _arrived(self) -> bool:
        """Whether a step is shown and all is painted; while a change is made, something is always on its way."""
        step = self.shown()
        return step is not None and (self.terminal.idle or step.view is View.APPLY)

    def shown(self) -> Step | None:
        """The step whose name and title stand in the first rows; None while something else does."""
        rows = self.terminal.text.splitlines()[:3]
        found = re.search(r"(\d+) of (\d+)  (.*?)\s*$", rows[1]) if len(rows) > 2 else None
        if found is None or RESUME.search(rows[2]):
            return None
        steps = [step for step in self.way.steps if phase_of(step) == found[3]]
        here = [step for step in steps if any(title in rows[2] for title in _TITLES.get(step.id, (step.title,)))]
        here = self.asking(here, self.terminal.text) or here
        if int(found[2]) != len(phases(self.way.steps)) and here and self.seen:
            # Answers that are still to be given lead to other steps; the name tells the place all the same.
            return here[0]
        return here[0] if here else None

    def mark(self) -> int:
        """The row of the terminal's cursor: where the focus is."""
        assert 0 < self.terminal.screen.cursor.y < self.terminal.screen.lines - 1, self.terminal.text
        return self.terminal.screen.cursor.y

    def press(self, *keys: str) -> None:
        """Keys one by one, none of which may cost more than it may; `=word` is typed."""
        for key in keys:
            for part in (key[:2], f"={key[2:]}") if key[0] == "=" else (key,):
                answer = self.terminal.press(part) if part != "=" else b""
                most = KEY_BYTES * max(1, len(part) - 1 if part[0] == "=" else 1)
                assert self._haste or len(answer) <= most, (part, len(answer), self.terminal.text)

    def leave(self, step: Step) -> None:
        """See `Operator`."""
        match step.view:
            case View.CONFIRM:
                self.press("right")
            case View.APPLY:
                self.terminal.until("Continue", PATIENCE_S)
            case View.FACTS:
                self._pick(step.questions[0])
            case View.DIAGNOSIS:
                pass  # the repair that is proposed has the focus
            case _ if step.id == "others":
                self._machines(step)
            case _:
                for number, question in enumerate(step.questions, start=1):
                    self._answer(question, last=number == len(step.questions))
                if ROOT_ASKED in self.terminal.text:
                    self.press("enter")  # it arises from what was found, and what is proposed is right
        self._on(step)

    def _on(self, step: Step) -> None:
        errors = self.terminal.text.count("Error:")
        start, end = len(self.terminal.sent), time.monotonic() + PATIENCE_S
        self.terminal.send("enter")
        while self.terminal.read() or self.terminal.child.isalive():
            if self.terminal.idle and self._warned():
                self.terminal.press("right")
                self.terminal.send("enter")
            elif self._arrived() and self.shown() != step:
                break
            assert time.monotonic() < end, self.terminal.text
            assert self.terminal.text.count("Error:") <= errors or self.shown() != step, self.terminal.text
        assert self._haste or len(self.terminal.sent) - start <= 2 * STEP_BYTES, self.terminal.text

    def _warned(self) -> bool:
        return WARNED in self.terminal.text.partition("\n")[0] or f"{WARNED} ─" in self.terminal.text

    def _pick(self, question: Question) -> None:
        wanted = self.given(question)
        if wanted is not None:
            self.press("home", *["down"] * [choice.value for choice in question.choices].index(wanted))

    def _machines(self, step: Step) -> None:
        """Add the machines of the way, then go through the fields."""
        hosts = [(key, host) for key in ("others.gateways", "others.clients") for host in self._hosts(key)]
        there = self.terminal.text
        for key, host in hosts:
            if f" {host} " not in there:
                self.terminal.press("=a")
                self.terminal.until("Add a machine")
                down = ["down"] if key.endswith("clients") else []
                self.terminal.press(f"={host}", "enter", *down, "enter")
        if hosts:
            self.press("enter")
            for question in step.questions[2:]:
                self._answer(question, last=question is step.questions[-1])

    def _hosts(self, key: str) -> list[str]:
        return self.way.answers.get(key, "").split()

    def _answer(self, question: Question, *, last: bool) -> None:
        """Fill its field, unless that holds the answer, and go to the next one unless it is the *last*."""
        if not self._focused(question):
            for _ in range(8):
                self.press("tab")
                if self._focused(question):
                    break
            else:
                return
        wanted = self.given(question)
        if wanted is not None:
            if question.ask is Ask.CHOICE:
                self._pick(question)
            elif question.ask in TYPED:
                self.press(f"={wanted}", *(("enter", f"={wanted}") if question.ask is Ask.NEW_SECRET else ()))
            else:
                self.terminal.press("ctrl+u")
                self.press(f"={wanted}")
        if not last:
            self.press("enter")

    def _focused(self, question: Question) -> bool:
        """Whether the cursor stands in the card of *question*: the nearest heading above it."""
        rows = self.terminal.text.splitlines()
        row = self.terminal.screen.cursor.y
        above = next((rows[n] for n in range(row, -1, -1) if rows[n].lstrip().startswith(("╭─", "+-"))), "")
        return question.heading[:40] in above


class ByLines(Operator):
    """Before the line mode: reads to the prompt and answers it."""

    def __init__(self, terminal: Terminal, way: Way) -> None:
        super().__init__(terminal, way)
        self._step: Step | None = None
        self._question: Question | None = None
        self._read_to = 0
        self._prompts = 0

    def at(self) -> Step | None:
        """See `Operator`."""
        end = time.monotonic() + PATIENCE_S
        alive = True
        while alive:
            told = self.terminal.sent[self._read_to :].decode(errors="replace").replace("\r\n", "\n")
            shown = [self.named(int(n), title) for n, title in re.findall(r"(?m)^Step (\d+) of \d+: (.*)\n", told)]
            if told.endswith("Number [1]: ") and "  2  Start over\n" in told:
                self._answer("1")
            elif told.endswith(": ") or (shown and shown[-1].view is View.APPLY):
                break
            alive = bool(self.terminal.read(0.03)) or self.terminal.child.isalive()
            assert time.monotonic() < end, told
        if not alive:
            return None
        assert not re.search(r"Press Enter to (answer again|go back)[^\n]*: $", told), told
        self._prompts += 1
        assert self._prompts < MOST_PROMPTS, told
        if shown:
            self._step, self._question = shown[-1], None
        alike = [step for step in self.way.steps if self._step is not None and step.title == self._step.title]
        self._step = next(iter(self.asking(alike, told)), self._step)
        for question in self._step.questions if self._step else ():
            if question.heading in told:
                self._question = question
        if ROOT_ASKED in told:
            # Arises from what was found; what is proposed is right.
            self._question = None
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
