"""Where a live file stands between the two states of an action, and how it is brought to either."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from wizard.change.context import Context
from wizard.change.durable import put_file, remove_file, remove_temporary
from wizard.change.folders import make_folder, remove_folder, remove_temporary_folder
from wizard.change.images import FileImage, read_image
from wizard.change.manifest import Action
from wizard.change.store import ChangeFolder, saved_bytes


class Standing(StrEnum):
    """Old or new as recorded; `worn`: one of the two by its bytes, with other rights; `foreign`: somebody else's."""

    OLD = "old"
    NEW = "new"
    WORN = "worn"
    FOREIGN = "foreign"


def standing(live: FileImage, action: Action) -> Standing:
    """Compare the live file with what the manifest recorded."""
    if live.same(action.before):
        return Standing.OLD
    if action.of_folder and live.kind in {action.before.kind, action.after.kind}:
        # Whose rights somebody has changed since is the same folder still.
        return Standing.OLD if live.kind == action.before.kind else Standing.NEW
    after = action.after
    if (live.kind, live.sha256, live.mode, live.uid, live.gid) == (
        after.kind,
        after.sha256,
        after.mode,
        after.uid,
        after.gid,
    ):
        return Standing.NEW
    if live.exists and live.sha256 in {action.before.sha256, after.sha256}:
        return Standing.WORN
    return Standing.FOREIGN


def live_image(action: Action, context: Context) -> FileImage:
    """The live file of *action* now."""
    return read_image(context.machine.real(action.path))[0]


def old_state(live: FileImage, action: Action) -> FileImage:
    """What an undo makes of the live file: its state before the change.

    Owner, mode and attributes that are neither the old nor the new ones were set by somebody since, mostly to repair
    them: they stay, or a fault that was there before the change would come back with every undo.
    """
    if action.before.exists and standing(live, action) is Standing.WORN:
        return replace(action.before, mode=live.mode, uid=live.uid, gid=live.gid, xattrs=live.xattrs)
    return action.before


def is_back(live: FileImage, action: Action) -> bool:
    """Whether nothing is left to be undone: the live file is as before the change, or has only been repaired since."""
    return standing(live, action) is Standing.OLD or live.same(old_state(live, action))


def forward(action: Action, folder: ChangeFolder, token: str, context: Context) -> None:
    """Bring the live file to its new state.

    Raises:
        WizardError: of `durable`; `change.staged-damaged`.
    """
    _bring(action, action.after, folder.staged(action.staged), token, context, inherit=action.inherit)


def backward(action: Action, image: FileImage, folder: ChangeFolder, token: str, context: Context) -> None:
    """Bring the live file back to its old state *image* (of `old_state`), attributes included.

    Raises:
        WizardError: of `durable`; `change.backup-damaged`.
    """
    _bring(action, image, folder.backup(action.backup), token, context)


def _bring(
    action: Action, image: FileImage, saved: Path, token: str, context: Context, *, inherit: bool = False
) -> None:
    real, calls = context.machine.real(action.path), context.calls
    if action.of_folder:
        remove_temporary_folder(real, token, calls=calls)
        if image.kind == "folder":
            make_folder(real, image, token=token, calls=calls)
        else:
            remove_folder(real, calls=calls)
        return
    code = "change.staged-damaged" if image is action.after else "change.backup-damaged"
    remove_temporary(real, token, calls=calls)
    if not image.exists:
        remove_file(real, calls=calls)
        return
    data = saved_bytes(saved, image, code)
    xattrs = None if inherit else image.xattrs
    put_file(real, data, mode=image.mode, uid=image.uid, gid=image.gid, xattrs=xattrs, token=token, calls=calls)
