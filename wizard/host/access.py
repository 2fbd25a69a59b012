"""Who an account is, on this machine or in an image of one."""

import grp
import os
import pwd
import stat
import struct
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.processes import run


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the kernel sees it.

    Attributes:
        name: as the service unit names it.
        uid: user id.
        gid: primary group id.
        groups: all group ids, the primary one among them.
    """

    name: str
    uid: int
    gid: int
    groups: frozenset[int]


def lookup(machine: Machine, name: str) -> Account | None:
    """The account called *name*; `""` is root, as in a unit without `User=`. None when there is none of that name.

    Below another root the files of the image are asked when it has them, because its numbers may differ from ours.
    """
    if name in {"", "root", "0"}:
        return Account("root", 0, 0, frozenset({0}))
    passwd = machine.real("/etc/passwd")
    if machine.root != Path("/") and passwd.is_file():
        return _from_files(name, passwd, machine.real("/etc/group"))
    return _from_system(name)


def members(machine: Machine, gid: int) -> frozenset[int]:
    """The accounts of a group, by user id: those that it names, and those whose primary group it is.

    Group 0 counts as root alone: some systems have it as the primary group of accounts that cannot log in.
    """
    if gid == 0:
        return frozenset({0})
    passwd = machine.real("/etc/passwd")
    if machine.root != Path("/") and passwd.is_file():
        rows = [row for row in _rows(passwd) if len(row) > 3 and row[2].isdigit() and row[3].isdigit()]
        users = [(row[0], int(row[2]), int(row[3])) for row in rows]
        groups = [row for row in _rows(machine.real("/etc/group")) if len(row) > 3 and row[2] == str(gid)]
        named = {name for row in groups for name in row[3].split(",")}
    else:
        users = [(entry.pw_name, entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()]
        try:
            named = set(grp.getgrgid(gid).gr_mem)
        except KeyError:
            named = set()
    return frozenset(uid for name, uid, primary in users if primary == gid or name in named)


def name_of(uid: int) -> str:
    """The name of a user id on this machine, or the number as text."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name_of(gid: int) -> str:
    """The name of a group id on this machine, or the number as text."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _from_system(name: str) -> Account | None:
    try:
        entry = pwd.getpwuid(int(name)) if name.isascii() and name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)))


def _from_files(name: str, passwd: Path, group: Path) -> Account | None:
    for fields in _rows(passwd):
        if len(fields) >= 4 and name in fields[:1] + fields[2:3] and fields[2].isdigit() and fields[3].isdigit():
            extra = {
                int(row[2])
                for row in _rows(group)
                if len(row) >= 4 and row[2].isdigit() and fields[0] in row[3].split(",")
            }
            return Account(fields[0], int(fields[2]), int(fields[3]), frozenset({int(fields[3]), *extra}))
    return None


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.split(":") for line in text.splitlines()]


def is_root() -> bool:
    """Whether this process may do everything on this machine (effective user 0)."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


_LINKS = 40
"""As many links as the kernel follows in one path (path_resolution(7))."""

_ACL_TAGS = {1: "owner", 2: "user", 4: "group-owner", 8: "group", 16: "mask", 32: "other"}


@dataclass(frozen=True, slots=True)
class Access:
    """Whether an account can read a file.

    Attributes:
        ok: True, False, or None when it could not be found out.
        blocked_at: the logical path of the first element that stops it; None when nothing does.
        reason: in words, for a message.
    """

    ok: bool | None
    blocked_at: PurePosixPath | None = None
    reason: str = ""


FOR_PRIMARY, FOR_GATEWAY = 0o644, 0o600
"""The mode of a key store while its service's account is not known or cannot be given the file: a primary restarts at
once and would present its built-in certificate; a gateway is set up later, and the finding says what to do first."""


def rights_for(account: Account | None, euid: int, otherwise: int) -> tuple[int, int | None, int | None]:
    """Mode, owner and group of a file with secrets: the tightest with which the service can read it.

    Args:
        account: of the service; None when it is not known.
        euid: effective user id of the one who writes; only root can give a file to others.
        otherwise: the mode when neither helps, `FOR_PRIMARY` or `FOR_GATEWAY`.

    Returns:
        Mode; owner and group, None where they stay the writer's.
    """
    if account is not None and account.uid == euid:
        return 0o600, None, None
    if account is not None and euid == 0:
        return 0o640, 0, account.gid
    return otherwise, None, None


def readable_as(machine: Machine, logical_path: PurePosixPath | str, account: Account | None) -> Access:
    """Whether *account* can reach and read *logical_path*.

    Walks every element with mode, owner, group and POSIX ACL; links are followed below the machine's root. On the
    machine itself and as root, the kernel is asked too (`runuser -u NAME -- test -r`), which also counts SELinux and
    network file systems.

    Returns:
        An answer without exception; `ok` is None when the account is unknown or a folder cannot be looked into.
    """
    if account is None:
        return Access(None, None, "the account is not known on this machine")
    worked_out = _walk(machine, PurePosixPath("/" + str(logical_path).lstrip("/")), account)
    named = account.name != str(account.uid)  # runuser knows no account without a name
    if named and machine.root == Path("/") and account.uid and hasattr(os, "geteuid") and os.geteuid() == 0:
        return _asked(worked_out, logical_path, account)
    return worked_out


def may_read(account: Account, mode: int, uid: int, gid: int) -> bool:
    """Whether *account* may read a file with this mode, owner and group and without an ACL."""
    if account.uid in {0, uid}:
        return account.uid == 0 or bool(mode & 0o400)
    return bool((mode >> 3 if gid in account.groups else mode) & 4)


def _walk(machine: Machine, path: PurePosixPath, account: Account) -> Access:
    pending = list(reversed(path.parts[1:]))
    here = PurePosixPath("/")
    links = 0
    while True:
        real = machine.real(here)
        try:
            seen = os.lstat(real) if here != PurePosixPath("/") else os.stat(real)  # noqa: PTH116 - beside lstat
            if stat.S_ISLNK(seen.st_mode):
                links += 1
                if links > _LINKS:
                    return Access(False, here, "too many links, or links that form a circle")
                target = PurePosixPath(os.readlink(real))  # noqa: PTH115 - the text, not a Path
                here = PurePosixPath("/") if target.is_absolute() else here.parent
                pending += [part for part in reversed(target.parts) if part != "/"]
                if pending:
                    here = _step(here, pending.pop())
                continue
            allowed = _allowed(real, seen, account)
        except (FileNotFoundError, NotADirectoryError):
            return Access(False, here, "it does not exist")
        except OSError as problem:
            return Access(None, here, f"it could not be checked: {(problem.strerror or 'error').lower()}")
        if stat.S_ISDIR(seen.st_mode):
            if not pending:
                return Access(False, here, "it is a folder")
            # A practice folder is used for "/": whatever guards the folder itself is no part of the machine.
            inside = here != PurePosixPath("/") or machine.root == Path("/")
            if inside and not allowed & 1:
                return Access(False, here, f"{account.name} cannot enter this folder ({_mode(seen)})")
            here = _step(here, pending.pop())
        elif pending:
            return Access(False, here, "it is not a folder")
        elif not allowed & 4:
            return Access(False, here, f"{account.name} cannot read it ({_mode(seen)})")
        else:
            return Access(True)


def _step(here: PurePosixPath, part: str) -> PurePosixPath:
    return here.parent if part == ".." else here / part


def _mode(seen: os.stat_result) -> str:
    return f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid}"


def _allowed(real: Path, seen: os.stat_result, account: Account) -> int:
    """The rwx bits that *account* has on one element (acl(5), access check algorithm)."""
    mode = seen.st_mode
    if account.uid == 0:
        return 7
    if account.uid == seen.st_uid:
        return mode >> 6 & 7
    entries = acl(real)
    if not entries:
        return (mode >> 3 if seen.st_gid in account.groups else mode) & 7
    mask = next((bits for tag, bits, _ in entries if tag == "mask"), 7)
    for tag, bits, number in entries:
        if tag == "user" and number == account.uid:
            return bits & mask
    groups = [
        bits
        for tag, bits, number in entries
        if (tag == "group-owner" and seen.st_gid in account.groups) or (tag == "group" and number in account.groups)
    ]
    if groups:
        return next((bits for bits in groups if bits & 5), 0) & mask
    return mode & 7


def acl(real: Path | int) -> list[tuple[str, int, int]]:
    """The POSIX ACL of a path or descriptor as (tag, bits, id); empty without one (linux/posix_acl_xattr.h)."""
    try:
        data = os.getxattr(real, "system.posix_acl_access")
    except (OSError, AttributeError):
        return []
    return [(_ACL_TAGS.get(tag, ""), bits, number) for tag, bits, number in struct.iter_unpack("<HHI", data[4:])]


def _asked(worked_out: Access, path: PurePosixPath | str, account: Account) -> Access:
    try:
        answer = run(["runuser", "-u", account.name, "--", "test", "-r", str(path)], timeout_s=5)
    except WizardError:
        return worked_out
    if answer.ok:
        return Access(True)
    if answer.returncode == 1 and worked_out.ok:
        return Access(
            False, None, f"{account.name} is refused although the modes allow it; the cause may be SELinux or a mount"
        )
    return worked_out
