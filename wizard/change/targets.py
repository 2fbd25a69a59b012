"""Resolve a path, read what is there, and check that it can be replaced. Nothing is written."""

import errno
import fcntl
import os
import struct
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wizard import codes
from wizard.change.durable import ABSENT_FILE, FileImage, read_image
from wizard.change.plan import Expectation
from wizard.errors import WizardError
from wizard.host.directory import Directory, Identity, Target, strangers, walk
from wizard.host.machine import Machine
from wizard.printable import printable

if TYPE_CHECKING:
    from wizard.change.context import Context
    from wizard.change.journal import Action

_GETFLAGS = 0x80086601
_FROZEN = {0x10: "immutable", 0x20: "append-only"}
"""Inode flags of ioctl_iflags(2) that forbid replacing a file even to root."""


def resolve(machine: Machine, named: PurePosixPath) -> Target:
    """Walk to *named* as the machine itself would, also when it lies below another root.

    Raises:
        WizardError: `change.link-loop`, `change.target-unreadable`.
    """
    try:
        return walk(machine.root, named)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise _unreadable(printable(str(named)), named, error) from error
        raise WizardError(codes.CHANGE_LINK_LOOP, subject=named, path=named) from error


def _unreadable(shown: str, named: PurePosixPath, error: OSError) -> WizardError:
    reason = error.strerror or str(error)
    return WizardError(codes.CHANGE_TARGET_UNREADABLE, subject=named, path=shown, reason=reason)


def expectation(machine: Machine, named: PurePosixPath) -> Expectation:
    """What is at *named* now, for a step of a plan; errors as `find`."""
    return find(machine, named)[0]


def find(machine: Machine, named: PurePosixPath) -> tuple[Expectation, bytes]:
    """What is at *named* now, for a step of a plan, and its bytes.

    Raises:
        WizardError: `change.link-loop`, `change.target-unreadable`.
    """
    target = resolve(machine, named)
    image, data = look(target)
    return _expectation(target, image), data


def _expectation(target: Target, image: FileImage) -> Expectation:
    link = "" if target.path == target.named else str(target.path)
    folder = None if target.folder is None else target.folder.identity
    if not image.exists:
        return Expectation(kind=image.kind, link_to=link, folder=folder)
    return Expectation(True, image.sha256, image.mode, image.uid, image.gid, "file", link, folder)


def look(target: Target) -> tuple[FileImage, bytes]:
    """The image and bytes of *target*.

    Raises:
        WizardError: `change.target-unreadable`.
    """
    try:
        return (ABSENT_FILE, b"") if target.folder is None else read_image(target.folder, target.name)
    except OSError as error:
        raise _unreadable(target.shown, target.named, error) from error


def check_expected(target: Target, image: FileImage, expect: Expectation) -> None:
    """Refuse a file that is not what the review showed, or that is in another folder.

    Raises:
        WizardError: `change.changed-since-review`, with what differs; `change.folder-exchanged`.
    """
    now = _expectation(target, image)
    if now == expect:
        check_folder(target, expect.folder)
        return
    if now.exists != expect.exists:
        what = "it exists now" if now.exists else "it is gone"
    elif now.kind != expect.kind or now.link_to != expect.link_to:
        what = f"it is now a {now.kind}" if now.kind != expect.kind else "the link leads elsewhere"
    elif now.sha256 != expect.sha256:
        what = "its content changed"
    elif now.mode != expect.mode:
        what = f"its mode is {now.mode or 0:04o}, not {expect.mode or 0:04o}"
    else:
        what = f"its owner is {now.uid}:{now.gid}, not {expect.uid}:{expect.gid}"
    raise WizardError(codes.CHANGE_CHANGED_SINCE_REVIEW, subject=target.named, path=target.shown, difference=what)


def check_folder(target: Target, recorded: Identity | None, *, exact: bool = True, may_be_gone: bool = False) -> None:
    """Refuse the folder of *target* when it is not the *recorded* one; `exact` as in `Identity.differs`.

    Raises:
        WizardError: `change.folder-exchanged`.
    """
    if recorded is not None and not (may_be_gone and target.folder is None):
        why = "it is gone" if target.folder is None else recorded.differs(target.folder.identity, exact=exact)
        if why:
            raise _exchanged(target.path.parent, why)


def _exchanged(folder: PurePosixPath, why: str) -> WizardError:
    return WizardError(codes.CHANGE_FOLDER_EXCHANGED, subject=folder, folder=folder, difference=why)


def keep_folder(target: Target, context: "Context") -> None:
    """Keep the folder of *target* open for the rest of the run.

    Raises:
        WizardError: `change.folder-exchanged`: another one is kept under this path already.
    """
    if target.folder is not None:
        kept = context.folders.setdefault(target.path.parent, target.folder)
        if not kept.same_as(target.folder):
            raise _exchanged(target.path.parent, f"that one is now at {kept.now_at}")


def folder_of(action: "Action", context: "Context") -> Directory:
    """The open folder of a file; the first call of a run walks there without links, and later calls keep to it.

    Raises:
        FileNotFoundError: it is not there, and was not there before the change.
        WizardError: `change.folder-exchanged`.
    """
    kept = context.folders.get(action.path.parent)
    if kept is None:
        target = walk(context.machine.root, action.path, last=False)
        if target.path != action.path:
            raise _exchanged(action.path.parent, f"the path leads to {target.path.parent} now")
        check_folder(target, action.folder, may_be_gone=action.folder_made)
        if target.folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(action.path.parent))
        kept = context.folders[action.path.parent] = target.folder
    return kept


def check_in_place(folder: PurePosixPath, context: "Context") -> None:
    """Refuse when the *folder* that this run keeps open is not under its path any more.

    Raises:
        WizardError: `change.folder-exchanged`, with where it is now.
    """
    kept = context.folders.get(folder)
    if kept is None:
        return
    target = walk(context.machine.root, folder / "file", last=False)
    if target.path.parent != folder or target.folder is None or not target.folder.same_as(kept):
        raise _exchanged(folder, f"that one is now at {kept.now_at}")


def check_replaceable(target: Target, image: FileImage, made: Collection[PurePosixPath] = ()) -> None:
    """Refuse a file that cannot be replaced safely, each reason with its own code.

    Args:
        target: the file, or the folder that is to be made.
        image: what is there.
        made: folders that the same change makes before; logical.

    Raises:
        WizardError: `change.no-folder`, `change.target-not-file`, `change.hard-links`, `change.read-only`,
            `change.immutable`, `change.folder-not-writable`.
    """
    folder, above = target.folders[-1], target.path.parents[len(target.names) - 1]
    missing = [target.path.parents[number] for number in range(len(target.names) - 1)]
    named, shown_folder = target.named, printable(str(above))

    for path in missing:
        if path not in made:
            raise WizardError(codes.CHANGE_NO_FOLDER, subject=named, folder=path)
    if image.kind not in {"file", "absent"}:
        raise WizardError(codes.CHANGE_TARGET_NOT_FILE, subject=named, path=target.shown, kind=image.kind)
    if image.exists and image.links > 1:
        raise WizardError(codes.CHANGE_HARD_LINKS, subject=named, path=target.shown, links=image.links)
    if os.statvfs(folder.descriptor).f_flag & os.ST_RDONLY:
        raise WizardError(codes.CHANGE_READ_ONLY, subject=named, folder=shown_folder)
    for name, shown in ((target.names[0], target.shown), (".", shown_folder)):
        word = _frozen(folder, name)
        if word:
            raise WizardError(codes.CHANGE_IMMUTABLE, subject=named, path=shown, flag=word)
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder.descriptor, effective_ids=True):
        raise WizardError(codes.CHANGE_FOLDER_NOT_WRITABLE, subject=named, folder=shown_folder)


def check_ancestors(machine: Machine, target: Target, operator: str) -> None:
    """Refuse a file when others may exchange a folder on the way to it.

    Args:
        machine: whose service's account may.
        target: the file.
        operator: who runs the wizard, before sudo.

    Raises:
        WizardError: `change.folder-open`.
    """
    for other in strangers(machine, target, operator):
        raise WizardError(
            codes.CHANGE_FOLDER_OPEN, subject=target.named, who=other.who, folder=other.folder, repair=other.repair
        )


def _frozen(folder: Directory, name: str) -> str:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder.descriptor)
    except OSError:
        return ""
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GETFLAGS, struct.pack("l", 0)))
    except OSError:
        return ""  # the file system knows no such flags
    finally:
        os.close(descriptor)
    return next((word for bit, word in _FROZEN.items() if flags & bit), "")
