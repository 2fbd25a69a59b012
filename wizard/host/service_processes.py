"""The processes of the running service, and the account that it runs as."""

from pathlib import Path

from wizard.host import accounts, sockets
from wizard.host.accounts import Account
from wizard.host.machine import Machine
from wizard.host.systemd import UnitState

_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
"""Where systemd keeps the groups of its units: version 2, version 1, both (systemd.io, control group interface)."""


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
