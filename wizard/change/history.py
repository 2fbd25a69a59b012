"""What was changed, when, by whom, what of it is still in force, and what it left."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from wizard.change.events import APPLIED, REFUSED, STUCK, Event
from wizard.change.file_image import open_file
from wizard.change.file_state import differs
from wizard.change.journal import LARGEST
from wizard.change.manifest import Action, Manifest, Node
from wizard.change.store import EVENTS, STAGED, ChangeFolder, Store
from wizard.change.targets import look, resolve
from wizard.errors import WizardError
from wizard.host.machine import Machine

INTERRUPTED = "interrupted"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change.

    Attributes:
        id: of the change.
        outcome: as in `wizard.change.events`, or `interrupted` (waits for `recover`), or `unreadable`.
        title: what it was for.
        at: RFC 3339, UTC.
        by: login name.
        digest: of the plan, empty for a rollback.
        files: logical paths.
        rolls_back: id of the change that it took back, else empty.
        rolled_back_by: id of the change that rolled it back and is still in force, else empty.
        waits: nothing else can be changed until `recover` has settled it.
        damage: why its record cannot be used, with the place of the backups; else empty.
        backups: the folder with the old files.
        backups_removed: when they were removed, RFC 3339 UTC; it cannot be undone any more. Else empty.
    """

    id: str
    outcome: str
    title: str = ""
    at: str = ""
    by: str = ""
    digest: str = ""
    files: tuple[str, ...] = ()
    rolls_back: str = ""
    rolled_back_by: str = ""
    waits: bool = False
    damage: str = ""
    backups: str = ""
    backups_removed: str = ""

    @property
    def stands(self) -> bool:
        """Whether what it did is (as far as the wizard knows) still so."""
        return self.outcome == APPLIED and not self.rolled_back_by

    def as_json(self) -> dict[str, Any]:
        """For `history --json`."""
        return {
            "id": self.id,
            "outcome": self.outcome,
            "title": self.title,
            "at": self.at or None,
            "by": self.by,
            "digest": self.digest or None,
            "files": list(self.files),
            "rolls_back": self.rolls_back or None,
            "rolled_back_by": self.rolled_back_by or None,
            "recovery_needed": self.waits,
            "damage": self.damage or None,
            "backups": None if self.backups_removed else self.backups,
            "backups_removed": self.backups_removed or None,
        }


def history(machine: Machine) -> tuple[Entry, ...]:
    """Every change that is still on record, oldest first; only looks.

    Raises:
        WizardError: `change.state-unreadable`.
    """
    return entries(Store(machine.state_dir))


def secret_names(machine: Machine) -> tuple[str, ...]:
    """The passwords that taking a change back may need: a trust store that was changed since is opened with keytool."""
    names: set[str] = set()
    for folder in Store(machine.state_dir).changes():
        with contextlib.suppress(WizardError):
            names |= {action.trust.secret for action in folder.manifest().actions if action.trust is not None}
    return tuple(sorted(names))


def entries(store: Store) -> tuple[Entry, ...]:
    """As `history`, of an opened state folder."""
    found: list[Entry] = []
    taken_back: dict[str, str] = {}
    # A rollback can itself be rolled back, and is then without effect: what is newest decides first.
    for folder in reversed(store.changes()):
        entry = _entry(folder, taken_back.get(folder.id, ""))
        if entry.stands and entry.rolls_back:
            taken_back[entry.rolls_back] = entry.id
        found.append(entry)
    return tuple(reversed(found))


def _entry(folder: ChangeFolder, rolled_back_by: str) -> Entry:
    bare = Entry(folder.id, UNREADABLE, backups=str(folder.backups), backups_removed=folder.purged)
    try:
        plan = folder.plan()
    except WizardError as error:
        return replace(bare, waits=True, damage=error.message)
    if plan.phase == "verified":
        outcome = APPLIED
    elif plan.phase == "closed":
        outcome = plan.outcome
    else:
        outcome = STUCK if folder.page.exists() else REFUSED if plan.untouched else INTERRUPTED
    waits = outcome in {STUCK, INTERRUPTED}
    try:
        manifest = folder.manifest()
    except WizardError as error:
        if outcome == REFUSED:
            return _without_manifest(folder, replace(bare, outcome=outcome))
        # What was applied is not known any more; what came to nothing is.
        word = UNREADABLE if waits or outcome == APPLIED else outcome
        return replace(bare, outcome=word, waits=waits, damage=error.message)
    return replace(
        bare,
        outcome=outcome,
        title=manifest.title,
        at=manifest.at,
        by=manifest.by,
        digest=manifest.digest,
        files=tuple(str(action.named) for action in manifest.actions),
        rolls_back=manifest.rolls_back,
        rolled_back_by=rolled_back_by,
        waits=waits,
    )


def _without_manifest(folder: ChangeFolder, bare: Entry) -> Entry:
    """A change that was refused before its manifest: what is known of it is in its first event."""
    first = next(iter(read_events(folder)), None)
    return bare if first is None else replace(bare, title=first.text, at=first.at)


def read_events(folder: ChangeFolder) -> list[Event]:
    """What its runs reported, as far as it is whole; lines that are no events are left out."""
    found = []
    try:
        with open_file(folder.open(), EVENTS) as stream:
            data = stream.read(LARGEST)
    except OSError:
        return []
    for line in data.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            found.append(Event.from_line(line))
    return found


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
        newest: the newest change in force; None when there is none.
        files: of every file the newest change.
        anchors: of every trust anchor the newest change.
        target: what the newest change with a check from outside had to serve.
    """

    newest: Manifest | None = None
    files: tuple[Left, ...] = ()
    anchors: tuple[Left, ...] = ()
    target: tuple[Node, ...] = ()

    def file(self, path: object) -> Left | None:
        """What was left at *path* (logical, as a plan names it)."""
        return next((left for left in self.files if str(left.action.named) == str(path)), None)


def read_record(store: Store) -> Record:
    """Go through every change in force; what was undone, and the undo itself, cancel each other.

    A change whose record cannot be read any more is passed over.

    Raises:
        WizardError: `change.state-unreadable`.
    """
    newest: Manifest | None = None
    files: dict[str, Left] = {}
    anchors: dict[tuple[str, str], Left] = {}
    target: tuple[Node, ...] = ()
    for entry in entries(store):
        if not entry.stands or entry.rolls_back:
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
