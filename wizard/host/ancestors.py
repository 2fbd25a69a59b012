"""Which accounts may exchange a folder on the way to a file: those that may write in it, or in one above."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import WizardError
from wizard.host import access
from wizard.host.access import acl
from wizard.host.directory import Directory, Target
from wizard.host.machine import Machine
from wizard.host.service_processes import account_of
from wizard.host.systemd import Service
from wizard.printable import printable


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
    name = access.name_of(status.st_uid)
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
            yield Writer(shown, f"User {access.name_of(number)}", frozenset({number}), f"setfacl -x u:{number} {shown}")
        elif tag == "group-owner":
            members = access.members(machine, status.st_gid)
            yield Writer(shown, f"Group {access.group_name_of(status.st_gid)}", members, f"chmod g-w {shown}")
        elif tag == "group":
            members = access.members(machine, number)
            yield Writer(shown, f"Group {access.group_name_of(number)}", members, f"setfacl -x g:{number} {shown}")
