"""A change of the root in phases: which one is next, as far as the machine, the checklist and the answers show.

A root must be trusted everywhere before the first certificate under it is presented, and as long as the last one is.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.roots import Kind, Rollover
from wizard.certificates.rules.certificate import listed
from wizard.change.plan import Plan
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import Machine, now_utc
from wizard.planning.inputs import PlanInputs, rollover
from wizard.planning.judge import roots_of
from wizard.planning.primary.plan import CACERTS_SECRET, Planned, plan_primary
from wizard.planning.proofs import Rehearsed, rehearse_all
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable, rfc3339
from wizard.questions.answers import PHASES, Phase
from wizard.questions.flow import numbered
from wizard.reports.checklist import Checklist, RootChange
from wizard.secret import Secret
from wizard.self_start import load

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Here:
    """What this machine shows.

    Attributes:
        trusts_new: the new root is in its trust store.
        trusts_old: so is the old one, and it is to be removed in the end.
        installed: the new certificate is in its key store.
    """

    trusts_new: bool
    trusts_old: bool
    installed: bool

    @property
    def complete(self) -> bool:
        """Whether nothing of the change is left to do here."""
        return self.trusts_new and self.has(Phase.RETIRE_ROOT)

    def has(self, phase: Phase) -> bool:
        """Whether this machine is as *phase* leaves it."""
        retired = self.installed and not self.trusts_old
        shown = {Phase.TRUST_ROOT: self.trusts_new, Phase.OTHERS: True, Phase.RETIRE_ROOT: retired}
        return shown.get(phase, self.installed)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a change of the root has got to, on a primary or a gateway.

    Attributes:
        root: from which root to which, with the phase that is planned: what the answers say, else the next one.
        known: the phase that is next as far as can be known, whatever the answers say; None when it cannot.
        here: what this machine shows.
        waits: what keeps the phase after it from being next, a line each.
    """

    root: RootChange
    known: Phase | None
    here: Here
    waits: tuple[str, ...]

    @property
    def phase(self) -> Phase:
        """That is planned."""
        return self.root.phase


@dataclass(frozen=True, slots=True)
class PrimaryCourse(Course):
    """The same on an on-premise primary.

    Attributes:
        change: from which chain to which.
        old_root: what is removed in the end; None when it is not known, or every Java brings it.
        hosts: the machines that are waited for.
    """

    change: Rollover
    old_root: Certificate | None
    hosts: tuple[str, ...]

    @property
    def skips(self) -> bool:
        """Whether the answers go on although it is known that they may not, or further than anybody can know."""
        if self.known is None:
            return self.phase is Phase.PRIMARY and not self.here.installed
        return self.known.number < self.phase.number


def require_phase(found: Course | None, wanted: Phase, case: str = "") -> None:
    """Refuse to plan a phase when it cannot be known which, or when the answers want one that there is not.

    Args:
        found: what was found; None when the root stays.
        wanted: by the answers.
        case: of the text, on a gateway.

    Raises:
        WizardError: `phase.unclear`; `phase.no-root-change`.
    """
    if found is None and wanted.trusts_alone:
        raise WizardError(codes.PHASE_NO_ROOT_CHANGE, subject="phase", phase=wanted)
    if found is not None and found.phase is Phase.AUTO:
        raise WizardError(codes.PHASE_UNCLEAR, case=case, subject="phase", new=found.root.new_name)


def course(inputs: PlanInputs) -> PrimaryCourse | None:
    """The phase to plan on an on-premise primary; None when the root stays, or is not in the files.

    Raises:
        WizardError: the new chain cannot be read; as `require_phase`.
    """
    found = look(inputs)
    require_phase(found, inputs.answers.phase)
    return found


def look(inputs: PlanInputs) -> PrimaryCourse | None:
    """As `course`; where it cannot be known, the phase stays `auto`.

    Raises:
        WizardError: the new chain cannot be read.
    """
    change = rollover(inputs)
    if change is None or change.kind is not Kind.ROOT or change.new_root is None:
        return None
    leaf = inputs.judged("primary").chain.leaf
    old = change.old_root
    if old is not None and old.sha256 in roots_of(inputs.seen, inputs.answers).public:
        old = None
    old_sha, new_sha, leaf_sha = (each.sha256 if each is not None else "" for each in (old, change.new_root, leaf))
    names, begins = (change.old_name, change.new_name), rfc3339(change.begins)
    root = RootChange(inputs.answers.phase, old_sha, new_sha, leaf_sha, *names, begins)
    here = _here(inputs.seen.opened_by(inputs.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD), root)
    kept = _about(inputs.checklist, root.new)
    known = _next(here, kept, change.begins)
    if root.phase is Phase.AUTO and known is not None:
        root = replace(root, phase=known)
    waits = _waits(kept, change.begins, root.phase)
    return PrimaryCourse(root, known, here, waits, change, old, _hosts(kept))


def chains_at_hand(inputs: PlanInputs, *more: str) -> list[Chain]:
    """The chains of gateways and clients, and of the roles *more*, that can be read already."""
    found = []
    for role in (*more, *inputs.answers.other_roles()):
        with suppress(WizardError):
            found.append(inputs.judged(role).chain)
    return found


def plan(inputs: PlanInputs, found: PrimaryCourse | None) -> Planned:
    """The plan for the primary of *inputs*; of a change of its root the phase in *found*, which `course` gave.

    Raises:
        WizardError: as `plan_primary`.
    """
    if found is None:
        return plan_primary(inputs)
    if found.phase is Phase.OTHERS:
        judged = inputs.judged("primary")
        planned = Planned(Plan("New certificates of gateways and clients", (), "primary"), judged.findings, {})
    else:
        retires = found.phase is Phase.RETIRE_ROOT
        planned = plan_primary(inputs, found.phase, found.old_root if retires else None)
    return replace(planned, findings=(*planned.findings, *_findings(found, planned)), phase=found.phase)


def rehearse(inputs: PlanInputs, phase: Phase, *, proven: bool) -> list[Rehearsed]:
    """The rehearsal of the *phase* that was planned: with the certificates that are presented when it is made.

    Raises:
        WizardError: a chain cannot be read.
    """
    if phase.trusts_alone:
        return []
    if phase is Phase.OTHERS:
        return rehearse_all(inputs, present=inputs.seen.chain) if inputs.answers.other_roles() else []
    return rehearse_all(inputs, proven=proven)


def first_findings(found: Course) -> list[Finding]:
    """That the root changes in one step, or in which phase."""
    where, facts = Locator("chain"), {"old": found.root.old_name, "new": found.root.new_name}
    if found.phase is Phase.AT_ONCE:
        return [Finding(codes.ROLLOVER_ROOT_CHANGES, where, facts)]
    return [Finding(codes.PHASE_PLANNED, where, {**facts, "phase": numbered(found.phase)})]


def _findings(found: PrimaryCourse, planned: Planned) -> list[Finding]:
    result, where = first_findings(found), Locator("chain")
    if found.phase is Phase.AT_ONCE:
        return [] if planned.plan.is_empty else result
    waiting = listed(found.hosts or found.waits, MOST_NAMES)
    if found.skips:
        earlier = waiting or ", ".join(f"phase {numbered(each)}" for each in PHASES if each.number < found.phase.number)
        result.append(Finding(codes.PHASE_SKIPPED, where, {"open": earlier}))
    elif waiting and found.here.has(found.phase):
        result.append(Finding(codes.PHASE_WAITS, where, {"phase": numbered(found.phase), "open": waiting}))
    return result


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change of the root is, as the kept checklist and the machine show.

    Attributes:
        change: which one.
        phase: the next one, or the one that is waited for.
        done_here: whether this machine has what the phase demands of it.
        waits: what keeps the phase after it from being next, a line each.
    """

    change: RootChange
    phase: Phase
    done_here: bool
    waits: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "old": {"name": self.change.old_name, "sha256": self.change.old or None},
            "new": {"name": self.change.new_name, "sha256": self.change.new},
            "phase": self.phase.value,
            "number": self.phase.number,
            "done_here": self.done_here,
            "blocked_by": list(self.waits),
        }

    def lines(self) -> list[str]:
        """For people."""
        names = f"{printable(self.change.old_name, limit=30)} to {printable(self.change.new_name, limit=30)}"
        here = "done on this machine" if self.done_here else "to be made on this machine"
        head = [f"Change of the root, {names}:", f"  phase {numbered(self.phase)}; {here}"]
        return [*head, *(f"  before the next phase: {printable(each)}" for each in self.waits)]


_PROGRESS, _UNDER_WAY = "wizard.planning.gateway.phases:progress", "wizard.planning.gateway.phases:under_way"
LOADED_LATER = (_PROGRESS, _UNDER_WAY)
"""On a gateway alone."""


def progress(
    machine: Machine, kept: Checklist | None, coming: Callable[[], Chain | None], cacerts: Secret | None = None
) -> Progress | None:
    """How far the change of the root is that *kept* is about; None when none is under way.

    Args:
        machine: whose stores are read.
        kept: the list of this machine.
        coming: gives the new chain of a gateway with its key, None when it cannot be read; for the primary to accept.
        cacerts: the password of the primary's trust store; None is the usual one.
    """
    change = kept.root_change if kept is not None else None
    if kept is None or change is None:
        return None
    if change.unattended:
        on_gateway: Progress | None = load(_PROGRESS)(machine, kept, change, coming)
        return on_gateway
    seen = MachineSnapshot(machine).opened_by(cacerts or DEFAULT_STORE_PASSWORD)
    here = _here(seen, change)
    begins = datetime.fromisoformat(change.begins)
    found = _next(here, kept, begins) or change.phase
    if change.phase is found is Phase.RETIRE_ROOT and here.has(found) and not kept.left:
        return None
    return Progress(change, found, here.has(found), _waits(kept, begins, found))


def under_way(machine: Machine, kept: Checklist) -> bool:
    """Whether the change of the root that *kept* is about was begun on this machine and is not complete."""
    change = kept.root_change
    if change is not None and change.unattended:
        return bool(load(_UNDER_WAY)(machine, change))
    found = progress(machine, kept, lambda: None)
    return found is not None and (found.done_here or found.phase is not Phase.TRUST_ROOT)


def _about(kept: Checklist | None, new: str) -> Checklist | None:
    """The list, when it is about the change to the root *new*."""
    change = kept.root_change if kept is not None else None
    return kept if change is not None and change.new == new else None


def _here(seen: MachineSnapshot, change: RootChange) -> Here:
    installed = seen.chain
    presented = installed is not None and installed.leaf is not None and installed.leaf.sha256 == change.leaf
    trusted = {each.sha256 for each in seen.anchors}
    if not trusted:
        # Without a trust store that can be read there is nothing that this program could do to it.
        return Here(trusts_new=True, trusts_old=False, installed=presented)
    return Here(trusts_new=change.new in trusted, trusts_old=change.old in trusted, installed=presented)


def _next(here: Here, kept: Checklist | None, begins: datetime) -> Phase | None:
    """The first phase that is not known to be complete; None when a list of what is done elsewhere is missing."""
    if here.installed and not here.trusts_old:
        return Phase.RETIRE_ROOT
    if not (here.installed or here.trusts_new) or (not here.installed and begins > now_utc()):
        return Phase.TRUST_ROOT
    change = kept.root_change if kept is not None else None
    if kept is None or change is None:
        return None
    # The number of a phase is the place of the one behind it.
    place = change.phase.number - 1 if kept.left else change.phase.number
    first, last = (Phase.PRIMARY, Phase.RETIRE_ROOT) if here.installed else (Phase.TRUST_ROOT, Phase.PRIMARY)
    return PHASES[max(first.number - 1, min(place, last.number - 1))]


def _waits(kept: Checklist | None, begins: datetime, phase: Phase) -> tuple[str, ...]:
    not_yet = phase in {Phase.TRUST_ROOT, Phase.OTHERS} and begins > now_utc()
    dates = [f"The new chain is valid from {begins:%Y-%m-%d}"] if not_yet else []
    return (*dates, *(item.text for item in (kept.left if kept is not None else ())))


def _hosts(kept: Checklist | None) -> tuple[str, ...]:
    """The machines that are not ticked."""
    parts = [item.id.split("/") for item in (kept.left if kept is not None else ())]
    return tuple(dict.fromkeys(part[1] for part in parts if part[0] in {"gateway", "client", "node"}))
