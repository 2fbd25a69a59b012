"""The change while it is made: what is done, what runs, what waits, in words."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from screens.action import Action
from screens.frame import StepScreen
from screens.pane import Pane
from screens.refusals import lines_of
from wizard.errors import WizardError
from wizard.questions.flow import Step
from wizard.records import dataclass
from wizard.reports.lines import Line, Tone

if TYPE_CHECKING:
    from wizard.change.events import Event
    from wizard.change.outcome import Outcome

PAINTS_EVERY_S = 0.5
"""However fast events come: a slow line must keep up."""

WORDS = {
    "waiting": ("[ wait ]", Tone.FAINT),
    "started": ("[ run  ]", Tone.HEADING),
    "progress": ("[ run  ]", Tone.HEADING),
    "done": ("[ done ]", Tone.GOOD),
    "failed": ("[ FAIL ]", Tone.BAD),
    "undone": ("[ undo ]", Tone.WARN),
    "skipped": ("[ skip ]", Tone.FAINT),
}
OWN_NAMES = {"prepare": "Prepare, and prove the new files", "undo": "Put everything back"}


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the events: how it went, and the lines that say so."""

    outcome: "Outcome"
    lines: tuple[Line, ...]


class ApplyScreen(StepScreen):
    """Follows the change, which runs in its own process: leaving this screen does not stop it."""

    keys = ("help", "redraw", "log", "leave", "back")

    def __init__(self, step: Step, number: int, count: int) -> None:
        """Nothing is known yet."""
        super().__init__(step, number, count)
        self._arrived: deque[Event | Ended | WizardError] = deque()
        self._rows: dict[str, list[str]] = {}
        self._since: dict[str, float] = {}
        self._log: list[Event] = []
        self._ended: Ended | None = None
        self._refused = False

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield Pane(always=True)

    def buttons(self) -> Sequence[tuple[str, str]]:
        """What they mean follows the state."""
        return [("Leave; the change goes on", "next"), ("Help", "help")]

    @property
    def change_runs(self) -> bool:
        """From the start to the outcome."""
        return self._ended is None and not self._refused

    def on_mount(self) -> None:
        """Start the change, or follow the one that runs."""
        self.query_one(Pane).focus()
        self.query_one(Pane).show([Line("Starting ...", Tone.FAINT)])
        self.wizard.engine.run(self, "start", self._begin, self._begun)

    def _begin(self) -> list[tuple[str, str]]:
        if self.session.watching():
            return []
        self.session.start()
        return list(self.session.review().rows)

    def _begun(self, result: list[tuple[str, str]] | WizardError) -> None:
        if isinstance(result, WizardError):
            self._refuse(result)
            return
        self._rows = {name: ["waiting", text] for name, text in [("prepare", OWN_NAMES["prepare"]), *result]}
        threading.Thread(target=self._follow, name="wizard events", daemon=True).start()
        self.set_interval(PAINTS_EVERY_S, self._paint)

    def _follow(self) -> None:
        try:
            self._arrived.extend(self.session.events())
            self._arrived.append(Ended(self.session.outcome(), tuple(self.session.outcome_lines())))
        except WizardError as error:
            self._arrived.append(error)

    def _paint(self) -> None:
        while self._arrived and self._ended is None:
            item = self._arrived.popleft()
            if isinstance(item, Ended):
                self._end(item)
            elif isinstance(item, WizardError):
                self._refuse(item)
            else:
                self._take(item)
        if not self._refused:
            self.query_one(Pane).show(self._lines(), follow=True)

    def _take(self, event: "Event") -> None:
        self._log.append(event)
        if event.step in self._rows or event.step in OWN_NAMES:
            row = self._rows.setdefault(event.step, ["waiting", OWN_NAMES.get(event.step, event.text)])
            row[0] = event.state
        elif event.step != "change":
            self._rows[event.step] = [event.state, event.text]
        self._since.setdefault(event.step, time.monotonic())
        if self._ended is None:
            self.say(event.text)

    def _lines(self) -> list[Line]:
        lines = []
        for name, (state, label) in self._rows.items():
            word, tone = WORDS.get(state, WORDS["progress"])
            waited = int(time.monotonic() - self._since.get(name, time.monotonic()))
            running = state in {"started", "progress"} and self._ended is None
            lines.append(Line(f"{word} {label}{f' ({waited} s)' if running and waited > 1 else ''}", tone))
        return [*lines, Line(""), *self._ended.lines] if self._ended is not None else lines

    def _end(self, ended: Ended) -> None:
        self._ended = ended
        self.wizard.ended = int(ended.outcome.exit_code)
        self.say("")
        button = self.query_one("#next", Action)
        button.set_label("Next" if self.wizard.ended == 0 else "Finish")
        self.focus_on(button)

    def _refuse(self, error: WizardError) -> None:
        self._refused = True
        self.query_one(Pane).show(lines_of(error))
        button = self.query_one("#next", Action)
        button.set_label("Back")
        self.focus_on(button)

    def on_pane_accepted(self) -> None:
        """Enter goes on once there is something to go on to."""
        if not self.change_runs:
            self.press_next()

    def press_next(self) -> None:
        """Leave, go on, finish or go back: what the label says."""
        if self._refused:
            self.action_back()
        elif self._ended is None:
            self.wizard.leave()
        elif self._ended.outcome.exit_code == 0:
            self.wizard.forward(self.step)
        else:
            # The answers stay saved: with the cause repaired, the next run begins with them.
            self.wizard.engine.run(self, "keep", self.session.put_aside, lambda _result: self.wizard.leave())

    def action_leave(self) -> None:
        """There is nothing to save: the change has what it needs."""
        self.wizard.leave()

    def action_back(self) -> None:
        """Only while nothing was started."""
        if self._refused:
            super().action_back()

    def action_log(self) -> None:
        """Everything that was told, with its time."""
        from screens.pages import PageScreen  # noqa: PLC0415 - only loaded when asked for

        lines = [Line(f"{event.at}  {event.step} {event.state}: {event.text}") for event in self._log]
        self.app.push_screen(PageScreen("Log", lines or [Line("Nothing has happened yet.")]))
