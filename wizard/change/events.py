"""The progress events of a run, which every user interface can follow, also later; how a run ended, its exit code."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change.durable import FULL, write_failure
from wizard.errors import ExitCode, WizardError
from wizard.host.directory import Directory
from wizard.printable import printable, rfc3339
from wizard.secret import Redactor

APPLIED = "applied"
NO_CHANGE = "nothing_to_do"
ROLLED_BACK = "rolled_back"
STUCK = "recovery_needed"
REFUSED = "refused"
KEPT = "kept"

EXIT = {
    APPLIED: ExitCode.DONE,
    NO_CHANGE: ExitCode.DONE,
    KEPT: ExitCode.DONE,
    ROLLED_BACK: ExitCode.ROLLED_BACK,
    STUCK: ExitCode.NEEDS_RECOVERY,
    REFUSED: ExitCode.UNUSABLE,
}


SETTLE = "settle"
"""The step that watches the server after the change; `skipped` when it was not."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it failed: the four parts of a `WizardError`, as data."""

    code: str
    message: str
    hint: str = ""
    subject: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """The failure that *error* means; an unforeseen one is named by type and place, never by its values."""
        if isinstance(error, WizardError):
            return cls(error.code, error.message, error.hint, error.subject)
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else f" ({place.tb_frame.f_globals.get('__name__', '?')}:{place.tb_lineno})"
        if isinstance(error, OSError) and error.errno in FULL and error.filename:
            return cls.of(write_failure(Path(error.filename), error))
        if isinstance(error, OSError):
            reason = error.strerror or "no reason given"
            return cls.of(WizardError(codes.CHANGE_SYSTEM, reason=reason, where=where))
        return cls.of(WizardError(codes.CHANGE_BUG, kind=type(error).__name__, where=where))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of `apply`, `rollback` or `recover`.

    Attributes:
        outcome: `applied`, `nothing_to_do`, `rolled_back`, `recovery_needed`, `refused` (before anything was touched)
            or `kept` (closed by the operator as it is).
        change: id of the change, empty when there is none.
        digest: of the plan.
        steps: last state of each step: `done`, `failed`, `undone`, `skipped`.
        failure: why it was not applied.
        page: real path of the text that says what is where, when recovery is needed.
        at: when it ended, RFC 3339, UTC; "" when that is not known.
        evidence: real path of the text for a change ticket, when there is one.
    """

    outcome: str
    change: str = ""
    digest: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    page: str = ""
    at: str = field(default="", compare=False)
    evidence: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        return EXIT[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """The members that `apply --json` promises, and more."""
        return {
            "outcome": self.outcome,
            "change": self.change or None,
            "digest": self.digest,
            "steps": [{"id": name, "state": state} for name, state in self.steps.items()],
            "error": None if self.failure is None else asdict(self.failure),
            "page": self.page or None,
            "evidence": self.evidence or None,
        }


CHANGE = "change"
"""The step name of events about the change as a whole."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        step: id of the plan's step, `prepare`, `undo`, or `change` for the whole.
        state: one of `STATES`.
        text: one line, printable, without secrets.
        at: RFC 3339, UTC.
        outcome: in the last event of a run only: how it ended (`wizard.change.events`).
        code: there, of the refusal that it ended with; else empty.
        hint: there, what to do; may hold several lines.
    """

    step: str
    state: str
    text: str
    at: str
    outcome: str = ""
    code: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """The members that are not empty, and always the first four."""
        always = ("step", "state", "text", "at")
        return {name: value for name, value in asdict(self).items() if value or name in always}

    def as_line(self) -> str:
        """One line of JSON."""
        return json.dumps(self.as_json())

    @classmethod
    def from_line(cls, line: str) -> "Event":
        """The reverse.

        Raises:
            ValueError: the line is no event (the file was cut).
        """
        try:
            data = json.loads(line)
        except RecursionError as error:
            raise ValueError("not an event") from error
        if not isinstance(data, dict):
            raise ValueError("not an event")  # noqa: TRY004 - the same error as for a line that is no JSON
        return cls(**{name: str(data.get(name, "")) for name in cls.__slots__})


class EventLog:
    """Scrubs each event, hands it to listeners and appends it to a file, once it is known which.

    Events are reported, not relied upon: a full disk loses lines here, never the change.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        redactor: Redactor | None = None,
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        self._now = now
        self._redactor = redactor or Redactor()
        self._listener = listener
        self._descriptor: int | None = None
        self.states: dict[str, str] = {}

    def open(self, folder: Directory, name: str) -> None:
        """From now on also append to *name* (made with mode 0600) in *folder*."""
        self.close()
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(name, flags, 0o600, dir_fd=folder.descriptor)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def say(self, step: str, state: str, text: str, *, outcome: str = "", failure: Failure | None = None) -> None:
        """Report one event; the last one of a run has an *outcome*, and a *failure* if it did not succeed."""
        if state != "progress":
            self.states[step] = state
        clean = printable(self._redactor.scrub(text), limit=2000)
        code = failure.code if failure else ""
        hint = printable(self._redactor.scrub(failure.hint), newline=True) if failure else ""
        event = Event(step, state, clean, rfc3339(self._now()), outcome, code, hint)
        if self._descriptor is not None:
            _append(self._descriptor, event.as_line().encode() + b"\n")
        if self._listener is not None:
            self._listener(event)

    def scrub(self, text: str) -> str:
        """Text without the secrets that are known here."""
        return self._redactor.scrub(text)


def _append(descriptor: int, line: bytes) -> None:
    """Write *line* or nothing: after a part of a line the next one could not be read either."""
    with contextlib.suppress(OSError):
        size = os.fstat(descriptor).st_size
        try:
            written = os.write(descriptor, line)
        except OSError:
            written = 0
        if written != len(line):
            os.ftruncate(descriptor, size)
