"""Packs for every machine that the answers name, made from the very chains that were judged."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wizard.answers import PrimaryKind
from wizard.certificates.model import Certificate
from wizard.change.durable import put_file
from wizard.configs import envfile
from wizard.configs.rules import exposed
from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Severity
from wizard.host import jre
from wizard.host.files import look, read_input
from wizard.nodes import account, client, gateway
from wizard.nodes.client import ClientInput
from wizard.nodes.fitness import CLIENT, GATEWAY, is_fit, require_fit
from wizard.nodes.gateway import GatewayInput
from wizard.nodes.gateway_trust import primary_trust
from wizard.nodes.judging import Judged, public_roots
from wizard.nodes.packs import Pack, PackFile, checklist
from wizard.nodes.planning import Planning
from wizard.passwords import generate
from wizard.printable import printable
from wizard.secret import Secret

REFUSALS = (
    FindingSpec(
        "handoff.findings",
        Severity.ERROR,
        "the findings forbid a pack",
        "The judgement of a machine's certificate has errors, so no pack is made for it.",
        "A machine with this certificate would not be accepted by the primary.",
        "Mend what the findings name, then make the packs again.",
        "design of the wizard",
    ),
    FindingSpec(
        "handoff.host",
        Severity.BLOCKER,
        "a pack has no name of its own",
        "A gateway or client has no host name, or one that another has too.",
        "Each pack lies in a folder with the name of its host.",
        "Give every gateway and client a host name of its own in the answers.",
        "design of the wizard",
    ),
    FindingSpec(
        "handoff.folder-in-use",
        Severity.BLOCKER,
        "the folder for the packs is not empty",
        "The folder that the packs shall be written into holds something already.",
        "Old and new keys side by side are mixed up sooner or later.",
        "Name a new folder, or delete the old packs first.",
        "design of the wizard",
    ),
    FindingSpec(
        "file.not-writable",
        Severity.BLOCKER,
        "a folder cannot be written",
        "The folder that shall be written into cannot be written.",
        "Nothing can be handed off without it.",
        "Name another folder, or check its rights and the free space.",
        "design of the wizard",
    ),
)


def make_packs(session: Planning) -> list[Pack]:
    """The portal's pack, then one for each gateway and client; all are made before any is written.

    Raises:
        WizardError: a chain cannot be read or is not fit for its role, or a password or search text does not fit.
    """
    answers = session.answers
    _require_folders([*(one.host for one in answers.gateway), *(one.host for one in answers.client)])
    # Nobody was asked for the files of a cloud primary, nor for what opens them: a path may be left from before.
    here = answers.primary.kind is PrimaryKind.ON_PREMISE
    primary = _fit(session, "primary") if here and answers.primary.chain else None
    gateways = [_fit(session, f"gateway.{number}") for number in range(len(answers.gateway))]
    clients = [
        _fit(session, f"client.{number}") if one.local_storage else None for number, one in enumerate(answers.client)
    ]
    everyone: list[Judged] = [one for one in (primary, *gateways, *clients) if one is not None]
    chains = [one.chain for one in everyone]
    packs = [account.make_pack(answers.account, chains, public_roots(session.machine))]
    packs += [_gateway(session, number, judged, primary) for number, judged in enumerate(gateways)]
    known = tuple(leaf for leaf in (chain.leaf for chain in chains) if leaf is not None)
    packs += [_client(session, number, judged, known) for number, judged in enumerate(clients)]
    return packs


def _require_folders(hosts: Sequence[str]) -> None:
    """Each machine has a folder of its own, on systems that know no letter case too."""
    taken = {account.FOLDER}
    for host in hosts:
        if not host or host.lower() in taken:
            what = f"{host} is named twice." if host else "A gateway or client has no host name."
            if host == account.FOLDER:
                what = f"{host} is the name of the portal's own folder."
            raise WizardError(
                "handoff.host", what, "Give every gateway and client a host name of its own in the answers.", host
            )
        taken.add(host.lower())


def _fit(session: Planning, role: str) -> Judged:
    judged = session.judged(role)
    bad = [finding for finding in judged.findings if finding.severity >= Severity.ERROR]
    if bad:
        host = session.answers.table(role).host or role
        raise WizardError("handoff.findings", f"No pack for {host}: {bad[0].message}", bad[0].fix, host)
    return judged


def _gateway(session: Planning, number: int, judged: Judged, primary: Judged | None) -> Pack:
    answers = session.answers
    key = f"gateway.{number}"
    file = answers.gateway[number].unattended_file
    trust = primary_trust(session).chain if answers.primary.kind is PrimaryKind.ELSEWHERE else None
    return gateway.make_pack(
        GatewayInput(
            answers=answers.gateway[number],
            chain=judged.chain,
            primary_chain=trust or (primary.chain if primary else None),
            primary_public=primary is not None and primary.public,
            primary_host=answers.primary.host or (primary.suggested_host if primary else ""),
            primary_port=answers.primary.port,
            store_password=_password(session, f"{key}.keystore-password"),
            trust_password=_password(session, f"{key}.truststore-password"),
            profile=jre.choose_profile(jre.find(session.machine)).profile,
            unattended=read_input(session.base / file) if file else None,
        )
    )


def _client(session: Planning, number: int, judged: Judged | None, known: Sequence[Certificate]) -> Pack:
    answers = session.answers
    given = session.secret(f"client.{number}.password")
    password = given if given is not None and is_fit(given, CLIENT) else generate()
    pack = client.make_pack(
        ClientInput(
            answers=answers.client[number],
            chain=judged.chain if judged else None,
            known=tuple(known),
            primary_host=answers.primary.host or "<primary>",
            password=password,
        )
    )
    if judged is None or password is given:
        return pack
    note = PackFile("password.txt", password.reveal().encode() + b"\n", secret=True)
    return Pack(pack.folder, pack.title, (*pack.files, note), pack.steps)


def _password(session: Planning, key: str) -> Secret:
    given = session.secret(key)
    if given is None:
        return generate()
    require_fit(given, key, GATEWAY)
    return given


def unattended_findings(session: Planning) -> list[Finding]:
    """What is wrong with the unattended files as they lie here: secrets that everybody can read.

    Raises:
        WizardError: a file cannot be read or parsed.
    """
    files = [session.base / one.unattended_file for one in session.answers.gateway if one.unattended_file]
    return [
        finding
        for file in files
        for finding in exposed(envfile.parse(read_input(file)), look(file).mode, name=str(file))
    ]


def write_packs(out: Path, packs: Sequence[Pack]) -> None:
    """Write all packs below *out*, each into its folder.

    Raises:
        WizardError: as `write_files`.
    """
    below = [replace(file, name=f"{pack.folder}/{file.name}") for pack in packs for file in pack.files]
    write_files(out, [PackFile("README.md", overview(packs)), *below])


def write_files(out: Path, files: Sequence[PackFile]) -> None:
    """Write *files* below *out*, which must be new or empty; what holds a key or a password gets mode 0600.

    Raises:
        WizardError: `handoff.folder-in-use`, `file.not-writable`.
    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise WizardError(
                "handoff.folder-in-use",
                f"{printable(str(out))} is not empty.",
                "Name a new folder, or delete the old packs first.",
                str(out),
            )
        for file in files:
            path = out / file.name
            for folder in reversed(path.relative_to(out).parents[:-1]):
                (out / folder).mkdir(mode=0o700, exist_ok=True)
            put_file(path, file.data, mode=0o600 if file.secret else 0o644)
    except OSError as error:
        raise WizardError(
            "file.not-writable",
            f"{printable(str(out))} cannot be written: {error.strerror}.",
            "Name another folder, or check its rights and the free space.",
            str(out),
        ) from error


def overview(packs: Sequence[Pack]) -> bytes:
    """The page that lies on top of all packs."""
    steps = tuple(f"{pack.title}: {pack.folder}/CHECKLIST.md" for pack in (*packs[1:], *packs[:1]))
    intro = "Gateways and clients first; the portal's policy is switched last."
    return checklist("Hand-off", intro, steps)
