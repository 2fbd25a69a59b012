"""From a plan's file steps to drafts: each live file as it is and as it will be, with nothing written yet."""

import grp
import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.change.context import Context
from wizard.change.durable import dressed
from wizard.change.images import FileImage
from wizard.change.manifest import Action, TrustEntry
from wizard.change.plan import EditFile, ImportTrust, MakeFolder, Plan, PutFile
from wizard.change.targets import check_ancestors, check_expected, check_replaceable, keep_folder, look, resolve
from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.host.directory import Identity, Target
from wizard.records import dataclass

if TYPE_CHECKING:
    from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Draft:
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


def drafts_of(plan: Plan, context: Context) -> list[Draft]:
    """Look at every file of *plan*, and refuse what cannot be done.

    Raises:
        WizardError: of `wizard.change.targets`; `change.owner-needs-root`.
    """
    drafts: list[Draft] = []
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


def folder_draft(step: MakeFolder, target: Target, image: FileImage) -> Draft:
    """A folder that is to be there: of the account that makes it, and of the group that its own folder hands down."""
    after = FileImage("folder", mode=step.mode, uid=os.geteuid(), gid=_group_in(target))
    action = Action(step.id, target.path, target.named, step.summary, image, after, folder=identity_of(target))
    return Draft(action, target, b"", b"")


def identity_of(target: Target) -> Identity | None:
    """Which folder holds the file; None when it is not there yet."""
    return None if target.folder is None else target.folder.identity


def _draft(step: PutFile | EditFile | ImportTrust, target: Target, image: FileImage, data: bytes) -> Draft:
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
    return Draft(action, target, data, new, proof, certificate)


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


REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.owner-needs-root",
        "Only root can keep the owner",
        "A file belongs, or is to belong, to another account than the one that runs the wizard.",
        "A file with the wrong owner may be unreadable to the service, or readable to others.",
        "Run as root (sudo).",
        source="chown(2)",
    ),
)
