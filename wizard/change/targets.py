"""Where a path really leads, what is there, and whether it can be replaced: all of it looking, nothing written."""

import fcntl
import os
import stat
import struct
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from wizard.change.images import FileImage, read_image
from wizard.change.plan import Expectation
from wizard.errors import WizardError
from wizard.findings import FindingSpec
from wizard.host.catalogue import refusal
from wizard.host.machine import Machine
from wizard.printable import printable
from wizard.records import dataclass

_MOST_LINKS = 40
_GETFLAGS = 0x80086601
_FROZEN = {0x10: "immutable", 0x20: "append-only"}
"""Inode flags of ioctl_iflags(2) that forbid replacing a file even to root."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file step's file, found.

    Attributes:
        named: logical, as the plan names it.
        path: logical, with every link resolved below the machine's root.
        real: where the bytes are.
    """

    named: PurePosixPath
    path: PurePosixPath
    real: Path

    @property
    def shown(self) -> str:
        """For messages: both names when they differ."""
        name = printable(str(self.named))
        return name if self.named == self.path else f"{name} (a link to {printable(str(self.path))})"


def resolve(machine: Machine, named: PurePosixPath) -> Target:
    """Follow symbolic links as the machine itself would, also when it lies below another root.

    Raises:
        WizardError: `change.link-loop`.
    """
    todo = list(reversed(named.parts[1:]))
    done = PurePosixPath("/")
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            done = done.parent
            continue
        step = machine.real(done / part)
        if not step.is_symlink():
            done /= part
            continue
        links += 1
        if links > _MOST_LINKS:
            raise WizardError(
                "change.link-loop",
                f"{printable(str(named))} is a chain of symbolic links that does not end.",
                "Repair the link (ls -l shows where it points).",
                str(named),
            )
        goal = PurePosixPath(step.readlink())
        if goal.is_absolute():
            done = PurePosixPath("/")
        todo.extend(reversed([piece for piece in goal.parts if piece != "/"]))
    return Target(PurePosixPath(named), done, machine.real(done))


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
    if not image.exists:
        return Expectation(kind=image.kind, link_to=link)
    return Expectation(True, image.sha256, image.mode, image.uid, image.gid, "file", link)


def look(target: Target) -> tuple[FileImage, bytes]:
    """The image and bytes of *target*.

    Raises:
        WizardError: `change.target-unreadable`.
    """
    try:
        return read_image(target.real)
    except OSError as error:
        raise WizardError(
            "change.target-unreadable",
            f"{target.shown} cannot be read: {printable(error.strerror or str(error))}.",
            "Run as root (sudo).",
            str(target.named),
        ) from error


def check_expected(target: Target, image: FileImage, expect: Expectation) -> None:
    """Refuse a file that is not what the review showed.

    Raises:
        WizardError: `change.changed-since-review`, with what differs.
    """
    now = _expectation(target, image)
    if now == expect:
        return
    if now.exists != expect.exists:
        what = "it is there now" if now.exists else "it is gone"
    elif now.kind != expect.kind or now.link_to != expect.link_to:
        what = f"it is now a {now.kind}" if now.kind != expect.kind else "the link leads elsewhere"
    elif now.sha256 != expect.sha256:
        what = "its content is another"
    elif now.mode != expect.mode:
        what = f"its mode is {now.mode or 0:04o}, not {expect.mode or 0:04o}"
    else:
        what = f"its owner is {now.uid}:{now.gid}, not {expect.uid}:{expect.gid}"
    raise WizardError(
        "change.changed-since-review",
        f"{target.shown} changed since the plan was made: {what}.",
        "Make the plan again, review it, and apply that.",
        str(target.named),
    )


def standing_folder(target: Target, made: Collection[PurePosixPath] = ()) -> Target:
    """The nearest folder above *target* that is there, when those between are *made* by the same change.

    Without such a change it is the parent, whether it is there or not.
    """
    path, real = target.path.parent, target.real.parent
    while path in made and not real.is_dir():
        path, real = path.parent, real.parent
    return Target(path, path, real)


def check_replaceable(target: Target, image: FileImage, made: Collection[PurePosixPath] = ()) -> None:
    """Refuse a file that cannot be replaced safely, each reason with its own code.

    Args:
        target: the file, or the folder that is to be made.
        image: what is there.
        made: folders that the same change makes before; logical.

    Raises:
        WizardError: `change.no-folder`, `change.target-not-file`, `change.hard-links`, `change.read-only`,
            `change.immutable`, `change.folder-open`, `change.folder-not-writable`.
    """
    above = standing_folder(target, made)
    folder, shown_folder = above.real, printable(str(above.path))

    def refuse(code: str, message: str, hint: str) -> WizardError:
        return WizardError(code, message, hint, str(target.named))

    if not folder.is_dir():
        raise refuse("change.no-folder", f"The folder {shown_folder} does not exist.", "Make it, or name another.")
    if image.kind not in {"file", "absent"}:
        message = f"{target.shown} is a {image.kind}, not a file."
        raise refuse("change.target-not-file", message, "Name a file, or move what is there out of the way.")
    if image.exists and image.links > 1:
        raise refuse(
            "change.hard-links",
            f"{target.shown} has {image.links} names (hard links); the others would keep the old content.",
            "Find them with find -samefile, and make each a file of its own.",
        )
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        message = f"{shown_folder} is on a file system that is mounted read-only."
        raise refuse("change.read-only", message, "Mount it for writing, or name another folder.")
    for path, shown in ((target.real, target.shown), (folder, shown_folder)):
        word = _frozen(path)
        if word:
            message = f"{shown} is marked {word}."
            raise refuse("change.immutable", message, "Somebody set that on purpose: ask, then take it off (chattr).")
    if folder.stat().st_mode & stat.S_IWOTH:
        raise refuse(
            "change.folder-open",
            f"Everybody may write in the folder {shown_folder}, and so exchange what is put there.",
            f"Take that right away: chmod o-w {shown_folder}",
        )
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        message = f"This account may not write in {shown_folder}."
        raise refuse("change.folder-not-writable", message, "Run as root (sudo), or as the owner of the folder.")


def _frozen(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GETFLAGS, struct.pack("l", 0)))
    except OSError:
        return ""  # the file system knows no such flags
    finally:
        os.close(descriptor)
    return next((word for bit, word in _FROZEN.items() if flags & bit), "")


REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.changed-since-review",
        "A file changed since the review",
        "A file that the plan replaces is not what it was when the plan was made.",
        "What was reviewed is not what would happen; somebody else's edit would be lost.",
        "Make the plan again, review it, and apply that.",
        source="own rule: each file step carries what it expects",
    ),
    refusal(
        "change.link-loop",
        "A chain of links does not end",
        "A path leads through symbolic links that form a loop.",
        "There is no file to be replaced.",
        "Repair the link.",
        source="path_resolution(7)",
    ),
    refusal(
        "change.target-unreadable",
        "A file to be changed cannot be read",
        "A file that the plan replaces cannot be read by this account.",
        "What cannot be read cannot be backed up.",
        "Run as root (sudo).",
        source="own rule: no change without a backup",
    ),
    refusal(
        "change.no-folder",
        "The target folder does not exist",
        "The folder of a file that is to be written does not exist.",
        "Only a folder that the plan names is made; one in the product's tree never is.",
        "Make the folder, or name another place.",
        source="open(2)",
    ),
    refusal(
        "change.hard-links",
        "The file has several names",
        "The file to be replaced has more than one hard link.",
        "Replacing one name leaves the others with the old content.",
        "Find the other names with `find -samefile`, and make each a file of its own.",
        source="rename(2)",
    ),
    refusal(
        "change.read-only",
        "The file system is read-only",
        "The file to be written is on a file system that is mounted read-only.",
        "Nothing can be written there.",
        "Mount it for writing, or name another folder.",
        source="statvfs(3)",
    ),
    refusal(
        "change.immutable",
        "The file is protected by a flag",
        "The file or its folder carries the immutable or append-only flag.",
        "Not even root can replace it while the flag is set; mostly somebody set it on purpose.",
        "Ask who set it; `lsattr` shows it, `chattr -i` or `chattr -a` takes it off.",
        source="ioctl_iflags(2)",
    ),
    refusal(
        "change.folder-open",
        "Everybody may write in the folder",
        "The folder of a file that is to be written can be written by every user.",
        "Any user could exchange the key store, or have it written elsewhere.",
        "Take the right away with `chmod o-w`.",
        source="own rule; CWE-732",
    ),
    refusal(
        "change.folder-not-writable",
        "No right to write in the folder",
        "This account may not write in the folder of a file that is to be changed.",
        "The change could not be made, nor undone.",
        "Run as root (sudo), or as the owner of the folder.",
        source="access(2)",
    ),
)
