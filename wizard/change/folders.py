"""A folder made so that it is there with its rights or not at all, and taken away again when nothing else is in it."""

import contextlib
import errno
import os
from pathlib import Path

from wizard.change.durable import temporary_name, write_failure
from wizard.change.images import FileImage
from wizard.change.syscalls import Syscalls

_IN_USE = {errno.ENOTEMPTY, errno.EEXIST}
"""How systems say that a folder is not empty (rmdir(2))."""


def make_folder(path: Path, image: FileImage, *, token: str, calls: Syscalls) -> None:
    """Make the folder *path* with the owner and mode of *image*: under another name first, then renamed, both on disk.

    When the process dies, at most the empty folder `temporary_name(path, token)` is left.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = path.with_name(temporary_name(path, token))
    try:
        calls.mkdir(temporary)
        at = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _dress(temporary, image, calls)
            calls.rename(temporary.name, path.name, at=at)
            calls.fsync(at, path.name)
        finally:
            os.close(at)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.rmdir()
        raise write_failure(path, error) from error


def _dress(temporary: Path, image: FileImage, calls: Syscalls) -> None:
    descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if (status.st_uid, status.st_gid) != (image.uid, image.gid):
            calls.chown(descriptor, image.uid, image.gid, temporary.name)
        calls.chmod(descriptor, image.mode, temporary.name)
        calls.fsync(descriptor, temporary.name)
    finally:
        os.close(descriptor)


def remove_folder(path: Path, *, calls: Syscalls) -> None:
    """Take the folder *path* away; one that holds files of somebody else stays, and one that is gone is fine.

    Raises:
        WizardError: `change.write-failed`.
    """
    try:
        calls.rmdir(path)
        at = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            calls.fsync(at, path.name)
        finally:
            os.close(at)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _IN_USE:
            raise write_failure(path, error) from error


def remove_temporary_folder(path: Path, token: str, *, calls: Syscalls) -> None:
    """Remove what a `make_folder` with *token* left beside *path* when its process died.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = path.with_name(temporary_name(path, token))
    if temporary.is_dir() and not temporary.is_symlink():
        remove_folder(temporary, calls=calls)
