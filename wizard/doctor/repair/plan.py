"""Turn a repair into an ordinary plan, with the steps, review, verification and undo of any other change."""

import os
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.names import short
from wizard.change.plan import ImportTrust, Plan, Probe, PutFile, Restart, Step
from wizard.change.targets import expectation
from wizard.doctor.collect.run import Examined
from wizard.doctor.repair.choose import Kind, Repair
from wizard.doctor.repair.conf import undo_damage, with_values
from wizard.doctor.repair.record import from_record
from wizard.doctor.repair.store import rewritten
from wizard.doctor.restart_checks import plan_faults
from wizard.errors import WizardError
from wizard.host.access import FOR_PRIMARY, rights_for
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.host.secret_sources import DEFAULT_STORE_PASSWORD
from wizard.planning.primary.inputs import Planned
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET, trust_alias
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.secret import Secret

Give = Callable[[str], Secret | None]
"""Asks for a secret by its name; None when there is none."""


def plan_repair(machine: Machine, seen: Examined, repair: Repair, give: Give) -> Planned:
    """The plan that makes *repair*, its findings and the secrets that applying it needs.

    Raises:
        WizardError: `doctor.by-hand`; `secret.missing`, or what forbids the change.
    """
    _require_plain(seen, repair)
    secrets = {CACERTS_SECRET: give(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}
    leaf = _leaf(seen)
    steps: list[Step]
    match repair.kind:
        case Kind.RESTART:
            steps = []
        case Kind.REPAIR_CONF:
            values = undo_damage(machine, seen)
            steps, leaf = list(values.steps), values.leaf
        case Kind.SET_FILE | Kind.SET_PASSWORD | Kind.SET_BOTH:
            values = with_values(machine, seen, lambda: give(STORE_SECRET))
            steps, leaf = list(values.steps), values.leaf
        case Kind.REWRITE_STORE:
            store = rewritten(machine, seen, give, rights_for(seen.account, os.geteuid(), FOR_PRIMARY))
            steps, leaf = list(store.steps), store.leaf
            secrets[STORE_SECRET] = store.password
        case Kind.FROM_RECORD:
            again = from_record(machine, seen, give, rights_for(seen.account, os.geteuid(), FOR_PRIMARY))
            steps, leaf = list(again.steps), again.leaf or leaf
            if again.password is not None:
                secrets[STORE_SECRET] = again.password
        case Kind.IMPORT_ROOT:
            steps = [_import(machine, seen)]
        case Kind.RIGHTS:
            steps = [_rights(machine, seen, repair)]
        case _:
            raise WizardError(
                codes.DOCTOR_BY_HAND, subject=repair.path, code=repair.code, summary=repair.summary, steps=repair.steps
            )
    if not repair.code.endswith("-world-readable"):
        steps.append(Restart("restart", machine.unit, always=True))
        if leaf:
            nodes = tuple((node, seen.facts.port) for node in seen.nodes)
            steps.append(Probe("probe", nodes, seen.facts.servername, leaf))
    plan = Plan(f"Repair: {repair.summary}", tuple(steps), "primary")
    return Planned(plan, plan_faults(MachineSnapshot(machine), plan, seen.facts), secrets)


def _require_plain(seen: Examined, repair: Repair) -> None:
    """Refuse a file name that could act on a terminal: a review must show what will be changed."""
    for path in (repair.path, seen.conf.store_path):
        if printable(path) != path:
            raise WizardError(codes.DOCTOR_BY_HAND, case="name", subject=path, file=path)


def _leaf(seen: Examined) -> str:
    store = seen.facts.store
    return store.leaf.sha256 if store is not None and store.leaf is not None and store.keys else ""


def _import(machine: Machine, seen: Examined) -> ImportTrust:
    chain = seen.store.chain if seen.store is not None else None
    root = chain.root if chain is not None else None
    if root is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-root", subject=machine.cacerts)
    alias = trust_alias(short(root), root.sha256)
    return ImportTrust(
        "trust",
        machine.cacerts,
        root.der,
        alias,
        root.sha256,
        CACERTS_SECRET,
        expectation(machine, machine.cacerts),
        f"Trust {short(root)} in cacerts, alias {alias}",
    )


def _rights(machine: Machine, seen: Examined, repair: Repair) -> PutFile:
    path = PurePosixPath(repair.path)
    if seen.account is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-account", subject=path, path=path)
    mode, uid, gid = (
        (0o644, None, None) if path == machine.cacerts else rights_for(seen.account, os.geteuid(), FOR_PRIMARY)
    )
    expect = expectation(machine, path)
    return PutFile(
        "rights",
        path,
        read_input(machine.real(expect.link_to or path)),
        mode,
        expect,
        f"Same content, mode {mode:04o}, so that {seen.account.name} can read it",
        uid=uid,
        gid=gid,
    )


def named(repairs: Sequence[Repair], code: str) -> Repair:
    """The repair of the root cause *code*, with or without its prefix.

    Raises:
        WizardError: `doctor.not-found`.
    """
    for repair in repairs:
        if code in {repair.code, repair.code.removeprefix("doctor.")}:
            return repair
    known = ", ".join(repair.code for repair in repairs) or "nothing was found"
    raise WizardError(codes.DOCTOR_NOT_FOUND, subject=code, code=code, known=known)
