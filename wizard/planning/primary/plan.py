"""The primary server: a chain, the answers and the facts become a plan. Nothing is looked at and nothing is changed."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from wizard.certificates.model import Bundle, Chain, PrivateKey
from wizard.certificates.names import file_stem, short
from wizard.certificates.writing import keystore
from wizard.change.plan import EditFile, FileStep, ImportTrust, Plan, Probe, PutFile, Restart, Step
from wizard.configs.diffs import unified
from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.host.access import FOR_PRIMARY, rights_for
from wizard.host.machine import Machine
from wizard.planning.primary.facts import PrimaryFacts, Setting
from wizard.questions.answers import Answers, ImportRoot, PrimaryAnswers, endpoint
from wizard.secret import Secret

STORE_SECRET = "primary.keystore-password"  # noqa: S105 - the name of a secret
CACERTS_SECRET = "primary.cacerts-password"  # noqa: S105 - likewise


def trust_alias(name: str, sha256: str) -> str:
    """An alias that says whose it is and cannot meet another certificate's: `cloudstream-acme-ca-root-0123abcd`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "root"
    return f"cloudstream-{words}-{sha256[:8]}"


_COMMAND = "sudo {tool} -importcert \\\n  -alias {alias} \\\n  -file {file} \\\n  -keystore {path}"
"""How a root is imported by hand; keytool asks for the password of the store and whether to trust it."""

WORLD_READABLE = FindingSpec(
    "store.world-readable",
    Severity.WARNING,
    "the key store must be readable by everybody",
    "The service's account is not known, so {path} gets mode 0644.",
    "Everybody with an account on this server can copy the store; only its password then protects the key.",
    "Give the unit a User=, or tighten owner and mode once you know the account.",
    "manual, Primary server setup",
)
NO_JRE = FindingSpec(
    "jre.no-proof",
    Severity.WARNING,
    "no proof by the server's Java",
    "No keytool is at {path}, so Java has not opened the new key store.",
    "A store that this Java cannot open shows only after the restart, by the probe.",
    "Name the product's home with --hcp-home, if it is elsewhere.",
    "design of the wizard",
)
ROOT_NOT_CHECKED = FindingSpec(
    "cacerts.not-checked",
    Severity.WARNING,
    "cacerts could not be looked into",
    "Whether {root} is in {path} is not known: {reason}",
    "Without the root there the server does not trust its own gateways.",
    "Give its password (cacerts-password; changeit unless somebody changed it), or\n"
    "import the root by hand (see portal/{file} of the bundles):\n" + _COMMAND,
    "manual, Primary server setup",
)
ROOT_NEEDS_KEYTOOL = FindingSpec(
    "cacerts.root-by-hand",
    Severity.WARNING,
    "the root must be imported by hand",
    "{root} is not in {path}, and no keytool is at {tool} to add it.",
    "The server will not trust gateways and clients with certificates of this root.",
    "Import it with the keytool of the server's Java, then restart the server\n"
    "(the file is portal/{file} of the bundles):\n" + _COMMAND,
    "manual, Primary server setup",
)
ROOT_LEFT_OUT = FindingSpec(
    "cacerts.root-left-out",
    Severity.WARNING,
    "the root is left out of cacerts",
    "{root} is not in {path}, and the answers say to leave it so.",
    "The server will not trust gateways and clients with certificates of this root.",
    "Answer auto, unless somebody else imports it:\n" + _COMMAND,
    "manual, Primary server setup",
)
ROOT_ELSEWHERE = FindingSpec(
    "cacerts.not-used",
    Severity.WARNING,
    "the server's Java uses another trust store than cacerts",
    "The service starts Java with -Djavax.net.ssl.trustStore={other}, so it does not use {path}.",
    "Whom the server trusts is decided by that other file, which this change does not touch.",
    "Add the root to {other} by hand, or take the option out of the unit.",
    "JDK: Java Secure Socket Extension, customising the default trust store",
)
OUT_OF_REACH = FindingSpec(
    "store.out-of-reach",
    Severity.ERROR,
    "the service cannot reach the key store",
    "{path} cannot be reached by the service: at {blocked}, {reason}.",
    "The server starts all the same, with its built-in certificate, and every gateway goes offline.",
    "Give the service's account the right to enter that folder, or name another keystore-path.",
    "manual, Primary server setup",
)
NODE_SILENT = FindingSpec(
    "node.silent",
    Severity.WARNING,
    "a node does not answer",
    "{node} shows no certificate now.",
    "The change is put back unless every node shows the new certificate after the restart.",
    "Start the service there, or take the node out of the answers.",
    "design of the wizard",
)
NODE_ELSEWHERE = FindingSpec(
    "node.elsewhere",
    Severity.NOTE,
    "another node of the cluster is still to be done",
    "{node} is another machine and does not show this certificate yet.",
    "Every node has a key store, application.conf and cacerts of its own; this run changes those of this machine.",
    "Run the wizard there with its pack, one node after the other.",
    "vendor page Configure a primary server cluster",
)
SPECS = (
    NODE_ELSEWHERE,
    OUT_OF_REACH,
    NODE_SILENT,
    WORLD_READABLE,
    NO_JRE,
    ROOT_NOT_CHECKED,
    ROOT_NEEDS_KEYTOOL,
    ROOT_LEFT_OUT,
    ROOT_ELSEWHERE,
)

REFUSALS = (
    FindingSpec(
        "cacerts.needs-keytool",
        Severity.BLOCKER,
        "cacerts cannot be changed without keytool",
        "The root must be added to cacerts, and the product's keytool is not there.",
        "The store is changed by the product's own tool alone.",
        "Repair the JRE, or answer that cacerts shall be left alone.",
        "design of the wizard",
    ),
)


def default_store_path(machine: Machine, host: str) -> PurePosixPath:
    """Where the manual puts the key store: beside application.conf, named after the host."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", host).strip(".") or "primary"
    return machine.conf.parent / f"{name}.pfx"


def already_installed(chain: Chain, facts: PrimaryFacts) -> bool:
    """Whether the configured key store opens with the configured password and holds this very chain and key."""
    return facts.installed is not None and holds(facts.installed, chain)


def make_plan(
    answers: Answers,
    chain: Chain,
    facts: PrimaryFacts,
    machine: Machine,
    *,
    store_password: Secret | None,
    wait_s: float,
    elsewhere: Collection[str] = (),
) -> Plan:
    """What must change on the primary so that it serves *chain*; empty when it does already.

    Args:
        answers: what was decided.
        chain: judged before; with leaf, key and root.
        facts: the machine as it is now.
        machine: its places.
        wait_s: how long the server may take to answer after the restart.
        elsewhere: nodes that are other machines: they are told about and not proven.
        store_password: of the new store; None keeps the installed password where there is one that is right.

    Raises:
        WizardError: application.conf cannot be edited safely, or cacerts not be changed.
    """
    findings: list[Finding] = []
    steps: list[Step] = []
    keeps = already_installed(chain, facts) and (store_password is None or store_password == facts.installed_password)
    if not keeps:
        if store_password is None:
            raise WizardError(
                "secret.missing",
                "The password of the new key store is not known.",
                f"Give --secret {STORE_SECRET}=file:PATH.",
                STORE_SECRET,
            )
        steps += _store_steps(chain, facts, store_password, machine, findings)
    steps += _trust_steps(answers.primary, chain, facts, machine, findings)
    if facts.other_trust:
        where = {"other": facts.other_trust, "path": str(machine.cacerts)}
        findings.append(Finding(ROOT_ELSEWHERE, Locator("file", facts.other_trust), where))
    assert chain.leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    everywhere = [(node, answers.primary.port) for node in answers.primary.nodes]
    nodes = tuple(node for node in everywhere if node[0] not in elsewhere)
    stale = any(facts.served.get(node) != chain.leaf.sha256 for node in nodes)
    undone = [node for node in everywhere if node not in nodes and facts.served.get(node) != chain.leaf.sha256]
    findings += [_about_node(NODE_ELSEWHERE, endpoint(*node)) for node in undone]
    silent = [endpoint(host, port) for host, port in nodes if not facts.served.get((host, port))]
    findings += [_about_node(NODE_SILENT, node) for node in silent]
    if steps or stale:
        steps.append(Restart("restart", machine.unit, wait_s, always=stale))
        steps.append(Probe("probe", nodes, answers.primary.host, chain.leaf.sha256, wait_s))
    if not facts.can_prove and not keeps:
        findings.append(Finding(NO_JRE, Locator("file", str(machine.keytool)), {"path": str(machine.keytool)}))
    return Plan(f"Trusted certificate for {answers.primary.host}", tuple(steps), "primary", tuple(findings))


def _about_node(spec: FindingSpec, node: str) -> Finding:
    return Finding(spec, Locator("endpoint", endpoint=node), {"node": node})


def _store_steps(
    chain: Chain, facts: PrimaryFacts, password: Secret, machine: Machine, findings: list[Finding]
) -> list[FileStep]:
    leaf = chain.leaf
    assert leaf is not None  # noqa: S101 - as above
    mode, uid, gid = rights_for(facts.account, facts.euid, FOR_PRIMARY)
    if mode == FOR_PRIMARY:
        findings.append(
            Finding(WORLD_READABLE, Locator("file", str(facts.store_path)), {"path": str(facts.store_path)})
        )
    stopped = facts.access.blocked_at
    if facts.access.ok is False and stopped is not None and stopped != facts.store_path:
        where = {"path": str(facts.store_path), "blocked": str(stopped), "reason": facts.access.reason}
        findings.append(Finding(OUT_OF_REACH, Locator("file", str(stopped)), where))
    profile = facts.profile.profile
    count = len(chain.certificates)
    put = PutFile(
        "keystore",
        facts.store_path,
        keystore(chain, password, profile=profile, friendly_name=short(leaf)),
        mode,
        facts.store,
        f"Key store: {count} certificates and the key, mode {mode:04o}; {facts.profile.reason}",
        content_id=f"pkcs12 {profile} " + " ".join(certificate.sha256 for certificate in chain.certificates),
        uid=uid,
        gid=gid,
        proof=STORE_SECRET,
        proof_alias=short(leaf),
    )
    return [put, edit_settings(facts, facts.store_path, password, machine)]


def edit_settings(facts: PrimaryFacts, store: PurePosixPath, password: Secret, machine: Machine) -> EditFile:
    """The edit of application.conf that names *store* and its password, every other byte kept."""
    document = facts.document.set(facts.file_setting.path, str(store))
    document = document.set(facts.password_setting.path, password.reveal())
    data = document.render()
    diff = unified(str(machine.conf), facts.conf_data, data)
    places = ", ".join(_place(setting) for setting in (facts.file_setting, facts.password_setting))
    return EditFile(
        "settings",
        machine.conf,
        data,
        diff,
        facts.conf,
        f"Set {places}",
        content_id=f"{facts.file_setting.path}={store} {facts.password_setting.path}=(the store's password)",
    )


def _place(setting: Setting) -> str:
    return f"{setting.path.rsplit('.', 1)[-1]} (line {setting.line})"


def _trust_steps(
    primary: PrimaryAnswers, chain: Chain, facts: PrimaryFacts, machine: Machine, findings: list[Finding]
) -> list[FileStep]:
    root = chain.root
    if root is None or (facts.cacerts is None and facts.cacerts_problem is None):
        return []
    name, path = short(root), str(machine.cacerts)
    alias = trust_alias(name, root.sha256)
    by_hand = {
        "root": name,
        "path": path,
        "tool": str(machine.keytool),
        "alias": alias,
        "file": f"{file_stem(root)}.cer",
    }
    if facts.trusted is None or facts.cacerts is None:
        if facts.cacerts_problem is not None and primary.import_root is not ImportRoot.NO:
            raise facts.cacerts_problem
        reason = facts.cacerts_problem.message if facts.cacerts_problem else "it is not there."
        where = Locator("file", path)
        findings.append(Finding(ROOT_NOT_CHECKED, where, {**by_hand, "reason": reason}))
        return []
    if root.sha256 in facts.trusted:
        return []
    if primary.import_root is ImportRoot.NO:
        findings.append(Finding(ROOT_LEFT_OUT, Locator("file", path), by_hand))
        return []
    if not facts.can_prove and primary.import_root is ImportRoot.AUTO:
        findings.append(Finding(ROOT_NEEDS_KEYTOOL, Locator("file", path), by_hand))
        return []
    if not facts.can_prove:
        raise WizardError(
            "cacerts.needs-keytool",
            f"{name} must be added to {path}, and no keytool is at {machine.keytool}.",
            "Repair the JRE, or answer that cacerts shall be left alone.",
            path,
        )
    summary = f"Trust {name} in cacerts, alias {alias}"
    return [ImportTrust("trust", machine.cacerts, root.der, alias, root.sha256, CACERTS_SECRET, facts.cacerts, summary)]


def holds(installed: Bundle, chain: Chain) -> bool:
    """Whether the store *installed* has every certificate of *chain* and the key of its leaf."""
    leaf = chain.leaf
    present = {certificate.sha256 for certificate in installed.certificates}
    keys: tuple[PrivateKey, ...] = installed.keys
    return (
        leaf is not None
        and {certificate.sha256 for certificate in chain.certificates} <= present
        and any(key.public_key_der == leaf.public_key_der for key in keys)
    )
