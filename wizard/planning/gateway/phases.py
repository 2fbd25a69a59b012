"""A change of the root on a gateway: which phase is next, as its own stores and the primary show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.roots import Kind, compare
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.machine import now_utc
from wizard.planning.gateway.facts import GatewayFacts, installed_chain
from wizard.planning.gateway.primary_probe import identity
from wizard.planning.gateway.steps import holds_anchors, holds_chain
from wizard.planning.gateway.stores import KEYSTORE_PASSWORD, GatewayInput
from wizard.planning.inputs import PlanInputs, put_away
from wizard.planning.phases import Here
from wizard.planning.primary.plan import LOOK_TIMEOUT_S
from wizard.printable import rfc3339
from wizard.probing.probe import ProbeResult, TrustSet, probe
from wizard.questions.answers import PHASES, Phase, endpoint
from wizard.questions.flow import numbered
from wizard.reports.checklist import RootChange
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
        here: what this gateway shows.
    """

    phase: Phase
    known: Phase | None
    waits: str
    old: tuple[Certificate, ...]
    new: str
    here: Here

    @property
    def old_names(self) -> str:
        """For people."""
        return old_names(self.old)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the root, as the files of this gateway show; the primary was not asked.

    Attributes:
        old: the roots that go.
        new: the root that comes; so is `name`, for people.
        begins: from when all of the new chain is valid.
        here: what this gateway shows.
    """

    old: tuple[Certificate, ...]
    new: str
    name: str
    begins: datetime
    here: Here


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
    wanted, found = inputs.answers.phase, _change(inputs, given, anchors, facts)
    if found is None:
        return None
    here, primary = found.here, (inputs.answers.primary.host, inputs.answers.primary.port)
    known: Phase | None = Phase.TRUST_ROOT
    waits = ""
    if here.trusts_new and here.has(Phase.RETIRE_ROOT):
        known = Phase.RETIRE_ROOT
    elif here.trusts_new and here.installed:
        known, waits = after_others(primary, given.chain, anchors)
    elif here.trusts_new and found.begins > now_utc():
        waits = f"the new chain is valid from {found.begins:%Y-%m-%d}"
    elif here.trusts_new:
        known, waits = before_others(primary, given.chain, found.name)
    phase = (known or Phase.AUTO) if wanted is Phase.AUTO else wanted
    return Course(phase, known, waits, found.old, found.name, here)


def note(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> RootChange | None:
    """What the list of this gateway keeps of the phase in the answers; None when it is about no phase."""
    found, leaf = _change(inputs, given, anchors, facts), given.chain.leaf
    if found is None or leaf is None or inputs.answers.phase not in PHASES:
        return None
    return RootChange(
        inputs.answers.phase,
        found.old[0].sha256 if found.old else "",
        found.new,
        leaf.sha256,
        old_names(found.old),
        found.name,
        rfc3339(found.begins),
        str(facts.unattended.path),
        inputs.answers.primary.host,
        str(inputs.answers.primary.port),
    )


def _change(
    inputs: PlanInputs, given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts
) -> _Change | None:
    has_chain, old = holds_chain(given, facts), _before(inputs, given, facts)
    change = compare(old, given.chain) if old is not None else None
    root_changes = change is not None and change.kind is Kind.ROOT
    store = facts.truststore.content if facts.truststore is not None else None
    besides = tuple(each for each in (store.certificates if store is not None else ()) if each not in anchors)
    missing = bool(anchors) and not holds_anchors(anchors, facts)
    asked = bool(besides) and (missing or inputs.answers.phase is Phase.RETIRE_ROOT)
    if not (root_changes or asked):
        return None
    here = Here(trusts_new=not missing, trusts_old=bool(besides), installed=has_chain)
    if not besides and old is not None and old.root is not None:
        besides = (old.root,)
    name = ", ".join(short(each) for each in anchors) or (change.new_name if change is not None else "")
    comes = next((each for each in (*anchors, given.chain.root) if each is not None), None)
    begins = change.begins if change is not None else now_utc()
    return _Change(besides, comes.sha256 if comes is not None else "", name, begins, here)


def old_names(old: Sequence[Certificate]) -> str:
    """For people."""
    return ", ".join(short(each) for each in old) or "another root"


def changes_root(inputs: PlanInputs, given: GatewayInput, facts: GatewayFacts) -> bool:
    """Whether the new chain of this gateway ends in another root than the one before."""
    old = _before(inputs, given, facts)
    change = compare(old, given.chain) if old is not None else None
    return change is not None and change.kind is Kind.ROOT


def _before(inputs: PlanInputs, given: GatewayInput, facts: GatewayFacts) -> Chain | None:
    """The chain that the new one replaces: the installed one, or what the change that installed it took away."""
    return _put_away(inputs, facts) if holds_chain(given, facts) else installed_chain(inputs.machine, facts.unattended)


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


def before_others(primary: tuple[str, int], chain: Chain, new: str) -> tuple[Phase | None, str]:
    """Both roots are trusted here: may *chain*, the new one, be installed? Only the *primary* can tell."""
    seen = _probe(primary, chain, ())
    match seen.client_certificate if seen is not None else "unknown":
        case "accepted":
            return Phase.OTHERS, ""
        case "rejected":
            return Phase.TRUST_ROOT, f"the primary does not accept a certificate under {new} yet"
        case _:
            return None, ""


def after_others(primary: tuple[str, int], chain: Chain, anchors: Sequence[Certificate]) -> tuple[Phase, str]:
    """The new *chain* is installed here: is the old root still needed? It is until the *primary* has its own."""
    seen = _probe(primary, chain, anchors)
    verdict = seen.trust.get("new") if seen is not None else None
    if verdict is not None and verdict.ok:
        return Phase.RETIRE_ROOT, ""
    answers = seen is not None and seen.leaf is not None
    return Phase.PRIMARY, f"the primary {'presents its old certificate' if answers else 'does not answer'}"


def _probe(primary: tuple[str, int], chain: Chain, anchors: Sequence[Certificate]) -> ProbeResult | None:
    host, port = primary
    if not host:
        return None
    trust = {"new": TrustSet(tuple(anchors))} if anchors else {}
    return probe(host, port, servername=host, client=identity(chain), timeout_s=LOOK_TIMEOUT_S, trust=trust)
