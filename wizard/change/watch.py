"""Start a change in its own process, and follow one that runs or has ended. To follow it never affects it."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard import codes, self_start
from wizard.change.context import Operator, WithoutAnchor
from wizard.change.durable import full_at, open_file
from wizard.change.events import APPLIED, CHANGE, KEPT, NO_CHANGE, REFUSED, STUCK, Event, Failure, Outcome
from wizard.change.job import APPLY, RECOVER, ROLLBACK, Job, passed_on
from wizard.change.lock import Holder, holder_of
from wizard.change.plan import Plan
from wizard.change.store import EVENTS, ChangeFolder, Store, unreadable
from wizard.errors import BusyError, ExitCode, RecoveryNeededError, WizardError
from wizard.host.machine import Machine, name_of
from wizard.printable import rfc3339
from wizard.secret import Secret

_POLL_S = 0.01
_NO_LOGIN = 2**32 - 1
"""The login uid of a process that no login has started."""
_MOST = 4 * 1024 * 1024
"""Bytes of events that are read at once; a change has thousands."""


@dataclass(frozen=True, slots=True)
class ChangeRun:
    """A run that can be watched.

    Attributes:
        id: of the change; empty when there was nothing to do.
        offset: where in the change's events this run begins, in bytes.
    """

    id: str
    offset: int = 0


def start(machine: Machine, plan: Plan, secrets: Mapping[str, Secret], *, ports: str = "") -> ChangeRun:
    """Begin to apply *plan* in a process that outlives this one.

    Args:
        machine: what is changed.
        plan: as reviewed.
        secrets: by the names that the plan uses; they go through a pipe.
        ports: for tests, as in `Job.ports`.

    Raises:
        BusyError: another run is at work.
        RecoveryNeededError: an earlier change waits for `recover`.
        WizardError: whatever else kept it from beginning; `change.worker-silent`.
    """
    return _launch(Job(APPLY, machine, plan.without_findings(), secrets=secrets, who=operator()), ports)


def start_rollback(
    machine: Machine,
    change: str | None,
    secrets: Mapping[str, Secret],
    *,
    without: Mapping[str, WithoutAnchor] | None = None,
    ports: str = "",
) -> ChangeRun:
    """Begin to take *change* back (None: the newest in effect); *without* as in `Context`, errors as `rollback`."""
    job = Job(ROLLBACK, machine, change=change or "", secrets=secrets, who=operator(), without=without or {})
    return _launch(job, ports)


def start_recover(
    machine: Machine,
    mode: str,
    secrets: Mapping[str, Secret],
    *,
    without: Mapping[str, WithoutAnchor] | None = None,
    ports: str = "",
) -> ChangeRun:
    """Begin to settle an interrupted change; *without* as in `Context`, errors as `start` and `recover`."""
    return _launch(Job(RECOVER, machine, mode=mode, secrets=secrets, who=operator(), without=without or {}), ports)


def running(machine: Machine) -> Holder | None:
    """The run that is at work now, or None.

    Raises:
        WizardError: `change.state-unreadable`.
    """
    store = Store(machine.state_dir)
    try:
        return holder_of(store.lock)
    except OSError as error:
        raise unreadable(store.root, error) from error


def events(machine: Machine, run: ChangeRun | str, *, follow: bool = True) -> Iterator[Event]:
    """Every event of a run, from its beginning to its last, waiting for those to come.

    A worker that died is reported by a last event of its own, with the outcome `recovery_needed`.

    Args:
        machine: whose state folder.
        run: what `start` returned, or the id of a change.
        follow: wait for the end; otherwise stop at what is there.
    """
    run = run if isinstance(run, ChangeRun) else ChangeRun(run)
    if not run.id:
        yield Event(CHANGE, "done", "There was nothing to do.", _now(), NO_CHANGE)
        return
    store = Store(machine.state_dir)
    folder = store.find(run.id)
    offset, ended = run.offset, False
    while True:
        lines, offset = _lines(folder, offset)
        for line in lines:
            with contextlib.suppress(ValueError):
                event = Event.from_line(line)
                yield event
                ended = bool(event.outcome)
        if (ended and not _is_at_work(store, run.id)) or not follow:
            return
        if ended or lines or _is_at_work(store, run.id):
            time.sleep(_POLL_S if not lines else 0)
            continue
        # It may have written its last event between our reading and our look at the lock.
        lines, _ = _lines(folder, offset)
        if not lines:
            yield _last_word(store, run.id)
            return


def outcome(machine: Machine, run: ChangeRun | str) -> Outcome:
    """Wait for the end of a run and tell how it ended."""
    states: dict[str, str] = {}
    last: Event | None = None
    for event in events(machine, run):
        if event.state != "progress":
            states[event.step] = event.state
        last = event if event.outcome else last
    name = run.id if isinstance(run, ChangeRun) else run
    if last is None or last.outcome == NO_CHANGE:
        return Outcome(NO_CHANGE)
    digest = ""
    folder = Store(machine.state_dir).find(name)
    page = str(folder.page) if os.path.exists(folder.page) else ""
    with contextlib.suppress(WizardError):
        digest = folder.manifest().digest
    failure = None if last.state == "done" else Failure(last.code, last.text, last.hint)
    text = str(folder.evidence) if os.path.isfile(folder.evidence) else ""
    return Outcome(last.outcome, name, digest, states, failure, page, last.at, text)


def operator() -> Operator:
    """The operator at this terminal, before sudo."""
    sudo_user = os.environ.get("SUDO_USER", "")
    user = sudo_user or name_of(os.getuid())
    login = tty = ""
    with contextlib.suppress(OSError, ValueError):
        number = int(Path("/proc/self/loginuid").read_text())
        login = "" if number == _NO_LOGIN else name_of(number)
    for descriptor in (2, 1, 0):
        with contextlib.suppress(OSError):
            tty = os.ttyname(descriptor)
    return Operator(user, tty, login, sudo_user)


def _launch(job: Job, ports: str) -> ChangeRun:
    if ports:
        job = replace(job, ports=ports)
    before = _sizes(job.machine)
    line = _answer_to(job)
    if not line:
        raise WizardError(codes.CHANGE_WORKER_SILENT)
    answer = json.loads(line)
    if "error" in answer:
        raise _error(answer["error"], answer["exit_code"])
    change = str(answer.get("change", ""))
    return ChangeRun(change, before.get(change, 0))


def _answer_to(job: Job) -> bytes:
    """Have a new process do *job*; its one line of answer, b"" when it ended without one."""
    child = subprocess.Popen(
        self_start.command(self_start.WORKER),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=passed_on(os.environ),
        start_new_session=True,
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("pipes were requested")
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(job.dump())
    with child.stdout:
        line = child.stdout.readline()
    # In the background, so that a child that ended is no zombie.
    threading.Thread(target=child.wait, daemon=True).start()
    return line


def _error(parts: list[str], exit_code: int) -> WizardError:
    kinds: dict[int, type[WizardError]] = {ExitCode.BUSY: BusyError, ExitCode.NEEDS_RECOVERY: RecoveryNeededError}
    error = kinds.get(exit_code, WizardError).recorded(*parts)
    error.exit_code = ExitCode(exit_code)
    return error


def _sizes(machine: Machine) -> dict[str, int]:
    """How long the events of each change are now: a recovery goes on in the same file."""
    sizes: dict[str, int] = {}
    with contextlib.suppress(WizardError):
        for folder in Store(machine.state_dir).changes():
            with contextlib.suppress(OSError):
                sizes[folder.id] = folder.events.stat().st_size
    return sizes


def _lines(folder: ChangeFolder, offset: int) -> tuple[list[str], int]:
    """The whole lines of the events from *offset* on, and the offset after them; none of what is no file."""
    try:
        with open_file(folder.open(), EVENTS) as stream:
            stream.seek(offset)
            data = stream.read(_MOST)
    except OSError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), offset + len(whole)


def _is_at_work(store: Store, change: str) -> bool:
    holder = holder_of(store.lock)
    return holder is not None and holder.change in {"", change}


def _last_word(store: Store, change: str) -> Event:
    """What to say of a worker that died without an outcome: the journal knows."""
    plan = store.find(change).plan()
    full = full_at(store.root)
    if plan.untouched or (plan.phase == "closed" and plan.outcome == REFUSED):
        if full:
            error = WizardError(codes.CHANGE_NO_ROOM, case="not-begun", mount=full, state=store.root)
        else:
            error = WizardError(codes.CHANGE_WORKER_SILENT, case="ended", change=change)
        return Event(CHANGE, "failed", error.message, _now(), REFUSED, error.code, error.hint)
    if plan.phase == "closed":
        text = f"Change {change} has ended: {plan.outcome}."
        state = "done" if plan.outcome in {APPLIED, KEPT} else "failed"
        return Event(CHANGE, state, text, _now(), plan.outcome)
    if full:
        error = WizardError(codes.CHANGE_INTERRUPTED, case="full", change=change, mount=full, state=store.root)
    else:
        error = WizardError(codes.CHANGE_INTERRUPTED, case="ended", change=change)
    return Event(CHANGE, "failed", error.message, _now(), STUCK, error.code, error.hint)


def _now() -> str:
    return rfc3339(datetime.now(UTC))
