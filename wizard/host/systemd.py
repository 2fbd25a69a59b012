"""The service by way of systemd: its state, its journal, its processes, and who listens on its port."""

import os
import re
import shlex
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Code
from wizard.host.machine import Account, Machine, lookup, name_of, text_of
from wizard.host.processes import Completed, run
from wizard.printable import printable, shell_words

_ANSWERS = (
    (
        r"not been booted with systemd|Failed to connect to bus|Host is down|No such file or directory.*bus",
        codes.SERVICE_OFFLINE,
    ),
    (r"Access denied|[Ii]nteractive authentication|[Pp]ermission denied|not authorized", codes.SERVICE_NO_RIGHTS),
    (r"is masked", codes.SERVICE_MASKED),
    (r"bad unit file setting|not loaded properly", codes.SERVICE_UNIT_BROKEN),
    (r"not found|not loaded|No such (unit|file)", codes.SERVICE_UNIT_MISSING),
)


def refused(answer: Completed, unit: str) -> WizardError:
    """The refusal for a run of systemctl that ended with an error; its text is read only to tell the cases apart."""
    evidence = printable(" ".join((answer.stderr or answer.stdout).split()), limit=200)
    spec = next((each for pattern, each in _ANSWERS if re.search(pattern, evidence)), codes.SERVICE_SYSTEMCTL_FAILED)
    return unusable(spec, unit, evidence)


def unusable(spec: Code, unit: str, evidence: str = "", journal: Iterable[str] = ()) -> WizardError:
    """The refusal *spec* for a unit.

    Args:
        spec: one of the codes of the service.
        unit: the unit concerned.
        evidence: goes into the message in brackets.
        journal: the unit's last lines, for the hint.
    """
    lines = tuple(f"  {line}" for line in journal)
    evidence = f" ({evidence})" if evidence else ""
    return WizardError(spec, subject=unit, unit=unit, evidence=evidence, journal=("", *lines) if lines else "")


_PROPERTIES = (
    "Id,LoadState,LoadError,ActiveState,SubState,Result,Job,ConditionResult,ConditionTimestampMonotonic,"
    "AssertResult,AssertTimestampMonotonic,UnitFileState,Type,User,Group,DynamicUser,ControlGroup,"
    "TimeoutStopUSec,MainPID,NRestarts,ExecMainStatus,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic,"
    "InvocationID,FragmentPath,SourcePath,DropInPaths,ExecStart,WorkingDirectory,Environment,EnvironmentFiles,"
    "NeedDaemonReload"
)

_LOOK_TIMEOUT_S = 20.0
_CALM_S = 0.3
"""How long a new start must last before it counts: a program that dies at once is `active` for an instant."""

UNUSABLE = {
    "masked": codes.SERVICE_MASKED,
    "not-found": codes.SERVICE_UNIT_MISSING,
    "bad-setting": codes.SERVICE_UNIT_BROKEN,
    "error": codes.SERVICE_UNIT_BROKEN,
}
"""Load states of a unit that cannot be started, and the code for each."""

_SECRET = {"Environment", "ExecStart"}
"""Properties in which an operator may have put a password: never shown, never saved."""

_CRASHES = 3
"""So many automatic restarts since the start that we asked for are a crash loop."""

_FRESH_S = 60.0
"""A service that was started again by itself this short a time ago may still be in a crash loop."""

_DAY_S = 86400.0
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": _DAY_S, "w": 7 * _DAY_S}
"""Words of a time span as systemctl writes it (systemd.time(7)); months and years are no limits for a stop."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """What systemd says about the unit.

    Attributes:
        id: the unit's own name, which the journal knows; another one than was asked for when that is an alias.
        load: `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
        load_error: why the unit could not be loaded, in systemd's words.
        active: `active`, `inactive`, `activating`, `deactivating`, `failed`, `reloading`.
        sub: finer, `running`, `auto-restart`, `dead`, ...
        result: of the last run: `success`, `exit-code`, `timeout`, `start-limit-hit`, ...
        job: a start or stop is under way; without one a state that is inactive or failed stays.
        unmet: when systemd last left the unit alone because of a condition or an assertion; "" when it did not.
        user: `User=`; "" means root, or that a SysV script decides.
        dynamic_user: `DynamicUser=`: the account exists only while the service runs.
        pid: of the main process, 0 when there is none.
        restarts: automatic restarts, counted since the unit was last stopped, or the count was reset.
        started: seconds since 1970 of the main process's start, 0.0 when unknown.
        invocation: changes with every start.
        stamp: of the main process's start, as systemd writes it; changes with every start.
        fragment: path of the unit file.
        source: path of the SysV script that the unit was made from, "" when there is none.
        drop_ins: paths of the files that add to the unit.
        control_group: holds the unit's processes, as a path below the root of the cgroups; "" while it has none.
        stop_s: how long a stop may take before systemd kills, in seconds; None when it waits for ever.
        command: `ExecStart=` as written by systemd; may hold secrets, never shown.
        folder: `WorkingDirectory=`; "" when the unit names none.
        needs_reload: whether the unit file changed since systemd read it.
        environment: `Environment=` as written by systemd; may hold secrets, never shown.
        environment_files: `EnvironmentFiles=`.
        properties: all of them as they came, without those that may hold secrets.
    """

    load: str
    id: str = ""
    load_error: str = ""
    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    job: bool = False
    unmet: str = ""
    user: str = ""
    dynamic_user: bool = False
    pid: int = 0
    restarts: int = 0
    started: float = 0.0
    invocation: str = ""
    stamp: str = ""
    fragment: str = ""
    source: str = ""
    drop_ins: tuple[str, ...] = ()
    control_group: str = ""
    stop_s: float | None = None
    command: str = field(default="", repr=False)
    folder: str = ""
    needs_reload: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment_files: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def running(self) -> bool:
        """Whether the service is up, as far as systemd knows; units without a main process are `active (exited)`."""
        return self.active == "active"

    @property
    def steady(self) -> bool:
        """Whether the service is up and was not started again by itself a moment ago, as in a crash loop."""
        return self.running and not (self.restarts and time.time() - self.started < _FRESH_S)

    @property
    def final(self) -> bool:
        """Whether the service is down and nothing will start it any more."""
        return self.active in {"inactive", "failed"} and not self.job and "auto-restart" not in self.sub


def _quiet(_: str) -> None:
    """Ignore a line of progress."""


class Service:
    """The unit of *machine*, or its restart command where there is no systemd."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.unit = machine.unit
        self._id = ""
        self._counted: int | None = None

    def show(self) -> UnitState:
        """What systemd says now. A unit that does not exist is a state too (`load` is `not-found`).

        Raises:
            WizardError: service.no-systemctl, service.offline, service.no-rights, service.systemctl-failed.
        """
        answer = self._ok("show", self.unit, "--no-pager", "-p", _PROPERTIES)
        told: dict[str, str] = {}
        for line in answer.stdout.splitlines():
            name, equals, value = line.partition("=")
            if equals:  # a property with several values comes on several lines
                told[name] = f"{told[name]}\n{value}" if name in told else value
        self._id = told.get("Id", "")
        return _state(told)

    def crashes(self, now: UnitState) -> int:
        """Automatic restarts since the last start that was asked for here; at first, since the first look."""
        if self._counted is None:
            self._counted = now.restarts
        elif now.restarts < self._counted:  # the count began again meanwhile
            self._counted = 0
        return now.restarts - self._counted

    def hopeless(self, now: UnitState) -> tuple[Code, str] | None:
        """Why waiting cannot bring the service up: the code and its evidence; None while it can."""
        crashes = self.crashes(now)
        if crashes >= _CRASHES:
            return codes.SERVICE_CRASH_LOOP, f"after {crashes} automatic restarts"
        if not now.final:
            return None
        if now.active == "failed":
            return codes.SERVICE_CRASH_LOOP if now.result == "start-limit-hit" else codes.SERVICE_FAILED, now.result
        return codes.SERVICE_STOPPED, ""

    def restart(self, timeout_s: float = 180.0, progress: Callable[[str], None] = _quiet) -> UnitState | None:
        """Restart the service and wait until its new process runs. The port is another question: probe it.

        Args:
            timeout_s: seconds until a start is given up; it goes on by itself. A stop before it has a limit of its
                own, that of the unit.
            progress: gets a line of plain words whenever the state changes.

        Returns:
            The state afterwards; None when a restart command was used instead of systemd.

        Raises:
            WizardError: service.masked, service.unit-missing, service.unit-broken, service.offline,
                service.no-systemctl, service.no-rights, service.failed, service.crash-loop, service.stopped,
                service.not-started, service.stop-timeout, service.start-timeout, service.restart-command.
        """
        command = self._machine.restart_command
        if command is not None:
            self._by_command(command, timeout_s)
            return None
        before = self.show()
        if before.load in UNUSABLE:
            raise self._refusal(UNUSABLE[before.load], before.load_error)
        # Earlier starts count towards the start limit, those of a crash loop too: systemd would refuse this one.
        # It fails where there is nothing to reset, and without the right to, which the next command tells better.
        self._systemctl("reset-failed", self.unit, "--no-ask-password")
        before = self.show()
        self._counted = before.restarts
        self._ask("restart", self.unit, "--no-block")
        return self._wait(before, timeout_s, progress)

    def follow_files(self) -> None:
        """Have systemd read the unit files again. A timer with a file is then enabled and started, one without neither.

        Raises:
            WizardError: service.masked, service.unit-broken, service.stopped, service.no-rights, service.offline,
                service.no-systemctl, service.systemctl-failed.
        """
        self._ask("daemon-reload")
        now = self.show()
        if now.load == "not-found":
            # None of these needs a file, and each may have nothing to do. A timer that lost its service has failed.
            service = self.unit.removesuffix(".timer") + ".service"
            for words in (("stop", self.unit), ("disable", self.unit), ("reset-failed", self.unit, service)):
                self._systemctl(*words, "--no-ask-password")
            now = self.show()
            if now.running:
                raise self._refusal(codes.SERVICE_SYSTEMCTL_FAILED, f"{self.unit} is {now.active} ({now.sub})")
            return
        if now.load in UNUSABLE:
            raise self._refusal(UNUSABLE[now.load], now.load_error)
        for verb in ("enable", "restart"):
            self._ask(verb, self.unit)
        now = self.show()
        if not now.running or now.properties.get("UnitFileState") != "enabled":
            raise self._refusal(codes.SERVICE_STOPPED, f"{now.active}, {now.properties.get('UnitFileState', '')}")

    def _ask(self, *arguments: str) -> None:
        self._ok(*arguments, "--no-ask-password")

    def _ok(self, *arguments: str) -> Completed:
        answer = self._systemctl(*arguments)
        if not answer.ok:
            raise refused(answer, self.unit)
        return answer

    def journal_tail(self, lines: int = 20) -> list[str]:
        """The unit's last journal lines, printable, oldest first; empty when the journal cannot be read."""
        beside = Path(self._machine.systemctl).with_name("journalctl")
        program = str(beside) if "/" in self._machine.systemctl else "journalctl"
        try:
            if not self._id:
                self.show()  # the journal does not know an alias
            argv = [program, "-u", self._id or self.unit, "-n", str(lines), "--no-pager", "-o", "cat", "-q"]
            answer = run(argv, timeout_s=_LOOK_TIMEOUT_S)
        except WizardError:
            return []
        return [printable(line, limit=400) for line in answer.stdout.splitlines()] if answer.ok else []

    def _wait(self, before: UnitState, timeout_s: float, progress: Callable[[str], None]) -> UnitState:
        # systemd sends a signal, waits so long, kills, and waits once more.
        stop_s = timeout_s if before.stop_s is None else 2 * before.stop_s + 10
        stop_until = time.monotonic() + stop_s
        shown, calm_since, until, pause = "", 0.0, 0.0, 0.02
        while True:
            now = self.show()
            words = f"{self.unit} is {now.active} ({now.sub})"
            if words != shown:
                progress(words)
                shown = words
            # systemd before 232 has no InvocationID.
            fresh = any(getattr(now, name) != getattr(before, name) for name in ("invocation", "pid", "stamp"))
            moment = time.monotonic()
            stopping = now.job and (now.active == "deactivating" or (now.running and not fresh))
            if not stopping:
                until = until or moment + timeout_s
            if now.running and fresh and not now.job:
                calm_since = calm_since or moment
                if moment - calm_since >= _CALM_S:
                    return now
            else:
                calm_since = 0.0
                why = self._over(before, now)
                if why is not None:
                    raise self._refusal(*why)
            if stopping and moment > stop_until:
                raise self._refusal(codes.SERVICE_STOP_TIMEOUT, f"{stop_s:g} seconds")
            if until and moment > until:
                raise self._refusal(codes.SERVICE_START_TIMEOUT, f"{timeout_s:g} seconds")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _over(self, before: UnitState, now: UnitState) -> tuple[Code, str] | None:
        """As `hopeless`, for a start that was asked for in the state *before*."""
        if not (now.final and now.active == "inactive"):
            return self.hopeless(now)
        if now.unmet not in {"", before.unmet}:
            return codes.SERVICE_NOT_STARTED, "a condition of the unit is not met"
        if now.stamp.strip("0") and now.stamp != before.stamp:
            return codes.SERVICE_STOPPED, "it stopped by itself, without an error"
        # systemd forgets what happened to a unit that is not enabled and not running.
        return codes.SERVICE_NOT_STARTED, "a unit that it needs did not start, or it stopped at once"

    def _by_command(self, command: tuple[str, ...], timeout_s: float) -> None:
        answer = run(command, timeout_s=timeout_s)
        if not answer.ok:
            raise WizardError(
                codes.SERVICE_RESTART_COMMAND,
                subject=self.unit,
                exit_code=answer.returncode,
                output=printable(" ".join((answer.stderr or answer.stdout).split()), limit=200),
                command=shlex.join(command),
            )

    def _refusal(self, spec: Code, evidence: str = "") -> WizardError:
        return unusable(spec, self.unit, evidence, self.journal_tail(8))

    def _systemctl(self, *arguments: str) -> Completed:
        program = self._machine.systemctl
        try:
            return run([program, *arguments], timeout_s=_LOOK_TIMEOUT_S)
        except WizardError as problem:
            if problem.spec == codes.PROGRAM_TOO_SLOW:
                raise
            raise unusable(codes.SERVICE_NO_SYSTEMCTL, self.unit, problem.message) from None


_TEXTS = {
    "Id": "id", "LoadState": "load", "ActiveState": "active", "SubState": "sub", "Result": "result", "User": "user",
    "InvocationID": "invocation", "ExecMainStartTimestampMonotonic": "stamp",
    "FragmentPath": "fragment", "SourcePath": "source", "ControlGroup": "control_group", "ExecStart": "command",
}  # fmt: skip
"""The members of `UnitState` that are as systemd says them."""


def _state(told: Mapping[str, str]) -> UnitState:
    texts: dict[str, Any] = {name: told.get(key, "") for key, name in _TEXTS.items()}
    return UnitState(
        **texts,
        load_error=printable(told.get("LoadError", "").partition(" ")[2].strip('"'), limit=200),
        job=_number(told.get("Job", "")) > 0,
        unmet=_unmet(told),
        dynamic_user=told.get("DynamicUser") == "yes",
        pid=_number(told.get("MainPID", "")),
        restarts=_number(told.get("NRestarts", "")),
        started=_started(told),
        drop_ins=tuple(told.get("DropInPaths", "").split()),
        stop_s=_span(told.get("TimeoutStopUSec", "1min 30s")),
        folder=told.get("WorkingDirectory", "").lstrip("!-"),
        needs_reload=told.get("NeedDaemonReload") == "yes",
        environment=_environment(told.get("Environment", "")),
        environment_files=tuple(line.partition(" (")[0] for line in told.get("EnvironmentFiles", "").splitlines()),
        properties={name: value for name, value in told.items() if name not in _SECRET},
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _started(told: Mapping[str, str]) -> float:
    """From the monotonic stamp: the other one is written in the host's own zone name, which nobody can parse safely."""
    microseconds = _number(told.get("ExecMainStartTimestampMonotonic", ""))
    if not microseconds or not told.get("MainPID", "0").strip("0"):
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + microseconds / 1e6


def _unmet(told: Mapping[str, str]) -> str:
    """The moment at which a condition or an assertion failed; a unit that was never started has none."""
    for name in ("Condition", "Assert"):
        moment = told.get(f"{name}TimestampMonotonic", "0")
        if told.get(f"{name}Result") == "no" and moment.strip("0"):
            return f"{name} {moment}"
    return ""


def _span(text: str) -> float | None:
    """A time span as systemctl writes it, `1min 30s`, in seconds; None for `infinity`."""
    parts = re.findall(r"([\d.]+)([a-z]+)", text)
    if not parts or any(unit not in _UNITS_S for _, unit in parts):
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _environment(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shell_words(text) if "=" in word)


_LISTEN = "0A"  # TCP_LISTEN in the table of the kernel
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket.

    Attributes:
        address: it is bound to, in the kernel's words: `127.0.0.1`, `0.0.0.0`, `::`, `::1`.
        port: TCP port.
        uid: of the account that opened it.
        pid: of the process that holds it; None when this account may not see that.
        program: short name of that process, printable; "" when unknown.
    """

    address: str
    port: int
    uid: int
    pid: int | None = None
    program: str = ""


def on_port(port: int) -> list[Listener]:
    """Everything that listens on *port*; empty when nothing does, or where there is no /proc."""
    found = [(inode, listener) for inode, listener in _sockets() if listener.port == port]
    if not found:
        return []
    owners = _owners({inode for inode, _ in found})
    return [_owned(listener, owners.get(inode)) for inode, listener in found]


def of_processes(pids: Iterable[int]) -> list[Listener]:
    """What these processes listen on, lowest port first; empty when that may not be seen."""
    held: dict[str, int] = {}
    for member in pids:
        held |= dict.fromkeys(_inodes(member), member)
    mine = [_owned(listener, held[inode]) for inode, listener in _sockets() if inode in held]
    return sorted(mine, key=lambda listener: (listener.port, listener.address))


def _sockets() -> list[tuple[str, Listener]]:
    found: list[tuple[str, Listener]] = []
    for table in _TABLES:
        for line in text_of(table).splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                address, _, port = fields[1].rpartition(":")
                found.append((fields[9], Listener(_address(address), int(port, 16), int(fields[7]))))
    return found


def _address(text: str) -> str:
    """The kernel writes addresses as 32-bit words in the byte order of the machine, which is little-endian here."""
    data = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def _owned(listener: Listener, pid: int | None) -> Listener:
    if pid is None:
        return listener
    program = printable(text_of(f"/proc/{pid}/comm").strip())
    return Listener(listener.address, listener.port, listener.uid, pid, program)


def _owners(inodes: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - thousands of names, no Path for each
        if name.isdigit():
            for inode in _inodes(int(name)) & inodes:
                found.setdefault(inode, int(name))
            if len(found) == len(inodes):
                break
    return found


def _inodes(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    found: set[str] = set()
    try:
        names = os.listdir(folder)  # noqa: PTH208 - as above
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - as above
        except OSError:
            continue  # closed meanwhile: a server opens and closes connections all the time
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def family(pid: int) -> list[int]:
    """Process *pid*, its children, and theirs."""
    members: list[int] = []
    pending = [pid]
    while pending and len(members) < 1000:
        member = pending.pop()
        members.append(member)
        pending += [int(child) for child in text_of(f"/proc/{member}/task/{member}/children").split()]
    return members


_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
"""Where systemd keeps the groups of its units: version 2, version 1, both (systemd.io, control group interface)."""


def account_of(machine: Machine, unit: UnitState) -> Account | None:
    """The account that the service runs as; None when nobody can tell now.

    A SysV script changes the account itself, and the account of `DynamicUser=` exists only while the service runs:
    then it is the one that owns the listening sockets of the unit's processes.
    """
    if unit.user:
        found = lookup(machine, unit.user)
        if found is not None or not unit.dynamic_user:
            return found
    owners = {listener.uid: listener.pid for listener in of_processes(processes(unit))}
    # A helper of root may listen beside the server itself.
    for uid, pid in sorted(owners.items(), key=lambda owner: owner[0] == 0):
        if pid is not None:
            return _of_process(pid, uid)
    return None if unit.user or unit.source else lookup(machine, "")


def processes(unit: UnitState) -> list[int]:
    """Everything that runs in the unit's control group, and the family of its main process."""
    found = dict.fromkeys(family(unit.pid)) if unit.pid else {}
    for mount in _CGROUPS if unit.control_group.strip("/") else ():
        for path in Path(mount + unit.control_group).glob("**/cgroup.procs"):
            found |= dict.fromkeys(int(word) for word in text_of(path).split())
    return list(found)


def _of_process(pid: int, uid: int) -> Account | None:
    """With the groups that the process has; it may belong to an account without a name."""
    lines = text_of(f"/proc/{pid}/status").splitlines()
    if not lines:
        return None
    told = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    gid = int(told["Gid"][1])
    groups = frozenset({gid, *(int(word) for word in told.get("Groups", []))})
    return Account(name_of(uid), uid, gid, groups)
