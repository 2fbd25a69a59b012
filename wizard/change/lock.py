"""The lock: one run at a time, with the name of its holder."""

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wizard import codes
from wizard.change.context import Context
from wizard.change.durable import explained, write_failure
from wizard.change.events import APPLIED, CHANGE, REFUSED, Failure
from wizard.change.evidence import write_evidence
from wizard.change.file_state import is_restored, live_image
from wizard.change.journal import CLOSED, Journal, Manifest, RecoveryPlan
from wizard.change.plan_file import typed
from wizard.change.store import EVENTS, STAGED, ChangeFolder, Store, unreadable
from wizard.errors import BusyError, RecoveryNeededError, WizardError
from wizard.findings import Fact
from wizard.host.directory import Directory
from wizard.printable import printable, rfc3339
from wizard.texts.en.change import NOTHING_CHANGED

_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock.

    Attributes:
        pid: of the process.
        user: login name.
        tty: terminal, empty when there is none.
        since: RFC 3339, UTC.
        change: id of the change, empty until it has one.
    """

    pid: int
    user: str = ""
    tty: str = ""
    since: str = ""
    change: str = ""

    @property
    def words(self) -> str:
        """For a message."""
        place = f" on {printable(self.tty)}" if self.tty else ""
        return f"process {self.pid} of {printable(self.user) or 'an unknown user'}{place}, since {self.since}"


@contextlib.contextmanager
def hold(ensure: Callable[[], Directory], path: Path, holder: Holder) -> Iterator[Callable[[Holder], None]]:
    """Hold the lock file *path* while the block runs; the kernel lets go of it when the process dies.

    Yields a function that writes into the file who holds it.

    Args:
        ensure: makes the file's folder where it is missing, and opens it.
        path: of the file.
        holder: this process.

    Raises:
        BusyError: `change.busy`, with the holder.
        OSError: also ESTALE: another folder is in its place before it was locked.
    """
    patience = time.monotonic() + _PATIENCE_S
    folder = ensure()
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        _check_file(path)
        descriptor = os.open(path.name, flags, 0o600, dir_fd=folder.descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A watcher that only looks holds the lock for a moment; a name in it is that of a run that was killed.
            other = None if _is_watched(descriptor) else _read(descriptor)
            os.close(descriptor)
            if other is None and time.monotonic() < patience:
                time.sleep(0.02)
                continue
            raise _busy(other, path) from None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_the_file(descriptor, path):
            break
        # The file is not the one under that name any more: this lock would guard nothing.
        os.close(descriptor)
        if not Directory(path.parent).same_as(folder):
            raise OSError(errno.ESTALE, "another folder is in its place")

    def tell(now: Holder | None) -> None:
        with contextlib.suppress(OSError):  # on a full disk the holder is not written, but the lock holds
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(asdict(now)).encode() if now else b"", 0)

    tell(holder)
    try:
        yield tell
    finally:
        tell(None)
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock now, or None when nobody does.

    Raises:
        OSError: the state folder may not be read.
        WizardError: `change.lock-unusable`.
    """
    _check_file(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor) or Holder(0)
    finally:
        os.close(descriptor)
    return None


def _check_file(path: Path) -> None:
    """Refuse a lock that is no regular file: a link is not followed, and a pipe would be waited for.

    Raises:
        WizardError: `change.lock-unusable`.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise WizardError(codes.CHANGE_LOCK_UNUSABLE, subject=path, path=path)


def _read(descriptor: int) -> Holder | None:
    """What the lock says; None when it is empty or damaged."""
    try:
        found: Holder = typed(Holder, json.loads(os.pread(descriptor, 4096, 0)))
    except (OSError, ValueError, RecursionError):
        return None
    return found


def _is_watched(descriptor: int) -> bool:
    """Whether nobody but watchers holds the lock: they share it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_the_file(descriptor: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    return False


def _busy(other: Holder | None, path: Path) -> BusyError:
    if other is None:
        return BusyError(codes.CHANGE_BUSY, case="unknown", subject=path)
    if other.change:
        return BusyError(codes.CHANGE_BUSY, case="change", subject=path, process=other.words, change=other.change)
    return BusyError(codes.CHANGE_BUSY, subject=path, process=other.words)


@dataclass(slots=True)
class Opened:
    """The state folder, locked."""

    store: Store
    tell: Callable[[Holder], None]
    holder: Holder

    def begin(self, context: Context) -> tuple[ChangeFolder, Journal]:
        """Create the folder and the journal of a new change, and announce its id.

        Raises:
            WizardError: `change.write-failed`; nothing was changed.
        """
        try:
            folder = self.store.new(context.now())
            self.attach(folder, context)
            return folder, folder.open_journal(context.calls)
        except OSError as error:
            failure = write_failure(self.store.root, error)
            failure.message = NOTHING_CHANGED.format(message=failure.message)
            raise failure from error

    def attach(self, folder: ChangeFolder, context: Context) -> None:
        """Tell who waits for the lock, and who watches, which change this is."""
        context.events.open(folder.open(), EVENTS)
        self.tell(replace(self.holder, change=folder.id))
        context.announce(folder.id)


@contextlib.contextmanager
def opened(context: Context) -> Iterator[Opened]:
    """Lock the state folder while the block runs.

    Raises:
        BusyError: another run is at work.
        WizardError: the state folder cannot be used, or what is in it cannot be written (`change.write-failed`).
    """
    store = Store(context.machine.state_dir, context.calls)
    holder = Holder(os.getpid(), context.who.user, context.who.tty, rfc3339(context.now()))
    with explained(store.root), hold(store.ensure, store.lock, holder) as tell:
        try:
            yield Opened(store, tell, holder)
        finally:
            write_evidence(store, context)


def sweep(store: Store, context: Context) -> None:
    """Close what needs no decision; refuse if something does.

    Raises:
        RecoveryNeededError: `change.interrupted`.
    """
    for folder in store.changes():
        if folder.purged and folder.has_backups:
            store.complete_purge(folder)
        plan = folder.plan()
        if plan.untouched:
            close(folder, REFUSED, context)
        elif plan.phase == "verified" and not _taken_back(folder.manifest(), context):
            close(folder, APPLIED, context)
        elif plan.phase != "closed":
            raise _interrupted(folder, plan)
        elif folder.holds(STAGED) and not (plan.outcome == APPLIED and _keeps_copies(folder)):
            folder.wipe_staged(context.calls)


def check_free(store: Store) -> None:
    """Refuse while another run is at work or a change waits for `recover`; nothing is locked, nothing is written.

    Raises:
        BusyError: `change.busy`.
        RecoveryNeededError: `change.interrupted`, `change.journal-damaged`.
        WizardError: `change.lock-unusable`, `change.state-unreadable`.
    """
    try:
        holder = holder_of(store.lock)
    except OSError as error:
        raise unreadable(store.root, error) from error
    if holder is not None:
        raise _busy(holder if holder.pid else None, store.lock)
    folder = unfinished(store)
    if folder is not None and folder.plan().phase != "verified":
        raise _interrupted(folder, folder.plan())


def unfinished(store: Store) -> ChangeFolder | None:
    """The change that waits for `recover`, or None."""
    for folder in reversed(store.changes()):
        plan = folder.plan()
        if plan.phase != "closed" and not plan.untouched:
            return folder
    return None


def close(folder: ChangeFolder, outcome: str, context: Context) -> None:
    """Write the last line of a change that an earlier run left open without harm."""
    with contextlib.closing(folder.open_journal(context.calls)) as journal:
        journal.append(CLOSED, fact=outcome)
    if outcome != APPLIED or not _keeps_copies(folder):
        folder.wipe_staged(context.calls)


def keeps_copies(manifest: Manifest) -> bool:
    """Whether the new bytes of an applied change stay, so that what is lost later can be applied again from them.

    An undo leaves what an earlier change left, which has a copy of its own.
    """
    return not manifest.rolls_back


def _keeps_copies(folder: ChangeFolder) -> bool:
    with contextlib.suppress(RecoveryNeededError):
        return keeps_copies(folder.manifest())
    return False


def say_outcome(context: Context, state: str, text: str, outcome: str, failure: Failure | None = None) -> None:
    """Tell the last event."""
    context.events.say(CHANGE, state, text, outcome=outcome, failure=failure)
    context.events.close()


def _taken_back(manifest: Manifest, context: Context) -> bool:
    """Whether an undo had begun that the journal does not know of, because its record could not be written."""
    try:
        return any(is_restored(live_image(action, context), action) for action in manifest.knowing(()).actions)
    except WizardError:
        return False  # a folder was exchanged since: the journal alone knows


def _interrupted(folder: ChangeFolder, plan: RecoveryPlan) -> RecoveryNeededError:
    phase = "being undone" if plan.phase == "undoing" else "being made"
    case = "page" if os.path.exists(folder.page) else ""
    facts: dict[str, Fact] = {"change": folder.id, "phase": phase, "page": folder.page}
    return RecoveryNeededError(codes.CHANGE_INTERRUPTED, case=case, subject=folder.id, **facts)
