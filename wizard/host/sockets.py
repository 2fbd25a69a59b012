"""Who listens on a TCP port of this machine, as far as this account may see (proc(5))."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
