"""The product's service, through systemctl: properties are parsed, text for humans never is."""

import shlex
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.processes import Completed, run
from wizard.host.systemd_refusals import refused
from wizard.printable import printable
from wizard.records import dataclass

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "Type",
    "User",
    "Group",
    "MainPID",
    "NRestarts",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "ExecMainStartTimestampMonotonic",
    "InvocationID",
    "FragmentPath",
    "DropInPaths",
    "Environment",
    "EnvironmentFiles",
    "NeedDaemonReload",
)

_LOOK_TIMEOUT_S = 20.0
_CALM_S = 0.3
"""How long a fresh start must last before it is believed: a program that dies at once is `active` for an instant."""

UNUSABLE = {"masked": "masked", "not-found": "unit-missing", "bad-setting": "unit-broken", "error": "unit-broken"}
"""What cannot be started, by `LoadState`: the name of the refusal."""

_CRASHES = 3
"""So many automatic restarts during one start are a crash loop."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """What systemd says about the unit.

    Attributes:
        load: `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
        active: `active`, `inactive`, `activating`, `deactivating`, `failed`, `reloading`.
        sub: finer, `running`, `auto-restart`, `dead`, ...
        result: of the last run: `success`, `exit-code`, `timeout`, `start-limit-hit`, ...
        user: `User=`; "" means root.
        group: `Group=`; "" means the user's own.
        pid: of the main process, 0 when there is none.
        restarts: automatic restarts since the last start by hand.
        started: seconds since 1970 of the main process's start, 0.0 when unknown.
        invocation: changes with every start.
        stamp: of the main process's start, as systemd writes it; changes with every start.
        fragment: path of the unit file.
        needs_reload: whether the unit file changed since systemd read it.
        environment: `Environment=` as written by systemd; may hold secrets, never shown.
        environment_files: `EnvironmentFiles=`.
        properties: all of them as they came, `Environment` left out.
    """

    load: str
    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    user: str = ""
    group: str = ""
    pid: int = 0
    restarts: int = 0
    started: float = 0.0
    invocation: str = ""
    stamp: str = ""
    fragment: str = ""
    needs_reload: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment_files: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def running(self) -> bool:
        """Whether the service is up, as far as systemd knows; units without a main process are `active (exited)`."""
        return self.active == "active"


def _quiet(_: str) -> None:
    """Drop a line of progress."""


class Service:
    """The unit of *machine*, or its restart command where there is no systemd."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.unit = machine.unit

    def show(self) -> UnitState:
        """What systemd says now. A unit that does not exist is a state too (`load` is `not-found`).

        Raises:
            WizardError: service.no-systemctl, service.offline, service.no-rights, service.systemctl-failed.
        """
        answer = self._systemctl("show", self.unit, "--no-pager", "-p", ",".join(_PROPERTIES))
        if not answer.ok:
            raise refused(answer, self.unit)
        told: dict[str, str] = {}
        for line in answer.stdout.splitlines():
            name, equals, value = line.partition("=")
            if equals:  # a property with several values comes on several lines
                told[name] = f"{told[name]}\n{value}" if name in told else value
        return _state(told)

    def restart(self, timeout_s: float = 180.0, progress: Callable[[str], None] = _quiet) -> UnitState | None:
        """Restart the service and wait until its new process runs. The port is another question: probe it.

        Args:
            timeout_s: seconds until a start is given up; it goes on by itself.
            progress: gets a line of plain words whenever the state changes.

        Returns:
            The state afterwards; None when a restart command was used instead of systemd.

        Raises:
            WizardError: service.masked, service.unit-missing, service.unit-broken, service.offline,
                service.no-systemctl, service.no-rights, service.failed, service.crash-loop,
                service.start-timeout, service.restart-command.
        """
        command = self._machine.restart_command
        if command is not None:
            self._by_command(command, timeout_s)
            return None
        return self._act("restart", timeout_s, progress)

    def start(self, timeout_s: float = 180.0, progress: Callable[[str], None] = _quiet) -> UnitState:
        """Start the service when it is stopped; parameters, result and errors as `restart`."""
        return self._act("start", timeout_s, progress)

    def wait_listening(
        self, address: str, port: int, timeout_s: float = 300.0, progress: Callable[[str], None] = _quiet
    ) -> float:
        """Wait until something takes connections on *address*:*port*, and watch the unit meanwhile.

        A JVM is `active` long before it listens, and may still die: then this ends at once instead of at the limit.

        Returns:
            Seconds waited.

        Raises:
            WizardError: service.failed, service.crash-loop, service.stopped, service.port-closed.
        """
        begun = time.monotonic()
        pause = 0.02
        progress(f"waiting for port {port}")
        while True:
            try:
                socket.create_connection((address, port), timeout=2.0).close()
                return time.monotonic() - begun
            except OSError:
                pass
            if self._machine.restart_command is None:
                now = self.show()
                self._still_alive(now)
                if now.active == "inactive":
                    raise self._refusal("stopped")
            waited = time.monotonic() - begun
            if waited > timeout_s:
                raise self._refusal("port-closed", f"{printable(address)}:{port}, {timeout_s:g} seconds")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def journal_tail(self, lines: int = 20) -> list[str]:
        """The unit's last journal lines, printable, oldest first; empty when the journal cannot be read."""
        beside = Path(self._machine.systemctl).with_name("journalctl")
        program = str(beside) if "/" in self._machine.systemctl else "journalctl"
        argv = [program, "-u", self.unit, "-n", str(lines), "--no-pager", "-o", "cat", "-q"]
        try:
            answer = run(argv, timeout_s=_LOOK_TIMEOUT_S)
        except WizardError:
            return []
        return [printable(line, limit=400) for line in answer.stdout.splitlines()] if answer.ok else []

    def _act(self, verb: str, timeout_s: float, progress: Callable[[str], None]) -> UnitState:
        before = self.show()
        if before.load in UNUSABLE:
            raise self._refusal(UNUSABLE[before.load])
        progress(f"{verb} {self.unit}")
        answer = self._systemctl(verb, self.unit, "--no-block", "--no-ask-password")
        if not answer.ok:
            raise refused(answer, self.unit)
        return self._wait(before, verb, time.monotonic() + timeout_s, timeout_s, progress)

    def _wait(
        self, before: UnitState, verb: str, until: float, timeout_s: float, progress: Callable[[str], None]
    ) -> UnitState:
        shown, calm_since, pause = "", 0.0, 0.02
        # `NRestarts` goes back to 0 with a start by hand, so what was counted before says nothing.
        while True:
            now = self.show()
            words = f"{self.unit} is {now.active} ({now.sub})"
            if words != shown:
                progress(words)
                shown = words
            # systemd before 232 has no InvocationID.
            fresh = verb == "start" or any(
                getattr(now, name) != getattr(before, name) for name in ("invocation", "pid", "stamp")
            )
            moment = time.monotonic()
            if now.running and fresh:
                calm_since = calm_since or moment
                if moment - calm_since >= _CALM_S:
                    return now
            else:
                calm_since = 0.0
                if fresh or now.result != before.result or before.active != "failed":
                    self._still_alive(now, fresh=fresh)
            if moment > until:
                raise self._refusal("start-timeout", f"{timeout_s:g} seconds")
            time.sleep(min(pause, max(0.0, until - moment) + 0.01))
            pause = min(pause * 1.5, 0.5)

    def _still_alive(self, now: UnitState, *, fresh: bool = True) -> None:
        if fresh and now.restarts >= _CRASHES:
            raise self._refusal("crash-loop", f"after {now.restarts} automatic restarts")
        if now.active == "failed":
            raise self._refusal("crash-loop" if now.result == "start-limit-hit" else "failed", now.result)

    def _by_command(self, command: tuple[str, ...], timeout_s: float) -> None:
        answer = run(command, timeout_s=timeout_s)
        if not answer.ok:
            said = printable(" ".join((answer.stderr or answer.stdout).split()), limit=200)
            raise WizardError(
                "service.restart-command",
                f"the restart command ended with exit code {answer.returncode}: {said}",
                f"Run it by hand to see why: {printable(shlex.join(command))}",
                self.unit,
            )

    def _refusal(self, name: str, evidence: str = "") -> WizardError:
        return refused(None, self.unit, name, evidence, self.journal_tail(8))

    def _systemctl(self, *arguments: str) -> Completed:
        program = self._machine.systemctl
        try:
            return run([program, *arguments], timeout_s=_LOOK_TIMEOUT_S)
        except WizardError as problem:
            if problem.code == "program.too-slow":
                raise
            raise refused(None, self.unit, "no-systemctl", problem.message) from None


def _state(told: Mapping[str, str]) -> UnitState:
    return UnitState(
        load=told.get("LoadState", ""),
        active=told.get("ActiveState", ""),
        sub=told.get("SubState", ""),
        result=told.get("Result", ""),
        user=told.get("User", ""),
        group=told.get("Group", ""),
        pid=_number(told.get("MainPID", "")),
        restarts=_number(told.get("NRestarts", "")),
        started=_started(told),
        invocation=told.get("InvocationID", ""),
        stamp=told.get("ExecMainStartTimestampMonotonic", ""),
        fragment=told.get("FragmentPath", ""),
        needs_reload=told.get("NeedDaemonReload") == "yes",
        environment=_environment(told.get("Environment", "")),
        environment_files=tuple(line.partition(" (")[0] for line in told.get("EnvironmentFiles", "").splitlines()),
        properties={name: value for name, value in told.items() if name != "Environment"},
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _started(told: Mapping[str, str]) -> float:
    """From the monotonic stamp: the other one is written in the host's own zone name, which nobody can parse safely."""
    microseconds = _number(told.get("ExecMainStartTimestampMonotonic", ""))
    if not microseconds or not told.get("MainPID", "0").strip("0"):
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + microseconds / 1e6


def _environment(text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)
