"""A change of the root on a gateway: which phase is next, as its own stores and the primary show."""

from collections.abc import Sequence
from dataclasses import dataclass

from wizard import codes
from wizard.certificates.chain import host_chain
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.roots import Kind, compare
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.machine import now_utc
from wizard.planning.gateway.facts import GatewayFacts
from wizard.planning.gateway.primary_probe import identity
from wizard.planning.gateway.steps import holds_anchors, holds_chain
from wizard.planning.gateway.stores import KEYSTORE_PASSWORD, GatewayInput
from wizard.planning.inputs import PlanInputs, put_away
from wizard.planning.primary.plan import LOOK_TIMEOUT_S
from wizard.probing.probe import ProbeResult, TrustSet, probe
from wizard.questions.answers import Goal, Phase, endpoint
from wizard.questions.flow import numbered
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class Course:
    """The phase of this gateway.

    Attributes:
        phase: that is planned: what the answers say, else the next one.
        known: the next one as far as can be known; None when it cannot.
        waits: what keeps the phase after it from being next; "" when nothing is known to.
        old: the roots that the trust store holds besides, or that of the installed chain.
        new: the root that comes.
        installed: whether the new certificate is in the key store.
    """

    phase: Phase
    known: Phase | None
    waits: str
    old: tuple[Certificate, ...]
    new: str
    installed: bool

    @property
    def old_names(self) -> str:
        """For people."""
        return ", ".join(short(each) for each in self.old) or "another root"


def course(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> Course | None:
    """The phase to plan on this gateway; None when no root changes.

    Raises:
        WizardError: `phase.unclear`, `phase.no-root-change`.
    """
    found, wanted = look(inputs, given, anchors, facts), inputs.answers.phase
    if found is None and wanted.trusts_alone:
        raise WizardError(codes.PHASE_NO_ROOT_CHANGE, subject="phase", phase=wanted)
    if found is not None and found.phase is Phase.AUTO:
        raise WizardError(codes.PHASE_UNCLEAR, case="gateway", subject="phase", new=found.new)
    return found


def look(inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts) -> Course | None:
    """As `course`; where it cannot be known, the phase stays `auto`."""
    wanted, held = inputs.answers.phase, facts.keystore.content
    if inputs.answers.goal is not Goal.RE_KEY:
        return None
    has_chain = holds_chain(given, facts)
    old = _put_away(inputs, facts) if has_chain else host_chain(held) if held is not None else None
    change = compare(old, given.chain) if old is not None else None
    root_changes = change is not None and change.kind is Kind.ROOT
    store = facts.truststore.content if facts.truststore is not None else None
    besides = tuple(each for each in (store.certificates if store is not None else ()) if each not in anchors)
    missing = bool(anchors) and not holds_anchors(anchors, facts)
    complete = has_chain and not besides and not missing
    asked = bool(besides) and (missing or wanted is Phase.RETIRE_ROOT)
    if not (root_changes or asked):
        return None
    if not besides and old is not None and old.root is not None:
        besides = (old.root,)
    new = ", ".join(short(each) for each in anchors) or (change.new_name if change is not None else "")
    known: Phase | None = Phase.TRUST_ROOT
    waits = ""
    if complete:
        known = Phase.RETIRE_ROOT
    elif not missing and has_chain:
        known, waits = _after_others(inputs, given, anchors)
    elif not missing and change is not None and change.begins > now_utc():
        waits = f"the new chain is valid from {change.begins:%Y-%m-%d}"
    elif not missing:
        known, waits = _before_others(inputs, given, new)
    phase = (known or Phase.AUTO) if wanted is Phase.AUTO else wanted
    return Course(phase, known, waits, besides, new, installed=has_chain)


def _put_away(inputs: PlanInputs, facts: GatewayFacts) -> Chain | None:
    """The chain that the newest change of this gateway's key store replaced; None when there is no such record."""

    def password(settings: bytes) -> Secret | None:
        value = envfile.parse(settings).get(KEYSTORE_PASSWORD)
        return Secret(value.text) if value is not None else None

    return put_away(inputs.machine, lambda: facts.unattended.data, password)


def findings(found: Course, inputs: PlanInputs) -> list[Finding]:
    """What is reported about the phase."""
    where = Locator("chain")
    if found.phase is Phase.AT_ONCE:
        return [Finding(codes.ROLLOVER_ROOT_CHANGES, where, {"old": found.old_names, "new": found.new})]
    facts = {"old": found.old_names, "new": found.new, "phase": numbered(found.phase)}
    result = [Finding(codes.PHASE_PLANNED, where, facts)]
    primary = inputs.answers.primary
    if found.phase is Phase.RETIRE_ROOT and found.known is not found.phase:
        node = endpoint(primary.host, primary.port)
        told = {"where": node, "root": found.old_names}
        result.append(Finding(codes.PHASE_OLD_ROOT_IN_USE, Locator("endpoint", endpoint=node), told))
    elif found.known is not None and found.known.number < found.phase.number:
        result.append(Finding(codes.PHASE_SKIPPED, where, {"open": found.waits or f"phase {numbered(found.known)}"}))
    elif found.waits and found.known is found.phase:
        told = {"phase": numbered(found.phase), "open": found.waits}
        result.append(Finding(codes.PHASE_WAITS, where, told))
    return result


def _before_others(inputs: PlanInputs, given: GatewayInput, new: str) -> tuple[Phase | None, str]:
    """Both roots are trusted here: may the new certificate be installed? Only the primary can tell."""
    seen = _probe(inputs, given, ())
    match seen.client_certificate if seen is not None else "unknown":
        case "accepted":
            return Phase.OTHERS, ""
        case "rejected":
            return Phase.TRUST_ROOT, f"the primary does not accept a certificate under {new} yet"
        case _:
            return None, ""


def _after_others(inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate]) -> tuple[Phase, str]:
    """The new certificate is installed here: is the old root still needed? It is until the primary has its own."""
    seen = _probe(inputs, given, anchors)
    verdict = seen.trust.get("new") if seen is not None else None
    if verdict is not None and verdict.ok:
        return Phase.RETIRE_ROOT, ""
    answers = seen is not None and seen.leaf is not None
    return Phase.PRIMARY, f"the primary {'presents its old certificate' if answers else 'does not answer'}"


def _probe(inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate]) -> ProbeResult | None:
    primary = inputs.answers.primary
    if not primary.host:
        return None
    trust = {"new": TrustSet(tuple(anchors))} if anchors else {}
    client = identity(given.chain)
    return probe(
        primary.host, primary.port, servername=primary.host, client=client, timeout_s=LOOK_TIMEOUT_S, trust=trust
    )
