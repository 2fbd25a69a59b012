"""From the answers to the plan for the gateway at hand: trust, file, stores, passwords, and a probe of the primary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short, subject
from wizard.certificates.rules.context import on
from wizard.change.plan import Plan
from wizard.errors import WizardError
from wizard.findings import Fact, Finding, Locator, Severity
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.planning.gateway import steps, stores
from wizard.planning.gateway.facts import GatewayFacts, Store, Unattended, look, look_at_unattended
from wizard.planning.gateway.steps import STORE_SECRET, TRUST_SECRET
from wizard.planning.gateway.stores import GatewayInput
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.judge import Judged, read_all, roots_of
from wizard.planning.primary.inputs import LOOK_TIMEOUT_S, Planned
from wizard.planning.snapshot import expectation
from wizard.printable import printable
from wizard.probing.handshake import ClientIdentity
from wizard.probing.probe import probe
from wizard.probing.result import ProbeResult
from wizard.probing.trust import TrustSet, system_roots
from wizard.questions.answers import GatewayAnswers, Goal, ImportRoot, SourceKind
from wizard.questions.passwords import GATEWAY, generate
from wizard.reports.checklist import Item
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class PrimaryTrust:
    """The trust anchors for the primary.

    Attributes:
        anchors: what goes into the trust store; empty when none is needed.
        findings: about the files that they are from.
    """

    anchors: tuple[Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def chain(self) -> Chain | None:
        """The first anchor as the end of a chain whose leaf is not here; None when none is needed."""
        return Chain(None, root=self.anchors[0]) if self.anchors else None


def primary_trust(inputs: PlanInputs) -> PrimaryTrust:
    """The anchors that the answers of *inputs* lead to: none for a public root, unless it is asked for.

    Raises:
        WizardError: `gateway.no-anchor`; the files cannot be read.
    """
    primary = inputs.answers.primary
    if primary.import_root is ImportRoot.NO:
        return PrimaryTrust()
    if primary.chain:
        found = _from_files(inputs)
    else:
        root = inputs.judged("gateway.0").chain.root
        found = PrimaryTrust((root,) if root is not None else ())
    if not found.anchors:
        files = " ".join(primary.chain) or "the chain of this gateway"
        raise WizardError(codes.GATEWAY_NO_ANCHOR, subject="primary.chain", files=files)
    roots = roots_of(inputs.seen, inputs.answers)
    if primary.import_root is ImportRoot.YES:
        return found
    if all(anchor.sha256 in roots.public for anchor in found.anchors):
        return PrimaryTrust((), found.findings)
    unclear = [
        on(anchor, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=anchor.sha256)
        for anchor in found.anchors
        if anchor.sha256 in roots.unclear
    ]
    return PrimaryTrust(found.anchors, (*found.findings, *unclear))


def _from_files(inputs: PlanInputs) -> PrimaryTrust:
    bundles, _ = read_all(
        inputs.answers.primary.chain,
        inputs.base,
        lambda: inputs.secret("primary.password") or inputs.secret("gateway.0.password"),
        pasted=inputs.pasted,
    )
    roots = [chain.root for chain in assemble(bundles, now=now_utc()) if chain.root is not None]
    keys = [bundle.name for bundle in bundles if bundle.keys]
    findings = [Finding(codes.GATEWAY_PRIMARY_KEY_HERE, Locator("file", name), {"path": name}) for name in keys]
    return PrimaryTrust(tuple(dict.fromkeys(roots)), tuple(findings))


def look_at_primary(inputs: PlanInputs, chain: Chain, trust: PrimaryTrust) -> list[Line]:
    """Connect to the primary as the gateway will, and say what came of it.

    Args:
        inputs: names the primary.
        chain: of this gateway, shown when the primary asks.
        trust: what the gateway will trust it by; without anchors the roots of its Java, or of this system.
    """
    primary = inputs.answers.primary
    if not primary.host:
        return [Line("The primary was not probed: primary.host is not given.", Tone.FAINT)]
    if trust.anchors:
        roots, anchors = TrustSet(trust.anchors), ", ".join(short(anchor) for anchor in trust.anchors)
    elif shipped := inputs.seen.anchors:
        roots, anchors = TrustSet(shipped), "the roots of the product's Java"
    else:
        roots, anchors = system_roots(), "the roots of this system"
    try:
        seen = probe(
            primary.host,
            primary.port,
            servername=primary.host,
            client=_identity(chain),
            timeout_s=LOOK_TIMEOUT_S,
            trust={"planned": roots} if len(roots) else {},
        )
    except WizardError as error:
        return [Line(f"The primary was not probed: {error.message} [{error.code}]", Tone.FAINT)]
    findings = list(_findings(seen, anchors))
    return [*_good(seen, anchors), *finding_lines(findings)]


def _identity(chain: Chain) -> ClientIdentity | None:
    if chain.leaf is None or chain.key is None:
        return None
    return ClientIdentity(chain.leaf, chain.key, chain.intermediates)


def _good(seen: ProbeResult, anchors: str) -> list[Line]:
    if seen.leaf is None:
        return []
    result = [Line(f"The primary answers at {printable(seen.endpoint)}.", Tone.GOOD)]
    verdict = seen.trust.get("planned")
    if verdict is not None and verdict.ok:
        result.append(Line(f"What it serves is trusted by {anchors}.", Tone.GOOD))
    if seen.name_matches and not seen.fallback:
        result.append(Line(f"Its certificate is made for {printable(seen.name)}.", Tone.GOOD))
    if seen.client_certificate == "accepted":
        result.append(Line("It accepts the certificate of this gateway.", Tone.GOOD))
    return result


def _findings(seen: ProbeResult, anchors: str) -> Iterator[Finding]:
    where = Locator("endpoint", endpoint=seen.endpoint)
    facts = {"endpoint": seen.endpoint, "host": seen.name, "anchors": anchors}
    if seen.leaf is None:
        yield Finding(
            codes.GATEWAY_PRIMARY_SILENT, where, {**facts, "reason": seen.detail or seen.error or "no certificate came"}
        )
        return
    verdict = seen.trust.get("planned")
    if seen.fallback:
        yield Finding(codes.GATEWAY_PRIMARY_NOT_SET_UP, where, facts)
    elif verdict is not None and not verdict.ok:
        yield Finding(codes.GATEWAY_PRIMARY_NOT_TRUSTED, where, {**facts, "reason": verdict.reason})
    if not seen.fallback and seen.name_matches is False:
        yield Finding(codes.GATEWAY_PRIMARY_NAME, where, {**facts, "subject": subject(seen.leaf)})
    if seen.client_certificate == "rejected":
        yield Finding(codes.GATEWAY_NOT_ACCEPTED, where, {**facts, "reason": seen.detail or "it gives no reason"})


ROLE = "gateway.0"
"""The gateway of the answers that is this machine."""


def plan_gateway(inputs: PlanInputs) -> Planned:
    """Plan this gateway.

    Raises:
        WizardError: the files, the unattended file or the answers do not allow a plan.
    """
    judged = inputs.judged(ROLE)
    host = host_of(inputs, judged)
    if any(finding.severity >= Severity.ERROR for finding in judged.findings):
        # Nothing is planned with a certificate that the primary will not accept; the findings say why.
        return Planned(Plan(f"Trusted certificate for the gateway {host}", (), "gateway"), judged.findings, {})
    trust = primary_trust(inputs)
    refused = inputs.unreadable([*judged.chain.certificates, *trust.anchors])
    given, facts = look_here(inputs, trust)
    store, weak = _password(inputs, STORE_SECRET, facts.keystore, kept=steps.holds_chain(given, facts))
    given = replace(given, store_password=store)
    if facts.truststore is not None:
        kept = steps.holds_anchors(trust.anchors, facts)
        password, more = _password(inputs, TRUST_SECRET, facts.truststore, kept=kept)
        given, weak = replace(given, trust_password=password), (*weak, *more)
    plan = steps.make_plan(given, trust.anchors, facts, inputs.machine.keytool)
    findings = (
        *judged.findings,
        *refused,
        *trust.findings,
        *plan.findings,
        *weak,
    )
    return Planned(plan, findings, {STORE_SECRET: given.store_password})


def require_stores(inputs: PlanInputs) -> None:
    """Refuse places where the stores cannot lie, and a password to keep that there is not.

    Raises:
        WizardError: as `look_here`; `rekey.nothing-to-keep`.
    """
    _, facts = look_here(inputs, primary_trust(inputs))
    if inputs.answers.get(STORE_SECRET).kind is SourceKind.KEEP:
        _password(inputs, STORE_SECRET, facts.keystore, kept=False)


def review_gateway(inputs: PlanInputs) -> tuple[Planned, list[Line]]:
    """The plan for this gateway, and how the primary looks from here.

    Raises:
        WizardError: as `plan_gateway`.
    """
    planned = plan_gateway(inputs)
    if any(finding.severity >= Severity.ERROR for finding in planned.findings):
        return planned, []
    seen = look_at_primary(inputs, inputs.judged(ROLE).chain, primary_trust(inputs))
    return planned, [Line(""), *seen]


def left_here(inputs: PlanInputs) -> tuple[Item, ...]:
    """What is left to do on this gateway when it has its stores and its settings.

    Raises:
        WizardError: the files cannot be read any more.
    """
    given, facts = look_here(inputs, primary_trust(inputs))
    leaf = given.chain.leaf.sha256 if given.chain.leaf is not None else "none"
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
            "Give the stores to the service's account, when it has one of its own",
            "\n".join(f"chown ACCOUNT {path}" for path in stores),
        ),
        Item(f"here/online/{leaf}", f"See in the portal that {host} is online"),
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


def look_here(inputs: PlanInputs, trust: PrimaryTrust) -> tuple[GatewayInput, GatewayFacts]:
    """What the stores are made from, with the paths where they shall lie and no passwords yet; and the machine.

    Raises:
        WizardError: as `unattended_of`; `gateway.store-path`.
    """
    judged, unattended = inputs.judged(ROLE), unattended_of(inputs)
    answers = replace(inputs.answers.table(ROLE), host=host_of(inputs, judged))
    assert isinstance(answers, GatewayAnswers)  # noqa: S101 - the table of that role
    if inputs.answers.goal is Goal.RE_KEY:
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
    store = PurePosixPath(stores.keystore_path(given))
    trusted = PurePosixPath(stores.truststore_path(given)) if trust.anchors else None
    taken = [unattended.path]
    for name, path in (("keystore-path", store), ("truststore-path", trusted)):
        if path is not None:
            _require_place(name, path, inputs.machine, taken)
            taken.append(path)
    return given, look(inputs.seen, unattended, store, trusted)


def _where_they_lie(answers: GatewayAnswers, unattended: Unattended, anchors: Sequence[Certificate]) -> GatewayAnswers:
    """When certificates are replaced, the stores stay where the unattended file has them."""
    store = answers.keystore_path or str(unattended.installed_path(stores.KEYSTORE) or "")
    trusted = answers.truststore_path or str(unattended.installed_path(stores.TRUSTSTORE) or "")
    return replace(answers, keystore_path=store, truststore_path=trusted if anchors else "")


def _require_place(name: str, path: PurePosixPath, machine: Machine, taken: Sequence[PurePosixPath]) -> None:
    def misplaced(case: str, **facts: Fact) -> WizardError:
        return WizardError(codes.GATEWAY_STORE_PATH, case=case, subject=f"{ROLE}.{name}", path=path, **facts)

    if not path.is_absolute() or ".." in path.parts or not path.name:
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
