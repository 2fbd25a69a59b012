"""A folder made so that it is there with its rights or not at all, and taken away again when nothing else is in it."""

import contextlib
import errno
import os
from pathlib import Path, PurePosixPath

from wizard.change.durable import sync_folder, temporary_name, write_failure
from wizard.change.images import FileImage, read_image
from wizard.change.syscalls import REAL, Syscalls
from wizard.host.directory import Directory, walk

_IN_USE = {errno.ENOTEMPTY, errno.EEXIST}
"""How systems say that a folder is not empty (rmdir(2))."""


def new_folder(above: Directory, name: str, *, calls: Syscalls = REAL) -> Directory:
    """Make the folder *name*, mode 0700, and open it.

    Raises:
        OSError: also ESTALE: another folder was put in its place before it could be opened.
    """
    calls.mkdir(name, at=above.descriptor)
    made = above.open(name)
    if made.status.st_uid != os.geteuid() or made.names():
        raise _exchanged()
    return made


def _the_same(above: Directory, name: str, made: Directory) -> Directory:
    try:
        there = above.open(name)
    except OSError as error:
        raise _exchanged() from error
    if not there.same_as(made):
        raise _exchanged()
    return there


def _exchanged() -> OSError:
    return OSError(errno.ESTALE, "another folder was put in its place")


def reach(path: Path, *, last: bool = True, calls: Syscalls = REAL) -> Directory:
    """Open the folder *path* that the operator named, made with mode 0700 where it is missing.

    Args:
        path: links on the way are followed, once.
        last: the last part may be a link too.
        calls: the system calls, replaced in tests.

    Raises:
        OSError: it cannot be made or opened.
    """
    target = walk(Path("/"), PurePosixPath(path.absolute()), last=last)
    folder = target.folders[-1]
    for name in target.names:
        try:
            folder = folder.open(name)
        except FileNotFoundError:
            above, folder = folder, new_folder(folder, name, calls=calls)
            sync_folder(above, calls=calls)
    return folder


def make_folder(above: Directory, name: str, image: FileImage, *, token: str, calls: Syscalls) -> Directory:
    """Make the folder *name* with the owner and mode of *image*: under another name first, then renamed, both on disk.

    When the process dies, at most the empty folder `temporary_name(name, token)` is left.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = temporary_name(name, token)
    try:
        made = new_folder(above, temporary, calls=calls)
        if (made.status.st_uid, made.status.st_gid) != (image.uid, image.gid):
            calls.chown(made.descriptor, image.uid, image.gid, temporary)
        calls.chmod(made.descriptor, image.mode, temporary)
        calls.fsync(made.descriptor, temporary)
        calls.rename(temporary, name, at=above.descriptor)
        calls.fsync(above.descriptor, name)
        there = _the_same(above, name, made)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.rmdir(temporary, dir_fd=above.descriptor)
        raise write_failure(above.path / name, error) from error
    return there


def remove_folder(above: Directory, name: str, *, calls: Syscalls) -> None:
    """Take the folder *name* away; one that holds files of somebody else stays, and one that is gone is fine.

    Raises:
        WizardError: `change.write-failed`.
    """
    try:
        calls.rmdir(name, at=above.descriptor)
        calls.fsync(above.descriptor, name)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _IN_USE:
            raise write_failure(above.path / name, error) from error


def remove_temporary_folder(above: Directory, name: str, token: str, *, calls: Syscalls) -> None:
    """Remove what a `make_folder` with *token* left beside *name* when its process died.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = temporary_name(name, token)
    if read_image(above, temporary)[0].kind == "folder":
        remove_folder(above, temporary, calls=calls)
