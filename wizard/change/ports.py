"""The interfaces that the engine needs from the rest of the program; the real ones: `machine_ports`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wizard.errors import WizardError


class Java(Protocol):
    """The product's own Java."""

    def found(self) -> tuple[str, str] | None:
        """Its path and version now, to be compared with the one that the plan was made with."""
        ...


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

    def restart(self, timeout_s: float, say: Callable[[str], None]) -> None:
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


class Prober(Protocol):
    """Probes a node from outside."""

    def look(self, host: str, port: int, servername: str, timeout_s: float) -> Served:
        """One probe; never raises for network errors."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The three together."""

    java: Java
    service: ServiceControl
    prober: Prober
