"""The ports of the real machine: the product's Java, systemd, and a TLS client."""

from collections.abc import Callable
from dataclasses import replace

from wizard.change.context import Ports, Served, ServiceState
from wizard.errors import WizardError
from wizard.host.jre import identity
from wizard.host.machine import Machine
from wizard.host.systemd import UNUSABLE, Service, unusable
from wizard.printable import printable
from wizard.probing.probe import probe


def ports_for(machine: Machine) -> Ports:
    """The ports of *machine*; nothing is checked before it is asked for."""
    return Ports(lambda: identity(machine), Systemd(machine), presented)


class Systemd:
    """The unit through systemctl, or the restart command where there is no systemd."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._service = Service(machine)

    def state(self) -> ServiceState:
        """The state of the unit; with a restart command only the port shows it."""
        if self._machine.restart_command is not None:
            return ServiceState(running=True, text="restarted by the given command")
        try:
            now = self._service.show()
        except WizardError as error:
            return ServiceState(running=False, text=error.message, blocked=error)
        if now.load in UNUSABLE:
            why = unusable(UNUSABLE[now.load], self._machine.unit, now.load_error)
            return ServiceState(running=False, text=why.message, blocked=why)
        problem = self._service.hopeless(now)
        if problem is not None:
            why = unusable(problem[0], self._machine.unit, problem[1])
            return ServiceState(running=False, text=why.message, hopeless=why)
        words = f"{self._machine.unit} is {now.active} ({now.sub})"
        return ServiceState(now.steady, restarts=self._service.crashes(now), text=words)

    def restart(self, timeout_s: float, say: Callable[[str], None]) -> None:
        """Restart and wait until the new process runs."""
        self._service.restart(timeout_s, say)

    def follow(self, timer: str) -> None:
        """Let systemd read the files of *timer*, and start or stop it."""
        Service(replace(self._machine, unit=timer)).follow_files()

    def tail(self, lines: int) -> tuple[str, ...]:
        """The unit's last journal lines."""
        if self._machine.restart_command is not None:
            return ()
        return tuple(self._service.journal_tail(lines))


def presented(host: str, port: int, servername: str, timeout_s: float) -> Served:
    """The leaf that *host*:*port* presents in one TLS handshake."""
    seen = probe(host, port, servername=servername or None, timeout_s=timeout_s)
    leaf = seen.leaf
    if leaf is None:
        return Served(False, text=printable(seen.detail or seen.error or "no certificate was presented"))
    subject = printable(leaf.x509.subject.rfc4514_string(), limit=120)
    return Served(True, leaf.sha256, seen.fallback, f"the certificate of {subject}")
