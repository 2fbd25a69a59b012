"""Everything that may fail, done before a live file is touched: new bytes staged, old ones saved, Java asked."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import PurePosixPath

from wizard.change.context import Context
from wizard.change.drafts import Draft, settled
from wizard.change.durable import new_file, sync_file, sync_folder
from wizard.change.images import read_image
from wizard.change.manifest import Action, Node
from wizard.change.proof import capture
from wizard.change.room import check_change_room
from wizard.change.store import BACKUP, STAGED, ChangeFolder
from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.host.directory import Directory


def stage(
    drafts: Sequence[Draft], nodes: Sequence[Node], folder: ChangeFolder, context: Context
) -> tuple[tuple[Action, ...], tuple[Node, ...]]:
    """Save the old bytes, stage the new ones, and let keytool, prover and prober work side by side.

    Args:
        drafts: the files, in order.
        nodes: what will be proven afterwards; what they serve now is recorded.
        folder: of the change.
        context: the run.

    Returns:
        The final actions, and what each node serves now.

    Raises:
        WizardError: whatever refuses first; no live file was touched.
    """
    staged, backup = folder.open(STAGED), folder.open(BACKUP)
    check_change_room(staged, [(draft.target.folders[-1], len(draft.new), len(draft.old)) for draft in drafts])
    chains = _chains(drafts)
    for draft in drafts:
        if draft.action.backup and (not draft.certificate or draft is chains[draft.target.path][0]):
            new_file(backup, draft.action.backup, draft.old, calls=context.calls)
        if draft.action.after.exists and not draft.certificate:
            new_file(staged, draft.action.staged, draft.new, calls=context.calls)
    actions = {draft.action.id: draft.action for draft in drafts}
    jobs: list[Callable[[], Sequence[Action]]] = [
        lambda draft=draft: _prove(draft, staged, context)  # type: ignore[misc]
        for draft in drafts
        if draft.proof
    ]
    jobs += [
        lambda chain=chain: _import(chain, staged, backup, context)  # type: ignore[misc]
        for chain in chains.values()
        if chain[0].certificate
    ]
    # Java needs half a second to start and a silent node seconds to time out: nobody waits for the other.
    with ThreadPoolExecutor(max_workers=len(jobs) + 1) as pool:
        looking = pool.submit(capture, nodes, context)
        running: list[Future[Sequence[Action]]] = [pool.submit(job) for job in jobs]
    for done in running:
        actions |= {action.id: action for action in done.result()}
    for each in (staged, backup):
        sync_folder(each, calls=context.calls)
    return tuple(actions.values()), looking.result()


def _chains(drafts: Sequence[Draft]) -> dict[PurePosixPath, list[Draft]]:
    chains: dict[PurePosixPath, list[Draft]] = {}
    for draft in drafts:
        chains.setdefault(draft.target.path, []).append(draft)
    return chains


def _prove(draft: Draft, staged: Directory, context: Context) -> Sequence[Action]:
    if draft.proof is None:
        return ()
    name, alias = draft.proof
    text = context.ports.prover.prove(staged.outside(draft.action.staged), context.secret(name), alias)
    context.events.say(draft.action.id, "progress", text)
    return ()


def _import(chain: Sequence[Draft], staged: Directory, backup: Directory, context: Context) -> Sequence[Action]:
    """Import one certificate after the other; each step starts from the result of the one before."""
    image, data = chain[0].action.before, chain[0].old
    actions: list[Action] = []
    for draft in chain:
        trust = draft.action.trust
        if trust is None:
            continue
        if actions:
            new_file(backup, draft.action.backup, data, calls=context.calls)
        name, copy = draft.action.staged, staged.outside(draft.action.staged)
        new_file(staged, name, data, calls=context.calls)
        password = context.secret(trust.secret)
        context.ports.trust.add(copy, draft.certificate, trust.alias, password)
        if trust.sha256 not in context.ports.trust.entries(copy, password):
            raise WizardError(
                "change.import-missing",
                f"keytool said that it imported {trust.alias}, but the copy of {draft.target.shown} does not hold it.",
                "Nothing was changed. See whether the store's type and password are what they seem.",
                str(draft.target.named),
            )
        sync_file(staged, name, calls=context.calls)  # keytool does not
        _, data = read_image(staged, name)
        after = settled(draft.action.after, draft.target, data)
        actions.append(replace(draft.action, before=image, after=after))
        image = after
        context.events.say(draft.action.id, "progress", f"imported {trust.alias} into a copy and read it back")
    return actions


REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.import-missing",
        "The imported certificate is not in the store",
        "keytool reported success, yet the copy of the trust store does not hold the certificate.",
        "The service would not trust the certificates of this authority after the restart.",
        "Nothing was changed; see whether type and password of the trust store are what they seem.",
        source="own rule: what cannot be read back was not written",
    ),
)
