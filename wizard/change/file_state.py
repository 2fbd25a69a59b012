"""Compare a live file with the two recorded states of an action, and bring it to either."""

import json
import os
from collections.abc import Sequence
from dataclasses import astuple, replace
from enum import StrEnum

from wizard.change import durable
from wizard.change.context import Context
from wizard.change.durable import ABSENT_FILE, FileImage
from wizard.change.journal import BACKUP, Action
from wizard.change.store import STAGED, ChangeFolder
from wizard.change.targets import check_in_place, folder_of


class FileState(StrEnum):
    """Old or new as recorded; `other rights`: the bytes of one of the two, with another owner, mode or attributes.

    `foreign` is what somebody else wrote.
    """

    OLD = "old"
    NEW = "new"
    OTHER_RIGHTS = "other rights"
    FOREIGN = "foreign"


def file_state(live: FileImage, action: Action) -> FileState:
    """Compare the live file with what the manifest recorded."""
    if live.same(action.before):
        return FileState.OLD
    if action.of_folder and live.kind in {action.before.kind, action.after.kind}:
        # Whose rights somebody has changed since is the same folder still.
        return FileState.OLD if live.kind == action.before.kind else FileState.NEW
    after = action.after
    if (live.kind, live.sha256, live.mode, live.uid, live.gid) == (
        after.kind,
        after.sha256,
        after.mode,
        after.uid,
        after.gid,
    ):
        return FileState.NEW
    if live.exists and live.sha256 in {action.before.sha256, after.sha256}:
        return FileState.OTHER_RIGHTS
    return FileState.FOREIGN


def differs(live: FileImage, after: FileImage) -> str:
    """In words, how the live file differs from how a change left it; "" when it does not."""
    if live.kind != after.kind:
        return "it is gone" if live.kind == "absent" else f"it is a {live.kind}"
    if live.sha256 != after.sha256:
        return "its content was changed"
    if live.mode != after.mode:
        return f"its mode is {live.mode:04o}, not {after.mode:04o}"
    if (live.uid, live.gid) != (after.uid, after.gid):
        return f"its owner is {live.uid}:{live.gid}, not {after.uid}:{after.gid}"
    return ""


def live_image(action: Action, context: Context) -> FileImage:
    """The live file of *action* now, in the folder that this run keeps open.

    Raises:
        OSError: it cannot be read.
        WizardError: `change.folder-exchanged`.
    """
    return live(action, context)[0]


def live(action: Action, context: Context) -> tuple[FileImage, bytes]:
    """As `live_image`, with the bytes."""
    try:
        return durable.read_image(folder_of(action, context), action.path.name)
    except FileNotFoundError:
        return ABSENT_FILE, b""


def made_folder(action: Action, context: Context) -> str:
    """Which folder *action* has made, for the journal; empty when it made none."""
    made = context.folders.get(action.path) if action.of_folder else None
    return "" if made is None else json.dumps(astuple(made.identity))


def old_state(live: FileImage, action: Action) -> FileImage:
    """What an undo makes of the live file: its state before the change.

    Owner, mode and attributes that are neither the old nor the new ones were set by somebody since, mostly to repair
    them: they stay, or a fault that was there before the change would come back with every undo.
    """
    if action.before.exists and file_state(live, action) is FileState.OTHER_RIGHTS:
        return replace(action.before, mode=live.mode, uid=live.uid, gid=live.gid, xattrs=live.xattrs)
    return action.before


def is_restored(live: FileImage, action: Action) -> bool:
    """Whether nothing is left to be undone: the live file is as before the change, or has only been repaired since."""
    return file_state(live, action) is FileState.OLD or live.same(old_state(live, action))


def is_undone(live: FileImage, action: Action, actions: Sequence[Action]) -> bool:
    """As `is_restored`, also when an interrupted undo had already undone earlier ones of *actions* on the same file.

    Several imports change one trust store one after the other: the first undo may have gone on to the oldest state.
    """
    if is_restored(live, action):
        return True
    earlier = actions[: actions.index(action)]
    return any(each.path == action.path and live.same(each.before) for each in earlier)


def bring(action: Action, image: FileImage, folder: ChangeFolder, token: str, context: Context) -> None:
    """Bring the live file to *image*: the new state of *action*, or the old one as `old_state` has it.

    Raises:
        WizardError: of `durable`; `change.staged-damaged`, `change.backup-damaged`, `change.folder-exchanged`.
    """
    try:
        at = folder_of(action, context)
    except FileNotFoundError as error:
        if image.kind == "absent":
            return
        raise durable.write_failure(context.machine.real(action.path), error) from error
    name, calls = action.path.name, context.calls
    durable.remove_temporary(at, name, token, calls=calls)
    if action.of_folder:
        if image.kind == "folder":
            context.folders[action.path] = durable.make_folder(at, name, image, token=token, calls=calls)
            check_in_place(action.path, context)
        else:
            check_in_place(action.path, context)
            durable.remove_folder(at, name, calls=calls)
            made = context.folders.get(action.path)
            if made is None or os.fstat(made.descriptor).st_nlink:
                # It holds files of somebody else, or another one was removed in its place.
                check_in_place(action.path, context)
            context.folders.pop(action.path, None)
        return
    if not image.exists:
        durable.remove_file(at, name, calls=calls)
        return
    forward = image is action.after
    data = folder.saved(STAGED, action.staged, image) if forward else folder.saved(BACKUP, action.backup, image)
    rights = {"mode": image.mode, "uid": image.uid, "gid": image.gid}
    xattrs = None if forward and action.inherit else image.xattrs
    durable.put_file(at, name, data, **rights, xattrs=xattrs, token=token, calls=calls)
