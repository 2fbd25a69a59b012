"""Compute the remaining tasks elsewhere from the answers and the chains that were checked."""

from collections.abc import Sequence
from contextlib import suppress

from wizard.certificates.model import Chain
from wizard.certificates.names import short
from wizard.certificates.writing import cer_files
from wizard.errors import WizardError
from wizard.handoff import checklist, portal
from wizard.handoff.portal import ocsp_evidence
from wizard.handoff.requirements import PORTAL
from wizard.planning.gateway import plan
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import roots_of
from wizard.planning.primary.inputs import other_nodes
from wizard.planning.replaced import order
from wizard.questions.answers import Answers, CloudSupport, Goal, ImportRoot, PrimaryKind
from wizard.reports.checklist import CA, CLOUD, NOTHING_KEPT, POLICY, Checklist, Item, checklist_lines
from wizard.reports.lines import Line


def elsewhere_lines(inputs: PlanInputs) -> list[Line]:
    """The list of this run, and that it is kept from now on; without certificates the one that was kept.

    Raises:
        WizardError: a chain cannot be read.
    """
    if not inputs.answers.goal.installs:
        kept = checklist.load(inputs.machine)
        return list(NOTHING_KEPT) if kept is None else checklist_lines(kept)
    merged = checklist.merged(inputs.machine, make(inputs))
    if not inputs.dry_run:
        # A list that cannot be kept is still worth reading; ticking it says why it cannot.
        with suppress(WizardError):
            checklist.keep(inputs.machine, merged)
    return [*order(inputs), *checklist_lines(merged)]


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
    primary = inputs.judged("primary").chain if kind is PrimaryKind.ON_PREMISE else None
    others = [(role, inputs.judged(role).chain) for role in answers.other_roles()]
    chains = [*([primary] if primary is not None else []), *(chain for _role, chain in others)]
    uploads = [*_uploads(inputs, chains), _ocsp(inputs, chains)]
    if kind is PrimaryKind.ELSEWHERE:
        items = [*plan.left_here(inputs), *uploads, _policy(answers)]
        # A gateway without a trust store of its own is one of a primary in the vendor's cloud.
        return Checklist(tuple(items), cloud=answers.primary.import_root is ImportRoot.NO)
    root = _fingerprint(primary)
    nodes = other_nodes(answers.primary) if primary is not None else ()
    cloud = kind is PrimaryKind.CLOUD
    items = [
        *([Item(CLOUD, "Ask your vendor whether its cloud supports your own CA certificates")] if cloud else []),
        *uploads,
        *(_node(node, primary) for node in nodes),
        *(_machine(role, answers.table(role).host, chain, root) for role, chain in others),
        Item(f"machines/all/{root}", "Check that every gateway and client of the account has its certificate"),
        _policy(answers),
    ]
    packs = str(inputs.base / answers.packs) if others or primary is not None else ""
    answered = cloud and answers.primary.cloud_support is CloudSupport.ACCEPTED
    return Checklist(tuple(items), frozenset({CLOUD} if answered else ()), packs, cloud=cloud)


def _policy(answers: Answers) -> Item:
    """When certificates are replaced, it was switched when the first ones came."""
    what = "Set the certificate policy to" if answers.goal is Goal.SET_UP else "Check that the certificate policy is"
    detail = "\n".join((*portal.POLICY_ROUTES, portal.AUTHORISATION))
    return Item(POLICY, f"{what} Use trusted CA certificates", detail)


def _ocsp(inputs: PlanInputs, chains: Sequence[Chain]) -> Item:
    answers = inputs.answers.account
    advice, *more = portal.ocsp_advice(answers).splitlines()
    return Item(f"portal/ocsp/{answers.ocsp}", advice, "\n".join((*more, *ocsp_evidence(chains, answers))))


def _node(node: str, primary: Chain | None) -> Item:
    leaf = primary.leaf.sha256 if primary is not None and primary.leaf is not None else "none"
    return Item(
        f"node/{node}/{leaf}",
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
            f"file {PORTAL}/{names[each.der]} of the bundles\nSHA-256 {each.sha256}",
        )
        for each in authorities
    ]


def _machine(role: str, host: str, chain: Chain, root: str) -> Item:
    """Its certificate and the primary's root both go there, so either makes the work a new one."""
    kind = role.partition(".")[0]
    what = "Gateway" if kind == "gateway" else "Client"
    leaf = chain.leaf.sha256 if chain.leaf is not None else "none"
    text = f"{what} {host}: transfer its bundle and check that it connects"
    return Item(f"{kind}/{host}/{leaf}/{root}", text, f"the steps: {host}/CHECKLIST.md")


def _fingerprint(chain: Chain | None) -> str:
    """Of the root, or of the topmost certificate there is."""
    return chain.certificates[-1].sha256 if chain is not None and chain.certificates else "none"
