"""Refuse answers from which no bundle could be made."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.certificates.model import Profile
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.handoff import client
from wizard.host import jre
from wizard.host.files import read_input
from wizard.planning.gateway.stores import KEYSTORE, TRUSTSTORE, keystore_path
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import Answers, GatewayAnswers, PrimaryAnswers, SourceKind, is_full_path
from wizard.questions.passwords import GATEWAY, generate, require_fit
from wizard.secret import Secret

PORTAL = "portal"
"""The folder of its bundle; no gateway or client can have this host name."""
PASSWORDS = "client-passwords"
"""The folder of the passwords that had to be made for clients; no machine can have this name."""


def require_makeable(inputs: PlanInputs, *, trust_alone: bool = False) -> None:
    """Refuse answers from which no bundle could be made, before this machine is changed. Nothing is made.

    Certificates with errors are not refused here: the rehearsal reports them.

    Args:
        inputs: with the answers.
        trust_alone: no certificate of a gateway or client goes into the bundles, in this phase of a change of the root.

    Raises:
        WizardError: `handoff.host`, `handoff.java-version`, `gateway.store-path`, `envfile.unsafe-value`,
            `password.unfit`, `client.subject-...`; a password or a file that the answers name cannot be read.
    """
    answers = inputs.answers
    require_names(answers)
    for number, one in enumerate(answers.gateway):
        profile_for(inputs, one)
        require_paths(one, f"gateway.{number}")
        for name in ("keystore-password", "truststore-password"):
            # What is typed is checked when it is typed; nobody is asked here.
            if answers.get(f"gateway.{number}.{name}").kind in {SourceKind.FILE, SourceKind.ENV, SourceKind.FD}:
                password_for(inputs, f"gateway.{number}.{name}")
        if one.unattended_file:
            envfile.parse(read_input(inputs.base / one.unattended_file))
    for number, one_client in enumerate(answers.client):
        leaf = inputs.judged(f"client.{number}").chain.leaf if one_client.local_storage and not trust_alone else None
        if leaf is not None:
            client.search_text(leaf, one_client.certificate_subject)


def require_names(answers: Answers) -> None:
    """Refuse two machines of one name, in any letter case: each has a folder of its own.

    Raises:
        WizardError: `handoff.host`.
    """
    nodes = [folder(node) for node in answers.primary.nodes if not is_loopback(node)]
    # A node may have the primary's own name.
    several = len(answers.primary.nodes) > 1
    others = [node for node in nodes if several and node.lower() != answers.primary.host.lower()]
    hosts = [*(one.host for one in answers.gateway), *(one.host for one in answers.client), *others]
    require_folders(hosts, answers.primary)


def require_folders(hosts: Sequence[str], primary: PrimaryAnswers) -> None:
    """Each machine has a folder of its own, on systems that know no letter case too."""
    taken = {PORTAL, PASSWORDS}
    for host in hosts:
        if not host:
            raise WizardError(codes.HANDOFF_HOST, case="none")
        if host.lower() in taken or host.lower() == primary.host.lower():
            case = "taken" if host.lower() in {PORTAL, PASSWORDS} else "twice"
            raise WizardError(codes.HANDOFF_HOST, case=case, subject=host, host=host)
        taken.add(host.lower())


def require_paths(gateway: GatewayAnswers, role: str) -> None:
    """Refuse paths of a gateway's stores that its unattended file cannot have, or that are the same.

    Raises:
        WizardError: `gateway.store-path`, `envfile.unsafe-value`.
    """
    store = PurePosixPath(keystore_path(gateway))
    named = (
        ("keystore-path", KEYSTORE, gateway.keystore_path),
        ("truststore-path", TRUSTSTORE, gateway.truststore_path),
    )
    for name, setting, text in named:
        taken = setting is TRUSTSTORE and PurePosixPath(text) == store
        if text and (taken or not is_full_path(text)):
            case = "taken" if taken else "no-full-path"
            raise WizardError(codes.GATEWAY_STORE_PATH, case=case, subject=f"{role}.{name}", path=text)
        envfile.check(text, setting)


def is_loopback(node: str) -> bool:
    """Whether *node* is an address of whatever machine it is used on."""
    try:
        return ip_address(node).is_loopback
    except ValueError:
        return node == "localhost"


def folder(node: str) -> str:
    """The name of a node's bundle: no colon, which some systems do not know in names."""
    return node.replace(":", "-").strip("-") or "node"


def profile_for(inputs: PlanInputs, gateway: GatewayAnswers) -> Profile:
    """The encryption that the gateway's Java reads; without its version, what this server's Java reads."""
    if gateway.java and jre.parse_version(gateway.java) is None:
        raise WizardError(codes.HANDOFF_JAVA_VERSION, subject=gateway.host, version=gateway.java)
    return jre.choose_profile(jre.Jre(Path(), gateway.java) if gateway.java else inputs.seen.jre).profile


def password_for(inputs: PlanInputs, key: str) -> Secret:
    """The password *key* of a gateway's store; generated when none is given.

    Raises:
        WizardError: `password.unfit`.
    """
    given = inputs.secret(key)
    if given is None:
        return generate()
    require_fit(given, inputs.answers.store_of(key), GATEWAY)
    return given
