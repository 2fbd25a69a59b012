"""The plan for the primary: what is on its machine, what the answers say, and the steps. Nothing is changed."""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.model import Bundle, Certificate, Chain, PrivateKey
from wizard.certificates.names import file_stem, short
from wizard.certificates.reading import read
from wizard.certificates.writing import keystore
from wizard.change.plan import EditFile, Expectation, FileStep, ImportTrust, Plan, Probe, PutFile, Restart, Step
from wizard.change.plan_file import Basis
from wizard.configs.diffs import unified
from wizard.errors import WizardError
from wizard.findings import Code, Finding, Locator, has_errors
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.jre import ProfileChoice
from wizard.host.machine import FOR_PRIMARY, Access, Machine, rights_for
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.judge import Judged, load_authorities
from wizard.planning.snapshot import MachineSnapshot, Setting, expectation
from wizard.printable import endpoint
from wizard.probing.handshake import is_here
from wizard.probing.probe import probe
from wizard.questions.answers import (
    Answers,
    Goal,
    ImportRoot,
    Phase,
    PrimaryAnswers,
    PrimaryKind,
    SourceKind,
    is_full_path,
)
from wizard.questions.answers_file import dump
from wizard.questions.passwords import PRIMARY
from wizard.secret import Secret


def uncertain() -> Finding:
    """What is reported about every cloud primary."""
    return Finding(codes.CLOUD_UNCERTAIN, Locator("answer"))


def cloud_trust(inputs: PlanInputs) -> Chain | None:
    """The chain of CA certificates that the answers name for the cloud primary; None when they name none.

    Raises:
        WizardError: a file cannot be read, or there is no CA certificate.
    """
    primary = inputs.answers.primary
    if primary.kind is not PrimaryKind.CLOUD or not primary.cloud_authorities:
        return None
    return load_authorities(primary.cloud_authorities, inputs.reading("primary.password"))


STORE_SECRET = "primary.keystore-password"  # noqa: S105 - the name of a secret
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CACERTS_SECRET = "primary.cacerts-password"  # noqa: S105 - likewise


def trust_alias(name: str, sha256: str) -> str:
    """An alias that says whose it is and cannot meet another certificate's: `cloudstream-acme-ca-root-0123abcd`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "root"
    return f"cloudstream-{words}-{sha256[:8]}"


def default_store_path(machine: Machine, host: str) -> PurePosixPath:
    """Where the manual puts the key store: beside application.conf, named after the host."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", host).strip(".") or "primary"
    return machine.conf.parent / f"{name}.pfx"


def already_installed(chain: Chain, seen: MachineSnapshot) -> bool:
    """Whether the configured key store opens with the configured password and holds this very chain and key."""
    return seen.store is not None and holds(seen.store, chain)


def _make_plan(
    inputs: PlanInputs,
    answers: Answers,
    seen: MachineSnapshot,
    password: Secret | None,
    phase: Phase,
    old_root: Certificate | None,
) -> Plan:
    """What must change on the primary so that it presents its chain; empty when it does already.

    In the phase `trust-root` of a change of the root that is the root of the chain in cacerts, and nothing else; in
    `retire-root` it is the old root out of it.

    Args:
        inputs: with the chain, which is checked before and has leaf, key and root.
        answers: with the host.
        seen: the machine as it is now.
        password: of the new store; None keeps the installed password where there is one that is right.
        phase: of a change of the root.
        old_root: what is removed in its last phase; None when it is not known, or every Java brings it.

    Raises:
        WizardError: application.conf cannot be edited safely, or cacerts not be changed.
    """
    chain, presented, elsewhere = inputs.judged("primary").chain, served(answers), _elsewhere(answers.primary)
    machine = seen.machine
    findings: list[Finding] = []
    steps: list[Step] = []
    trust_alone = phase.trusts_alone
    alias = answers.primary.alias
    keeps = already_installed(chain, seen) and password in (None, seen.store_password)
    keeps = keeps and alias.lower() in {"", *_aliases(seen.store)}
    if not (keeps or trust_alone):
        if password is None:
            raise WizardError(
                codes.SECRET_MISSING, case="store", subject=STORE_SECRET, store="the new key store", name=STORE_SECRET
            )
        require_alias(alias)
        steps += _store_steps(chain, seen, _store_path(answers, seen), password, findings, alias)
    if phase is not Phase.RETIRE_ROOT:
        steps += _trust_steps(answers.primary, chain, seen, findings)
    elif old_root is not None:
        steps += _removals(old_root, seen, findings)
    if seen.start.trust_store:
        where = {"other": seen.start.trust_store, "path": str(machine.cacerts)}
        findings.append(Finding(codes.CACERTS_NOT_USED, Locator("file", seen.start.trust_store), where))
    assert chain.leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    everywhere = [(node, answers.primary.port) for node in answers.primary.nodes]
    nodes = tuple(node for node in everywhere if node[0] not in elsewhere)
    # In the first phase, what is presented stays.
    kept = seen.chain.leaf if phase is Phase.TRUST_ROOT and seen.chain is not None else None
    leaf = (kept or chain.leaf).sha256
    stale = not trust_alone and any(presented.get(node) != leaf for node in nodes)
    others = [node for node in everywhere if presented.get(node) != leaf]
    if old_root is not None:
        findings += [old_root_in_use(endpoint(*node), short(old_root)) for node in others]
    undone = [node for node in others if node not in nodes]
    findings += [_about_node(codes.NODE_ELSEWHERE, endpoint(*node)) for node in undone]
    silent = [endpoint(host, port) for host, port in nodes if not presented.get((host, port))]
    findings += [_about_node(codes.NODE_SILENT, node) for node in silent]
    if steps or stale:
        steps.append(Restart("restart", machine.unit, inputs.wait_s, always=stale))
        steps.append(Probe("probe", nodes, answers.primary.host, leaf, inputs.wait_s))
    if not (seen.has_keytool or keeps or trust_alone):
        findings.append(
            Finding(codes.JRE_NO_PROOF, Locator("file", str(machine.keytool)), {"path": str(machine.keytool)})
        )
    title = _TITLES.get(phase, "Trusted certificate for {host}").format(host=answers.primary.host)
    return Plan(title, tuple(steps), "primary", tuple(findings))


_TITLES = {Phase.TRUST_ROOT: "New root trusted by {host}", Phase.RETIRE_ROOT: "Old root removed from {host}"}


def _removals(root: Certificate, seen: MachineSnapshot, findings: list[Finding]) -> list[FileStep]:
    """The removal of *root* from cacerts, under each of its aliases."""
    expect, anchors = seen.cacerts
    entries = [each for each in anchors if each.sha256 == root.sha256]
    if entries:
        path = str(seen.machine.cacerts)
        findings.append(Finding(codes.PHASE_OLD_ROOT_GOES, Locator("file", path), {"root": short(root), "path": path}))
    numbered = enumerate(entries, start=1)
    return [removal(number, each, each.alias, seen.machine, expect) for number, each in numbered]


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


def old_root_in_use(node: str, root: str) -> Finding:
    """That *node* presents a certificate under the old *root*, or may do so."""
    return Finding(codes.PHASE_OLD_ROOT_IN_USE, Locator("endpoint", endpoint=node), {"where": node, "root": root})


def require_alias(alias: str, *, needed: bool = False) -> None:
    """Refuse an alias that Java or a shell would read in another way.

    Args:
        alias: "" is the name in the certificate.
        needed: "" is refused too.

    Raises:
        WizardError: `store.alias-unfit`.
    """
    if (alias or needed) and not _ALIAS.fullmatch(alias):
        raise WizardError(codes.STORE_ALIAS_UNFIT, subject="primary.alias", alias=alias[:64])


def _aliases(installed: Bundle | None) -> set[str]:
    return {key.alias.lower() for key in installed.keys} if installed is not None else set()


def _about_node(spec: Code, node: str) -> Finding:
    return Finding(spec, Locator("endpoint", endpoint=node), {"node": node})


def _store_steps(
    chain: Chain, seen: MachineSnapshot, path: PurePosixPath, password: Secret, findings: list[Finding], alias: str
) -> list[FileStep]:
    rights = rights_for(seen.account, os.geteuid(), FOR_PRIMARY)
    if rights[0] == FOR_PRIMARY:
        findings.append(Finding(codes.STORE_WORLD_READABLE, Locator("file", str(path)), {"path": str(path)}))
    findings += out_of_reach(seen.readable(path), path)
    expect, _ = expectation(seen.machine, path)
    put = keystore_step(chain, password, path, expect, seen.profile, rights, STORE_SECRET, alias)
    return [put, _edit_settings(seen, path, password)]


def keystore_step(  # noqa: PLR0913, PLR0917 - what a key store is made from
    chain: Chain,
    password: Secret,
    path: PurePosixPath,
    expect: Expectation,
    choice: ProfileChoice,
    rights: tuple[int, int | None, int | None],
    secret: str,
    alias: str = "",
) -> PutFile:
    """The step that puts the key store of *chain*, protected with *password*, to *path*, where *expect* is now.

    Args:
        chain: with leaf and key.
        password: of the store.
        path: logical.
        expect: what is there.
        choice: how it is encrypted, and why so.
        rights: mode, owner and group.
        secret: the name of the password.
        alias: of the entry; "" for the name in the certificate.
    """
    assert chain.leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    mode, uid, gid = rights
    return PutFile(
        "keystore",
        path,
        keystore(chain, password, profile=choice.profile, friendly_name=alias or short(chain.leaf)),
        mode,
        expect,
        f"Key store: {len(chain.certificates)} certificates and the key, mode {mode:04o}; {choice.reason}",
        content_id=" ".join(
            filter(None, ["pkcs12", choice.profile, *(each.sha256 for each in chain.certificates), alias])
        ),
        uid=uid,
        gid=gid,
        proof=secret,
        proof_alias=alias or short(chain.leaf),
    )


def out_of_reach(access: Access, path: PurePosixPath, made: Collection[PurePosixPath] = ()) -> list[Finding]:
    """Where *access* to the store *path* is stopped, unless that is the store itself or a folder that is *made*."""
    stopped = access.blocked_at
    if access.ok is not False or stopped is None or stopped in {path, *made}:
        return []
    where = {"path": str(path), "blocked": str(stopped), "reason": access.reason}
    return [Finding(codes.STORE_OUT_OF_REACH, Locator("file", str(stopped)), where)]


def _edit_settings(seen: MachineSnapshot, store: PurePosixPath, password: Secret) -> EditFile:
    """The edit of application.conf that names *store* and its password, every other byte kept."""
    file, secret = seen.store_setting, seen.password_setting
    data = seen.document.set(file.path, str(store)).set(secret.path, password.reveal()).render()
    expect, before = seen.conf
    return EditFile(
        "settings",
        seen.machine.conf,
        data,
        unified(str(seen.machine.conf), before, data),
        expect,
        f"Set {_place(file)}, {_place(secret)}",
        content_id=f"{file.path}={store} {secret.path}=(the store's password)",
    )


def _place(setting: Setting) -> str:
    return f"{setting.path.rsplit('.', 1)[-1]} (line {setting.line})"


def _trust_steps(
    primary: PrimaryAnswers, chain: Chain, seen: MachineSnapshot, findings: list[Finding]
) -> list[FileStep]:
    root, machine = chain.root, seen.machine
    if root is None:
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
    try:
        expect, anchors = seen.cacerts
    except WizardError as problem:
        if primary.import_root is not ImportRoot.NO:
            raise
        facts = {**by_hand, "reason": problem.message}
        findings.append(Finding(codes.CACERTS_NOT_CHECKED, Locator("file", path), facts))
        return []
    if not expect.exists or root.sha256 in {anchor.sha256 for anchor in anchors}:
        return []
    if primary.import_root is ImportRoot.NO:
        findings.append(Finding(codes.CACERTS_ROOT_LEFT_OUT, Locator("file", path), by_hand))
        return []
    if not seen.has_keytool and primary.import_root is ImportRoot.AUTO:
        findings.append(Finding(codes.CACERTS_ROOT_BY_HAND, Locator("file", path), by_hand))
        return []
    if not seen.has_keytool:
        raise WizardError(codes.CACERTS_NEEDS_KEYTOOL, subject=path, root=name, path=path, tool=machine.keytool)
    summary = f"Trust {name} in cacerts, alias {alias}"
    return [ImportTrust("trust", machine.cacerts, root.der, alias, root.sha256, CACERTS_SECRET, expect, summary)]


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


LOOK_TIMEOUT_S = 3.0
"""How long to wait for a node that does not answer while planning; it may well be down."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, all findings about it, and the secrets that its application needs.

    Attributes:
        plan: the steps.
        findings: all of them.
        secrets: by name.
        phase: of a change of the root; `auto` when there is none.
    """

    plan: Plan
    findings: tuple[Finding, ...]
    secrets: Mapping[str, Secret]
    phase: Phase = Phase.AUTO

    @property
    def forbidden(self) -> bool:
        """Whether a finding forbids the change."""
        return has_errors(self.findings)


def plan_primary(inputs: PlanInputs, phase: Phase = Phase.AT_ONCE, old_root: Certificate | None = None) -> Planned:
    """Plan the primary of *inputs*, or the *phase* of a change of its root; *old_root* is what goes with the last one.

    Raises:
        WizardError: the files, application.conf, cacerts or the answers do not allow a plan.
    """
    answers = inputs.answers
    judged = inputs.judged("primary")
    host = answers.primary.host or judged.suggested_host
    if has_errors(judged.findings):
        # Nothing is planned with a certificate that somebody will not accept; the findings say why.
        return Planned(Plan(f"Trusted certificate for {host}", (), "primary"), judged.findings, {})
    answers = replace(answers, primary=replace(answers.primary, host=host))
    cacerts_password = inputs.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD
    seen = inputs.seen.opened_by(cacerts_password)
    seen.require_settings()
    password, weak = (None, ()) if phase.trusts_alone else _store_password(inputs, judged, seen)
    plan = _make_plan(inputs, answers, seen, password, phase, old_root)
    secrets = {CACERTS_SECRET: cacerts_password}
    if password is not None:
        secrets[STORE_SECRET] = password
    found = (*judged.findings, *plan.findings, *weak)
    return Planned(plan, found, secrets)


def roles_of(answers: Answers) -> list[str]:
    """The machines whose chains *answers* are about, that of this machine first."""
    if not answers.goal.installs or answers.primary.kind is PrimaryKind.CLOUD:
        return []
    return ["gateway.0"] if answers.primary.kind is PrimaryKind.ELSEWHERE else ["primary", *answers.other_roles()]


def basis_of(inputs: PlanInputs, phase: Phase) -> Basis:
    """What a plan of *inputs* is checked by, to be kept with it; *phase* is that of a change of the root.

    Raises:
        WizardError: a chain cannot be read.
    """
    roles = roles_of(inputs.answers)[: 1 if phase.trusts_alone else None]
    chains = {role: [each.der for each in inputs.judged(role).chain.certificates] for role in roles}
    return Basis(dump(inputs.answers.of_hosts(phase)), chains)


def kept_plan(plan: Plan, secret: Callable[[str], Secret | None]) -> Planned:
    """A plan that was made earlier, with the secrets that go with it.

    Raises:
        WizardError: a password that is given does not open the plan's key store.
    """
    secrets = kept_secrets(plan, secret)
    for step in plan.file_steps:
        if isinstance(step, PutFile) and step.proof in secrets:
            read(step.data, name=str(step.path), password=secrets[step.proof])
    return Planned(plan, (), secrets)


def kept_secrets(plan: Plan, secret: Callable[[str], Secret | None]) -> dict[str, Secret]:
    """The secrets that go with *plan*, as far as they are given."""
    wanted = {CACERTS_SECRET: secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}
    proven = [step.proof for step in plan.file_steps if isinstance(step, PutFile) and step.proof is not None]
    for name in (STORE_SECRET, *proven):
        password = secret(name)
        if password is not None:
            wanted[name] = password
    return wanted


def served(answers: Answers) -> dict[tuple[str, int], str]:
    """The fingerprint of the leaf that each node of the primary presents now, "" where none answers."""
    nodes = [(node, answers.primary.port) for node in answers.primary.nodes]
    name = answers.primary.host

    def one(node: tuple[str, int]) -> str:
        leaf = probe(node[0], node[1], servername=name, timeout_s=LOOK_TIMEOUT_S).leaf
        return leaf.sha256 if leaf is not None else ""

    if len(nodes) == 1:
        return {nodes[0]: one(nodes[0])}
    with ThreadPoolExecutor(max_workers=min(8, len(nodes) or 1)) as pool:
        return dict(zip(nodes, pool.map(one, nodes), strict=True))


def other_nodes(answers: PrimaryAnswers) -> tuple[str, ...]:
    """The nodes of a cluster that are other machines; a single node is the one that is meant, wherever it is."""
    return tuple(node for node in answers.nodes if len(answers.nodes) > 1 and not is_here(node, LOOK_TIMEOUT_S))


def _elsewhere(answers: PrimaryAnswers) -> tuple[str, ...]:
    """The nodes that a change of this machine cannot put right; none when this machine is not among them."""
    far = other_nodes(answers)
    return far if len(far) < len(answers.nodes) else ()


def _store_path(answers: Answers, seen: MachineSnapshot) -> PurePosixPath:
    """Where the key store will lie.

    Raises:
        WizardError: `store.path-unfit`.
    """
    given = answers.primary.keystore_path
    installed = seen.configured_store if answers.goal is Goal.RE_KEY else None
    path = PurePosixPath(given) if given else installed or default_store_path(seen.machine, answers.primary.host)
    if given and not is_full_path(given):
        raise WizardError(codes.STORE_PATH_UNFIT, subject="primary.keystore-path", path=given)
    if path in {seen.machine.conf, seen.machine.cacerts}:
        raise WizardError(codes.STORE_PATH_UNFIT, case="taken", subject="primary.keystore-path", path=path)
    return path


def _store_password(
    inputs: PlanInputs, judged: Judged, seen: MachineSnapshot
) -> tuple[Secret | None, Sequence[Finding]]:
    """The password of the key store; None when a generated one would replace a store that can stay."""
    generates = inputs.answers.primary.keystore_password.kind is SourceKind.GENERATE
    if generates and already_installed(judged.chain, seen):
        return None, ()
    installed = seen.store_password if seen.store is not None else None
    return store_password(inputs, STORE_SECRET, PRIMARY, installed, lambda: inputs.generated)
