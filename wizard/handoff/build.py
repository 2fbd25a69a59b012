"""Bundles for every machine that the answers name, made from the chains that were checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import subject
from wizard.certificates.roots import Rollover
from wizard.certificates.writing import cer_files
from wizard.change.durable import REAL, Syscalls, check_still_there, put_file, reach, sub_folder
from wizard.configs import envfile
from wizard.configs.rules import exposed
from wizard.errors import WizardError
from wizard.findings import Finding, Locator, Severity
from wizard.handoff import client, cluster, gateway, inventory, portal
from wizard.handoff.bundle import Pack, PackFile, checklist
from wizard.handoff.client import ClientInput, common_text
from wizard.handoff.portal import ocsp_evidence
from wizard.handoff.requirements import (
    PASSWORDS,
    password_for,
    profile_for,
    require_folders,
    require_names,
    require_paths,
)
from wizard.host.files import read_input
from wizard.host.machine import Machine, now_utc
from wizard.planning import phases
from wizard.planning.gateway.primary_probe import primary_trust
from wizard.planning.gateway.stores import GatewayInput
from wizard.planning.inputs import PlanInputs, rollover
from wizard.planning.judge import Judged, roots_of, suggested_host
from wizard.planning.phases import PrimaryCourse
from wizard.planning.primary.plan import cloud_trust
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.questions.answers import PasswordSource, Phase, PrimaryAnswers, PrimaryKind, SourceKind
from wizard.questions.passwords import CLIENT, generate, is_usable_password
from wizard.reports.review import order_notes
from wizard.secret import Secret


def make_packs(inputs: PlanInputs, *, nodes: bool = True, verify: bool = False) -> list[Pack]:
    """The portal's bundle, then one for each gateway and client; all are made before any is written.

    Args:
        inputs: with the answers and the chains.
        nodes: make bundles for the other nodes of a cluster as well; they come after the portal's.
        verify: in the phase of the primary, which changes no gateway, make a bundle with verify.sh alone for each.

    Raises:
        WizardError: a chain cannot be read or is not fit for its role, or a password or search text does not fit.
    """
    inputs.read_machine_again()
    answers, seen = inputs.answers, inputs.seen
    found = phases.course(inputs)
    if found is not None and found.phase.trusts_alone:
        return _trust_packs(inputs, found, seen, nodes=nodes)
    # The operator was not asked for the files of a primary elsewhere; an old path may be left in the answers.
    here = answers.primary.kind is PrimaryKind.ON_PREMISE
    primary = _fit(inputs, "primary") if here and answers.primary.chain else None
    phase = found.phase if found is not None else Phase.AUTO
    # In the phase of the gateways and clients nothing changes on a node, and in that of the primary nothing on them.
    has_nodes = nodes and primary is not None and phase is not Phase.OTHERS
    has_others = phase is not Phase.PRIMARY
    cluster_packs = cluster.make_packs(inputs, phase) if has_nodes else []
    require_names(answers)
    machines = [*(one.host for one in answers.gateway), *(one.host for one in answers.client)]
    # A node may have the primary's own name.
    require_folders([*machines, *(each.folder for each in cluster_packs)], PrimaryAnswers())
    gateways = [_fit(inputs, f"gateway.{number}") for number in range(len(answers.gateway) if has_others else 0)]
    clients = [
        _fit(inputs, f"client.{number}") if one.local_storage else None
        for number, one in enumerate(answers.client if has_others else ())
    ]
    everyone: list[Judged] = [one for one in (primary, *gateways, *clients) if one is not None]
    change = found.change if found is not None else rollover(inputs)
    packs = [_portal(inputs, [one.chain for one in everyone], change), *cluster_packs]
    if verify and not has_others and primary is not None:
        packs += _verify_packs(inputs, primary.chain, change)
    trusted = _trust(inputs, primary)
    # Until the primary has its new certificate, that is what the gateways meet.
    presented = seen.chain if phase is Phase.OTHERS else None
    for number, judged in enumerate(gateways):
        given = _gateway_input(inputs, number, judged.chain, trusted, change)
        packs.append(gateway.make_pack(replace(given, presented=presented)))
        inputs.progress("bundles made", number + 1, len(machines))
    common = common_text([one.chain.leaf for one in clients if one is not None and one.chain.leaf is not None])
    made: dict[str, Secret] = {}
    for number, its in enumerate(clients):
        bundle, password = _client(inputs, number, its, common, change)
        packs.append(bundle)
        inputs.progress("bundles made", len(gateways) + number + 1, len(machines))
        if password is not None:
            made[bundle.folder] = password
    return [*packs, _passwords(made)] if made else packs


def _trust_packs(inputs: PlanInputs, found: PrimaryCourse, seen: MachineSnapshot, *, nodes: bool) -> list[Pack]:
    """The bundles of the phases in which only trust changes: no certificate of a gateway or client is needed."""
    answers, change = inputs.answers, found.change
    adds = found.phase is Phase.TRUST_ROOT
    primary = _fit(inputs, "primary")
    cluster_packs = cluster.make_packs(inputs, found.phase) if nodes else []
    require_names(answers)
    chains = [primary.chain, *(phases.chains_at_hand(inputs) if adds else ())]
    public = roots_of(inputs.seen, answers).public
    packs = [portal.trust_pack(chains, public, () if adds else change.dropped, _order(inputs, change)), *cluster_packs]
    for number in range(len(answers.gateway)):
        # Only the trust store is made, so no chain of the gateway itself is needed.
        given = _gateway_input(inputs, number, primary.chain, primary.chain, change)
        # The old root goes only from a gateway that meets the new chain.
        given = replace(given, presented=seen.chain) if adds else replace(given, presented=primary.chain, old_root=None)
        packs.append(gateway.trust_pack(given))
        inputs.progress("bundles made", number + 1, len(answers.gateway))
    by_der = {each.der: each for chain in chains for each in chain.authorities}
    added = [(name, by_der[data]) for name, data in cer_files(chains, public_roots=public)] if adds else []
    roots = [chain.root for chain in chains if chain.root is not None]
    clients = [one.host for one in answers.client if one.local_storage]
    return [*packs, *(client.trust_pack(host, added, roots, None if adds else found.old_root) for host in clients)]


def _verify_packs(inputs: PlanInputs, trusted: Chain, change: Rollover | None) -> Iterator[Pack]:
    """For each gateway the test that it trusts the root of the primary's new chain, *trusted*, and then the primary."""
    for number in range(len(inputs.answers.gateway)):
        given = _gateway_input(inputs, number, trusted, trusted, change)
        yield gateway.verify_pack(replace(given, old_root=None))


def _trust(inputs: PlanInputs, primary: Judged | None) -> Chain | None:
    """What gateways trust the primary by."""
    if _in_cloud(inputs):
        return cloud_trust(inputs)
    if inputs.answers.primary.kind is PrimaryKind.ELSEWHERE:
        return primary_trust(inputs).chain
    return primary.chain if primary is not None else None


def _in_cloud(inputs: PlanInputs) -> bool:
    return inputs.answers.primary.kind is PrimaryKind.CLOUD


def _portal(inputs: PlanInputs, chains: Sequence[Chain], change: Rollover | None) -> Pack:
    answers = inputs.answers
    evidence = ocsp_evidence(chains, answers.account)
    return portal.make_pack(
        answers.account,
        chains,
        roots_of(inputs.seen, answers).public,
        evidence=evidence,
        order=_order(inputs, change),
        leaving=change.dropped if change is not None else (),
        cloud=answers.primary.cloud_support if _in_cloud(inputs) else None,
    )


def _fit(inputs: PlanInputs, role: str) -> Judged:
    judged = inputs.judged(role)
    answers = inputs.answers
    inputs.progress("chains read", len(inputs.judged_roles), 1 + len(answers.gateway) + len(answers.client))
    bad = [finding for finding in judged.findings if finding.severity >= Severity.ERROR]
    if bad:
        host = inputs.answers.table(role).host or role
        raise WizardError(codes.HANDOFF_FINDINGS, subject=host, host=host, reason=bad[0].message, hint=bad[0].fix)
    return judged


def _gateway_input(
    inputs: PlanInputs, number: int, chain: Chain, trusted: Chain | None, change: Rollover | None
) -> GatewayInput:
    answers = inputs.answers
    key = f"gateway.{number}"
    require_paths(answers.gateway[number], key)
    file = answers.gateway[number].unattended_file
    anchor = trusted.root if trusted is not None else None
    suggested = suggested_host(trusted.leaf) if trusted is not None else ""
    public = roots_of(inputs.seen, answers).public
    old = change.old_root if change is not None else None
    # The trust store that is there for a private root would refuse a public one that comes after it.
    has_store = old is not None and old.sha256 not in public
    return GatewayInput(
        answers=answers.gateway[number],
        chain=chain,
        primary_chain=trusted,
        primary_public=anchor is not None and anchor.sha256 in public and not has_store,
        primary_host=answers.primary.host or suggested,
        primary_port=answers.primary.port,
        store_password=password_for(inputs, f"{key}.keystore-password"),
        trust_password=password_for(inputs, f"{key}.truststore-password"),
        profile=profile_for(inputs, answers.gateway[number]),
        unattended=read_input(inputs.base / file) if file else None,
        cloud=_in_cloud(inputs),
        old_root=old,
    )


def _client(
    inputs: PlanInputs, number: int, judged: Judged | None, common: str, change: Rollover | None
) -> tuple[Pack, Secret | None]:
    """The bundle of a client, and the password of its PFX when it had to be made."""
    answers = inputs.answers.client[number]
    if judged is None:
        return client.nothing(answers.host), None
    given = inputs.secret(f"client.{number}.password")
    if given is not None and is_usable_password(given, CLIENT):
        password, made, whose = given, None, _whose(answers.host, answers.password)
    else:
        password = made = generate()
        whose = f"the one in {PASSWORDS}/{answers.host}.txt of the bundles"
    bundle = client.make_pack(
        ClientInput(
            answers=answers,
            chain=judged.chain,
            common=common,
            primary_host=inputs.answers.primary.host or "<primary>",
            password=password,
            old_root=change.old_root if change is not None else None,
            replaced=_replaced(judged),
            whose=whose,
        )
    )
    return bundle, made


def _whose(host: str, source: PasswordSource) -> str:
    """Whose password it is, without the password."""
    places = {SourceKind.FILE: "file", SourceKind.ENV: "variable"}
    where = f", from the {places[source.kind]} {printable(source.name)}" if source.kind in places else ""
    return f"the one for the files of {host}{where}"


def _passwords(made: Mapping[str, Secret]) -> Pack:
    """The passwords that had to be made for clients, by host: apart from the bundles, so that none holds its own."""
    steps = (
        "Transfer each password to its PC separately from the bundle: type it\nthere, or use a protected file.",
        "Delete this folder.",
    )
    files = [
        PackFile(f"{host}.txt", each.reveal().encode() + b"\n", True, f"password of the PFX in the bundle {host}")
        for host, each in made.items()
    ]
    intro = "The wizard generated these, because none was given that Windows accepts."
    return Pack(PASSWORDS, "Passwords of Windows clients", intro, steps, files)


def _replaced(judged: Judged) -> tuple[Certificate, ...]:
    """Earlier certificates of the same subject that lie beside the one that is used."""
    leaf = judged.chain.leaf
    beside = [chain.leaf for chain in judged.loaded.others]
    return tuple(
        each
        for each in beside
        if each is not None and leaf is not None and each != leaf and subject(each) == subject(leaf)
    )


def unattended_findings(inputs: PlanInputs) -> list[Finding]:
    """What is wrong with the unattended files as they lie here: secrets that everybody can read.

    Raises:
        WizardError: a file cannot be read or parsed.
    """
    files = [inputs.base / one.unattended_file for one in inputs.answers.gateway if one.unattended_file]
    return [
        finding
        for file in files
        for finding in exposed(envfile.parse(read_input(file)), file.stat().st_mode, name=str(file))
    ]


def root_warnings(inputs: PlanInputs) -> list[Finding]:
    """A warning for each root of the chains that counts as private and may be public."""
    here = inputs.answers.primary.kind is PrimaryKind.ON_PREMISE and inputs.answers.primary.chain
    roles = [*(["primary"] if here else []), *inputs.answers.other_roles()]
    found = [one for role in roles for one in inputs.judged(role).findings if one.spec is codes.ROOT_PUBLIC_OR_PRIVATE]
    return list({one.facts["sha256"]: one for one in found}.values())


def order_of(inputs: PlanInputs) -> tuple[str, ...]:
    """For the page on top: what the order of work is when certificates are replaced; empty otherwise.

    Raises:
        WizardError: the new chain cannot be read.
    """
    return _order(inputs, rollover(inputs))


def _order(inputs: PlanInputs, change: Rollover | None) -> tuple[str, ...]:
    return order_notes(change, now_utc(), public=inputs.judged("primary").public) if change is not None else ()


def write_packs(out: Path, packs: Sequence[Pack], order: tuple[str, ...] = ()) -> None:
    """Write all bundles below *out*, each into its folder, and a page on top with the *order* of work.

    Raises:
        WizardError: as `write_files`.
    """
    below = [replace(file, name=f"{each.folder}/{file.name}") for each in packs for file in each.files]
    write_files(out, [PackFile("README.md", overview(packs, order)), *below])


def unrecorded(machine: Machine, packs: Sequence[Pack], out: Path) -> list[Finding]:
    """Note in the inventory what *packs*, written below *out*, give to whom; a warning when that cannot be kept."""
    try:
        inventory.record(machine, packs, out)
    except WizardError as error:
        facts = {"reason": error.message, "hint": error.hint}
        return [Finding(codes.INVENTORY_NOT_KEPT, Locator("file", str(out)), facts)]
    return []


def write_files(out: Path, files: Sequence[PackFile], *, calls: Syscalls = REAL) -> None:
    """Write *files* below *out*, which must be new or empty; what holds a key or a password gets mode 0600.

    Raises:
        WizardError: `handoff.folder-in-use`, `file.not-writable`.
    """
    try:
        folder = reach(out, calls=calls)
        if folder.names():
            raise WizardError(codes.HANDOFF_FOLDER_IN_USE, subject=out, folder=out)
        for file in files:
            *above, name = PurePosixPath(file.name).parts
            at = folder
            for part in above:
                at = sub_folder(at, part, calls=calls)
            put_file(at, name, file.data, mode=0o600 if file.secret else 0o644, calls=calls)
        check_still_there(out, folder)
    except OSError as error:
        raise WizardError(
            codes.FILE_NOT_WRITABLE, subject=out, folder=out, reason=error.strerror or str(error)
        ) from error


def overview(packs: Sequence[Pack], order: tuple[str, ...] = ()) -> bytes:
    """The page that lies on top of all bundles; *order* is what a change of certificates demands besides."""
    steps = [f"{each.title}: {each.folder}/CHECKLIST.md" for each in (*packs[1:], *packs[:1])]
    uploads = (
        "First upload the CA certificates in the portal. Switch its policy last.\n"
        "Start with the uploads in portal/CHECKLIST.md, and do the rest of that list at the end."
    )
    # The checklist of the portal is alone when nothing is uploaded.
    intro = uploads if len(packs[0].files) > 1 else "The portal comes last."
    return checklist("Hand-off", intro, steps, order)
