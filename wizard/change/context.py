"""Dependencies of one run: the machine, its ports, secrets, events, the clock, and the stop flag."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from wizard import codes
from wizard.change.events import EventLog
from wizard.change.ports import Ports
from wizard.change.syscalls import REAL, Syscalls
from wizard.errors import WizardError
from wizard.host.directory import Directory
from wizard.host.machine import Machine
from wizard.secret import Secret


def _now() -> datetime:
    return datetime.now(UTC)


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator, for the lock and the history.

    Attributes:
        user: login name, the one before sudo where that is known.
        tty: terminal, empty when there is none.
        login: login name of the session, as the kernel knows it; empty when it is not known.
        sudo_user: of the environment, empty without sudo.
    """

    user: str = ""
    tty: str = ""
    login: str = ""
    sudo_user: str = ""


@dataclass(frozen=True, slots=True)
class WithoutAnchor:
    """A trust store that others changed, without the certificate that a change had added; made before the undo.

    Attributes:
        made_from: SHA-256 of the store that it was made from.
        data: the new store; None when the certificate is not there any more.
    """

    made_from: str
    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that one run of `apply`, `rollback` or `recover` uses.

    Attributes:
        machine: what is changed.
        ports: Java, service and probes.
        events: where progress is reported.
        secrets: by the names that the plan's steps use.
        who: the operator.
        calls: writing system calls.
        now: the wall clock, UTC; only for names and records, never for durations.
        sleep: waits so many seconds.
        monotonic: seconds that never jump.
        stop: whether somebody asked to stop; asked between steps.
        folders: those of the files that are changed, kept open from the first look to the end; by logical path.
        announce: gets the change's id as soon as it has one.
        without: what was made before the undo, by the ids of the actions; empty for `apply`.
        settle_s: how long a wrong leaf is tolerated after a restart, in seconds.
    """

    machine: Machine
    ports: Ports
    events: EventLog
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    who: Operator = Operator()
    calls: Syscalls = REAL
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] = _never
    folders: dict[PurePosixPath, Directory] = field(default_factory=dict)
    announce: Callable[[str], None] = lambda _: None
    without: Mapping[str, WithoutAnchor] = field(default_factory=dict)
    settle_s: float = 10.0

    def check_cancelled(self) -> None:
        """Check for a stop request between two steps.

        Raises:
            WizardError: `change.stopped` when somebody asked to stop.
        """
        if self.stop():
            raise WizardError(codes.CHANGE_STOPPED)
