"""From the answers to the plan for the gateway at hand: trust, file, stores, passwords, and a probe of the primary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short, subject
from wizard.certificates.rules.context import on
from wizard.certificates.writing import keystore, truststore
from wizard.change.plan import EditFile, Expectation, FileStep, MakeFolder, Plan, PutFile
from wizard.configs import damage, envfile
from wizard.configs.diffs import unified
from wizard.configs.envfile import duplicates, exposed, known_passwords
from wizard.errors import WizardError
from wizard.findings import Fact, Finding, Locator, Severity
from wizard.host.access import FOR_GATEWAY, rights_for
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.planning.gateway import stores
from wizard.planning.gateway.stores import (
    TRUSTSTORE,
    GatewayFacts,
    GatewayInput,
    Store,
    Unattended,
    look,
    look_at_unattended,
    settings,
)
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.judge import Judged, read_all, roots_of
from wizard.planning.primary.inputs import LOOK_TIMEOUT_S, Planned
from wizard.planning.primary.plan import holds
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

STORE_SECRET = "gateway.0.keystore-password"  # noqa: S105 - the name of a secret
TRUST_SECRET = "gateway.0.truststore-password"  # noqa: S105 - likewise

FOLDER_MODE = 0o755
"""Of a folder that is made for the stores: everybody may enter, the stores have rights of their own."""


def holds_chain(given: GatewayInput, facts: GatewayFacts) -> bool:
    """Whether the store that the unattended file names opens with its password and holds this chain and key."""
    return facts.keystore.content is not None and holds(facts.keystore.content, given.chain)


def holds_anchors(anchors: Sequence[Certificate], facts: GatewayFacts) -> bool:
    """Whether the trust store that the unattended file names opens, and Java trusts all *anchors* by it."""
    content = facts.truststore.content if facts.truststore is not None else None
    if content is None or (content.store is not None and content.store.empty_to_java):
        return False
    return {anchor.sha256 for anchor in anchors} <= {each.sha256 for each in content.certificates}


def make_plan(given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts, keytool: PurePosixPath) -> Plan:
    """What must change on this gateway; empty when it is set up like this already.

    Args:
        given: the chain, the paths and the passwords as they shall be.
        anchors: what the trust store must hold; empty when none is needed.
        facts: the machine as it is now.
        keytool: where the proof by Java would come from, for messages.

    Raises:
        WizardError: the unattended file cannot be edited, or a value is not safe in it.
    """
    findings: list[Finding] = []
    stores: list[FileStep] = []
    if not (holds_chain(given, facts) and given.store_password == facts.keystore.password):
        stores.append(_keystore_step(given, facts))
        findings += _rights(facts)
        if not facts.can_prove:
            findings.append(Finding(codes.GATEWAY_NO_PROOF, Locator("file", str(keytool)), {"path": str(keytool)}))
    if facts.truststore is not None and not (
        holds_anchors(anchors, facts) and given.trust_password == facts.truststore.password
    ):
        stores.append(_truststore_step(given, anchors, facts))
    folders = (
        [_folder_step(number, *each) for number, each in enumerate(facts.new_folders.items(), start=1)]
        if stores
        else []
    )
    edited, told = _edit(given, facts.unattended)
    findings += told
    edits = [edited] if edited.changed else []
    title = f"Trusted certificate for the gateway {given.answers.host}"
    return Plan(title, (*folders, *stores, *edits), "gateway", tuple(findings))


def _folder_step(number: int, path: PurePosixPath, expect: Expectation) -> MakeFolder:
    summary = f"Make the folder {path}, mode {FOLDER_MODE:04o}"
    return MakeFolder(f"folder-{number}", path, FOLDER_MODE, expect, summary)


def _keystore_step(given: GatewayInput, facts: GatewayFacts) -> PutFile:
    leaf = given.chain.leaf
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    mode, uid, gid = rights_for(facts.account, facts.euid, FOR_GATEWAY)
    profile, certificates = facts.profile.profile, given.chain.certificates
    return PutFile(
        "keystore",
        facts.keystore.path,
        keystore(given.chain, given.store_password, profile=profile, friendly_name=short(leaf)),
        mode,
        facts.keystore.expect,
        f"Key store: {len(certificates)} certificates and the key, mode {mode:04o}; {facts.profile.reason}",
        content_id=f"pkcs12 {profile} " + " ".join(certificate.sha256 for certificate in certificates),
        uid=uid,
        gid=gid,
        proof=STORE_SECRET,
        proof_alias=short(leaf),
    )


def _truststore_step(given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts) -> PutFile:
    store = facts.truststore
    assert store is not None  # noqa: S101 - the caller has looked
    # While a root is exchanged, both must be trusted: what is there stays.
    before = store.content.certificates if store.content is not None else ()
    kept = [each for each in before if each not in anchors]
    everybody = [*anchors, *kept]
    mode, uid, gid = rights_for(facts.account, facts.euid, FOR_GATEWAY)
    also = f", beside {len(kept)} that it holds already" if kept else ""
    profile = facts.profile.profile
    return PutFile(
        "truststore",
        store.path,
        truststore(everybody, given.trust_password, profile=profile),
        mode,
        store.expect,
        f"Trust store: {', '.join(short(anchor) for anchor in anchors)}{also}, mode {mode:04o}",
        content_id=f"trust {profile} " + " ".join(certificate.sha256 for certificate in everybody),
        uid=uid,
        gid=gid,
    )


def _rights(facts: GatewayFacts) -> list[Finding]:
    path = str(facts.keystore.path)
    account = facts.account
    if account is None or facts.euid not in {0, account.uid}:
        reason = (
            "no unit hcp-server tells its account yet" if account is None else f"only root can let {account.name} in"
        )
        return [Finding(codes.GATEWAY_OWNER_ALONE, Locator("file", path), {"path": path, "reason": reason})]
    stopped = facts.access.blocked_at
    if facts.access.ok is False and stopped is not None and stopped not in {facts.keystore.path, *facts.new_folders}:
        where = {"path": path, "blocked": str(stopped), "reason": facts.access.reason}
        return [Finding(codes.STORE_OUT_OF_REACH, Locator("file", str(stopped)), where)]
    return []


def _edit(given: GatewayInput, unattended: Unattended) -> tuple[EditFile, list[Finding]]:
    """The edit of the unattended file, every other byte kept, and the findings about the result."""
    wanted, path = settings(given), str(unattended.path)
    document = unattended.document
    for name, value in wanted.items():
        document = document.set(name, value)
    data = document.render()
    changed = [name for name in wanted if document.get(name) != unattended.document.get(name)]
    words = [f"{name}=(a password)" if "PASSWORD" in name else f"{name}={value}" for name, value in wanted.items()]
    step = EditFile(
        "settings",
        unattended.path,
        data,
        unified(path, unattended.data, data),
        unattended.expect,
        f"Set {', '.join(changed)}",
        content_id=" ".join(words),
    )
    findings = [
        *damage.examine(data, name=path, shell=True),  # noqa: S604 - a kind of file; nothing is run
        *_unclear(document, wanted, path),
        *exposed(document, unattended.expect.mode or 0, name=path),
        *duplicates(document, name=path),
        *known_passwords(document, name=path),
    ]
    stays = document.get(TRUSTSTORE)
    if TRUSTSTORE not in wanted and stays is not None and stays.text:
        where = Locator("setting", path, line=stays.line)
        findings.append(Finding(codes.GATEWAY_TRUSTSTORE_STAYS, where, {"setting": TRUSTSTORE, "line": stays.line}))
    return step, findings


def _unclear(document: envfile.Document, wanted: dict[str, str], path: str) -> list[Finding]:
    values = [value for name in wanted if (value := document.get(name)) is not None]
    return [
        Finding(
            codes.UNATTENDED_UNCLEAR_SETTING,
            Locator("setting", path, line=one.line),
            {"setting": one.name, "reason": one.reason},
        )
        for one in values
        if not one.decidable
    ]


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
    store, weak = _password(inputs, STORE_SECRET, facts.keystore, kept=holds_chain(given, facts))
    given = replace(given, store_password=store)
    if facts.truststore is not None:
        kept = holds_anchors(trust.anchors, facts)
        password, more = _password(inputs, TRUST_SECRET, facts.truststore, kept=kept)
        given, weak = replace(given, trust_password=password), (*weak, *more)
    plan = make_plan(given, trust.anchors, facts, inputs.machine.keytool)
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
