"""Who listens on a TCP port of this machine, as far as this account may see (proc(5))."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wizard.host import access
from wizard.host.access import Account
from wizard.host.machine import Machine
from wizard.host.systemd import UnitState
from wizard.printable import printable

_LISTEN = "0A"  # TCP_LISTEN in the table of the kernel
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket.

    Attributes:
        address: it is bound to, in the kernel's words: `127.0.0.1`, `0.0.0.0`, `::`, `::1`.
        port: TCP port.
        uid: of the account that opened it.
        pid: of the process that holds it; None when this account may not see that.
        program: short name of that process, printable; "" when unknown.
    """

    address: str
    port: int
    uid: int
    pid: int | None = None
    program: str = ""


def on_port(port: int) -> list[Listener]:
    """Everything that listens on *port*; empty when nothing does, or where there is no /proc."""
    found = [(inode, listener) for inode, listener in _sockets() if listener.port == port]
    if not found:
        return []
    owners = _owners({inode for inode, _ in found})
    return [_owned(listener, owners.get(inode)) for inode, listener in found]


def of_processes(pids: Iterable[int]) -> list[Listener]:
    """What these processes listen on, lowest port first; empty when that may not be seen."""
    held: dict[str, int] = {}
    for member in pids:
        held |= dict.fromkeys(_inodes(member), member)
    mine = [_owned(listener, held[inode]) for inode, listener in _sockets() if inode in held]
    return sorted(mine, key=lambda listener: (listener.port, listener.address))


def _sockets() -> list[tuple[str, Listener]]:
    found: list[tuple[str, Listener]] = []
    for table in _TABLES:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN:
                address, _, port = fields[1].rpartition(":")
                found.append((fields[9], Listener(_address(address), int(port, 16), int(fields[7]))))
    return found


def _address(text: str) -> str:
    """The kernel writes addresses as 32-bit words in the byte order of the machine, which is little-endian here."""
    data = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def _owned(listener: Listener, pid: int | None) -> Listener:
    if pid is None:
        return listener
    try:
        program = printable(Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip())
    except OSError:
        program = ""
    return Listener(listener.address, listener.port, listener.uid, pid, program)


def _owners(inodes: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - thousands of names, no Path for each
        if name.isdigit():
            for inode in _inodes(int(name)) & inodes:
                found.setdefault(inode, int(name))
            if len(found) == len(inodes):
                break
    return found


def _inodes(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    found = set()
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - as above
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - as above
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        return found
    return found


def family(pid: int) -> list[int]:
    """Process *pid*, its children, and theirs."""
    members: list[int] = []
    pending = [pid]
    while pending and len(members) < 1000:
        member = pending.pop()
        members.append(member)
        try:
            children = Path(f"/proc/{member}/task/{member}/children").read_text(encoding="ascii")
        except OSError:
            continue
        pending += [int(child) for child in children.split()]
    return members


_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
"""Where systemd keeps the groups of its units: version 2, version 1, both (systemd.io, control group interface)."""


def account_of(machine: Machine, unit: UnitState) -> Account | None:
    """The account that the service runs as; None when nobody can tell now.

    A SysV script changes the account itself, and the account of `DynamicUser=` exists only while the service runs:
    then it is the one that owns the listening sockets of the unit's processes.
    """
    if unit.user:
        found = access.lookup(machine, unit.user)
        if found is not None or not unit.dynamic_user:
            return found
    owners = {listener.uid: listener.pid for listener in of_processes(processes(unit))}
    # A helper of root may listen beside the server itself.
    for uid, pid in sorted(owners.items(), key=lambda owner: owner[0] == 0):
        if pid is not None:
            return _of_process(pid, uid)
    return None if unit.user or unit.source else access.lookup(machine, "")


def processes(unit: UnitState) -> list[int]:
    """Everything that runs in the unit's control group, and the family of its main process."""
    found = dict.fromkeys(family(unit.pid)) if unit.pid else {}
    for mount in _CGROUPS if unit.control_group.strip("/") else ():
        for path in Path(mount + unit.control_group).glob("**/cgroup.procs"):
            try:
                found |= dict.fromkeys(int(word) for word in path.read_text(encoding="ascii").split())
            except OSError:  # it ended meanwhile
                continue
    return list(found)


def _of_process(pid: int, uid: int) -> Account | None:
    """With the groups that the process has; it may belong to an account without a name."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    told = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    gid = int(told["Gid"][1])
    groups = frozenset({gid, *(int(word) for word in told.get("Groups", []))})
    return Account(access.name_of(uid), uid, gid, groups)
