"""The recovery report: the state of each file when the wizard could not restore everything."""

import contextlib
import os
import shlex
from collections.abc import Container, Sequence

from wizard import codes
from wizard.change.context import Context
from wizard.change.durable import FileImage, full_at, put_file, remove_temporary
from wizard.change.events import ROLLED_BACK, STUCK, Failure, Outcome
from wizard.change.file_state import (
    FileState,
    bring,
    file_state,
    is_undone,
    live,
    live_image,
    made_folder,
    old_state,
)
from wizard.change.journal import CLOSED, UNDO, UNDONE, Action, Journal, Manifest, replay
from wizard.change.lock import close, say_outcome
from wizard.change.plan import digest_of, is_timer
from wizard.change.proof import prove, restart
from wizard.change.store import PAGE, ChangeFolder, Store
from wizard.change.targets import check_in_place, folder_of
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
    lines += [
        f"  {node.endpoint} should present the certificate {node.sha256}" for node in manifest.served if node.sha256
    ]
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
        backup = folder.backups / action.backup
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


Problem = tuple[str, Failure]
"""The step, and why it could not be undone."""


def roll_back_change(
    manifest: Manifest,
    folder: ChangeFolder,
    journal: Journal,
    context: Context,
    reason: Failure,
    *,
    after_crash: bool = False,
) -> Outcome:
    """Undo a change that failed or was interrupted.

    A journal that cannot be written any more does not stop this: which files go back is decided by the files.

    Args:
        manifest: the change.
        folder: its folder.
        journal: its journal.
        context: the run.
        reason: why it is undone.
        after_crash: the service may have been started meanwhile, with any of the files, so it is restarted.
    """
    plan = replay(journal.records)
    begun = set(plan.touched)
    _note(journal, UNDO, fact=reason.code)
    context.events.say("undo", "started", f"Restore everything: {reason.message}")
    problems: list[Problem] = []
    for action in reversed(manifest.actions):
        if action.id in begun:
            problems += _undo(action, manifest, folder, journal, context)
    restart_needed = plan.restarted or (after_crash and bool(begun))
    service = _service_back(manifest, context, restart_needed=restart_needed)
    problems = [*_moved(manifest, begun, context), *problems]
    if not problems and not service and not _note(journal, CLOSED, fact=ROLLED_BACK):
        case = "full" if (full := full_at(folder.path)) else ""
        error = WizardError(codes.CHANGE_RECORD_NOT_WRITTEN, case=case, journal=folder.journal, mount=full)
        return _stuck(manifest, folder, context, reason, [("undo", Failure.of(error))])
    if problems or service:
        return _stuck(manifest, folder, context, reason, [*problems, *service], only_service=not problems)
    with contextlib.suppress(OSError):
        _remove_page(folder)
    folder.wipe_staged(context.calls)
    context.events.say("undo", "done", "Everything is as before")
    say_outcome(context, "failed", f"The change was undone. {reason.message}", ROLLED_BACK, reason)
    return Outcome(ROLLED_BACK, folder.id, manifest.digest, dict(context.events.states), reason)


def _remove_page(folder: ChangeFolder) -> None:
    at = folder.open()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(PAGE, dir_fd=at.descriptor)


def close_restored(store: Store, context: Context) -> None:
    """Close every change whose files are as before, so that a repair may be made while its recovery is pending.

    Such a change waits for nothing but the service, which the repair restarts and verifies. Any other one still has
    files to be restored; it stays open, and so nothing else may start.

    Raises:
        RecoveryNeededError: a journal or a manifest is damaged.
    """
    for folder in store.changes():
        plan = folder.plan()
        if plan.phase == "closed" or plan.untouched:
            continue
        manifest = folder.manifest().knowing(())
        try:
            actions = manifest.actions
            back = [is_undone(live_image(action, context), action, actions) for action in actions]
        except WizardError:
            continue  # a folder was exchanged since: what is in it is not known
        if not all(back) or (plan.phase == "verified" and not back):
            continue
        for action in manifest.actions:
            _clear(action, manifest, context)
        _remove_page(folder)
        close(folder, ROLLED_BACK, context)


def _undo(
    action: Action, manifest: Manifest, folder: ChangeFolder, journal: Journal, context: Context
) -> list[Problem]:
    try:
        now = live_image(action, context)
        old = old_state(now, action)
        if is_undone(now, action, manifest.actions):
            _clear(action, manifest, context)
        elif file_state(now, action) is not FileState.FOREIGN:
            bring(action, old, folder, manifest.token, context)
            if action.of_folder and live_image(action, context).kind == action.after.kind == "folder":
                context.events.say(action.id, "progress", f"{action.named} stays, because it contains other files")
            else:
                _compare(action, old, context)
        else:
            _undo_foreign(action, manifest, context)
    except Exception as error:  # noqa: BLE001 - one file that cannot go back must not keep the others
        failure = Failure.of(error)
        context.events.say(action.id, "failed", f"{action.named} could not be restored: {failure.message}")
        return [(action.id, failure)]
    _note(journal, UNDONE, action.id, fact=made_folder(action, context))
    kept = "" if old is action.before else "; its owner and mode were changed later and are kept"
    context.events.say(action.id, "undone", f"{action.named} is as before{kept}")
    return []


def _clear(action: Action, manifest: Manifest, context: Context) -> None:
    """Remove what a write that was cut off left beside the file of *action*."""
    with contextlib.suppress(FileNotFoundError):
        remove_temporary(folder_of(action, context), action.path.name, manifest.token, calls=context.calls)


def _moved(manifest: Manifest, begun: Container[str], context: Context) -> list[Problem]:
    """Old files in a folder that is not under its path any more are not yet as they were."""
    problems: list[Problem] = []
    for action in manifest.actions:
        if action.id in begun:
            try:
                check_in_place(action.path.parent, context)
            except WizardError as error:
                problems.append((action.id, Failure.of(error)))
    return problems


def _undo_foreign(action: Action, manifest: Manifest, context: Context) -> None:
    """Somebody changed the file since: it is left alone, unless a trust store without our entry was made before."""
    at, name = folder_of(action, context), action.path.name
    remove_temporary(at, name, manifest.token, calls=context.calls)
    made = context.without.get(action.id)
    if made is not None and made.made_from == digest_of(live(action, context)[1]):
        if made.data is not None:
            put_file(at, name, made.data, token=manifest.token, calls=context.calls)
        return
    case = "" if action.trust is None else "trust-store"
    raise WizardError(codes.CHANGE_FOREIGN_EDIT, case=case, subject=action.named, path=action.named)


def _compare(action: Action, old: FileImage, context: Context) -> None:
    if not live_image(action, context).same(old):
        raise WizardError(codes.CHANGE_UNDO_DIFFERS, subject=action.named, path=action.named)


def _service_back(manifest: Manifest, context: Context, *, restart_needed: bool) -> list[Problem]:
    """Restart the service and verify the old certificate; a service that was down before may stay down."""
    limit = manifest.probe[1] if manifest.probe else 0.0
    name = manifest.probe[0] if manifest.probe else "undo"
    if not restart_needed:
        try:
            prove(name, manifest.served, limit, context, patient=False)
        except WizardError:
            # It was restarted by itself, or by somebody else, while the new files were there.
            restart_needed = manifest.restart is not None
        else:
            return []
    try:
        if restart_needed and manifest.restart is not None:
            _restart(manifest.restart, context, must_run=manifest.was_running)
        prove(name, manifest.served, limit, context)
    except Exception as error:  # noqa: BLE001 - all of it belongs on the page
        if _still_as_before(manifest, context):
            # The restart was refused outright (no right to it, no systemd), so the old process never stopped.
            context.events.say(name, "progress", "The service was not restarted and still presents the old certificate")
            return []
        return [(name, Failure.of(error))]
    return []


def _still_as_before(manifest: Manifest, context: Context) -> bool:
    if not any(node.sha256 for node in manifest.served):
        return False
    try:
        prove("undo", manifest.served, 0.0, context, patient=False)
    except WizardError:
        return False
    return True


def _restart(step: tuple[str, str, float], context: Context, *, must_run: bool) -> None:
    name, unit, _limit = step
    try:
        restart(step, context)
    except WizardError as error:
        if must_run:
            raise
        context.events.say(name, "progress", f"{unit} did not run before the change either: {error.message}")
    done = "follows" if is_timer(unit) else "was restarted with"
    context.events.say(name, "undone", f"{unit} {done} the old files")


def _stuck(
    manifest: Manifest,
    folder: ChangeFolder,
    context: Context,
    reason: Failure,
    problems: Sequence[Problem],
    *,
    only_service: bool = False,
) -> Outcome:
    text = page_text(manifest, folder, context, reason, problems)
    page = ""
    with contextlib.suppress(WizardError, OSError):
        put_file(folder.open(), PAGE, context.events.scrub(text).encode(), mode=0o600, calls=context.calls)
        page = str(folder.page)
    first = problems[0][1]
    # The fault was perhaps there before the change, and only the restart has brought it to light: hence the doctor.
    error = WizardError(
        codes.CHANGE_RECOVERY_NEEDED,
        case="service" if only_service else "",
        subject=first.subject,
        reason=first.message,
        hint=tuple(first.hint.splitlines()),
        page=page or folder.path,
    )
    failure = Failure.of(error)
    context.events.say("undo", "failed", failure.message)
    say_outcome(context, "failed", f"{failure.message} See {page or folder.path}", STUCK, failure)
    return Outcome(STUCK, folder.id, manifest.digest, dict(context.events.states), failure, page)


def _note(journal: Journal, event: str, step: str = "", *, fact: str = "") -> bool:
    try:
        journal.append(event, step, fact)
    except OSError:
        return False
    return True
