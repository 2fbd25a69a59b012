"""Turn repairs into one ordinary plan, with the steps, review, verification and undo of any other change."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.names import short
from wizard.change.plan import EditFile, FileStep, ImportTrust, Plan, Probe, PutFile, Restart, Step, digest_of
from wizard.change.targets import find
from wizard.configs.diffs import unified
from wizard.doctor.collect.files import Rights
from wizard.doctor.collect.run import Examined, examine_after
from wizard.doctor.diagnose import STORE, Cause, diagnose
from wizard.doctor.repair.choose import Give, Kind, Repair
from wizard.doctor.repair.steps import fit, from_record, rewritten, settings_steps, trusted, undo_damage, written
from wizard.doctor.restart_checks import coming_of, plan_faults
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import FOR_PRIMARY, Machine, rights_for
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET, Planned, trust_alias
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class Together:
    """The repairs of one change.

    Attributes:
        planned: the change; None when there is nothing that it could repair.
        made: what it repairs, the first cause first.
        later: what needs a change of its own after it, because both would write the same file in different ways.
        refused: what cannot be repaired as it is, and why: `secret.missing` when a password has to be typed first.
        after: the examination as it will be.
        faults: what would make the restart fail that a repair needs for which a password has to be typed first.
    """

    planned: Planned | None
    made: tuple[Cause, ...]
    later: tuple[Cause, ...]
    refused: tuple[tuple[Cause, WizardError], ...]
    after: Examined
    faults: tuple[Finding, ...] = ()


def plan_repair(machine: Machine, seen: Examined, repair: Repair, give: Give) -> Planned:
    """The plan that makes *repair* alone, its findings and the secrets that applying it needs.

    Raises:
        WizardError: `doctor.by-hand`; `secret.missing`, or what forbids the change.
    """
    if not repair.automatic:
        raise by_hand(repair)
    found = plan_repairs(machine, seen, give, only=repair.code)
    for _cause, error in found.refused:
        raise error
    if found.planned is None:
        raise by_hand(repair)
    return found.planned


def by_hand(repair: Repair) -> WizardError:
    """The refusal of what a person has to do."""
    return WizardError(
        codes.DOCTOR_BY_HAND, subject=repair.path, code=repair.code, summary=repair.summary, steps=repair.steps
    )


def plan_repairs(machine: Machine, seen: Examined, give: Give, *, only: str = "") -> Together:
    """One change, with one restart, that makes as many repairs as possible.

    After each repair the files are judged as they will be: that shows what the fault has hidden, and no repair is
    planned for what another one has removed.

    Args:
        machine: that is repaired.
        seen: its examination.
        give: asks for a secret; each is asked for once.
        only: the code of the one cause to repair; "" for all.
    """
    given = cache(give)
    secrets = {CACERTS_SECRET: given(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}
    steps: dict[PurePosixPath | str, FileStep] = {}
    made: list[Cause] = []
    later: list[Cause] = []
    refused: list[tuple[Cause, WizardError]] = []
    view, tried = seen, {""}
    while (cause := _next(view, tried, only)) is not None:
        repair = cause.repair
        tried.add(repair.code)
        try:
            _require_plain(view, repair)
            more, password = _steps(machine, view, repair, given)
            merged = _merged(machine, steps, more)
        except WizardError as error:
            refused.append((cause, error))
            continue
        if merged is None:
            later.append(cause)
            continue
        steps, made = merged, [*made, cause]
        secrets |= {STORE_SECRET: password} if password is not None else {}
        trusts = any(isinstance(step, ImportTrust) for step in steps.values())
        view = examine_after(machine, seen, coming_of(steps.values()), trusts_root=trusts)
    causes = diagnose(seen.facts).causes
    made += [each for each in causes if each.repair.kind is Kind.RESTART and only in {"", each.repair.code}]
    restart = Restart("restart", machine.unit, always=True)
    waits = any(error.spec == codes.SECRET_MISSING for _, error in refused)
    faults = plan_faults(MachineSnapshot(machine), Plan("", (restart,)), seen.facts) if waits else ()
    if not made:
        return Together(None, (), tuple(later), tuple(refused), view, faults)
    ends: list[Step] = [restart, *_probe(seen, view)] if _wants_restart(made, view, seen) else []
    title = made[0].repair.summary + (f", and {len(made) - 1} more" if len(made) > 1 else "")
    plan = Plan(f"Repair: {title}", (*_named_once(steps.values()), *ends), "primary")
    planned = Planned(plan, plan_faults(MachineSnapshot(machine), plan, seen.facts), secrets)
    return Together(planned, tuple(made), tuple(later), tuple(refused), view, faults)


def _next(view: Examined, tried: Collection[str], only: str) -> Cause | None:
    for cause in diagnose(view.facts).causes:
        code, kind = cause.repair.code, cause.repair.kind
        if kind not in {Kind.BY_HAND, Kind.RESTART} and code not in tried and only in {"", code}:
            return cause
    return None


def _steps(machine: Machine, seen: Examined, repair: Repair, give: Give) -> tuple[Sequence[FileStep], Secret | None]:
    """What *repair* writes, and the password of the key store where it writes that."""
    rights = rights_for(seen.account, os.geteuid(), FOR_PRIMARY)
    match repair.kind:
        case Kind.REPAIR_CONF:
            return [undo_damage(machine, seen)], None
        case Kind.SET_FILE | Kind.SET_PASSWORD | Kind.SET_BOTH:
            return settings_steps(machine, seen, *fit(machine, seen, give)), None
        case Kind.REWRITE_STORE:
            return rewritten(machine, seen, give, rights)
        case Kind.FROM_RECORD:
            return from_record(machine, seen, give, rights)
        case Kind.IMPORT_ROOT:
            return [_import(machine, seen)], None
        case Kind.RIGHTS:
            return [_rights(machine, seen, repair, rights)], None
        case _:
            raise by_hand(repair)


def _merged(
    machine: Machine, steps: Mapping[PurePosixPath | str, FileStep], more: Sequence[FileStep]
) -> dict[PurePosixPath | str, FileStep] | None:
    """*steps* and *more*, one step for each file; None when two of them cannot be one."""
    result = dict(steps)
    for step in more:
        if isinstance(step, ImportTrust):
            if step.path in result:
                return None
            result[f"{step.path} {step.alias}"] = step
            continue
        if any(isinstance(each, ImportTrust) and each.path == step.path for each in result.values()):
            return None
        before = result.get(step.path)
        result[step.path] = step if before is None else _joined(machine, before, step)
    return result


def _joined(machine: Machine, first: FileStep, second: FileStep) -> FileStep:
    """One step that leaves the file as *second* does, which was made from what *first* leaves."""
    if not isinstance(first, EditFile | PutFile) or not isinstance(second, EditFile | PutFile):
        return second
    diff = ""
    if first.diff or second.diff:
        diff = unified(str(second.path), find(machine, second.path)[1], second.data)
    ids = [each.content_id or digest_of(each.data) for each in (first, second)]
    both = {
        "diff": diff,
        "summary": f"{first.summary}; {second.summary[:1].lower()}{second.summary[1:]}",
        "content_id": " ".join(ids) if first.content_id or second.content_id else "",
    }
    if isinstance(second, PutFile):
        # The rights of a file whose text is changed too, or a key store that is written anew.
        return replace(second, **(both if first.diff else {}))  # type: ignore[arg-type]  # a table of members
    if isinstance(first, PutFile):
        return replace(first, data=second.data, **both)  # type: ignore[arg-type]  # likewise
    return replace(second, **both)  # type: ignore[arg-type]  # likewise


def _named_once(steps: Iterable[FileStep]) -> Iterator[FileStep]:
    ids: list[str] = []
    for step in steps:
        ids.append(step.id)
        yield step if ids.count(step.id) == 1 else replace(step, id=f"{step.id}-{ids.count(step.id)}")


def _wants_restart(made: Iterable[Cause], after: Examined, seen: Examined) -> bool:
    """Whether the service has to read what is repaired.

    A server that presents a certificate from memory is not restarted while its key store is of no use.
    """
    if all(cause.repair.code.endswith("-world-readable") for cause in made):
        return False
    probes = seen.facts.probes or ()
    presents = any(probe.leaf is not None and not probe.fallback for probe in probes)
    return not presents or bool(_leaf(after))


def _probe(seen: Examined, after: Examined) -> list[Probe]:
    leaf, nodes = _leaf(after), tuple((node, seen.facts.port) for node in seen.nodes)
    foreign = any(cause.finding.spec == codes.DOCTOR_FOR_ANOTHER_HOST for cause in diagnose(after.facts).causes)
    # The name in the record counts as known later on: one that was only read from a doubtful certificate must not.
    return [Probe("probe", nodes, "" if foreign else seen.facts.servername, leaf)] if leaf else []


def _require_plain(seen: Examined, repair: Repair) -> None:
    """Refuse a file name that could act on a terminal: a review must show what will be changed."""
    for path in (repair.path, seen.conf.store_path):
        if printable(path) != path:
            raise WizardError(codes.DOCTOR_BY_HAND, case="name", subject=path, file=path)


_OF_NO_USE = frozenset(f"doctor.{name}" for name in STORE)
"""Causes with which the server presents its built-in certificate, or does not start."""


def _leaf(after: Examined) -> str:
    """The certificate that the server presents with these files; "" when it can present none of them."""
    store = after.facts.store
    if store is None or store.leaf is None or not store.usable:
        return ""
    causes = {cause.finding.code for cause in diagnose(after.facts).causes}
    return "" if causes & _OF_NO_USE else store.leaf.sha256


def _import(machine: Machine, seen: Examined) -> ImportTrust:
    chain = seen.store.chain if seen.store is not None else None
    root = chain.root if chain is not None else None
    if root is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-root", subject=machine.cacerts)
    return trusted(machine, "trust", root, trust_alias(short(root), root.sha256))


def _rights(machine: Machine, seen: Examined, repair: Repair, tightest: Rights) -> PutFile:
    path = PurePosixPath(repair.path)
    if seen.account is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-account", subject=path, path=path)
    rights = (0o644, None, None) if path == machine.cacerts else tightest
    others = "" if rights[0] & 0o004 else ", other accounts cannot"
    summary = f"Same content, mode {rights[0]:04o}: {seen.account.name} can read it{others}"
    data = seen.conf.data if path == machine.conf else find(machine, path)[1]
    return written(machine, "rights", path, data, rights, summary)


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
