"""A change of the root on a gateway: which phase is next, as its own stores and the primary show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.roots import Kind, Rollover, compare
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.machine import Machine, now_utc
from wizard.planning.gateway.facts import GatewayFacts, installed_chain, look_at_unattended, trusted
from wizard.planning.gateway.primary_probe import identity
from wizard.planning.gateway.steps import holds_anchors, holds_chain
from wizard.planning.gateway.stores import KEYSTORE_PASSWORD, GatewayInput
from wizard.planning.inputs import PlanInputs, put_away
from wizard.planning.phases import Course, Here, Progress, first_findings, require_phase
from wizard.planning.primary.plan import LOOK_TIMEOUT_S, old_root_in_use
from wizard.printable import endpoint, rfc3339
from wizard.probing.probe import ProbeResult, TrustSet, probe
from wizard.questions.answers import PHASES, Phase
from wizard.questions.flow import numbered
from wizard.reports.checklist import Checklist, RootChange
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class GatewayCourse(Course):
    """The phase of this gateway; *old* are the roots that its trust store holds besides, or that of the old chain."""

    old: tuple[Certificate, ...]


def course(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> GatewayCourse | None:
    """The phase to plan on this gateway; None when no root changes.

    Raises:
        WizardError: as `require_phase`.
    """
    found = look(inputs, given, anchors, facts)
    require_phase(found, inputs.answers.phase, "gateway")
    return found


def look(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> GatewayCourse | None:
    """As `course`; where it cannot be known, the phase stays `auto`."""
    found = _change(inputs, given, anchors, facts)
    if found is None:
        return None
    change, old, here = found
    known, waits = _next(change, here, given.chain, anchors, lambda: given.chain)
    if change.phase is Phase.AUTO and known is not None:
        change = replace(change, phase=known)
    return GatewayCourse(change, known, here, (waits,) if waits else (), old)


def note(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> RootChange | None:
    """What the list of this gateway keeps of the phase in the answers; None when it is about no phase."""
    found = _change(inputs, given, anchors, facts)
    return found[0] if found is not None and given.chain.leaf is not None and found[0].phase in PHASES else None


def _change(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> tuple[RootChange, tuple[Certificate, ...], Here] | None:
    """The change of the root with the phase of the answers, the roots that go, and what the files of this gateway show.

    The primary is not asked.
    """
    change = rollover(inputs, given, facts)
    root_changes = change is not None and change.kind is Kind.ROOT
    store = facts.truststore.content if facts.truststore is not None else None
    old = tuple(each for each in (store.certificates if store is not None else ()) if each not in anchors)
    missing = bool(anchors) and not holds_anchors(anchors, facts)
    asked = bool(old) and (missing or inputs.answers.phase is Phase.RETIRE_ROOT)
    if not (root_changes or asked):
        return None
    here = Here(trusts_new=not missing, trusts_old=bool(old), installed=holds_chain(given, facts))
    if not old and change is not None and change.old_root is not None:
        old = (change.old_root,)
    leaf, comes = given.chain.leaf, next((each for each in (*anchors, given.chain.root) if each is not None), None)
    found = RootChange(
        inputs.answers.phase,
        old[0].sha256 if old else "",
        comes.sha256 if comes is not None else "",
        leaf.sha256 if leaf is not None else "",
        ", ".join(short(each) for each in old) or "another root",
        ", ".join(short(each) for each in anchors) or (change.new_name if change is not None else ""),
        rfc3339(change.begins if change is not None else now_utc()),
        str(facts.unattended.path),
        inputs.answers.primary.host,
        str(inputs.answers.primary.port),
    )
    return found, old, here


def rollover(inputs: PlanInputs, given: GatewayInput, facts: GatewayFacts) -> Rollover | None:
    """The change to the new chain of this gateway: from the installed one, or from what its installation took away."""

    def password(settings: bytes) -> Secret | None:
        value = envfile.parse(settings).get(KEYSTORE_PASSWORD)
        return Secret(value.text) if value is not None else None

    if holds_chain(given, facts):
        old = put_away(inputs.machine, lambda: facts.unattended.data, password)
    else:
        old = installed_chain(inputs.machine, facts.unattended)
    return compare(old, given.chain) if old is not None else None


def findings(found: GatewayCourse, inputs: PlanInputs) -> list[Finding]:
    """What is reported about the phase."""
    result, where, waiting = first_findings(found), Locator("chain"), "".join(found.waits)
    if found.phase is Phase.AT_ONCE:
        return result
    if found.phase is Phase.RETIRE_ROOT and found.known is not found.phase:
        node = endpoint(inputs.answers.primary.host, inputs.answers.primary.port)
        result.append(old_root_in_use(node, found.root.old_name))
    elif found.known is not None and found.known.number < found.phase.number:
        result.append(Finding(codes.PHASE_SKIPPED, where, {"open": waiting or f"phase {numbered(found.known)}"}))
    elif waiting and found.known is found.phase:
        result.append(Finding(codes.PHASE_WAITS, where, {"phase": numbered(found.phase), "open": waiting}))
    return result


def progress(
    machine: Machine, kept: Checklist, change: RootChange, coming: Callable[[], Chain | None]
) -> Progress | None:
    """How far *change* is, which *kept* is about; None when it is complete.

    Args:
        machine: this gateway.
        kept: its list; what is to be done on it before the next phase is in the section `here`.
        change: with the unattended file and the primary.
        coming: gives the new chain with its key; None when it cannot be read.
    """
    try:
        own, anchors = _stores(machine, change)
    except WizardError as error:
        return Progress(change, change.phase, done_here=False, waits=(error.message,))
    here = _here(own, anchors, change)
    left = tuple(item.text for item in kept.left if item.id.startswith("here/"))
    if here.complete and not left:
        return None
    new = [each for each in (*anchors, *(own.authorities if own is not None else ())) if each.sha256 == change.new]
    phase, waits = _next(change, here, own, new, coming)
    if phase is None:
        phase, waits = (
            Phase.TRUST_ROOT,
            f"it is not known whether the primary accepts a certificate under {change.new_name}",
        )
    if left and _done(here, change.phase):
        phase = change.phase
    return Progress(change, phase, _done(here, phase), (*([waits] if waits else []), *left))


def under_way(machine: Machine, change: RootChange) -> bool:
    """Whether *change* was begun on this gateway and is not complete; the primary is not asked."""
    try:
        here = _here(*_stores(machine, change), change)
    except WizardError:
        return False
    return (here.trusts_new or here.installed) and not here.complete


def _stores(machine: Machine, change: RootChange) -> tuple[Chain | None, Sequence[Certificate]]:
    """The installed chain and what is trusted.

    Raises:
        WizardError: as `look_at_unattended`.
    """
    unattended = look_at_unattended(machine, Path("/"), change.unattended)
    return installed_chain(machine, unattended), trusted(machine, unattended)


def _here(own: Chain | None, anchors: Sequence[Certificate], change: RootChange) -> Here:
    held = {each.sha256 for each in anchors}
    # Without a trust store of its own the gateway trusts the public roots of its Java.
    return Here(
        trusts_new=not held or change.new in held, trusts_old=change.old in held, installed=_is_new(own, change)
    )


def _is_new(chain: Chain | None, change: RootChange) -> bool:
    return chain is not None and chain.leaf is not None and chain.leaf.sha256 == change.leaf


def _done(here: Here, phase: Phase) -> bool:
    """Whether this gateway is as *phase* leaves it."""
    return here.installed if phase is Phase.OTHERS else here.has(phase)


def _next(
    change: RootChange,
    here: Here,
    own: Chain | None,
    anchors: Sequence[Certificate],
    coming: Callable[[], Chain | None],
) -> tuple[Phase | None, str]:
    """The next phase, or the one that is waited for, and what for; None when only the primary could tell.

    Args:
        change: with the names, the dates and the primary.
        here: what this gateway shows.
        own: the installed chain.
        anchors: the new root, once it is trusted.
        coming: gives the new chain with its key.
    """
    begins = datetime.fromisoformat(change.begins)
    if here.complete:
        return Phase.RETIRE_ROOT, ""
    if not here.trusts_new:
        return Phase.TRUST_ROOT, ""
    if here.installed and own is not None:
        # The old root is needed until the primary has its own certificate.
        seen = _probe(change, own, anchors)
        verdict = seen.trust.get("new") if seen is not None else None
        if verdict is not None and verdict.ok:
            return Phase.RETIRE_ROOT, ""
        answers = seen is not None and seen.leaf is not None
        return Phase.PRIMARY, f"the primary {'presents its old certificate' if answers else 'does not answer'}"
    if begins > now_utc():
        return Phase.TRUST_ROOT, f"the new chain is valid from {begins:%Y-%m-%d}"
    # Both roots are trusted here: may the new chain be installed? Only the primary can tell.
    chain = coming()
    seen = _probe(change, chain, ()) if chain is not None and _is_new(chain, change) else None
    match seen.client_certificate if seen is not None else "unknown":
        case "accepted":
            return Phase.OTHERS, ""
        case "rejected":
            return Phase.TRUST_ROOT, f"the primary does not accept a certificate under {change.new_name} yet"
        case _:
            return None, ""


def _probe(change: RootChange, chain: Chain, anchors: Sequence[Certificate]) -> ProbeResult | None:
    host = change.primary_host
    if not host:
        return None
    trust = {"new": TrustSet(tuple(anchors))} if anchors else {}
    client = identity(chain)
    return probe(host, int(change.primary_port), servername=host, client=client, timeout_s=LOOK_TIMEOUT_S, trust=trust)
