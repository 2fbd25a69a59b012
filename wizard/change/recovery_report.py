"""The recovery report: the state of each file when the wizard could not restore everything."""

import shlex
from collections.abc import Sequence

from wizard.change.context import Context
from wizard.change.file_image import FileImage
from wizard.change.file_state import FileState, file_state, is_undone, live_image
from wizard.change.manifest import Action, Manifest
from wizard.change.outcome import Failure
from wizard.change.plan import is_timer
from wizard.change.store import ChangeFolder
from wizard.errors import WizardError
from wizard.printable import printable

_WORDS = {
    FileState.OLD: "OLD  as before the change; nothing to do",
    FileState.NEW: "NEW  as the change wrote it; still to be restored",
    FileState.OTHER_RIGHTS: "MIXED  known content, but another owner, mode or attribute than recorded",
    FileState.FOREIGN: "FOREIGN  neither the old nor the new content; something else wrote it",
}


def page_text(
    manifest: Manifest, folder: ChangeFolder, context: Context, reason: Failure, problems: Sequence[tuple[str, Failure]]
) -> str:
    """Everything that somebody needs to finish the undo by hand, with the commands.

    Args:
        manifest: the change.
        folder: where its backups are.
        context: the run.
        reason: why it was undone.
        problems: what could not be undone, and why.
    """
    lines = [
        f"Change {manifest.id} could not be undone completely.",
        "",
        f"It was: {printable(manifest.title)}",
        f"Begun {manifest.at} by {printable(manifest.by) or 'unknown'}.",
        f"It was undone because: {reason.code} {reason.message}",
        "",
        "WHAT COULD NOT BE UNDONE",
        *(f"  {step}: {failure.code} {failure.message}" for step, failure in problems),
        "",
        "STATE OF EACH FILE",
    ]
    for action in manifest.actions:
        lines += _file(action, manifest.actions, folder, context)
    lines += ["", "THEN"]
    if manifest.restart is not None and is_timer(manifest.restart[1]):
        lines.append(f"  let systemd read the files: systemctl daemon-reload; systemctl status {manifest.restart[1]}")
    elif manifest.restart is not None:
        unit = manifest.restart[1]
        lines += [
            f"  check whether it is still starting or stopping, then wait: systemctl status {unit}",
            "  restart the service; without the first command systemd may refuse, after several",
            f"  starts in a short time: systemctl reset-failed {unit}; systemctl restart {unit}",
        ]
    lines += [f"  {node.endpoint} should present leaf {node.sha256}" for node in manifest.served if node.sha256]
    lines += [
        "  cloudstream-wizard doctor           finds why the service does not start;",
        "                                      --fix repairs it after the files are restored",
        "  cloudstream-wizard recover          tries the undo again",
        "  cloudstream-wizard recover --keep   accepts everything as it is now",
        "",
    ]
    return "\n".join(lines)


def _file(action: Action, actions: Sequence[Action], folder: ChangeFolder, context: Context) -> list[str]:
    try:
        live = live_image(action, context)
        now = _image(live)
        word = _WORDS[FileState.OLD if is_undone(live, action, actions) else file_state(live, action)]
    except OSError as error:
        now, word = "cannot be read", printable(error.strerror or "unknown reason")
    except WizardError as error:
        now, word = "not known", error.message
    real = context.machine.real(action.path)
    lines = [
        "",
        f"  {printable(str(action.path))}",
        f"    state   {word}",
        f"    now     {now}",
        f"    before  {_image(action.before)}",
        f"    after   {_image(action.after)}",
    ]
    if action.before.exists:
        backup = folder.backup(action.backup)
        image = action.before
        put = f"install -m {image.mode:04o} -o {image.uid} -g {image.gid} {shlex.quote(str(backup))}"
        lines += [f"    backup  {backup}", f"    by hand {put} {shlex.quote(str(real))}"]
    else:
        tool = "rmdir" if action.of_folder else "rm"
        lines.append(f"    by hand {tool} {shlex.quote(str(real))}")
    return lines


def _image(image: FileImage) -> str:
    if not image.exists:
        return "no file" if image.kind == "absent" else f"a {image.kind}"
    return f"sha256 {image.sha256}, mode {image.mode:04o}, owner {image.uid}:{image.gid}"
