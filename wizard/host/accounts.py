"""Who an account is, on this machine or in an image of one."""

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from wizard.host.machine import Machine


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


def name_of(uid: int, machine: Machine | None = None) -> str:
    """The name of a user id on *machine*, else on this one; or the number as text."""
    found = _named(uid, machine, "/etc/passwd")
    try:
        return pwd.getpwuid(uid).pw_name if found is None else found
    except KeyError:
        return str(uid)


def group_name_of(gid: int, machine: Machine | None = None) -> str:
    """The name of a group id on *machine*, else on this one; or the number as text."""
    found = _named(gid, machine, "/etc/group")
    try:
        return grp.getgrgid(gid).gr_name if found is None else found
    except KeyError:
        return str(gid)


def _named(number: int, machine: Machine | None, path: str) -> str | None:
    """What the file *path* of an image calls *number*, else the number; None without an image that has the file."""
    if machine is None or machine.root == Path("/") or not machine.real(path).is_file():
        return None
    names = (row[0] for row in _rows(machine.real(path)) if len(row) > 2 and row[2] == str(number))
    return next(names, str(number))


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
