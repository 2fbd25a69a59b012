"""Prepare a change before a live file is touched: stage the new bytes, save the old ones."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.change.context import Context
from wizard.change.durable import ABSENT_FILE, FileImage, check_change_room, dressed, new_file, sync_folder
from wizard.change.journal import BACKUP, Action, Node, TrustEntry
from wizard.change.plan import EditFile, ImportTrust, MakeFolder, Plan, PutFile, RemoveFile
from wizard.change.proof import capture
from wizard.change.store import STAGED, ChangeFolder
from wizard.change.targets import check_ancestors, check_expected, check_replaceable, keep_folder, look, resolve
from wizard.errors import WizardError
from wizard.host.directory import Identity, Target
from wizard.host.machine import name_of


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, before and after.

    Attributes:
        action: what the manifest will say.
        target: where the file is.
        old: bytes now.
        new: bytes to come; empty for a removal.
    """

    action: Action
    target: Target
    old: bytes
    new: bytes


def file_changes_of(plan: Plan, context: Context) -> list[FileChange]:
    """Look at every file of *plan*, and refuse what cannot be done.

    Raises:
        WizardError: of `wizard.change.targets`; `change.owner-needs-root`.
    """
    drafts: list[FileChange] = []
    made: set[PurePosixPath] = set()
    imported: dict[PurePosixPath, tuple[FileImage, bytes]] = {}
    check_java(plan, context.ports.java())
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
            context.events.say(step.id, "progress", f"{target.shown}: the file that the link leads to is replaced")
        if isinstance(step, MakeFolder):
            made.add(target.path)
            drafts.append(folder_draft(step, target, image))
        else:
            # Of several imports into one store, each starts from the result of the one before.
            drafts.append(_draft(step, target, *imported.get(target.path, (image, data))))
            if isinstance(step, ImportTrust):
                imported[target.path] = drafts[-1].action.after, step.data
            if isinstance(step, PutFile) and step.proven:
                context.events.say(step.id, "progress", step.proven)
    return drafts


def check_java(plan: Plan, now: tuple[str, str] | None) -> None:
    """Refuse *now*, when it is another Java than the one that was asked about the stores of *plan*.

    Raises:
        WizardError: `change.changed-since-review`.
    """
    if not any(isinstance(step, ImportTrust) or (isinstance(step, PutFile) and step.proof) for step in plan.steps):
        return
    if now != plan.java:
        was, is_now = (" ".join(java) if java else "none" for java in (plan.java, now))
        raise WizardError(
            codes.CHANGE_CHANGED_SINCE_REVIEW, case="java", subject=now[0] if now else "", before=was, now=is_now
        )


def folder_draft(step: MakeFolder, target: Target, image: FileImage) -> FileChange:
    """A folder that is to be there: of the account that makes it, and of the group that its own folder hands down."""
    after = FileImage("folder", mode=step.mode, uid=os.geteuid(), gid=_group_in(target))
    action = Action(step.id, target.path, target.named, step.summary, image, after, folder=identity_of(target))
    return FileChange(action, target, b"", b"")


def identity_of(target: Target) -> Identity | None:
    """Which folder holds the file; None when it is not there yet."""
    return None if target.folder is None else target.folder.identity


def _draft(
    step: PutFile | EditFile | RemoveFile | ImportTrust, target: Target, image: FileImage, data: bytes
) -> FileChange:
    trust: TrustEntry | None = None
    wanted = dressed(image)
    if isinstance(step, PutFile):
        wanted = dressed(image, mode=step.mode, uid=step.uid, gid=step.gid)
    elif isinstance(step, EditFile):
        wanted = dressed(image, mode=step.mode)
    elif isinstance(step, ImportTrust):
        if not step.data:
            raise ValueError(f"nobody has asked keytool for the new {target.shown}")
        trust = TrustEntry(step.alias, step.sha256, step.secret, added=not step.removes)
    after = ABSENT_FILE if isinstance(step, RemoveFile) else settled(wanted, target, step.data)
    check_owner(target, image, after)
    action = Action(
        id=step.id,
        path=target.path,
        named=target.named,
        summary=step.summary,
        before=image,
        after=after,
        staged=step.id if after.exists else "",
        backup=step.id if image.exists else "",
        inherit=not image.exists,
        trust=trust,
        folder=identity_of(target),
    )
    return FileChange(action, target, data, step.data)


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
        group = name_of(image.gid, group=True)
        raise WizardError(
            codes.CHANGE_OWNER_NEEDS_ROOT, subject=target.named, path=target.shown, user=image.uid or 0, group=group
        )


def stage(
    drafts: Sequence[FileChange], nodes: Sequence[Node], folder: ChangeFolder, context: Context
) -> tuple[tuple[Action, ...], tuple[Node, ...]]:
    """Save the old bytes, stage the new ones, and see what is presented now.

    Args:
        drafts: the files, in order.
        nodes: what will be verified afterwards; what they present now is recorded.
        folder: of the change.
        context: the run.

    Returns:
        The actions, and what each node presents now.

    Raises:
        WizardError: whatever refuses first; no live file was touched.
    """
    staged, backup = folder.open(STAGED), folder.open(BACKUP)
    check_change_room(staged, [(draft.target.folders[-1], len(draft.new), len(draft.old)) for draft in drafts])
    for draft in drafts:
        if draft.action.backup:
            new_file(backup, draft.action.backup, draft.old, calls=context.calls)
        if draft.action.after.exists:
            new_file(staged, draft.action.staged, draft.new, calls=context.calls)
    served = capture(nodes, context)
    for each in (staged, backup):
        sync_folder(each, calls=context.calls)
    return tuple(draft.action for draft in drafts), served
