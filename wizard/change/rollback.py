"""Roll back an applied change. A rollback is a change itself and can be rolled back."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.change.context import Context, WithoutAnchor
from wizard.change.durable import FileImage, check_change_room
from wizard.change.engine import carry_out, check_service
from wizard.change.events import APPLIED, Outcome
from wizard.change.file_state import FileState, differs, file_state, is_restored, old_state
from wizard.change.journal import BACKUP, Action, Manifest, TrustEntry
from wizard.change.lock import check_free, opened, sweep
from wizard.change.plan import digest_of
from wizard.change.staging import FileChange, check_owner, identity_of, settled
from wizard.change.store import UNREADABLE, ChangeFolder, Entry, Store, check_own, entries
from wizard.change.targets import check_ancestors, check_folder, check_replaceable, keep_folder, look, resolve
from wizard.errors import RecoveryNeededError, WizardError
from wizard.host.directory import Target
from wizard.host.machine import Machine


def rollback(change: str | None, context: Context) -> Outcome:
    """Restore what *change* replaced: bytes, owner, mode, attributes; restart; verify what was presented before.

    Args:
        change: its id or number; None takes the newest one that is still in effect and is no rollback itself, so that
            repeated calls go back step by step.
        context: the run.

    Returns:
        `applied` when the old state is back and verified; `rolled_back` when that failed and the newer state was kept.

    Raises:
        BusyError: another run is at work.
        RecoveryNeededError: an earlier change waits for `recover`.
        WizardError: `change.nothing-to-roll-back`, `change.unknown`, `change.not-standing`.
    """
    with opened(context) as place:
        sweep(place.store, context)
        folder = choose(change, place.store)
        manifest = folder.manifest().knowing(())
        order = Manifest(
            id="",
            title=f"Roll back {manifest.id}: {manifest.title}",
            restart=manifest.restart,
            probe=manifest.probe,
            target=manifest.served,
            rolls_back=manifest.id,
            certificates=tuple(note.reversed() for note in manifest.certificates),
        )
        return carry_out(order, lambda: _drafts(manifest, folder, place.store, context), place, context)


def check(change: str | None, context: Context) -> Manifest:
    """Everything that `rollback` checks before it writes; nothing is changed, and the lock is not held.

    Returns:
        The change that would be rolled back; what would be done with each file is in the events of *context*.

    Raises:
        BusyError: another run is at work.
        WizardError: whatever would refuse the rollback, also a trust store, an owner, the space on a disk or a service
            that cannot be restarted.
    """
    store = Store(context.machine.state_dir, context.calls)
    check_free(store)
    folder = choose(change, store)
    check_own(store)
    manifest = folder.manifest().knowing(())
    try:
        drafts = _drafts(manifest, folder, store, context)
    except RecoveryNeededError as error:
        # A damaged backup: the rollback refuses before it changes anything, so there is nothing to recover.
        raise WizardError.recorded(error.code, error.message, error.hint, error.subject) from error
    if manifest.restart is not None:
        check_service(manifest.restart[1], context)
    sizes = [(draft.target.folders[-1], len(draft.new), len(draft.old)) for draft in drafts]
    check_change_room(folder.above, sizes)
    return manifest


def choose(change: str | None, store: Store) -> ChangeFolder:
    """The change that `rollback` would take back; only looks.

    Raises:
        WizardError: `change.nothing-to-roll-back`, `change.unknown`, `change.not-standing`, `change.record-damaged`,
            `change.backups-removed`.
    """
    known = entries(store)
    if change is None:
        entry = _newest(known, store)
    else:
        name = store.find(change).id
        entry = next(each for each in known if each.id == name)
    require_undoable(entry)
    return store.find(entry.id)


def require_undoable(entry: Entry) -> None:
    """Refuse a change whose record does not allow an undo.

    Raises:
        WizardError: `change.not-standing`, `change.record-damaged`, `change.backups-removed`.
    """
    if entry.damage:
        # Only a change that has not ended needs `recover`.
        kind = RecoveryNeededError if entry.waits else WizardError
        raise kind(codes.CHANGE_RECORD_DAMAGED, subject=entry.id, change=entry.id, damage=entry.damage)
    if not entry.in_effect:
        case = "rolled-back" if entry.outcome == APPLIED else ""
        facts = {"change": entry.id, "outcome": entry.outcome.replace("_", " "), "later": entry.rolled_back_by}
        raise WizardError(codes.CHANGE_NOT_STANDING, case=case, subject=entry.id, **facts)
    if entry.backups_removed:
        raise WizardError(codes.CHANGE_BACKUPS_REMOVED, subject=entry.id, change=entry.id, date=entry.backups_removed)


def _newest(known: Sequence[Entry], store: Store) -> Entry:
    """The newest change that is in effect and is no rollback; one whose record is damaged is not passed over."""
    for entry in reversed(known):
        if entry.outcome == UNREADABLE or (entry.in_effect and not entry.rolls_back):
            return entry
    raise WizardError(codes.CHANGE_NOTHING_TO_ROLL_BACK, subject=store.root, state=store.root)


@dataclass(frozen=True, slots=True)
class Seen:
    """The live file of an action: its image and its bytes, and its state compared with the record."""

    action: Action
    target: Target
    image: FileImage
    data: bytes
    state: FileState


def see(action: Action, machine: Machine) -> Seen:
    """Look at the live file of *action*.

    Raises:
        WizardError: it cannot be checked.
    """
    target = resolve(machine, action.named)
    image, data = look(target)
    return Seen(action, target, image, data, _state(image, action, target))


def _state(image: FileImage, action: Action, target: Target) -> FileState:
    """If another path leads there now, the file is not ours."""
    return file_state(image, action) if target.path == action.path else FileState.FOREIGN


def obstacle(manifest: Manifest, seen: Sequence[Seen], store: Store) -> WizardError | None:
    """Why *manifest*, whose files were *seen*, cannot be undone now; None when nothing is known against it.

    A trust store that others changed is no obstacle: the certificate of the change alone is taken out of it.
    """
    for each in reversed(seen):
        removes_only_ours = each.action.trust is not None and each.action.trust.added
        if each.state is FileState.FOREIGN and not removes_only_ours:
            return _changed_since(manifest, each.target, store)
    return None


def altered(seen: Iterable[Seen]) -> tuple[str, ...]:
    """Those of the files *seen* that are not as the change left them."""
    return tuple(str(each.action.named) for each in seen if each.state is not FileState.NEW)


def stores_without(
    machine: Machine, manifest: Manifest, remove: Callable[[bytes, TrustEntry], bytes | None]
) -> dict[str, WithoutAnchor]:
    """The trust stores of *manifest* that others changed since, without what it had added; by the ids of its actions.

    Args:
        machine: whose files.
        manifest: of the change that is to be undone.
        remove: takes a certificate out of a store; None when it is not there.

    Raises:
        WizardError: of *remove*; a store cannot be read.
    """
    found: dict[str, WithoutAnchor] = {}
    changed: dict[PurePosixPath, bytes] = {}
    restored: set[PurePosixPath] = set()
    for action in reversed(manifest.actions):
        if action.trust is None or not action.trust.added:
            continue
        seen = see(action, machine)
        path = seen.target.path
        if seen.state is not FileState.FOREIGN and path not in changed:
            restored.add(path)
        if path in restored:
            continue
        data = changed.get(path, seen.data)
        made = WithoutAnchor(digest_of(data), remove(data, action.trust) if data else None)
        found[action.id] = made
        changed[path] = data if made.data is None else made.data
    return found


def _drafts(manifest: Manifest, folder: ChangeFolder, store: Store, context: Context) -> list[FileChange]:
    drafts: list[FileChange] = []
    live: dict[str, tuple[FileImage, bytes]] = {}
    made: set[PurePosixPath] = set()
    own = {action.path for action in manifest.actions if action.of_folder}
    for action in reversed(manifest.actions):
        target = resolve(context.machine, action.named)
        image, data = live.get(str(target.path)) or look(target)
        state = _state(image, action, target)
        if state is not FileState.FOREIGN and is_restored(image, action):
            context.events.say(action.id, "skipped", f"{target.shown} is as before the change")
            continue
        found = _old_state(action, target, (image, data), folder, context, state=state)
        if found is None:
            if action.trust is not None and action.trust.added and target.path == action.path:
                context.events.say(action.id, "skipped", f"{action.trust.alias} is no longer in {target.shown}")
                continue
            raise _changed_since(manifest, target, store)
        if state is FileState.OTHER_RIGHTS:
            context.events.say(action.id, "progress", _kept(target, image, action))
        check_folder(target, action.folder, exact=False, may_be_gone=action.folder_made)
        keep_folder(target, context)
        after, new = found
        if after.kind == "folder":
            made.add(target.path)
        if image.kind != "folder":
            check_replaceable(target, image, made)
            check_ancestors(context.machine, target, context.who.user)
        check_owner(target, image, after)
        back = replace(
            action.reversed(),
            summary=f"Restore {action.named}" if after.kind != "absent" else f"Remove {action.named}",
            before=image,
            after=after,
            staged=action.id if after.exists else "",
            backup=action.id if image.exists else "",
            # A folder that this change removes, or makes again, is another one when that is undone.
            folder=None if target.path.parent in own else identity_of(target),
        )
        drafts.append(FileChange(back, target, data, new))
        live[str(target.path)] = (after, new)
    return drafts


def _old_state(
    action: Action,
    target: Target,
    live: tuple[FileImage, bytes],
    folder: ChangeFolder,
    context: Context,
    *,
    state: FileState,
) -> tuple[FileImage, bytes] | None:
    """What the file is to be: the saved state, or the live trust store without our entry; None when neither can be."""
    if state is not FileState.FOREIGN:
        old = old_state(live[0], action)
        return old, folder.saved(BACKUP, action.backup, old) if old.exists else b""
    if action.trust is None or not action.trust.added:
        return None
    made = context.without.get(action.id)
    if made is None or made.made_from != digest_of(live[1]):
        raise WizardError(codes.CHANGE_CHANGED_SINCE_REVIEW, case="undo", subject=target.named, path=target.shown)
    return None if made.data is None else (settled(live[0], target, made.data), made.data)


def rights_kept(machine: Machine, manifest: Manifest) -> list[str]:
    """A line for each file of *manifest* whose owner, mode or attributes somebody changed since; an undo keeps them.

    A file that cannot be checked is left out: the undo itself refuses it.
    """
    found = []
    for action in manifest.actions:
        with contextlib.suppress(WizardError):
            seen = see(action, machine)
            if seen.state is FileState.OTHER_RIGHTS:
                found.append(_kept(seen.target, seen.image, action))
    return found


def _kept(target: Target, image: FileImage, action: Action) -> str:
    recorded = action.after if image.sha256 == action.after.sha256 else action.before
    how = differs(image, recorded) or "its extended attributes are different"
    return f"{target.shown} was changed manually since then: {how}. That is kept."


def _changed_since(manifest: Manifest, target: Target, store: Store) -> WizardError:
    number = store.find(manifest.id).number
    newer = [
        entry.id
        for entry in entries(store)
        if entry.in_effect and store.find(entry.id).number > number and str(target.named) in entry.files
    ]
    facts = {"path": target.shown, "change": manifest.id, "newer": "".join(newer[-1:])}
    return WizardError(codes.CHANGE_CHANGED_SINCE, case="newer" if newer else "", subject=target.named, **facts)
