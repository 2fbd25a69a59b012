"""The progress events of a run: lines that every user interface can follow, also when it is started later."""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from wizard.change.outcome import Failure
from wizard.host.directory import Directory
from wizard.printable import printable
from wizard.secret import Redactor
from wizard.times import rfc3339

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
        outcome: in the last event of a run only: how it ended (`wizard.change.outcome`).
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
        always = {"step": self.step, "state": self.state, "text": self.text, "at": self.at}
        extra = {"outcome": self.outcome, "code": self.code, "hint": self.hint}
        return always | {name: value for name, value in extra.items() if value}

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
