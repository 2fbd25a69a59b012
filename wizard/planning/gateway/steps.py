"""The gateway at hand: its chain, the answers and the facts become a plan. Nothing is examined, nothing is changed."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.model import Certificate
from wizard.certificates.names import short
from wizard.certificates.writing import keystore, truststore
from wizard.change.plan import EditFile, Expectation, FileStep, MakeFolder, Plan, PutFile
from wizard.configs import damage, envfile
from wizard.configs.diffs import unified
from wizard.configs.envfile import duplicates, exposed, known_passwords
from wizard.findings import Finding, Locator
from wizard.host.access import FOR_GATEWAY, rights_for
from wizard.planning.gateway.facts import GatewayFacts, Unattended
from wizard.planning.gateway.stores import TRUSTSTORE, GatewayInput, settings
from wizard.planning.primary.plan import holds

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
