"""Remove backups on request: they hold old private keys and passwords, and are needed to undo a change."""

from collections.abc import Sequence
from datetime import timedelta

from wizard.change.context import Context
from wizard.change.lock import opened, sweep
from wizard.change.store import ChangeFolder, Store
from wizard.printable import rfc3339


def purge(change: str, days: int | None, context: Context) -> tuple[str, ...]:
    """Remove the backups, and the copies of what was written, of one change or of all old ones.

    The records stay, with a note when it was done. What a removal frees is not overwritten on the disk.

    Args:
        change: id or number; "" for none.
        days: changes that were begun earlier than so many days ago; None for none.
        context: the run.

    Returns:
        The ids of the changes that cannot be undone any more.

    Raises:
        BusyError: another run is at work.
        RecoveryNeededError: a change waits for `recover`, which needs its backups and may need those of others.
        WizardError: `change.unknown`, `change.write-failed`.
    """
    with opened(context) as place:
        sweep(place.store, context)
        folders = with_backups(place.store, change, days, context)
        for folder in folders:
            text = (
                f"The backups of change {folder.id} were removed on {rfc3339(context.now())}"
                f" by {context.who.user or 'an unknown user'}.\nIt can no longer be undone.\n"
            )
            place.store.purge(folder, text)
        return tuple(folder.id for folder in folders)


def with_backups(store: Store, change: str, days: int | None, context: Context) -> Sequence[ChangeFolder]:
    """The changes that `purge` would take, oldest first: those that still have a file of their backups; only looks."""
    folders = {folder.id: folder for folder in ([store.find(change)] if change else [])}
    if days is not None:
        limit = context.now() - timedelta(days=days)
        folders |= {folder.id: folder for folder in store.changes() if folder.begun < limit}
    return [folder for folder in folders.values() if folder.has_backups]
