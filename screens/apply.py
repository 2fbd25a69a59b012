"""Follow the change, and show its result."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ProgressBar, RichLog, Static

from screens.certificates import fingerprint, life
from screens.frame import Page
from screens.notices import Refused, parts_of
from screens.theme import BAD, MARKS, OK, WARN, Part, cell, cut, look, say, titled
from screens.widgets import Card, Facts, Reading, Row, buttons
from wizard.certificates.names import issuer_short, short
from wizard.change.events import Event, Outcome
from wizard.errors import WizardError
from wizard.questions.answers import Goal
from wizard.questions.flow import Step, StepId
from wizard.reports.lines import Line
from wizard.reports.progress import OWN_NAMES, act_rows
from wizard.session.overview import Presented
from wizard.session.session import Session

PAINTS_EVERY_S = 0.5
"""Limit of paints, so that a slow line can keep up with the events."""
MOST_LINES = 500

_STATES = {
    "waiting": ("todo", ""),
    "started": ("now", ""),
    "progress": ("now", ""),
    "done": ("ok", "done"),
    "failed": ("bad", "FAILED"),
    "undone": ("warn", "undone"),
    "skipped": ("info", "skipped"),
}
_CLIENT = {
    "none": "no certificate is requested",
    "optional": "a certificate is requested",
    "required": "a certificate is required",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the events: how it went, the lines that say so, and what is presented then."""

    outcome: Outcome
    lines: tuple[Line, ...]
    presented: Presented | None
    command: str
    again: bool = False


class Apply(Page):
    """Follows the change, which runs in its own process: leaving this page does not stop it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6", "log", "Log", key_display="F6")]

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Nothing is known yet."""
        super().__init__(step, data)
        self._arrived: deque[Event | Ended | Exception] = deque()
        self._rows: dict[str, list[str]] = {}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._over = False

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:  # noqa: ARG003 - as in the base
        """BLOCKING. Start the change, or follow the one that runs."""
        if session.watching():
            return ()
        session.start()
        return act_rows(session.review(), session.machine.settle_s)

    def claim(self) -> Sequence[Part]:
        """The headline: the change is being applied."""
        return titled("Applying the change", "it continues if you lose the connection")

    def compose(self) -> Iterable[Widget]:
        """Bar, steps, log."""
        self._rows = {name: ["waiting", words] for name, words in [("prepare", OWN_NAMES["prepare"]), *self.data]}
        yield ProgressBar(max(1, len(self._rows)), show_eta=False, id="done")
        yield Card("Steps", Reading(Static(self._drawn(), id="steps"), id="steps-card"))
        log = RichLog(id="log", max_lines=MOST_LINES, wrap=True, min_width=20)
        log.border_title = say("Log")
        log.display = self.app.size.height >= 24
        yield log

    def arrived(self) -> None:
        """Follow."""
        self.query_one("#steps-card").focus()
        self.frame.changed = True
        threading.Thread(target=self._follow, name="wizard events", daemon=True).start()
        self._timer = self.set_interval(PAINTS_EVERY_S, self._paint)
        self.call_after_refresh(self._show_log)

    def _show_log(self) -> None:
        # The log keeps back what is written until it learns its size, and the event that says it may have come before
        # the log was there (seen in tmux).
        log = self.query_one(RichLog)
        log.post_message(events.Resize(log.size, log.virtual_size))

    @property
    def change_runs(self) -> bool:
        """Whether the change is still running."""
        return not self._over

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing during a change are not shown."""
        return action not in {"go_on", "back"} and super().check_action(action, parameters)

    def _follow(self) -> None:
        try:
            self._arrived.extend(self.session.events())
            outcome = self.session.outcome()
            seen = self.session.presented() if "probe" in outcome.steps else None
            again = self.session.needed_again() is not None
            lines, undo = tuple(self.session.outcome_lines()), self.session.undo_command()
            self._arrived.append(Ended(outcome, lines, seen, undo, again=again))
        except Exception as error:  # noqa: BLE001 - carried over to the screen's thread, where it may be a bug
            self._arrived.append(error)

    def _paint(self) -> None:
        known = len(self._rows)
        while self._arrived and not self._over:
            item = self._arrived.popleft()
            if isinstance(item, Event):
                self._take(item)
            else:
                self._end(item)
        if not self._over:
            self.query_one("#steps", Static).update(self._drawn(), layout=len(self._rows) != known)
            done = sum(state in {"done", "skipped"} for state, _words in self._rows.values())
            self.query_one(ProgressBar).update(total=max(1, len(self._rows)), progress=done)

    def _take(self, event: Event) -> None:
        self.query_one(RichLog).write(cell((f"{event.at[11:19]} ", "muted"), event.text))
        if event.step in self._rows or event.step in OWN_NAMES:
            row = self._rows.setdefault(event.step, ["waiting", OWN_NAMES.get(event.step, event.text)])
            row[0] = event.state
        elif event.step != "change":
            self._rows[event.step] = [event.state, event.text]
        now = time.monotonic()
        self._since.setdefault(event.step, now)
        if event.state in {"done", "failed"}:
            self._took[event.step] = now - self._since[event.step]

    def _drawn(self) -> Content:
        width = max(20, self.app.size.width - (46 if self.app.size.width >= 110 else 22))
        parts: list[Part] = []
        for name, (state, words) in self._rows.items():
            mark, word = _STATES.get(state, _STATES["progress"])
            took = f"{self._took[name]:.1f} s" if name in self._took else ""
            if mark == "now":
                took = f"{int(time.monotonic() - self._since.get(name, time.monotonic()))} s"
            label = f"{cut(look.text(words), width):<{width}}"
            role = "bold" if mark == "now" else "muted" if mark == "todo" else ""
            parts += [
                "\n" if parts else "",
                MARKS[mark],
                (label, role),
                (f" {(took if state == 'done' else '') or word or took:>9}", "muted"),
            ]
        return say(*parts)

    def _end(self, item: Ended | Exception) -> None:
        self._over = True
        self._timer.stop()
        if isinstance(item, WizardError):
            self.wizard.show(Refused(self.step, item))
            return
        if isinstance(item, Exception):
            raise item
        self.wizard.ended = int(item.outcome.exit_code)
        if item.presented is not None:
            self.frame.show_state(item.presented.state, item.presented.at)
        rows = [(name, state, words) for name, (state, words) in self._rows.items()]
        self.wizard.show(Proof(self.step, (item, rows)))

    def action_log(self) -> None:
        """Show or hide the log."""
        log = self.query_one(RichLog)
        log.display = not log.display
        if log.display:
            log.focus()


class Proof(Page):
    """How the change ended: what is presented now, how to see it, how to undo it, and what is next."""

    data: tuple[Ended, list[tuple[str, str, str]]]
    first_focus = "Act"

    @property
    def ended(self) -> Ended:
        """The end."""
        return self.data[0]

    @property
    def good(self) -> bool:
        """It was applied."""
        return int(self.ended.outcome.exit_code) == 0

    @property
    def _rescues(self) -> bool:
        return self.session.answers.goal is Goal.RESCUE

    def claim(self) -> Sequence[Part]:
        """Success or not."""
        if not self.good:
            return titled(f"{BAD} The change was not made", "see the reason below", "bad bold")
        seen = self.ended.presented
        if seen is not None and self.session.answers.goal is not Goal.UNDO:
            host = self.session.answers.primary.host or seen.endpoint
            return [(f"{OK} Success: {host} presents the certificate as planned", "ok bold")]
        return titled(f"{OK} Success", "every file was read again and is as planned", "ok bold")

    def compose(self) -> Iterable[Widget]:
        """The result in words, and the next step as a button."""
        seen = self.ended.presented
        if self.good and seen is not None:
            with Container(classes="pair"):
                yield Card(f"Presented at {seen.endpoint}", Facts(*self._presented(), name_width=11))
                if self._phases():
                    yield Card("Connection check", Facts(*self._phases(), name_width=11), classes="wide-only")
        else:
            yield Card("Result", Static(say(*parts_of(self.ended.lines))))
            yield Card("Steps", Static(self._steps()))
        yield Static("", classes="gap")
        back = ("Check again" if self._rescues else "Back to the answers", "answers")
        yield buttons(("Continue", "on")) if self.good else buttons(("Finish", "on"), back)
        yield Static("", classes="gap")
        if self.good and self.ended.again:
            words = f"{WARN} Passwords were not saved. You will be asked for them in the last steps."
            yield Static(say((words, "warn")), classes="words")
        if self.good:
            commands: list[Part] = []
            if seen is not None:
                commands = [(" Check it yourself\n", "muted"), self.session.openssl_command()]
            if self.ended.command:
                commands += [("\n\n Undo it later\n" if commands else " Undo it later\n", "muted"), self.ended.command]
            if self.ended.outcome.evidence:
                ticket = self.session.command(f"history {self.ended.outcome.change[:4]}")
                commands += [("\n\n Text for a change ticket\n", "muted"), ticket]
            yield Static(say(*commands), classes="commands")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable Back: an applied change is undone by its own page."""
        return action != "back" and super().check_action(action, parameters)

    def _steps(self) -> Content:
        parts: list[Part] = []
        for _name, state, words in self.data[1]:
            mark, word = _STATES.get(state, _STATES["progress"])
            parts += ["\n" if parts else "", MARKS[mark], words, (f"  {word}" if word else "", "muted")]
        return say(*parts)

    def _presented(self) -> list[Row]:
        seen = self.ended.presented
        if seen is None or seen.leaf is None:
            return [("Answer", [MARKS["bad"], seen.reason if seen is not None else ""])]
        _past, days, ends = life(seen.leaf, seen.at)
        by = [MARKS["ok"], seen.trusted_by] if seen.trusted_by else [MARKS["warn"], f"nobody: {seen.reason}"]
        planned = self.session.planned_leaf()
        rows: list[Row] = []
        if planned:
            same = planned == seen.leaf.sha256
            words = "the certificate of the plan" if same else "another certificate than in the plan"
            rows.append(("Planned", [MARKS["ok" if same else "bad"], words]))
        return [
            ("Subject", [(short(seen.leaf), "bold")]),
            *rows,
            ("Issuer", [issuer_short(seen.leaf)]),
            ("Ends", [f"{ends}, {days} days left"]),
            ("Trusted by", by),
            ("SHA-256", [fingerprint(seen.leaf.sha256)]),
        ]

    def _phases(self) -> list[Row]:
        seen = self.ended.presented
        result = seen.probe if seen is not None else None
        if result is None:
            return []
        took = {name: f"  {value * 1000:.0f} ms" for name, value in result.seconds.items()}
        rows: list[Row] = [
            ("Resolve", [MARKS["ok"], result.address, (took.get("resolve", ""), "muted")]),
            ("Connect", [MARKS["ok"], f"port {result.port}", (took.get("connect", ""), "muted")]),
            ("TLS", [MARKS["ok"], f"{result.protocol or ''} {result.cipher or ''}", ("", "")]),
            ("Chain", [MARKS["ok"], f"{len(result.chain)} certificates"]),
            ("Client", [MARKS["info"], _CLIENT.get(result.client_auth, "not known")]),
        ]
        if result.servername:
            fits = bool(result.name_matches)
            rows.insert(
                4, ("Name", [MARKS["ok" if fits else "bad"], f"{result.servername} is {'' if fits else 'not '}listed"])
            )
        return rows

    def press(self, name: str) -> None:
        """Continue, leave, or go back to the answers."""
        if name == "answers":
            self.wizard.ended = None
            step = StepId.EXAMINE if self._rescues else StepId.REVIEW
            self.wizard.work("keep", self._put_aside, lambda _result: self.wizard.open_step(step), "")
        else:
            self.action_go_on()

    def _put_aside(self) -> None:
        self.session.put_aside()
        self.session.let_go()
        self.session.invalidate()

    def action_go_on(self) -> None:
        """To the next step; after a failure out, with the answers kept."""
        if self.good and self.step is not None:
            self.wizard.forward(self.step)
        else:
            # The answers stay saved: with the cause repaired, the next run begins with them.
            self.wizard.work("keep", self.session.put_aside, lambda _result: self.wizard.leave(), "")
