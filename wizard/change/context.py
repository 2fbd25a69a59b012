"""The interfaces that the engine needs from the rest of the program; the real ones: `machine_ports`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Protocol

from wizard import codes
from wizard.change.durable import REAL, Syscalls
from wizard.change.events import EventLog
from wizard.errors import WizardError
from wizard.host.directory import Directory
from wizard.host.machine import Machine
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The state of the service.

    Attributes:
        running: the unit is active (which says nothing about what it presents).
        text: one line for people.
        blocked: why a restart cannot even be asked for (the unit is masked or missing); None when it can.
        hopeless: why waiting longer cannot help (a crash loop, a failed start); None when it can.
        restarts: how often it was started again by itself since it was restarted here.
    """

    running: bool
    text: str = ""
    blocked: WizardError | None = None
    hopeless: WizardError | None = None
    restarts: int = 0


class ServiceControl(Protocol):
    """The service that reads the files."""

    def state(self) -> ServiceState:
        """Its state now."""
        ...

    def restart(self, timeout_s: float, say: Callable[[str], None], /) -> object:
        """Restart it and wait until the manager calls it started; *say* gets progress lines.

        Raises:
            WizardError: it cannot be restarted, or not in time.
        """
        ...

    def follow(self, timer: str) -> None:
        """Let systemd read the unit files again; *timer* is started when it has a file, and stopped when it has none.

        Raises:
            WizardError: systemd cannot be asked, or does not do it.
        """
        ...

    def tail(self, lines: int) -> tuple[str, ...]:
        """The last lines of its journal, already printable; empty when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """What one node presents to a client.

    Attributes:
        reachable: a TLS handshake brought a certificate.
        sha256: fingerprint of the leaf, lower-case hex.
        fallback: the product's built-in certificate is presented.
        text: one line for people: whose certificate, or why there is none.
    """

    reachable: bool
    sha256: str = ""
    fallback: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the engine needs from the rest of the program.

    Attributes:
        java: path and version of the product's own Java now, to be compared with the one that the plan was made with.
        service: the service that reads the files.
        probe: one probe of a node from outside, by host, port, server name and longest wait; it never raises.
    """

    java: Callable[[], tuple[str, str] | None]
    service: ServiceControl
    probe: Callable[[str, int, str, float], Served]


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
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] = lambda: False
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
