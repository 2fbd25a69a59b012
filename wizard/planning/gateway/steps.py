"""Make the plan for this gateway from its chain, the answers and the facts. Nothing is read or changed."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.model import Certificate
from wizard.certificates.names import short
from wizard.certificates.writing import truststore
from wizard.change.plan import EditFile, FileStep, MakeFolder, Plan, PutFile
from wizard.configs import damage, envfile
from wizard.configs.diffs import unified
from wizard.configs.rules import duplicates, exposed, known_passwords
from wizard.findings import Finding, Locator
from wizard.host.machine import FOR_GATEWAY, rights_for
from wizard.planning.gateway.facts import GatewayFacts, Unattended
from wizard.planning.gateway.stores import TRUSTSTORE, GatewayInput
from wizard.planning.primary.plan import holds, keystore_step, out_of_reach
from wizard.questions.answers import Offer, Phase

STORE_SECRET = "gateway.0.keystore-password"  # noqa: S105 - the name of a secret
TRUST_SECRET = "gateway.0.truststore-password"  # noqa: S105 - likewise

FOLDER_MODE = 0o755
"""Of a folder that is made for the stores: everybody may enter, the stores have rights of their own."""


def holds_chain(given: GatewayInput, facts: GatewayFacts) -> bool:
    """Whether the store that the unattended file names opens with its password and holds this chain and key."""
    return facts.keystore.content is not None and holds(facts.keystore.content, given.chain)


def holds_anchors(anchors: Sequence[Certificate], facts: GatewayFacts, *, alone: bool = False) -> bool:
    """Whether the trust store that the unattended file names opens, and Java trusts all *anchors* by it, or *alone*."""
    content = facts.truststore.content if facts.truststore is not None else None
    if content is None or (content.store is not None and content.store.empty_to_java):
        return False
    wanted, held = {anchor.sha256 for anchor in anchors}, {each.sha256 for each in content.certificates}
    return wanted == held if alone else wanted <= held


def make_plan(
    given: GatewayInput,
    anchors: Sequence[Certificate],
    facts: GatewayFacts,
    keytool: PurePosixPath,
    phase: Phase = Phase.AT_ONCE,
) -> Plan:
    """What must change on this gateway; empty when it is set up like this already.

    Args:
        given: the chain, the paths and the passwords as they shall be.
        anchors: what the trust store must hold; empty when none is needed.
        phase: of a change of the root; the first and the last one change the trust store alone.
        facts: the machine as it is now.
        keytool: where the verification by Java would come from, for messages.

    Raises:
        WizardError: the unattended file cannot be edited, or a value is not safe in it.
    """
    findings: list[Finding] = []
    stores: list[FileStep] = []
    retires = phase is Phase.RETIRE_ROOT
    if not (phase.trusts_alone or (holds_chain(given, facts) and given.store_password == facts.keystore.password)):
        rights = rights_for(facts.account, facts.euid, FOR_GATEWAY)
        path, expect = facts.keystore.path, facts.keystore.expect
        password, profile = given.store_password, facts.profile
        stores.append(keystore_step(given.chain, password, path, expect, profile, rights, STORE_SECRET))
        findings += _rights(facts)
        if not facts.can_prove:
            findings.append(Finding(codes.GATEWAY_NO_PROOF, Locator("file", str(keytool)), {"path": str(keytool)}))
    if facts.truststore is not None and not (
        holds_anchors(anchors, facts, alone=retires) and given.trust_password == facts.truststore.password
    ):
        stores.append(_truststore_step(given, anchors, facts, alone=retires))
    folders = [
        MakeFolder(f"folder-{number}", path, FOLDER_MODE, expect, f"Create the folder {path}, mode {FOLDER_MODE:04o}")
        for number, (path, expect) in enumerate(facts.new_folders.items() if stores else (), start=1)
    ]
    edited, told = _edit(given.trust_settings() if phase.trusts_alone else given.settings(), given, facts.unattended)
    findings += told
    edits = [edited] if edited.changed else []
    title = f"{_TITLES.get(phase, 'Trusted certificate for')} the gateway {given.answers.host}"
    return Plan(title, (*folders, *stores, *edits), "gateway", tuple(findings))


_TITLES = {Phase.TRUST_ROOT: "New root trusted by", Phase.RETIRE_ROOT: "Old root removed from"}


def _truststore_step(
    given: GatewayInput, anchors: Sequence[Certificate], facts: GatewayFacts, *, alone: bool
) -> PutFile:
    store = facts.truststore
    assert store is not None  # noqa: S101 - the caller has looked
    # While a root is exchanged, both must be trusted: what is there stays.
    before = store.content.certificates if store.content is not None else ()
    besides = [each for each in before if each not in anchors]
    kept = [] if alone else besides
    everybody = [*anchors, *kept]
    mode, uid, gid = rights_for(facts.account, facts.euid, FOR_GATEWAY)
    also = f", in addition to {len(kept)} that it already contains" if kept else ""
    if alone and besides:
        also = f", without {', '.join(short(each) for each in besides)}"
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
            "there is no unit hcp-server with its account yet"
            if account is None
            else f"only root can give access to {account.name} in"
        )
        return [Finding(codes.GATEWAY_OWNER_ALONE, Locator("file", path), {"path": path, "reason": reason})]
    return out_of_reach(facts.access, facts.keystore.path, facts.new_folders)


def _edit(wanted: dict[str, str], given: GatewayInput, unattended: Unattended) -> tuple[EditFile, list[Finding]]:
    """The edit of the unattended file to the settings *wanted*, and the findings about the result.

    Every other byte is kept, unless the answers take the repair of its damage.
    """
    path = str(unattended.path)
    repaired = unattended.repaired if given.answers.unattended_repair is Offer.YES else None
    start = envfile.parse(repaired) if repaired is not None else unattended.document
    document = start
    for name, value in wanted.items():
        document = document.set(name, value)
    data = document.render()
    changed = [name for name in wanted if document.get(name) != start.get(name)]
    mode = unattended.restricted if given.answers.unattended_restrict is Offer.YES else None
    done = [
        *(["repair its damage"] if repaired is not None else []),
        *([f"set {', '.join(changed)}"] if changed else []),
        *([f"mode {mode:04o}"] if mode is not None else []),
    ]
    summary = "; ".join(done)
    words = [f"{name}=(a password)" if "PASSWORD" in name else f"{name}={value}" for name, value in wanted.items()]
    step = EditFile(
        "settings",
        unattended.path,
        data,
        unified(path, unattended.data, data),
        unattended.expect,
        f"{summary[:1].upper()}{summary[1:]}",
        content_id=" ".join([*words, *(["repaired"] if repaired is not None else [])]),
        mode=mode,
    )
    # Lines are those of the file as it lies there, so damage is looked for in it, not in what was added.
    harmed = damage.examine(repaired or unattended.data, name=path, shell=True)  # noqa: S604 - a kind of file
    findings = [
        *harmed,
        *([] if harmed else _unclear(document, wanted, path)),
        *exposed(document, mode if mode is not None else unattended.expect.mode or 0, name=path),
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
