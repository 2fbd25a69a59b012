"""Everything that may fail, done before a live file is touched: new bytes staged, old ones saved, Java asked."""

import grp
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard.change.context import Context
from wizard.change.disk_space import check_change_room
from wizard.change.durable import dressed, new_file, sync_file, sync_folder
from wizard.change.file_image import FileImage, read_image
from wizard.change.manifest import Action, Node, TrustEntry
from wizard.change.plan import EditFile, ImportTrust, MakeFolder, Plan, PutFile
from wizard.change.proof import capture
from wizard.change.store import BACKUP, STAGED, ChangeFolder
from wizard.change.targets import check_ancestors, check_expected, check_replaceable, keep_folder, look, resolve
from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.host.directory import Directory, Identity, Target


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, before and after.

    Attributes:
        action: what the manifest will say; an import's `after` is known only when keytool has worked.
        target: where the file is.
        old: bytes now.
        new: bytes to come; empty for an import until it is staged, and for a removal.
        proof: the secret and the alias for the proof by the JVM, None when it is no key store.
        certificate: DER of the anchor to import, empty otherwise.
    """

    action: Action
    target: Target
    old: bytes
    new: bytes
    proof: tuple[str, str | None] | None = None
    certificate: bytes = b""


def file_changes_of(plan: Plan, context: Context) -> list[FileChange]:
    """Look at every file of *plan*, and refuse what cannot be done.

    Raises:
        WizardError: of `wizard.change.targets`; `change.owner-needs-root`.
    """
    drafts: list[FileChange] = []
    made: set[PurePosixPath] = set()
    for step in plan.file_steps:
        target = resolve(context.machine, step.path)
        image, data = look(target)
        check_expected(target, image, step.expect)
        if not step.changed:
            context.events.say(step.id, "skipped", f"{target.shown} is already as planned")
            continue
        check_replaceable(target, image, made)
        check_ancestors(context.machine, target, context.who.user)
        keep_folder(target, context)
        if target.named != target.path:
            context.events.say(step.id, "progress", f"{target.shown}: the file behind the link is replaced")
        if isinstance(step, MakeFolder):
            made.add(target.path)
            drafts.append(folder_draft(step, target, image))
        else:
            drafts.append(_draft(step, target, image, data))
    return drafts


def folder_draft(step: MakeFolder, target: Target, image: FileImage) -> FileChange:
    """A folder that is to be there: of the account that makes it, and of the group that its own folder hands down."""
    after = FileImage("folder", mode=step.mode, uid=os.geteuid(), gid=_group_in(target))
    action = Action(step.id, target.path, target.named, step.summary, image, after, folder=identity_of(target))
    return FileChange(action, target, b"", b"")


def identity_of(target: Target) -> Identity | None:
    """Which folder holds the file; None when it is not there yet."""
    return None if target.folder is None else target.folder.identity


def _draft(step: PutFile | EditFile | ImportTrust, target: Target, image: FileImage, data: bytes) -> FileChange:
    trust: TrustEntry | None = None
    wanted, new = dressed(image), b""
    if isinstance(step, PutFile):
        wanted, new = dressed(image, mode=step.mode, uid=step.uid, gid=step.gid), step.data
    elif isinstance(step, EditFile):
        new = step.data
    else:
        trust = TrustEntry(step.alias, step.sha256, step.secret)
    after = settled(wanted, target, new)
    check_owner(target, image, after)
    action = Action(
        id=step.id,
        path=target.path,
        named=target.named,
        summary=step.summary,
        before=image,
        after=after,
        staged=step.id,
        backup=step.id if image.exists else "",
        inherit=not image.exists,
        trust=trust,
        folder=identity_of(target),
    )
    proof = (step.proof, step.proof_alias) if isinstance(step, PutFile) and step.proof else None
    certificate = step.certificate if isinstance(step, ImportTrust) else b""
    return FileChange(action, target, data, new, proof, certificate)


def settled(wanted: FileImage, target: Target, data: bytes) -> FileImage:
    """The image with its bytes, and with the group that the kernel will give to a new file."""
    gid = wanted.gid
    if gid == -1:
        gid = _group_in(target)
    return replace(wanted, sha256=hashlib.sha256(data).hexdigest(), size=len(data), gid=gid)


def _group_in(target: Target) -> int:
    """The group of what is newly made in the folder of *target*; one that is yet to be made hands down nothing."""
    folder = None if target.folder is None else target.folder.status
    return folder.st_gid if folder is not None and folder.st_mode & 0o2000 else os.getegid()


def check_owner(target: Target, before: FileImage, after: FileImage) -> None:
    """Refuse an owner that only root can give, before the kernel does so half way.

    Raises:
        WizardError: `change.owner-needs-root`.
    """
    if os.geteuid() == 0 or not (before.exists or after.exists):
        return
    image = after if after.exists else before
    if image.uid != os.geteuid() or image.gid not in {os.getegid(), *os.getgroups()}:
        try:
            group = grp.getgrgid(image.gid).gr_name
        except KeyError:
            group = str(image.gid)
        raise WizardError(
            "change.owner-needs-root",
            f"{target.shown} belongs, or is to belong, to user {image.uid} and group {group}.",
            "Run as root (sudo): only root can keep that owner.",
            str(target.named),
        )


def stage(
    drafts: Sequence[FileChange], nodes: Sequence[Node], folder: ChangeFolder, context: Context
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


def _chains(drafts: Sequence[FileChange]) -> dict[PurePosixPath, list[FileChange]]:
    chains: dict[PurePosixPath, list[FileChange]] = {}
    for draft in drafts:
        chains.setdefault(draft.target.path, []).append(draft)
    return chains


def _prove(draft: FileChange, staged: Directory, context: Context) -> Sequence[Action]:
    if draft.proof is None:
        return ()
    name, alias = draft.proof
    text = context.ports.prover.prove(staged.outside(draft.action.staged), context.secret(name), alias)
    context.events.say(draft.action.id, "progress", text)
    return ()


def _import(chain: Sequence[FileChange], staged: Directory, backup: Directory, context: Context) -> Sequence[Action]:
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
    refusal(
        "change.owner-needs-root",
        "Only root can keep the owner",
        "A file belongs, or is to belong, to another account than the one that runs the wizard.",
        "A file with the wrong owner may be unreadable to the service, or readable to others.",
        "Run as root (sudo).",
        source="chown(2)",
    ),
)
