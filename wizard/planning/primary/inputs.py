"""From the answers to the plan for the primary: read the machine, choose the passwords, plan."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard.certificates.model import Certificate
from wizard.certificates.reading import read
from wizard.change.plan import Plan, PutFile
from wizard.change.plan_file import Basis
from wizard.findings import Finding, has_errors
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.judge import Judged
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET, already_installed, default_store_path, make_plan
from wizard.planning.snapshot import MachineSnapshot
from wizard.probing.handshake import is_here
from wizard.probing.probe import probe
from wizard.questions.answers import (
    Answers,
    ClientAnswers,
    GatewayAnswers,
    Goal,
    Phase,
    PrimaryAnswers,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.answers_file import dump
from wizard.questions.passwords import PRIMARY
from wizard.secret import Secret

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
    store = _store_path(answers, seen)
    leaves = served(answers)
    seen.require_settings()
    password, weak = (None, ()) if phase.trusts_alone else _store_password(inputs, judged, seen)
    plan = make_plan(
        answers,
        judged.chain,
        seen,
        store,
        leaves,
        store_password=password,
        wait_s=inputs.wait_s,
        elsewhere=_elsewhere(answers.primary),
        phase=phase,
        old_root=old_root,
    )
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
    answers = inputs.answers
    judged = Answers(
        goal=answers.goal,
        phase=phase,
        primary=PrimaryAnswers(answers.primary.kind, host=answers.primary.host, port=answers.primary.port),
        gateway=tuple(GatewayAnswers(host=one.host) for one in answers.gateway),
        client=tuple(ClientAnswers(host=one.host, local_storage=one.local_storage) for one in answers.client),
        account=answers.account,
    )
    roles = roles_of(answers)[: 1 if phase.trusts_alone else None]
    chains = {role: [each.der for each in inputs.judged(role).chain.certificates] for role in roles}
    return Basis(dump(judged), chains)


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
    if answers.primary.keystore_path:
        return PurePosixPath(answers.primary.keystore_path)
    installed = seen.configured_store if answers.goal is Goal.RE_KEY else None
    return installed or default_store_path(seen.machine, answers.primary.host)


def _store_password(
    inputs: PlanInputs, judged: Judged, seen: MachineSnapshot
) -> tuple[Secret | None, Sequence[Finding]]:
    """The password of the key store; None when a generated one would replace a store that can stay."""
    generates = inputs.answers.primary.keystore_password.kind is SourceKind.GENERATE
    if generates and already_installed(judged.chain, seen):
        return None, ()
    installed = seen.store_password if seen.store is not None else None
    return store_password(inputs, STORE_SECRET, PRIMARY, installed, lambda: inputs.generated)
