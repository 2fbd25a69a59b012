"""What the processes of the running service tell: the account that it runs as, and the trust store of its Java."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from wizard.host import accounts, sockets
from wizard.host.accounts import Account
from wizard.host.machine import Machine
from wizard.host.systemd import UnitState
from wizard.printable import printable

_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
"""Where systemd keeps the groups of its units: version 2, version 1, both (systemd.io, control group interface)."""

_TRUST_STORE = re.compile(r"-Djavax\.net\.ssl\.trustStore=([^\s\0\"';]+)")
_JAVA_VARIABLES = (b"JAVA_TOOL_OPTIONS=", b"JDK_JAVA_OPTIONS=", b"_JAVA_OPTIONS=", b"JAVA_OPTS=")


def account_of(machine: Machine, unit: UnitState) -> Account | None:
    """The account that the service runs as; None when nobody can tell now.

    A SysV script changes the account itself, and the account of `DynamicUser=` exists only while the service runs:
    then it is the one that owns the listening sockets of the unit's processes.
    """
    if unit.user:
        found = accounts.lookup(machine, unit.user)
        if found is not None or not unit.dynamic_user:
            return found
    owners = {listener.uid: listener.pid for listener in sockets.of_processes(processes(unit))}
    # A helper of root may listen beside the server itself.
    for uid, pid in sorted(owners.items(), key=lambda owner: owner[0] == 0):
        if pid is not None:
            return _of_process(pid, uid)
    return None if unit.user or unit.source else accounts.lookup(machine, "")


def trust_store_of(machine: Machine, unit: UnitState, environment: Mapping[str, str]) -> str:
    """The trust store that the service's Java is set to use in place of cacerts; "" when it is set to none.

    Args:
        machine: whose cacerts it is.
        unit: of the service.
        environment: that the service gets.
    """
    for text in (unit.command, *environment.values(), *map(_options, processes(unit))):
        found = _TRUST_STORE.search(text)
        if found and PurePosixPath(found[1]) != machine.cacerts:
            return printable(found[1], limit=300)
    return ""


def processes(unit: UnitState) -> list[int]:
    """Everything that runs in the unit's control group, and the family of its main process."""
    found = dict.fromkeys(sockets.family(unit.pid)) if unit.pid else {}
    for mount in _CGROUPS if unit.control_group.strip("/") else ():
        for path in Path(mount + unit.control_group).glob("**/cgroup.procs"):
            try:
                found |= dict.fromkeys(int(word) for word in path.read_text(encoding="ascii").split())
            except OSError:  # it ended meanwhile
                continue
    return list(found)


def _options(pid: int) -> str:
    """The command line of a process, and what Java takes from its environment."""
    texts = []
    for name in ("cmdline", "environ"):
        try:
            words = Path(f"/proc/{pid}/{name}").read_bytes().split(b"\0")
        except OSError:
            continue
        texts += [word for word in words if name == "cmdline" or word.startswith(_JAVA_VARIABLES)]
    return b"\0".join(texts).decode("utf-8", errors="replace")


def _of_process(pid: int, uid: int) -> Account | None:
    """With the groups that the process has; it may belong to an account without a name."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    told = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    gid = int(told["Gid"][1])
    groups = frozenset({gid, *(int(word) for word in told.get("Groups", []))})
    return Account(accounts.name_of(uid), uid, gid, groups)
