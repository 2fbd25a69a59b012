"""One run at a time, and who it is."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from wizard.errors import BusyError
from wizard.findings import FindingSpec, Severity
from wizard.host.directory import Directory
from wizard.printable import printable
from wizard.records import dataclass

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


class Lock:
    """The lock that is held; tells others about the change."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor = descriptor
        self.tell(holder)

    def tell(self, holder: Holder) -> None:
        """Write who holds it; a full disk costs the words, not the lock."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(asdict(holder)).encode(), 0)

    def release(self) -> None:
        """Let the next one in."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


@contextlib.contextmanager
def hold(ensure: Callable[[], Directory], path: Path, holder: Holder) -> Iterator[Lock]:
    """Hold the lock file *path* while the block runs; the kernel lets go of it when the process dies.

    Args:
        ensure: makes the file's folder where it is missing, and opens it.
        path: of the file.
        holder: this process.

    Raises:
        BusyError: `change.busy`, with the holder.
    """
    patience = time.monotonic() + _PATIENCE_S
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = ensure()
        descriptor = os.open(path.name, flags, 0o600, dir_fd=folder.descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(descriptor)
            os.close(descriptor)
            # A watcher that only looks holds the lock for a moment, without a name.
            if other is None and time.monotonic() < patience:
                time.sleep(0.02)
                continue
            raise _busy(other, path) from None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_the_file(descriptor, path):
            break
        # The folder was removed and made again between open and lock: this lock would guard nothing.
        os.close(descriptor)
    lock = Lock(descriptor, holder)
    try:
        yield lock
    finally:
        lock.release()


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock now, or None when nobody does.

    Raises:
        OSError: the state folder may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor) or Holder(0)
    finally:
        os.close(descriptor)
    return None


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (OSError, ValueError, TypeError):
        return None


def _is_the_file(descriptor: int, path: Path) -> bool:
    mine = os.fstat(descriptor)
    try:
        named = path.lstat()
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)


def _busy(other: Holder | None, path: Path) -> BusyError:
    who = other.words if other else "a process that has not said who it is"
    change = f" It makes change {other.change}." if other and other.change else ""
    return BusyError(
        "change.busy",
        f"Another run of the wizard is changing this machine: {who}.{change}",
        "Wait until it has ended; start the wizard without arguments to watch it.",
        str(path),
    )


REFUSALS: tuple[FindingSpec, ...] = (
    FindingSpec(
        "change.busy",
        Severity.BLOCKER,
        "Another run is at work",
        "Another run of the wizard holds the lock of this machine; the message names process, user and since when.",
        "Two changes at once could each undo a part of the other.",
        "Wait until it has ended, or watch it by starting the wizard without arguments.",
        "flock(2)",
    ),
)
