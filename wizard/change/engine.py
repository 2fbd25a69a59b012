"""Apply a plan atomically."""

import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import replace

from wizard import codes
from wizard.change.context import Context
from wizard.change.durable import put_file
from wizard.change.events import APPLIED, CHANGE, KEPT, NO_CHANGE, REFUSED, ROLLED_BACK, Failure, Outcome
from wizard.change.file_state import FileState, bring, file_state, live_image, made_folder
from wizard.change.journal import (
    ARMED,
    CLOSED,
    DONE,
    INTENT,
    RESTART,
    VERIFIED,
    Action,
    Journal,
    Manifest,
    Node,
    replay,
)
from wizard.change.lock import Opened, keeps_copies, opened, say_outcome, sweep
from wizard.change.plan import LoadTimer, Plan, Probe, Restart, is_timer
from wizard.change.proof import prove, restart, watch_over
from wizard.change.record import read_record
from wizard.change.staging import FileChange, file_changes_of, stage
from wizard.change.store import MANIFEST, ChangeFolder, Store, entries
from wizard.change.targets import check_in_place
from wizard.change.undo import close_restored, roll_back_change
from wizard.errors import WizardError
from wizard.printable import rfc3339
from wizard.texts.en.change import NOTHING_CHANGED

KEEP = 20
"""How many changes in effect can be rolled back, one after the other."""

_SETTLED = {APPLIED, KEPT, REFUSED, ROLLED_BACK}


def prune(store: Store) -> None:
    """Remove changes that are older than the last `KEEP` that are in effect.

    A rollback is a change too, and leaves two that no longer count; so that a long row of both does not fill the disk,
    no more than three times as many applied changes, and as many others, are kept. The newest folder always stays: its
    number is the count. So does a change that no later one has replaced: it tells the state to expect.
    """
    record = read_record(store)
    expected = {left.change for left in (*record.files, *record.anchors)}
    in_effect = applied = others = 0
    for position, entry in enumerate(reversed(entries(store))):
        in_effect += entry.in_effect and not entry.rolls_back
        applied += entry.outcome == APPLIED
        others += entry.outcome != APPLIED
        too_many = applied > 3 * KEEP if entry.outcome == APPLIED else others > 3 * KEEP
        if position and entry.id not in expected and (in_effect > KEEP or too_many) and entry.outcome in _SETTLED:
            with contextlib.suppress(WizardError, OSError):
                store.drop(store.find(entry.id))


def apply(plan: Plan, context: Context) -> Outcome:
    """Make *plan*: prepare, write, restart, verify; after any failure restore everything.

    Returns:
        How it ended. When it is `refused`, no live file was touched.

    Raises:
        BusyError: another run is at work.
        RecoveryNeededError: an earlier change waits for `recover`.
        WizardError: the state folder cannot be used.
    """
    if plan.is_empty and not os.path.isdir(context.machine.state_dir):
        return _nothing(plan, context)
    with opened(context) as place:
        if any(isinstance(step, Restart) and step.always for step in plan.steps):
            # A plan that restarts a service with the wrong certificate is a repair. It must be possible after an undo
            # that restored the files, when the service still does not start.
            close_restored(place.store, context)
        # Also before nothing is done: after an interrupted change the files may be as planned, and the service not.
        sweep(place.store, context)
        if plan.is_empty:
            return _nothing(plan, context)
        return carry_out(_order(plan), lambda: file_changes_of(plan, context), place, context)


def _nothing(plan: Plan, context: Context) -> Outcome:
    for step in plan.steps:
        context.events.say(step.id, "skipped", "already as planned")
    say_outcome(context, "done", "Everything is already as planned.", NO_CHANGE)
    return Outcome(NO_CHANGE, digest=plan.digest, steps={step.id: "skipped" for step in plan.steps})


def _order(plan: Plan) -> Manifest:
    service = next((step for step in plan.steps if isinstance(step, Restart | LoadTimer)), None)
    probes = [step for step in plan.steps if isinstance(step, Probe)]
    return Manifest(
        id="",
        title=plan.title,
        digest=plan.digest,
        restart=None if service is None else (service.id, service.unit, service.timeout_s),
        probe=(probes[0].id, max(step.timeout_s for step in probes)) if probes else None,
        target=tuple(
            Node(host, port, step.servername, step.expect_sha256, step.fallback)
            for step in probes
            for host, port in step.nodes
        ),
        certificates=plan.certificates,
    )


def carry_out(order: Manifest, drafts: Callable[[], list[FileChange]], place: Opened, context: Context) -> Outcome:
    """One change from its folder to its last line; the lock is held.

    Args:
        order: what is to be made, and how it is verified; the rest of the manifest is filled in here.
        drafts: looks at the files and refuses; called when the lock is held.
        place: the opened state folder.
        context: the run.
    """
    folder, journal = place.begin(context)
    with contextlib.closing(journal):
        context.events.say(CHANGE, "started", order.title)
        try:
            manifest = _prepare(order, drafts, folder, context)
            journal.append(ARMED)
        except Exception as error:  # noqa: BLE001 - whatever it is: nothing live was touched, and the outcome tells that
            return _refuse(order, folder, journal, context, error)
        try:
            advance(manifest, folder, journal, context)
        except Exception as error:  # noqa: BLE001 - whatever it is: the files go back first
            if replay(journal.records).untouched:
                return _refuse(order, folder, journal, context, error)
            return roll_back_change(manifest, folder, journal, context, Failure.of(error))
        outcome = finish(manifest, folder, journal, context)
    with contextlib.suppress(OSError):
        prune(place.store)
    return outcome


def _prepare(
    order: Manifest, drafts: Callable[[], list[FileChange]], folder: ChangeFolder, context: Context
) -> Manifest:
    context.events.say("prepare", "started", "Prepare, back up and check all files before the change")
    files = drafts()
    running = order.restart is not None and check_service(order.restart[1], context)
    actions, served = stage(files, order.target, folder, context)
    manifest = replace(
        order,
        id=folder.id,
        at=rfc3339(context.now()),
        by=context.who.user,
        token=secrets.token_hex(6),
        actions=actions,
        served=served,
        was_running=running,
        login=context.who.login,
        sudo_user=context.who.sudo_user,
        uid=os.getuid(),
        tty=context.who.tty,
        host=os.uname().nodename,
    )
    put_file(folder.open(), MANIFEST, manifest.dump(), mode=0o600, calls=context.calls)
    context.events.say("prepare", "done", f"Files prepared, and the old ones saved: {len(actions)}")
    return manifest


def check_service(unit: str, context: Context) -> bool:
    """Refuse a service that cannot be restarted; whether it must run after an undo.

    Raises:
        WizardError: of the service port.
    """
    if is_timer(unit):
        return True
    state = context.ports.service.state()
    if state.blocked is not None:
        raise state.blocked
    return state.running


def _refuse(order: Manifest, folder: ChangeFolder, journal: Journal, context: Context, error: Exception) -> Outcome:
    failure = Failure.of(error)
    context.events.say("prepare", "failed", failure.message)
    # Before anything else: on a full disk this is the space for the last lines.
    folder.wipe_staged(context.calls)
    with contextlib.suppress(OSError):
        journal.append(CLOSED, fact=REFUSED)
    say_outcome(context, "failed", NOTHING_CHANGED.format(message=failure.message), REFUSED, failure)
    return Outcome(REFUSED, folder.id, order.digest, dict(context.events.states), failure)


def advance(manifest: Manifest, folder: ChangeFolder, journal: Journal, context: Context) -> None:
    """From armed to verified; steps whose file is new already are passed over.

    Raises:
        Exception: whatever stopped it; the caller takes everything back.
    """
    for action in _still_to_do(manifest, context):
        context.check_cancelled()
        _step(action, manifest, folder, journal, context)
    _all_in_place(manifest, context)
    context.check_cancelled()
    if manifest.restart is not None:
        name, unit, _limit = manifest.restart
        journal.append(RESTART)
        context.events.say(name, "started", f"Load {unit}" if is_timer(unit) else f"Restart {unit}")
        restart(manifest.restart, context)
        done = f"systemd follows the files of {unit}" if is_timer(unit) else f"{unit} was restarted"
        context.events.say(name, "done", done)
        context.check_cancelled()
    if manifest.probe is not None:
        name, limit = manifest.probe
        context.events.say(name, "started", "Wait until the right certificate is presented")
        prove(name, manifest.target, limit, context)
        context.events.say(name, "done", "Every node presents the right certificate")
    if manifest.restart is not None and not is_timer(manifest.restart[1]):
        watch_over(manifest.target, context)
    _all_in_place(manifest, context)
    journal.append(VERIFIED)


def _all_in_place(manifest: Manifest, context: Context) -> None:
    """New files in a folder that is not under its path any more are no success."""
    for action in manifest.actions:
        check_in_place(action.path.parent, context)


def _still_to_do(manifest: Manifest, context: Context) -> tuple[Action, ...]:
    """Of several imports into one store, a finished one has the earlier ones in it."""
    images = {action.id: file_state(live_image(action, context), action) for action in manifest.actions}
    actions: list[Action] = []
    superseded: set[str] = set()
    for action in reversed(manifest.actions):
        if str(action.path) not in superseded:
            actions.append(action)
        if images[action.id] is FileState.NEW:
            superseded.add(str(action.path))
    return tuple(reversed(actions))


def _step(action: Action, manifest: Manifest, folder: ChangeFolder, journal: Journal, context: Context) -> None:
    state = file_state(live_image(action, context), action)
    check_in_place(action.path.parent, context)
    if state is FileState.NEW:
        context.events.say(action.id, "done", f"{action.named} is new already")
        return
    if state is not FileState.OLD:
        raise WizardError(codes.CHANGE_CHANGED_SINCE_REVIEW, case="prepared", subject=action.named, path=action.named)
    journal.append(INTENT, action.id)
    context.events.say(action.id, "started", action.summary)
    bring(action, action.after, folder, manifest.token, context)
    journal.append(DONE, action.id, made_folder(action, context))
    context.events.say(action.id, "done", f"{action.named} {_became(action, context)}")


def _became(action: Action, context: Context) -> str:
    if action.after.exists:
        return "is in place and was read back"
    if action.after.kind == "folder":
        return "is made"
    kept = action.of_folder and live_image(action, context).kind == "folder"
    return "stays, because it contains other files" if kept else "is removed"


def finish(manifest: Manifest, folder: ChangeFolder, journal: Journal, context: Context) -> Outcome:
    """Write the last line of a verified change. Should it fail, the next start writes it."""
    with contextlib.suppress(OSError):
        journal.append(CLOSED, fact=APPLIED)
        if not keeps_copies(manifest):
            folder.wipe_staged(context.calls)
    say_outcome(context, "done", f"Change {folder.id} is applied{' and verified' if manifest.probe else ''}.", APPLIED)
    return Outcome(APPLIED, folder.id, manifest.digest, dict(context.events.states))
