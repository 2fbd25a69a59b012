"""Check the disk space for a change, its backups and its undo before it begins."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from wizard import codes
from wizard.errors import WizardError
from wizard.host.directory import Directory
from wizard.printable import printable

_SPARE = 1024 * 1024
"""Space that is left free on every file system written to, in bytes."""

_LINES = 8192
"""What the last lines of a change take, in bytes; a file system with less is called full."""


def check_room(sizes: Iterable[tuple[Directory, int]]) -> None:
    """Refuse when a file system has no space for what will be written to it.

    Args:
        sizes: open folders and how many bytes will be added there.

    Raises:
        WizardError: `change.no-room`.
    """
    needed: Counter[int] = Counter()
    folders: dict[int, Directory] = {}
    for folder, size in sizes:
        device = folder.status.st_dev
        # Each file also takes its last block, and the name may need a new block in the folder.
        needed[device] += size + 8192
        folders.setdefault(device, folder)
    for device, folder in folders.items():
        system = os.statvfs(folder.descriptor)
        free = (system.f_bfree if os.geteuid() == 0 else system.f_bavail) * system.f_frsize
        if free < needed[device] + _SPARE or (system.f_files and not system.f_ffree):
            raise WizardError(
                codes.CHANGE_NO_ROOM,
                subject=folder.path,
                mount=mount_point(folder.path),
                free=free // 1024,
                needed=needed[device] // 1024 + 1024,
                folder=folder.path,
            )


def check_change_room(state: Directory, files: Iterable[tuple[Directory, int, int]]) -> None:
    """Refuse a change without space for its new files, its backups and its undo.

    Args:
        state: the folder of the change, or the nearest one that is there.
        files: for each file its folder, its new and its old size in bytes.

    Raises:
        WizardError: `change.no-room`.
    """
    known = list(files)
    check_room([(folder, max(new, old)) for folder, new, old in known])
    check_room([(state, sum(new + 3 * old for _, new, old in known))])


def mount_point(path: Path) -> Path:
    """Where the file system that holds *path*, or would hold it, is mounted."""
    path = Path(os.path.realpath(path))
    while not path.is_mount() and path != path.parent:
        path = path.parent
    return path


def full_at(path: Path) -> str:
    """Where the file system that holds *path* is mounted when it has no space for a few lines more; "" otherwise."""
    try:
        system = os.statvfs(path)
    except OSError:
        return ""
    free = (system.f_bfree if os.geteuid() == 0 else system.f_bavail) * system.f_frsize
    return printable(str(mount_point(path))) if free < _LINES or (system.f_files and not system.f_ffree) else ""
