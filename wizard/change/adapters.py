"""The ports of the real machine: the product's Java, systemd, and a TLS client."""

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


class Systemd(Service):
    """The unit through systemctl, or the restart command where there is no systemd."""

    def state(self) -> ServiceState:
        """The state of the unit; with a restart command only the port shows it."""
        if self._machine.restart_command is not None:
            return ServiceState(running=True, text="restarted by the given command")
        try:
            now = self.show()
        except WizardError as error:
            return ServiceState(running=False, text=error.message, blocked=error)
        if now.load in UNUSABLE:
            why = unusable(UNUSABLE[now.load], self._machine.unit, now.load_error)
            return ServiceState(running=False, text=why.message, blocked=why)
        problem = self.hopeless(now)
        if problem is not None:
            why = unusable(problem[0], self._machine.unit, problem[1])
            return ServiceState(running=False, text=why.message, hopeless=why)
        words = f"{self._machine.unit} is {now.active} ({now.sub})"
        return ServiceState(now.steady, restarts=self.crashes(now), text=words)

    def follow(self, timer: str) -> None:
        """Let systemd read the files of *timer*, and start or stop it."""
        Service(replace(self._machine, unit=timer)).follow_files()

    def tail(self, lines: int) -> tuple[str, ...]:
        """The unit's last journal lines."""
        return tuple(self.journal_tail(lines)) if self._machine.restart_command is None else ()


def presented(host: str, port: int, servername: str, timeout_s: float) -> Served:
    """The leaf that *host*:*port* presents in one TLS handshake."""
    seen = probe(host, port, servername=servername or None, timeout_s=timeout_s)
    leaf = seen.leaf
    if leaf is None:
        return Served(False, text=printable(seen.detail or seen.error or "no certificate was presented"))
    subject = printable(leaf.x509.subject.rfc4514_string(), limit=120)
    return Served(True, leaf.sha256, seen.fallback, f"the certificate of {subject}")
