"""Make the plan for the primary from a chain, the answers and the facts. Nothing is read or changed."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import host_chains
from wizard.certificates.model import Bundle, Certificate, Chain, PrivateKey
from wizard.certificates.names import file_stem, short
from wizard.certificates.writing import keystore
from wizard.change.plan import EditFile, Expectation, FileStep, ImportTrust, Plan, Probe, PutFile, Restart, Step
from wizard.configs.diffs import unified
from wizard.errors import WizardError
from wizard.findings import Code, Finding, Locator
from wizard.host.access import FOR_PRIMARY, rights_for
from wizard.host.machine import Machine
from wizard.planning.primary.facts import PrimaryFacts, Setting
from wizard.questions.answers import Answers, ImportRoot, Phase, PrimaryAnswers, endpoint
from wizard.secret import Secret

STORE_SECRET = "primary.keystore-password"  # noqa: S105 - the name of a secret
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CACERTS_SECRET = "primary.cacerts-password"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class RootPhase:
    """One phase of a change of the root; for the last one the old root, and the aliases under which cacerts has it."""

    phase: Phase
    old_root: Certificate | None = None
    aliases: Collection[str] = ()


AT_ONCE = RootPhase(Phase.AT_ONCE)


def trust_alias(name: str, sha256: str) -> str:
    """An alias that says whose it is and cannot meet another certificate's: `cloudstream-acme-ca-root-0123abcd`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "root"
    return f"cloudstream-{words}-{sha256[:8]}"


def default_store_path(machine: Machine, host: str) -> PurePosixPath:
    """Where the manual puts the key store: beside application.conf, named after the host."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", host).strip(".") or "primary"
    return machine.conf.parent / f"{name}.pfx"


def already_installed(chain: Chain, facts: PrimaryFacts) -> bool:
    """Whether the configured key store opens with the configured password and holds this very chain and key."""
    return facts.installed is not None and holds(facts.installed, chain)


def make_plan(  # noqa: PLR0913 - what a plan is made from
    answers: Answers,
    chain: Chain,
    facts: PrimaryFacts,
    machine: Machine,
    *,
    store_password: Secret | None,
    wait_s: float,
    elsewhere: Collection[str] = (),
    part: RootPhase = AT_ONCE,
) -> Plan:
    """What must change on the primary so that it presents *chain*; empty when it does already.

    In the phase `trust-root` of a change of the root that is the root of *chain* in cacerts, and nothing else; in
    `retire-root` it is the old root out of it.

    Args:
        answers: what was decided.
        chain: checked before; with leaf, key and root.
        facts: the machine as it is now.
        machine: its places.
        wait_s: how long the server may take to answer after the restart.
        elsewhere: nodes that are other machines: they are named and not verified.
        part: the phase of a change of the root.
        store_password: of the new store; None keeps the installed password where there is one that is right.

    Raises:
        WizardError: application.conf cannot be edited safely, or cacerts not be changed.
    """
    findings: list[Finding] = []
    steps: list[Step] = []
    phase, trust_alone = part.phase, part.phase.trusts_alone
    alias = answers.primary.alias
    keeps = already_installed(chain, facts) and (store_password is None or store_password == facts.installed_password)
    keeps = keeps and alias.lower() in {"", *_aliases(facts.installed)}
    if not (keeps or trust_alone):
        if store_password is None:
            raise WizardError(
                codes.SECRET_MISSING,
                case="store",
                subject=STORE_SECRET,
                store="the new key store",
                name=STORE_SECRET,
            )
        require_alias(alias)
        steps += _store_steps(chain, facts, store_password, machine, findings, alias)
    if phase is not Phase.RETIRE_ROOT:
        steps += _trust_steps(answers.primary, chain, facts, machine, findings)
    elif part.old_root is not None:
        steps += _removals(part.old_root, part.aliases, facts, machine, findings)
    if facts.other_trust:
        where = {"other": facts.other_trust, "path": str(machine.cacerts)}
        findings.append(Finding(codes.CACERTS_NOT_USED, Locator("file", facts.other_trust), where))
    assert chain.leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    everywhere = [(node, answers.primary.port) for node in answers.primary.nodes]
    nodes = tuple(node for node in everywhere if node[0] not in elsewhere)
    leaf = chain.leaf.sha256
    if phase is Phase.TRUST_ROOT:
        # What is presented stays.
        leaf = next((each.leaf.sha256 for each in host_chains(facts.installed or ()) if each.leaf is not None), leaf)
    stale = not trust_alone and any(facts.served.get(node) != leaf for node in nodes)
    others = [node for node in everywhere if facts.served.get(node) != leaf]
    if part.old_root is not None:
        findings += [_in_use(endpoint(*node), part.old_root) for node in others]
    undone = [node for node in others if node not in nodes]
    findings += [_about_node(codes.NODE_ELSEWHERE, endpoint(*node)) for node in undone]
    silent = [endpoint(host, port) for host, port in nodes if not facts.served.get((host, port))]
    findings += [_about_node(codes.NODE_SILENT, node) for node in silent]
    if steps or stale:
        steps.append(Restart("restart", machine.unit, wait_s, always=stale))
        steps.append(Probe("probe", nodes, answers.primary.host, leaf, wait_s))
    if not (facts.can_prove or keeps or trust_alone):
        findings.append(
            Finding(codes.JRE_NO_PROOF, Locator("file", str(machine.keytool)), {"path": str(machine.keytool)})
        )
    title = _TITLES.get(phase, "Trusted certificate for {host}").format(host=answers.primary.host)
    return Plan(title, tuple(steps), "primary", tuple(findings))


_TITLES = {
    Phase.TRUST_ROOT: "New root trusted by {host}",
    Phase.RETIRE_ROOT: "Old root removed from {host}",
}


def _removals(
    root: Certificate, aliases: Collection[str], facts: PrimaryFacts, machine: Machine, findings: list[Finding]
) -> list[FileStep]:
    """The removal of *root* from cacerts, under each of its *aliases*."""
    if not aliases or facts.cacerts is None:
        return []
    name, path = short(root), machine.cacerts
    findings.append(Finding(codes.PHASE_OLD_ROOT_GOES, Locator("file", str(path)), {"root": name, "path": str(path)}))
    named = enumerate(sorted(aliases), start=1)
    return [removal(number, root, alias, machine, facts.cacerts) for number, alias in named]


def removal(number: int, certificate: Certificate, alias: str, machine: Machine, expect: Expectation) -> ImportTrust:
    """The step that removes *certificate* from cacerts, where it has *alias*; *number* makes its id unique."""
    summary = f"Remove {short(certificate)} from cacerts, alias {alias}"
    return ImportTrust(
        f"trust-{number}",
        machine.cacerts,
        certificate.der,
        alias,
        certificate.sha256,
        CACERTS_SECRET,
        expect,
        summary,
        removes=True,
    )


def _in_use(node: str, root: Certificate) -> Finding:
    where = {"where": node, "root": short(root)}
    return Finding(codes.PHASE_OLD_ROOT_IN_USE, Locator("endpoint", endpoint=node), where)


def require_alias(alias: str) -> None:
    """Refuse an alias that Java or a shell would read in another way; "" is the name in the certificate.

    Raises:
        WizardError: `store.alias-unfit`.
    """
    if alias and not _ALIAS.fullmatch(alias):
        raise WizardError(codes.STORE_ALIAS_UNFIT, subject="primary.alias", alias=alias[:64])


def _aliases(installed: Bundle | None) -> set[str]:
    return {key.alias.lower() for key in installed.keys} if installed is not None else set()


def _about_node(spec: Code, node: str) -> Finding:
    return Finding(spec, Locator("endpoint", endpoint=node), {"node": node})


def _store_steps(
    chain: Chain, facts: PrimaryFacts, password: Secret, machine: Machine, findings: list[Finding], alias: str
) -> list[FileStep]:
    leaf = chain.leaf
    assert leaf is not None  # noqa: S101 - as above
    mode, uid, gid = rights_for(facts.account, facts.euid, FOR_PRIMARY)
    if mode == FOR_PRIMARY:
        findings.append(
            Finding(codes.STORE_WORLD_READABLE, Locator("file", str(facts.store_path)), {"path": str(facts.store_path)})
        )
    stopped = facts.access.blocked_at
    if facts.access.ok is False and stopped is not None and stopped != facts.store_path:
        where = {"path": str(facts.store_path), "blocked": str(stopped), "reason": facts.access.reason}
        findings.append(Finding(codes.STORE_OUT_OF_REACH, Locator("file", str(stopped)), where))
    profile = facts.profile.profile
    count = len(chain.certificates)
    put = PutFile(
        "keystore",
        facts.store_path,
        keystore(chain, password, profile=profile, friendly_name=alias or short(leaf)),
        mode,
        facts.store,
        f"Key store: {count} certificates and the key, mode {mode:04o}; {facts.profile.reason}",
        content_id=" ".join(
            ["pkcs12", profile, *(each.sha256 for each in chain.certificates), *([alias] if alias else [])]
        ),
        uid=uid,
        gid=gid,
        proof=STORE_SECRET,
        proof_alias=alias or short(leaf),
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
        reason = facts.cacerts_problem.message if facts.cacerts_problem else "it does not exist."
        where = Locator("file", path)
        findings.append(Finding(codes.CACERTS_NOT_CHECKED, where, {**by_hand, "reason": reason}))
        return []
    if root.sha256 in facts.trusted:
        return []
    if primary.import_root is ImportRoot.NO:
        findings.append(Finding(codes.CACERTS_ROOT_LEFT_OUT, Locator("file", path), by_hand))
        return []
    if not facts.can_prove and primary.import_root is ImportRoot.AUTO:
        findings.append(Finding(codes.CACERTS_ROOT_BY_HAND, Locator("file", path), by_hand))
        return []
    if not facts.can_prove:
        raise WizardError(codes.CACERTS_NEEDS_KEYTOOL, subject=path, root=name, path=path, tool=machine.keytool)
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
