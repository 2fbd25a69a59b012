"""Settle an interrupted change: undo it, finish it, or keep everything as it is."""

import contextlib
import os
from dataclasses import replace

from wizard import codes
from wizard.change.context import Context
from wizard.change.durable import put_file, read_image, remove_file
from wizard.change.engine import advance, finish
from wizard.change.events import APPLIED, CHANGE, KEPT, NO_CHANGE, Failure, Outcome
from wizard.change.journal import ARMED, CLOSED, INTENT, RESTART, Journal, Record
from wizard.change.lock import Opened, opened, say_outcome, sweep, unfinished
from wizard.change.store import EVIDENCE, JOURNAL, ChangeFolder, Store
from wizard.change.undo import roll_back_change
from wizard.errors import RecoveryNeededError, WizardError
from wizard.host.machine import Machine

AUTO, UNDO, FINISH, KEEP = "auto", "undo", "finish", "keep"


def recover(mode: str, context: Context) -> Outcome:
    """Settle the change that an earlier run left open.

    Args:
        mode: `auto` and `undo` take it back (a change that was verified already is closed as applied); `finish` makes
            the rest of it and verifies it, or takes it back; `keep` touches nothing and closes it as it is.
        context: the run.

    Returns:
        `nothing_to_do`, `rolled_back`, `applied`, `kept`, or `recovery_needed` when the undo is again not complete.

    Raises:
        BusyError: another run is at work.
        RecoveryNeededError: the journal is damaged and the mode is `auto` or `finish`; the manifest is damaged.
        WizardError: `change.cannot-finish`.
    """
    if not os.path.isdir(context.machine.state_dir):
        return _nothing(context)
    with opened(context) as place:
        damaged = _set_damaged_aside(mode, place, context)
        waiting = damaged or unfinished(place.store)
        with contextlib.suppress(RecoveryNeededError):
            sweep(place.store, context)
        folder = damaged or unfinished(place.store)
        if folder is None:
            return _nothing(context) if waiting is None else _closed(waiting, context)
        if mode != KEEP:
            folder.manifest()  # a damaged one is refused before the recovery is announced
        place.attach(folder, context)
        with contextlib.closing(folder.open_journal(context.calls)) as journal:
            return _settle(mode, folder, journal, context)


def pending(machine: Machine) -> str | None:
    """The id of the change that waits for `recover`, or None; only looks. While one is running it is that one.

    Raises:
        RecoveryNeededError: `change.journal-damaged`.
        WizardError: `change.state-unreadable`.
    """
    folder = unfinished(Store(machine.state_dir))
    return folder.id if folder else None


def _nothing(context: Context) -> Outcome:
    say_outcome(context, "done", "No change waits for recovery.", NO_CHANGE)
    return Outcome(NO_CHANGE)


def _closed(folder: ChangeFolder, context: Context) -> Outcome:
    """Only the last line was missing; it has been written."""
    text = f"Change {folder.id} had been applied completely. Its record is complete now."
    say_outcome(context, "done", text, APPLIED)
    return Outcome(APPLIED, folder.id)


def _settle(mode: str, folder: ChangeFolder, journal: Journal, context: Context) -> Outcome:
    context.events.say(CHANGE, "started", f"Undo or finish the interrupted change {folder.id}")
    if mode == KEEP:
        journal.append(CLOSED, fact=KEPT)
        folder.wipe_staged(context.calls)
        say_outcome(context, "done", f"Change {folder.id} is closed. Everything stays as it is.", KEPT)
        return Outcome(KEPT, folder.id)
    manifest = folder.manifest().knowing(journal.records)
    undoing = any(record.event == "undo" for record in journal.records)
    reason = replace(Failure.of(WizardError(codes.CHANGE_INTERRUPTED, case="run")), hint="")
    if mode == FINISH:
        if undoing:
            raise WizardError(codes.CHANGE_CANNOT_FINISH, subject=folder.id, change=folder.id)
        try:
            advance(manifest, folder, journal, context)
        except Exception as error:  # noqa: BLE001 - whatever it is: the files go back first
            reason = Failure.of(error)
        else:
            return finish(manifest, folder, journal, context)
    return roll_back_change(manifest, folder, journal, context, reason, after_crash=True)


def _set_damaged_aside(mode: str, place: Opened, context: Context) -> ChangeFolder | None:
    """Replace a journal that cannot be read, when that is asked for, by one that says: any file may be new.

    In one step, so that a run that dies meanwhile leaves either journal and never one that forgets a file.
    """
    for folder in place.store.changes():
        try:
            folder.plan()
        except RecoveryNeededError:
            if mode not in {UNDO, KEEP}:
                raise
            # Nothing is read for --keep: it is the way out when the manifest is damaged as well.
            steps = [action.id for action in folder.manifest().actions] if mode == UNDO else []
            records = [Record(ARMED), *(Record(INTENT, step) for step in steps), Record(RESTART)]
            at = folder.open()
            put_file(at, f"{JOURNAL}.damaged", read_image(at, JOURNAL)[1], mode=0o600, calls=context.calls)
            data = b"".join(record.as_line() for record in records)
            put_file(at, JOURNAL, data, mode=0o600, calls=context.calls)
            # It is written again when the change has ended again.
            remove_file(at, EVIDENCE, calls=context.calls)
            return folder
    return None
