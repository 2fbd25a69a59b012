"""Compute the remaining tasks elsewhere from the answers and the chains that were checked."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from wizard.certificates.model import Chain
from wizard.certificates.names import short
from wizard.certificates.writing import cer_files
from wizard.errors import WizardError
from wizard.handoff import checklist, inventory, portal
from wizard.handoff.inventory import HandedOut
from wizard.handoff.portal import ocsp_evidence
from wizard.handoff.requirements import PORTAL
from wizard.planning import phases
from wizard.planning.gateway import plan
from wizard.planning.inputs import PlanInputs, order
from wizard.planning.judge import roots_of
from wizard.planning.phases import PrimaryCourse
from wizard.planning.primary.plan import other_nodes
from wizard.questions.answers import PHASES, Answers, CloudSupport, Goal, ImportRoot, Phase, PrimaryKind
from wizard.reports.checklist import CA, CLOUD, NOTHING_KEPT, POLICY, REMOVED_CA, Checklist, Item, checklist_lines
from wizard.reports.lines import Line


def elsewhere_lines(inputs: PlanInputs) -> list[Line]:
    """The list of this run, and that it is kept from now on; without certificates the one that was kept.

    Raises:
        WizardError: a chain cannot be read.
    """
    if not inputs.answers.goal.installs:
        kept = checklist.load(inputs.machine)
        return list(NOTHING_KEPT) if kept is None else checklist_lines(kept)
    return [*order(inputs), *checklist_lines(kept_list(inputs))]


def kept_list(inputs: PlanInputs) -> Checklist:
    """The list of this run, kept from now on.

    Raises:
        WizardError: a chain cannot be read.
    """
    merged = checklist.merged(inputs.machine, make(inputs))
    if not inputs.dry_run:
        # A list that cannot be kept is still worth reading; ticking it says why it cannot.
        with suppress(WizardError):
            checklist.keep(inputs.machine, merged)
    return merged


def tick(inputs: PlanInputs, item: str) -> list[Line]:
    """Tick *item*, or take its tick away; the list as it is then.

    Raises:
        WizardError: it cannot be ticked now, or not be kept.
    """
    return checklist_lines(checklist.tick(inputs.machine, item))


def make(inputs: PlanInputs) -> Checklist:
    """The list, nothing ticked.

    Raises:
        WizardError: a chain cannot be read.
    """
    answers = inputs.answers
    kind = answers.primary.kind
    found = phases.look(inputs)
    if found is not None and found.phase in PHASES:
        return _of_phases(inputs, found)
    primary = inputs.judged("primary").chain if kind is PrimaryKind.ON_PREMISE else None
    others = _chains(inputs)
    chains = [*([primary] if primary is not None else []), *(chain for _role, chain in others)]
    uploads = [*_uploads(inputs, chains), _ocsp(inputs, chains)]
    if kind is PrimaryKind.ELSEWHERE:
        items = [*plan.left_here(inputs), *uploads, _policy(answers)]
        # A gateway without a trust store of its own is one of a primary in the vendor's cloud.
        cloud = answers.primary.import_root is ImportRoot.NO
        return Checklist(tuple(items), cloud=cloud, root_change=plan.root_change_here(inputs))
    root = _fingerprint(primary)
    leaf = primary.leaf.sha256 if primary is not None and primary.leaf is not None else "none"
    nodes = other_nodes(answers.primary) if primary is not None else ()
    cloud = kind is PrimaryKind.CLOUD
    items = [
        *([Item(CLOUD, "Ask your vendor whether its cloud supports your own CA certificates")] if cloud else []),
        *uploads,
        *(_node(node, leaf) for node in nodes),
        *(_certificate(role, answers.table(role).host, chain, root) for role, chain in others),
        Item(f"machines/all/{root}", "Check that every gateway and client has its certificate"),
        _policy(answers),
    ]
    packs = str(inputs.base / answers.packs) if others or primary is not None else ""
    answered = cloud and answers.primary.cloud_support is CloudSupport.ACCEPTED
    return Checklist(tuple(items), frozenset({CLOUD} if answered else ()), packs, cloud=cloud)


def _of_phases(inputs: PlanInputs, found: PrimaryCourse) -> Checklist:
    """What a change of the root needs elsewhere, up to its next phase."""
    answers, change, primary = inputs.answers, found.change, inputs.judged("primary").chain
    last = found.phase.number
    others = answers.other_roles()
    nodes, new, old = other_nodes(answers.primary), _fingerprint(primary), change.old_root
    leaf = primary.leaf.sha256 if primary.leaf is not None else "none"
    gone = old.sha256 if old is not None else "none"
    chains = [primary, *phases.chains_at_hand(inputs)]
    unnamed = _unnamed(inputs, found)

    def everywhere(what: str, words: str) -> list[Item]:
        machines = [_machine(role, answers.table(role).host, what, words) for role in others]
        return [
            *(_node(node, what) for node in nodes),
            *machines,
            *(_unnamed_machine(one, what, words) for one in unnamed),
        ]

    made = [*_uploads(inputs, chains), *everywhere(f"trust/{new}", "trust the new root")]
    made += [Item(f"machines/trust/{new}", f"Check that every gateway and client trusts {change.new_name}")]
    items = [replace(item, phase=1) for item in made]
    if last >= Phase.OTHERS.number:
        made = [_certificate(role, answers.table(role).host, chain, new) for role, chain in _chains(inputs)]
        made += [_unnamed_machine(each, f"certificate/{new}", "a certificate under the new root") for each in unnamed]
        made += [Item(f"machines/certificate/{new}", "Check that every gateway and client has its new certificate")]
        items += [replace(item, phase=2) for item in made]
    if last >= Phase.PRIMARY.number:
        made = [_node(node, leaf) for node in nodes]
        made += [Item(f"machines/online/{leaf}", "Check that every gateway and client is online")]
        items += [replace(item, phase=3) for item in made]
    if last >= Phase.RETIRE_ROOT.number:
        made = [
            Item(f"{REMOVED_CA}{each.sha256}", f"Remove {short(each)}", f"SHA-256 {each.sha256}")
            for each in change.dropped
        ]
        items += [replace(item, phase=4) for item in (*made, *everywhere(f"retire/{gone}", "remove the old root"))]
    packs = str(inputs.base / answers.packs) if others or nodes else ""
    return Checklist(tuple(items), packs=packs, root_change=found.root)


def _unnamed(inputs: PlanInputs, found: PrimaryCourse) -> list[HandedOut]:
    """The gateways and clients of the inventory under either root that the answers do not name."""
    with suppress(WizardError):
        roles = inputs.answers.other_roles()
        named = {(role.partition(".")[0], inputs.answers.table(role).host.lower()) for role in roles}
        authorities = (*found.change.dropped, *inputs.judged("primary").chain.authorities)
        either = {each.sha256 for each in authorities}
        return [
            each
            for each in inventory.newest(inventory.load(inputs.machine))
            if each.role in _KINDS and each.whose not in named and either & {one.sha256 for one in each.chain}
        ]
    return []


def _chains(inputs: PlanInputs) -> list[tuple[str, Chain]]:
    return [(role, inputs.judged(role).chain) for role in inputs.answers.other_roles()]


def _policy(answers: Answers) -> Item:
    """When certificates are replaced, it was switched when the first ones came."""
    what = "Set the certificate policy to" if answers.goal is Goal.SET_UP else "Check that the certificate policy is"
    detail = "\n".join((*portal.POLICY_ROUTES, portal.AUTHORISATION))
    return Item(POLICY, f"{what} Use trusted CA certificates", detail)


def _ocsp(inputs: PlanInputs, chains: Sequence[Chain]) -> Item:
    answers = inputs.answers.account
    advice, *more = portal.ocsp_advice(answers).splitlines()
    return Item(f"portal/ocsp/{answers.ocsp}", advice, "\n".join((*more, *ocsp_evidence(chains, answers))))


def _node(node: str, what: str) -> Item:
    return Item(
        f"node/{node}/{what}",
        f"Cluster node {node}: run the wizard there with its bundle",
        f"this run changed only one node; the steps: {node}/CHECKLIST.md",
    )


def _uploads(inputs: PlanInputs, chains: Sequence[Chain]) -> list[Item]:
    if not chains:
        return [Item(f"{CA}all", "Upload the private CA certificates of every gateway and client")]
    known = roots_of(inputs.seen, inputs.answers).public
    wanted = [chain for chain in chains if chain.root is None or chain.root.sha256 not in known]
    authorities = dict.fromkeys(each for chain in wanted for each in reversed(chain.authorities))
    names = {data: name for name, data in cer_files(chains, public_roots=known)}
    return [
        Item(
            f"{CA}{each.sha256}",
            f"Upload {short(each)}",
            f"{checklist.FILE}{PORTAL}/{names[each.der]} of the bundles\nSHA-256 {each.sha256}",
        )
        for each in authorities
    ]


def _certificate(role: str, host: str, chain: Chain, root: str) -> Item:
    """Its certificate and the primary's root both go there, so either makes the work a new one."""
    leaf = chain.leaf.sha256 if chain.leaf is not None else "none"
    return _machine(role, host, f"{leaf}/{root}", "transfer its bundle and check that it connects")


def _machine(role: str, host: str, what: str, words: str) -> Item:
    """The step of one gateway or client."""
    kind = role.partition(".")[0]
    return Item(f"{kind}/{host}/{what}", f"{_KINDS[kind]} {host}: {words}", f"{checklist.STEPS}{host}/CHECKLIST.md")


_KINDS = {"gateway": "Gateway", "client": "Client"}


def _unnamed_machine(given: HandedOut, what: str, words: str) -> Item:
    """The step of a machine for which no bundle is made."""
    detail = f"It is in the inventory and not in the answers. Add it there, or:\n{REMOVE} {given.machine}"
    return Item(f"{given.role}/{given.machine}/{what}", f"{_KINDS[given.role]} {given.machine}: {words}", detail)


REMOVE = "cloudstream-wizard inventory --remove"
"""The command for a machine that no longer exists."""


def _fingerprint(chain: Chain | None) -> str:
    """Of the root, or of the topmost certificate there is."""
    return chain.certificates[-1].sha256 if chain is not None and chain.certificates else "none"
