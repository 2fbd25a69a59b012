"""The nodes of a primary: which of them is this machine, and what the wizard needs on each of the others.

Nodes share a database and no disk: each has its own application.conf, key store and cacerts, so each needs its own run.
"""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from wizard import codes
from wizard.certificates.model import Profile
from wizard.certificates.names import short
from wizard.certificates.writing import keystore
from wizard.errors import WizardError
from wizard.handoff.bundle import Pack, PackFile
from wizard.handoff.requirements import folder
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET, other_nodes
from wizard.printable import endpoint
from wizard.questions.answers import PROMPT, Answers, PasswordSource, Phase, SourceKind
from wizard.questions.answers_file import dump
from wizard.questions.passwords import PRIMARY, generate, require_fit
from wizard.secret import Secret


def node_files(inputs: PlanInputs, nodes: Mapping[str, str], phase: Phase) -> dict[str, tuple[PackFile, ...]]:
    """For each node its answers, the chain, and the passwords in files of their own.

    Args:
        inputs: with the chain and the passwords.
        nodes: name of each, and the address under which it looks at itself.
        phase: of a change of the root; `auto` when there is none.

    Raises:
        WizardError: a password is missing or not fit for its readers.
    """
    judged = inputs.judged("primary")
    host = inputs.answers.primary.host or judged.suggested_host
    passwords = {"chain-password": generate(), **_passwords(inputs)}
    store = keystore(judged.chain, passwords["chain-password"], profile=Profile.MODERN)
    secrets = tuple(
        PackFile(file, password.reveal().encode() + b"\n", True, "a password, alone in its file")
        for file, password in passwords.items()
    )
    result = {}
    for name, node in nodes.items():
        answers = dump(replace(_answers(inputs.answers, host, node, passwords), phase=phase))
        result[name] = (
            PackFile("answers.toml", answers.encode(), about="the answers for the wizard on this node"),
            PackFile("chain.pfx", store, True, "the certificate with its key and its CA certificates"),
            *secrets,
        )
    return result


def make_packs(inputs: PlanInputs, phase: Phase) -> list[Pack]:
    """One bundle for each node that is not this machine: the same certificate and key, for a run of the wizard there.

    In a change of the root that run makes *phase*.

    The chain of the primary has been checked before.

    Raises:
        WizardError: as `node_files`.
    """
    others = other_nodes(inputs.answers.primary)
    if not others:
        return []
    files = node_files(inputs, dict.fromkeys(others, "localhost"), phase)
    return [_pack(inputs, node, files[node]) for node in others]


def _pack(inputs: PlanInputs, node: str, files: tuple[PackFile, ...]) -> Pack:
    primary, judged = inputs.answers.primary, inputs.judged("primary")
    leaf = judged.chain.leaf
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    host = primary.host or judged.suggested_host
    look = f"openssl s_client -connect {endpoint('localhost', primary.port)} -servername {shlex.quote(host)}"
    steps = (
        (
            f"Copy this folder to {node} over SSH (scp, sftp).\n"
            "It contains a key and passwords: use neither e-mail nor a file share."
        ),
        (
            "There, with the wizard installed, check first. This changes nothing:\n"
            "cloudstream-wizard plan --answers answers.toml"
        ),
        (
            "When no other node is being restarted (take this one out of the load\nbalancer, if there is one):\n"
            "sudo cloudstream-wizard apply --answers answers.toml\n"
            "It asks first and verifies the node. If that fails, it restores everything."
        ),
        (f"The same check without the wizard:\n{look} </dev/null |\nopenssl x509 -noout -subject -fingerprint -sha256"),
        "Add the node to the load balancer again, then continue with the next one.",
        "Delete this folder on every machine that has a copy.",
    )
    notes = (
        "Run the wizard on every node: each has its own key store, application.conf and cacerts.",
        "The certificate and its key are the same on every node; the password of the store need not be.",
        "Until all nodes are done, some nodes present the old certificate and others the new one.",
        f"Port {primary.port}. If this node has another one, change it in answers.toml.",
    )
    title = f"Primary node {node}"
    intro = f"Certificate {short(leaf)}, SHA-256 {leaf.sha256}."
    chain = judged.chain.certificates
    return Pack(folder(node), title, intro, steps, files, notes=notes, role="node", chain=chain, machine=node)


def _passwords(inputs: PlanInputs) -> dict[str, Secret]:
    """The passwords that every node needs besides the chain's, by the file that will hold each."""
    primary = inputs.answers.primary
    result: dict[str, Secret] = {}
    if primary.keystore_password.kind not in {SourceKind.GENERATE, SourceKind.KEEP}:
        result["store-password"] = _needed(inputs, STORE_SECRET)
        require_fit(result["store-password"], inputs.answers.store_of(STORE_SECRET), PRIMARY)
    if primary.cacerts_password.kind is not SourceKind.DEFAULT:
        result["cacerts-password"] = _needed(inputs, CACERTS_SECRET)
    return result


def _needed(inputs: PlanInputs, name: str) -> Secret:
    found = inputs.secret(name)
    if found is None:
        raise WizardError(codes.SECRET_MISSING, subject=name, name=name)
    return found


def _answers(answers: Answers, host: str, node: str, files: Mapping[str, Secret]) -> Answers:
    """The answers for one node: nothing but this node, and every password from a file beside them."""

    def source(file: str, otherwise: PasswordSource) -> PasswordSource:
        return PasswordSource(SourceKind.FILE, file) if file in files else otherwise

    primary = replace(
        answers.primary,
        host=host,
        nodes=(node,),
        chain=("chain.pfx",),
        password=source("chain-password", PROMPT),
        keystore_password=source("store-password", answers.primary.keystore_password),
        cacerts_password=source("cacerts-password", answers.primary.cacerts_password),
    )
    return Answers(goal=answers.goal, primary=primary)
