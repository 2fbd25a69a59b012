"""From the answers to the plan for this gateway: trust, file, stores, passwords, and a probe of the primary."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.roots import Kind
from wizard.change.plan import Plan
from wizard.errors import WizardError
from wizard.findings import Fact, Finding, has_errors
from wizard.host.machine import Machine
from wizard.planning.gateway import phases, steps, stores
from wizard.planning.gateway.facts import GatewayFacts, Store, Unattended, installed_chain, look, look_at_unattended
from wizard.planning.gateway.phases import GatewayCourse
from wizard.planning.gateway.primary_probe import PrimaryTrust, look_at_primary, primary_trust
from wizard.planning.gateway.steps import STORE_SECRET, TRUST_SECRET
from wizard.planning.gateway.stores import GatewayInput
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.judge import Judged, unreadable
from wizard.planning.primary.plan import Planned
from wizard.planning.snapshot import expectation
from wizard.questions.answers import PHASES, GatewayAnswers, Goal, Phase, SourceKind, is_full_path
from wizard.questions.passwords import GATEWAY, generate
from wizard.reports.checklist import Item, RootChange
from wizard.reports.lines import Line
from wizard.secret import Secret

ROLE = "gateway.0"
"""The gateway of the answers that is this machine."""


def plan_gateway(inputs: PlanInputs) -> tuple[Planned, GatewayCourse | None, tuple[Certificate, ...]]:
    """Plan this gateway; where a change of the root has got to, None when no root changes; and its trust anchors.

    Raises:
        WizardError: the files, the unattended file or the answers do not allow a plan.
    """
    judged = inputs.judged(ROLE)
    unused = Plan(f"Trusted certificate for the gateway {host_of(inputs, judged)}", (), "gateway")
    if has_errors(judged.findings):
        # Nothing is planned with a certificate that the primary will not accept; the findings say why.
        return Planned(unused, judged.findings, {}), None, ()
    trust, given, facts = look_here(inputs)
    refused = unreadable(inputs.machine, [*judged.chain.certificates, *trust.anchors])
    found = phases.course(inputs, given, trust.anchors, facts)
    phase = found.phase if found is not None else Phase.AT_ONCE
    own = judged.findings if phase is Phase.TRUST_ROOT else judged.used_now
    if has_errors(own):
        return Planned(unused, own, {}), found, trust.anchors
    anchors = _anchors(trust, facts, found)
    weak: Sequence[Finding] = ()
    if phase in {Phase.TRUST_ROOT, Phase.PRIMARY, Phase.RETIRE_ROOT} and facts.keystore.password is not None:
        given = replace(given, store_password=facts.keystore.password)
    else:
        store, weak = _password(inputs, STORE_SECRET, facts.keystore, kept=steps.holds_chain(given, facts))
        given = replace(given, store_password=store)
    if facts.truststore is not None:
        kept = steps.holds_anchors(anchors, facts)
        password, more = _password(inputs, TRUST_SECRET, facts.truststore, kept=kept)
        given, weak = replace(given, trust_password=password), (*weak, *more)
    plan = steps.make_plan(given, anchors, facts, inputs.machine.keytool, phase)
    if phase is Phase.PRIMARY:
        plan = replace(plan, steps=())
    findings = (
        *own,
        *refused,
        *trust.findings,
        *plan.findings,
        *weak,
        *(phases.findings(found, inputs) if found is not None else ()),
    )
    made = found.phase if found is not None else Phase.AUTO
    return Planned(plan, findings, {STORE_SECRET: given.store_password}, made), found, trust.anchors


def course_here(inputs: PlanInputs) -> GatewayCourse | None:
    """Where a change of the root has got to on this gateway; None when no root changes.

    Raises:
        WizardError: a file cannot be read.
    """
    trust, given, facts = look_here(inputs)
    return phases.look(inputs, given, trust.anchors, facts)


def root_change_here(inputs: PlanInputs) -> RootChange | None:
    """What the list of this gateway keeps of the phase in the answers; None when it is about no phase.

    Raises:
        WizardError: a file cannot be read.
    """
    trust, given, facts = look_here(inputs)
    return phases.note(inputs, given, trust.anchors, facts)


def _anchors(trust: PrimaryTrust, facts: GatewayFacts, found: GatewayCourse | None) -> tuple[Certificate, ...]:
    """What the trust store shall hold: a first one keeps the old root beside the new one while the root changes."""
    first = facts.truststore is not None and facts.truststore.content is None
    if found is None or not first or found.phase not in {Phase.TRUST_ROOT, Phase.OTHERS}:
        return trust.anchors
    return (*trust.anchors, *(each for each in found.old if each not in trust.anchors))


def require_stores(inputs: PlanInputs) -> None:
    """Refuse places where the stores cannot lie, and a password to keep that there is not.

    Raises:
        WizardError: as `look_here`; `rekey.nothing-to-keep`.
    """
    _, _, facts = look_here(inputs)
    if inputs.answers.get(STORE_SECRET).kind is SourceKind.KEEP:
        _password(inputs, STORE_SECRET, facts.keystore, kept=False)


def review_gateway(inputs: PlanInputs) -> tuple[Planned, list[Line]]:
    """The plan for this gateway, and how the primary looks from here.

    Raises:
        WizardError: as `plan_gateway`.
    """
    planned, found, trusted = plan_gateway(inputs)
    if has_errors(planned.findings):
        return planned, []
    chain = inputs.judged(ROLE).chain
    if found is not None and found.phase in {Phase.TRUST_ROOT, Phase.OTHERS, Phase.PRIMARY}:
        # Both roots are trusted until the last phase.
        trusted = (*trusted, *found.old) if trusted else ()
    if found is not None and found.phase is Phase.TRUST_ROOT:
        chain = installed_here(inputs) or chain
    good, doubts = look_at_primary(inputs, chain, trusted)
    return replace(planned, findings=(*planned.findings, *doubts)), [Line(""), *good] if good else []


def left_here(inputs: PlanInputs) -> tuple[Item, ...]:
    """What is left to do on this gateway when it has its stores and its settings.

    Raises:
        WizardError: the files cannot be read any more.
    """
    _, given, facts = look_here(inputs)
    leaf = given.chain.leaf.sha256 if given.chain.leaf is not None else "none"
    if inputs.answers.phase in PHASES:
        leaf = f"{inputs.answers.phase}/{leaf}"
    stores = [str(store.path) for store in (facts.keystore, facts.truststore) if store is not None]
    host = host_of(inputs, inputs.judged(ROLE))
    return (
        Item(
            f"here/install/{leaf}",
            "Run the unattended installation as your version documents it",
            f"with {facts.unattended.path}",
        ),
        Item(
            f"here/owner/{leaf}",
            "Give the stores to the service's account, if it has its own",
            "\n".join(f"chown ACCOUNT {path}" for path in stores),
        ),
        Item(f"here/online/{leaf}", f"Check in the portal that {host} is online"),
    )


def host_of(inputs: PlanInputs, judged: Judged) -> str:
    """The name of this gateway: as answered, else the first one in its certificate."""
    name: str = inputs.answers.get(f"{ROLE}.host")
    return name or judged.suggested_host


def unattended_of(inputs: PlanInputs) -> Unattended:
    """The unattended file of this gateway.

    Raises:
        WizardError: `answer.missing`; it is not there, cannot be read, or is another kind of file.
    """
    text = inputs.answers.get(f"{ROLE}.unattended-file")
    if not text:
        raise WizardError(codes.ANSWER_MISSING, case="unattended-file", subject=f"{ROLE}.unattended-file")
    return look_at_unattended(inputs.machine, inputs.base, text)


def installed_here(inputs: PlanInputs) -> Chain | None:
    """The chain that is installed on this gateway; None when it cannot be read.

    Raises:
        WizardError: as `unattended_of`.
    """
    return installed_chain(inputs.machine, unattended_of(inputs))


def look_here(inputs: PlanInputs) -> tuple[PrimaryTrust, GatewayInput, GatewayFacts]:
    """What the stores are made from, with the paths where they shall lie and no passwords yet; and the machine.

    A public root is trusted by every Java. A gateway with its own trust store needs it there, when the root changes to
    it or the operator has named it as the primary's. If it is set up, both goals are planned in the same way.

    Raises:
        WizardError: as `unattended_of` and `primary_trust`; `gateway.store-path`.
    """
    trust, unattended = primary_trust(inputs), unattended_of(inputs)
    given, facts = _look(inputs, unattended, trust)
    has_store = _is_set_up(inputs, unattended) and unattended.installed_path(stores.TRUSTSTORE) is not None
    if trust.public and has_store and (inputs.answers.primary.chain or _changes_root(inputs, given, facts)):
        trust = replace(trust, anchors=trust.public)
        given, facts = _look(inputs, unattended, trust)
    return trust, given, facts


def _changes_root(inputs: PlanInputs, given: GatewayInput, facts: GatewayFacts) -> bool:
    change = phases.rollover(inputs, given, facts)
    return change is not None and change.kind is Kind.ROOT


def _is_set_up(inputs: PlanInputs, unattended: Unattended) -> bool:
    """Whether this gateway has its stores already, by the answers or by its unattended file."""
    return inputs.answers.goal is Goal.RE_KEY or installed_chain(inputs.machine, unattended) is not None


def _look(inputs: PlanInputs, unattended: Unattended, trust: PrimaryTrust) -> tuple[GatewayInput, GatewayFacts]:
    judged = inputs.judged(ROLE)
    answers = replace(inputs.answers.table(ROLE), host=host_of(inputs, judged))
    assert isinstance(answers, GatewayAnswers)  # noqa: S101 - the table of that role
    if _is_set_up(inputs, unattended):
        answers = _where_they_lie(answers, unattended, trust.anchors)
    given = GatewayInput(
        answers=answers,
        chain=judged.chain,
        primary_chain=trust.chain,
        primary_public=trust.chain is None,
        primary_host=inputs.answers.primary.host,
        primary_port=inputs.answers.primary.port,
        store_password=Secret(""),
        trust_password=Secret(""),
        profile=inputs.seen.profile.profile,
    )
    store = PurePosixPath(given.keystore_path())
    trusted = PurePosixPath(given.truststore_path()) if trust.anchors else None
    taken = [unattended.path]
    texts = {"keystore-path": answers.keystore_path, "truststore-path": answers.truststore_path}
    for (name, text), path in zip(texts.items(), (store, trusted), strict=True):
        if path is not None:
            _require_place(name, path, inputs.machine, taken, text)
            taken.append(path)
    return given, look(inputs.seen, unattended, store, trusted)


def _where_they_lie(answers: GatewayAnswers, unattended: Unattended, anchors: Sequence[Certificate]) -> GatewayAnswers:
    """When certificates are replaced, the stores stay where the unattended file has them."""
    store = answers.keystore_path or str(unattended.installed_path(stores.KEYSTORE) or "")
    trusted = answers.truststore_path or str(unattended.installed_path(stores.TRUSTSTORE) or "")
    return replace(answers, keystore_path=store, truststore_path=trusted if anchors else "")


def _require_place(name: str, path: PurePosixPath, machine: Machine, taken: Sequence[PurePosixPath], text: str) -> None:
    def misplaced(case: str, **facts: Fact) -> WizardError:
        return WizardError(codes.GATEWAY_STORE_PATH, case=case, subject=f"{ROLE}.{name}", path=path, **facts)

    if not is_full_path(text or str(path)):
        raise misplaced("no-full-path")
    if path in taken:
        raise misplaced("taken")
    for folder in reversed(path.parents):
        expect, _ = expectation(machine, folder)
        if expect.kind == "absent" and machine.hcp_home in (folder, *folder.parents):
            raise misplaced("product-folder", folder=folder)
        if expect.kind not in {"absent", "folder"}:
            raise misplaced("no-folder", folder=folder, kind=expect.kind)
    if expectation(machine, path)[0].kind == "folder":
        raise misplaced("folder")


def _password(inputs: PlanInputs, name: str, store: Store, *, kept: bool) -> tuple[Secret, Sequence[Finding]]:
    """The password of *store*; that of a store which stays is not replaced by a generated one."""
    stays = store.password if kept else None
    return store_password(inputs, name, GATEWAY, store.password, lambda: stays if stays is not None else generate())
