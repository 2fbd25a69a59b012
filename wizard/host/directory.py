"""Directories that are opened once, step by step, and then used through their descriptors.

Whoever owns a folder can rename it, or put a link in its place, between two calls that name it by its path; then what
was checked is not what is written. A descriptor stays with the folder.
"""

import errno
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from wizard.errors import WizardError
from wizard.host.machine import Machine, acl, members, name_of, text_of
from wizard.host.systemd import Service, account_of
from wizard.printable import printable

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_LINKS = 40
"""As many links as the kernel follows in one path (path_resolution(7))."""


@cache
def boot_id() -> str:
    """What tells this run of the kernel from others; empty where it is not known."""
    return text_of("/proc/sys/kernel/random/boot_id").strip()


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a folder from another one that was put in its place.

    Attributes:
        boot: of the kernel that gave device and inode: other mounts may get the same numbers after the next start.
        device: number of its file system.
        inode: its number there.
        uid: numeric owner.
        gid: numeric group.
        mode: permission bits.
    """

    boot: str
    device: int
    inode: int
    uid: int
    gid: int
    mode: int

    def differs(self, now: "Identity", *, exact: bool = True) -> str:
        """How *now* differs from what is recorded here, in words; empty when it is the same folder.

        Args:
            now: the folder under the same path.
            exact: compare device and inode when both were seen in the same boot. Otherwise owner and mode are
                compared: no other account may have gained the right to write.
        """
        if exact and self.boot and self.boot == now.boot:
            same = (self.device, self.inode) == (now.device, now.inode)
            return "" if same else "it is another folder"
        if now.uid not in {self.uid, 0}:
            return f"its owner is {now.uid}, not {self.uid}"
        gained = now.mode & ~self.mode & 0o022
        if gained or (now.mode & 0o020 and now.gid != self.gid):
            return f"its mode is {now.mode:04o} and its group {now.gid}, not {self.mode:04o} and {self.gid}"
        return ""


class Directory:
    """An open directory; it is closed when nothing refers to it any more.

    Attributes:
        descriptor: for `dir_fd`.
        path: real path under which it was opened; for messages, because it may have been renamed since.
        status: owner, mode, device and inode when it was opened.
    """

    descriptor = -1

    def __init__(self, path: Path, *, above: "Directory | None" = None) -> None:
        """Open *path*, following links; with *above* its last part in that folder, which must not be a link.

        Raises:
            OSError: it is not there, or is not a directory.
        """
        name = str(path) if above is None else path.name
        flags, at = (_FLAGS, None) if above is None else (_FLAGS | os.O_NOFOLLOW, above.descriptor)
        try:
            self.descriptor = os.open(name, flags, dir_fd=at)
        except PermissionError:
            # The right to pass through a folder does not include the right to list it.
            self.descriptor = os.open(name, flags | os.O_PATH, dir_fd=at)
        self.path = path
        self.status = os.fstat(self.descriptor)

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def open(self, name: str) -> "Directory":
        """The directory *name* in this one, which must not be a link.

        Raises:
            OSError: it is not there, or is not a directory.
        """
        return Directory(self.path / name, above=self)

    def names(self) -> list[str]:
        """What is in it, sorted."""
        return sorted(os.listdir(self.descriptor))  # noqa: PTH208 - of a descriptor

    @property
    def now_at(self) -> str:
        """Where it is now, for a message."""
        try:
            return printable(str(Path(f"/proc/self/fd/{self.descriptor}").readlink()))
        except OSError:
            return "elsewhere"

    @property
    def identity(self) -> Identity:
        """As seen when it was opened."""
        seen = self.status
        return Identity(boot_id(), seen.st_dev, seen.st_ino, seen.st_uid, seen.st_gid, stat.S_IMODE(seen.st_mode))

    def same_as(self, other: "Directory") -> bool:
        """Whether both are one and the same directory."""
        return os.path.samestat(self.status, other.status)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a path leads.

    Attributes:
        named: logical, as it was given.
        path: logical, without links.
        folders: those that were passed, the root first; the last one holds the first of `names`.
        names: below the last folder: one when the folder of the path is there, more when folders are missing.
    """

    named: PurePosixPath
    path: PurePosixPath
    folders: tuple[Directory, ...]
    names: tuple[str, ...]

    @property
    def folder(self) -> Directory | None:
        """The folder of the path, None when it is not there."""
        return self.folders[-1] if len(self.names) == 1 else None

    @property
    def name(self) -> str:
        """In the folder."""
        return self.names[-1]

    @property
    def shown(self) -> str:
        """For messages: both names when they differ."""
        name = printable(str(self.named))
        return name if self.named == self.path else f"{name} (a link to {printable(str(self.path))})"


def walk(root: Path, named: PurePosixPath, *, last: bool = True) -> Target:
    """Open every folder on the way to *named*, one inside the other; links are followed as below *root*, and reported.

    Args:
        root: the folder that counts as `/`; it is trusted, and opened once.
        named: absolute; its last part may be anything, or missing.
        last: follow a link in the last part too.

    Raises:
        OSError: a folder cannot be passed; ELOOP when the links form a loop.
    """
    stack = [Directory(root)]
    passed = list(stack)
    names: list[str] = []
    todo = list(reversed(named.parts[1:]))
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if names:
                names.pop()
            elif len(stack) > 1:
                stack.pop()
            continue
        goal = None if names or not (todo or last) else _link(stack[-1], part)
        if goal is not None:
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(named))
            del stack[1 if goal.is_absolute() else len(stack) :]
            todo += reversed([piece for piece in goal.parts if piece != "/"])
        elif names or not todo:
            names.append(part)
        else:
            try:
                stack.append(stack[-1].open(part))
            except (FileNotFoundError, NotADirectoryError):
                names.append(part)
            else:
                passed.append(stack[-1])
    if not names:
        names.append(stack.pop().path.name if len(stack) > 1 else ".")
    path = PurePosixPath("/", stack[-1].path.relative_to(root), *names)
    return Target(
        PurePosixPath(named), path, (*(each for each in passed if each is not stack[-1]), stack[-1]), tuple(names)
    )


def _link(folder: Directory, name: str) -> PurePosixPath | None:
    try:
        return PurePosixPath(os.readlink(name, dir_fd=folder.descriptor))
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOENT, errno.ENOTDIR}:
            return None
        raise


@dataclass(frozen=True, slots=True)
class Writer:
    """One account, or group of accounts, that may write in a folder.

    Attributes:
        folder: logical, printable.
        who: in words, for a message.
        uids: the accounts; None means everybody.
        repair: the command that ends it.
    """

    folder: str
    who: str
    uids: frozenset[int] | None
    repair: str


def writers(machine: Machine, target: Target) -> tuple[Writer, ...]:
    """Who may write in the folders that lead to *target*, root aside, the outermost folder first.

    The folder that is taken for `/` is trusted when it is another one. In a folder with the sticky bit only the owner
    can exchange what belongs to others; in the last folder new names matter as well.
    """
    folders = target.folders if machine.root == Path("/") else target.folders[1:]
    return tuple(
        each
        for folder in folders
        for each in _writers(machine, folder, sticky=folder is not target.folders[-1])
        if each.uids is None or each.uids - {0}
    )


def strangers(machine: Machine, target: Target, operator: str = "") -> tuple[Writer, ...]:
    """Those of `writers` that are neither this account, nor the operator before sudo, nor the service's account."""
    trusted = {0, os.geteuid(), *_uid(operator)}
    found = [each for each in writers(machine, target) if each.uids is None or each.uids - trusted]
    service = {service_uid(machine)} if found else set()
    return tuple(each for each in found if each.uids is None or each.uids - trusted - service)


def service_uid(machine: Machine) -> int | None:
    """The service's account; where systemd does not tell it, the owner of the product's folder. None without both."""
    try:
        unit = Service(machine).show() if machine.restart_command is None else None
    except WizardError:
        unit = None
    account = account_of(machine, unit) if unit is not None and unit.load == "loaded" else None
    if account is not None:
        return account.uid
    try:
        return machine.real(machine.hcp_home).stat().st_uid
    except OSError:
        return None


def _uid(name: str) -> set[int]:
    try:
        return {pwd.getpwnam(name).pw_uid}
    except KeyError:
        return set()


def _writers(machine: Machine, folder: Directory, *, sticky: bool) -> Iterator[Writer]:
    status, shown = folder.status, printable(str(machine.logical(folder.path)))
    name = name_of(status.st_uid)
    yield Writer(shown, f"Its owner {name}", frozenset({status.st_uid}), f"chown root {shown}")
    if sticky and status.st_mode & stat.S_ISVTX:
        return
    if status.st_mode & stat.S_IWOTH:
        yield Writer(shown, "Everybody", None, f"chmod o-w {shown}")
    # With an access list the group bits of the mode are its mask (acl(5)).
    entries = acl(folder.descriptor) or [("group-owner", status.st_mode >> 3 & 7, status.st_gid)]
    for tag, bits, number in entries:
        if not bits & status.st_mode >> 3 & 2:
            continue
        if tag == "user":
            yield Writer(shown, f"User {name_of(number)}", frozenset({number}), f"setfacl -x u:{number} {shown}")
        elif tag == "group-owner":
            group = members(machine, status.st_gid)
            yield Writer(shown, f"Group {name_of(status.st_gid, group=True)}", group, f"chmod g-w {shown}")
        elif tag == "group":
            group = members(machine, number)
            yield Writer(shown, f"Group {name_of(number, group=True)}", group, f"setfacl -x g:{number} {shown}")
