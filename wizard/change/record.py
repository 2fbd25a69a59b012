"""The expected state, by the newest change in effect for each file and each trust anchor; removal of old backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from wizard.change.context import Context
from wizard.change.file_state import differs
from wizard.change.journal import Action, Manifest, Node
from wizard.change.lock import opened, sweep
from wizard.change.store import STAGED, ChangeFolder, Store, entries
from wizard.change.targets import look, resolve
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.printable import rfc3339


@dataclass(frozen=True, slots=True)
class Left:
    """A file, or a trust anchor in one, as a change left it."""

    action: Action
    at: str
    folder: ChangeFolder

    @property
    def change(self) -> str:
        """The change's id."""
        return self.folder.id

    def data(self) -> bytes | None:
        """The bytes that it wrote, from the copy that is kept; None when there is none, or it is damaged."""
        try:
            return self.folder.saved(STAGED, self.action.staged, self.action.after)
        except WizardError:
            return None


@dataclass(frozen=True, slots=True)
class Record:
    """The state to expect.

    Attributes:
        newest: the newest change in effect; None when there is none.
        files: of every file the newest change.
        anchors: of every trust anchor the newest change.
        target: what the newest change with a check from outside had to present.
    """

    newest: Manifest | None = None
    files: tuple[Left, ...] = ()
    anchors: tuple[Left, ...] = ()
    target: tuple[Node, ...] = ()

    def file(self, path: object) -> Left | None:
        """What was left at *path* (logical, as a plan names it)."""
        return next((left for left in self.files if str(left.action.named) == str(path)), None)


def read_record(store: Store) -> Record:
    """Go through every change in effect; what was undone, and the undo itself, cancel each other.

    A change whose record cannot be read any more is passed over.

    Raises:
        WizardError: `change.state-unreadable`.
    """
    newest: Manifest | None = None
    files: dict[str, Left] = {}
    anchors: dict[tuple[str, str], Left] = {}
    target: tuple[Node, ...] = ()
    for entry in entries(store):
        if not entry.in_effect or entry.rolls_back:
            continue
        folder = store.find(entry.id)
        try:
            newest = folder.manifest()
        except WizardError:
            continue
        for action in newest.actions:
            name, left = str(action.named), Left(action, newest.at, folder)
            if action.trust is not None:
                # The store around the anchor belongs to the JRE.
                files.pop(name, None)
                anchors.pop((name, action.trust.sha256), None)
                if action.trust.added:
                    anchors[name, action.trust.sha256] = left
            elif action.after.kind == "file":
                files[name] = left
        target = newest.target or target
    return Record(newest, tuple(files.values()), tuple(anchors.values()), target)


def changed_since(machine: Machine, record: Record) -> dict[str, list[tuple[str, str]]]:
    """The files that are not as the newest change which wrote them left them.

    Returns:
        By the id of that change: path, and in words how it differs. A file that this account may not read is none.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for left in record.files:
        try:
            live, _ = look(resolve(machine, left.action.named))
        except WizardError:
            continue
        how = differs(live, left.action.after)
        if how:
            found.setdefault(left.change, []).append((str(left.action.named), how))
    return found


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
