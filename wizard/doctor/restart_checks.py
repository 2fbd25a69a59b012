"""Check before a change, by the doctor's rules, whether the planned restart would fail.

The rules check the files as the change will leave them, so a fault that the change removes does not block it.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.change.durable import check_change_room
from wizard.change.journal import BACKUP, Manifest
from wizard.change.plan import EditFile, ImportTrust, MakeFolder, Plan, Probe, PutFile, Restart, Step, is_timer
from wizard.change.store import ChangeFolder
from wizard.change.targets import resolve
from wizard.doctor.collect.files import Coming, Written, file_facts, probe_facts, scan_conf, see_port, unit_facts
from wizard.doctor.facts import ClockFacts, DoctorFacts, ProbeFacts
from wizard.doctor.rules import conf as conf_rules
from wizard.doctor.rules import service as service_rules
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host import effective
from wizard.host.directory import Directory, service_uid, strangers
from wizard.host.machine import Machine, name_of, now_utc
from wizard.host.systemd import UnitState
from wizard.planning.snapshot import MachineSnapshot
from wizard.probing.handshake import is_here
from wizard.probing.probe import probe

_RULES = {
    codes.DOCTOR_CONF_MISSING.code, codes.DOCTOR_CONF_UNREADABLE.code, codes.DOCTOR_CONF_SYNTAX.code,
    codes.DOCTOR_INCLUDE_BROKEN.code, "doctor.unit", codes.DOCTOR_ACCOUNT_MISSING.code,
    codes.DOCTOR_UNIT_CHANGED.code, codes.DOCTOR_PORT_TAKEN.code,
}  # fmt: skip
"""The rules whose findings stop a start. A crash loop or a stopped service is none: a restart may end it."""

_OF_THE_START = {
    codes.DOCTOR_CONF_NOT_USED.code,
    codes.DOCTOR_SETTING_OVERRULED.code,
    codes.DOCTOR_START_UNDETERMINED.code,
}
"""The rules about Java's start: they matter to a change that writes other settings into application.conf."""

_LOOK_S = 3.0


_Nodes = tuple[tuple[str, int], ...]
"""Host and port of each node that is checked after a change."""


def plan_faults(now: MachineSnapshot, plan: Plan, seen: DoctorFacts | None = None) -> tuple[Finding, ...]:
    """What would make the restart of *plan* fail, and a lack of disk space for its files.

    Args:
        now: the machine that would be changed.
        plan: an empty one has no findings.
        seen: facts that the doctor has collected already; None collects them now.
    """
    if plan.is_empty:
        return ()
    found = (*_folders(now, plan), *_disk_space(now.machine, plan))
    if not any(isinstance(step, Restart) for step in plan.steps):
        return found
    probes = [step for step in plan.steps if isinstance(step, Probe)]
    nodes = tuple(node for step in probes for node in step.nodes)
    servername = probes[0].servername if probes else ""
    return (*found, *_faults(now, coming_of(plan.steps), nodes, servername, seen))


def coming_of(steps: Iterable[Step]) -> dict[PurePosixPath, Written]:
    """What *steps* write."""
    files: dict[PurePosixPath, Written] = {}
    for step in steps:
        if isinstance(step, EditFile | PutFile):
            rights = (step.mode, step.uid, step.gid) if isinstance(step, PutFile) else None
            files[step.path] = Written(step.data, rights)
    return files


def undo_faults(machine: Machine, manifest: Manifest, folder: ChangeFolder) -> tuple[Finding, ...]:
    """What would make the restart fail when the change *manifest* is undone.

    A unit file that systemd has not read again is no reason to refuse an undo, nor is what overrules the file.
    """
    if manifest.restart is None or is_timer(manifest.restart[1]):
        return ()
    files: dict[PurePosixPath, Written] = {}
    for action in reversed(manifest.actions):
        before = action.before
        if before.kind == "file" and action.trust is None:
            try:
                data = folder.saved(BACKUP, action.backup, before)
            except WizardError:
                continue  # the undo itself refuses a damaged backup, with its own words
            listed = "system.posix_acl_access" in dict(before.xattrs)
            files[action.named] = Written(data, None if listed else (before.mode, before.uid, before.gid))
    nodes = tuple((node.host, node.port) for node in manifest.served)
    servername = manifest.served[0].servername if manifest.served else ""
    found = _faults(MachineSnapshot(machine), files, nodes, servername, None)
    kept_from = (codes.RESTART_UNIT_CHANGED, codes.PLAN_OVERRULED, codes.DOCTOR_START_UNDETERMINED)
    return tuple(each for each in found if each.spec not in kept_from)


def _faults(
    now: MachineSnapshot, coming: Coming, nodes: _Nodes, servername: str, seen: DoctorFacts | None
) -> tuple[Finding, ...]:
    # With nobody to ask, the settings alone are checked; the change itself then refuses before it touches anything.
    machine, unit = now.machine, now.restarted
    account = now.account if unit is not None else None
    started = effective.look(machine, unit, nodes[0][1] if nodes else 0)
    facts = seen if seen is not None else _look(nodes, servername, unit)
    if seen is None and unit is not None:
        facts = replace(facts, unit=unit_facts(unit, machine.unit, account, started))
    # The journal tells of former starts; who has the port now is what counts for the next one.
    facts = replace(facts, conf=scan_conf(machine, account, started, coming).facts, journal=())
    edited = coming.get(machine.conf)
    edits = edited is not None and edited.data != file_facts(machine, machine.conf, None)[1]
    wanted = _RULES | _OF_THE_START if edits else _RULES
    rules = [rule for rule in (*conf_rules.RULES, *service_rules.RULES) if rule.name in wanted]
    return tuple(_blocking(finding) for rule in rules for finding in rule.run(facts)[1])


def _blocking(finding: Finding) -> Finding:
    blocking = {
        codes.DOCTOR_UNIT_CHANGED: codes.RESTART_UNIT_CHANGED,
        codes.DOCTOR_CONF_NOT_USED: codes.PLAN_OVERRULED,
        codes.DOCTOR_SETTING_OVERRULED: codes.PLAN_OVERRULED,
    }
    return replace(finding, spec=blocking.get(finding.spec, finding.spec))


def _look(nodes: _Nodes, servername: str, unit: UnitState | None) -> DoctorFacts:
    """The port, and what answers there when it is not the service *unit*."""
    local = next((node for node in nodes if is_here(node[0], _LOOK_S)), None)
    listening = see_port(local[1], unit) if local is not None else None
    probes: tuple[ProbeFacts, ...] = ()
    if local is not None and listening and any(each.is_service is False for each in listening.listeners):
        probes = (probe_facts(probe(*local, servername=servername or None, timeout_s=_LOOK_S)),)
    return DoctorFacts(
        clock=ClockFacts(f"{now_utc():%Y-%m-%dT%H:%M:%S+00:00}"),
        port=local[1] if local is not None else 0,
        listening=listening,
        probes=probes,
    )


def _folders(now: MachineSnapshot, plan: Plan) -> tuple[Finding, ...]:
    """Each folder once: those that strangers may exchange, and those that the service may."""
    machine = now.machine
    found: dict[str, Finding] = {}
    for step in plan.file_steps:
        target = resolve(machine, step.path)
        for each in strangers(machine, target, os.environ.get("SUDO_USER", "")):
            facts = {"folder": each.folder, "who": each.who, "repair": each.repair}
            found.setdefault(each.folder, Finding(codes.PLAN_FOLDER_OPEN, Locator("file", each.folder), facts))
        for folder in target.folders:
            uid, path = folder.status.st_uid, str(machine.logical(folder.path))
            if uid not in {0, os.geteuid()} and path not in found and uid == service_uid(machine):
                facts = {"folder": path, "who": name_of(uid)}
                found[path] = Finding(codes.PLAN_FOLDER_OF_SERVICE, Locator("file", path), facts)
    return tuple(found.values())


def _disk_space(machine: Machine, plan: Plan) -> tuple[Finding, ...]:
    sizes: list[tuple[Directory, int, int]] = []
    for step in plan.file_steps:
        if isinstance(step, MakeFolder):
            continue
        target = resolve(machine, step.path)
        try:
            old = os.stat(target.names[0], dir_fd=target.folders[-1].descriptor).st_size
        except OSError:
            old = 0
        new = old if isinstance(step, ImportTrust) else len(step.data)
        sizes.append((target.folders[-1], new, old))
    try:
        check_change_room(Directory(_there(machine.state_dir)), sizes)
    except WizardError as error:
        return (Finding(codes.RESTART_NO_ROOM, Locator("file", error.subject), {"reason": error.message}),)
    return ()


def _there(path: Path) -> Path:
    """The nearest folder of *path* that is there."""
    return next(folder for folder in (path, *path.parents) if os.path.isdir(folder))
