"""The state folder: one folder for each change, with its manifest, journal, events, staged files and backups."""

import contextlib
import os
import re
import stat
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change import durable
from wizard.change.events import APPLIED, REFUSED, STUCK, Event
from wizard.change.journal import BACKUP, LARGEST, Journal, Manifest, RecoveryPlan, damaged, read_journal, replay
from wizard.errors import RecoveryNeededError, WizardError
from wizard.host.directory import Directory
from wizard.host.machine import Machine
from wizard.printable import printable

PAGE, EVIDENCE, PURGED = "RECOVERY.txt", "EVIDENCE.txt", "BACKUPS-REMOVED.txt"
JOURNAL, EVENTS, MANIFEST = "journal.jsonl", "events.jsonl", "manifest.json"
STAGED = "staged"
"""New bytes, mode 0600, which stay after success to be written again when they are lost; old ones are in `BACKUP`."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NAME = re.compile(r"(\d{4,})-\d{8}T\d{6}Z")


@dataclass
class ChangeFolder:
    """The folder of one change: `STATE/changes/NNNN-YYYYmmddTHHMMSSZ`.

    Paths are for messages and for those who only look; a run reads and writes by `open`.

    Attributes:
        path: of the folder.
        above: the open folder of all changes.
        id: the change's id, which is the folder's name.
        number: what orders changes, also when the clock was set back.
        backups: where the old files are.
        evidence: the text for a change ticket, there when the change has ended.
        events: what user interfaces follow.
        journal: the journal.
        page: the text for people, there only when recovery was incomplete.
    """

    path: Path
    above: Directory

    def __post_init__(self) -> None:
        """Name what is in it."""
        self.id = self.path.name
        found = _NAME.fullmatch(self.id)
        self.number = int(found[1]) if found else 0
        self.backups = self.path / BACKUP
        self.evidence = self.path / EVIDENCE
        self.events = self.path / EVENTS
        self.journal = self.path / JOURNAL
        self.page = self.path / PAGE

    def open(self, name: str = "") -> Directory:
        """The folder itself, or the one of that *name* in it.

        Raises:
            OSError: it is gone.
        """
        folder = self.above.open(self.id)
        return folder.open(name) if name else folder

    @property
    def begun(self) -> datetime:
        """When, by its name; UTC. A name without a real date is that of no old change."""
        try:
            return datetime.strptime(self.path.name.partition("-")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return datetime.max.replace(tzinfo=UTC)

    def open_journal(self, calls: durable.Syscalls = durable.REAL) -> Journal:
        """The journal, to append to."""
        return Journal(self.open(), JOURNAL, calls)

    def plan(self) -> RecoveryPlan:
        """What its journal means.

        Raises:
            RecoveryNeededError: `change.journal-damaged`.
        """
        try:
            plan = replay(read_journal(self.open(), JOURNAL))
        except FileNotFoundError:
            return replay(())
        except OSError as error:
            raise damaged(self.journal, case="unreadable", reason=error.strerror or str(error)) from error
        if plan.phase in {"unarmed", "applying"} and os.path.isfile(self.evidence):
            # It is written after the last line.
            raise damaged(self.journal, case="end")
        return plan

    @property
    def purged(self) -> str:
        """When its backups were removed, RFC 3339 UTC; "" when they were not."""
        try:
            text = durable.read_image(self.open(), PURGED)[1].decode(errors="replace")
        except OSError:
            return ""
        found = _MOMENT.search(text)
        return found[0] if found else ""

    def manifest(self) -> Manifest:
        """What was written.

        Raises:
            RecoveryNeededError: `change.manifest-damaged`.
        """
        path = self.path / MANIFEST
        try:
            return self._read_manifest()
        except (OSError, ValueError) as error:
            why = (error.strerror or "") if isinstance(error, OSError) else str(error)
            raise RecoveryNeededError(
                codes.CHANGE_MANIFEST_DAMAGED, subject=path, change=self.id, path=path, reason=why, backups=self.backups
            ) from error

    def _read_manifest(self) -> Manifest:
        image, data = durable.read_image(self.open(), MANIFEST)
        if image.kind != "file":
            raise ValueError("it is missing" if image.kind == "absent" else f"it is a {image.kind}, not a file")
        found = Manifest.load(data)
        if found.id != self.id:
            raise ValueError("it belongs to another change")
        return found

    def saved(self, kind: str, name: str, image: durable.FileImage) -> bytes:
        """Read a file from *kind* (`STAGED` or `BACKUP`) and compare it with the manifest's digest.

        Raises:
            RecoveryNeededError: `change.staged-damaged`, `change.backup-damaged`: it is gone or its bytes are not
                those that were saved.
        """
        path = self.path / kind / name
        try:
            found, data = durable.read_image(self.open(kind), name)
        except OSError as error:
            raise _damaged(path, kind, printable(error.strerror or "it cannot be read")) from error
        if found.sha256 != image.sha256:
            raise _damaged(path, kind, "it is gone" if found.kind == "absent" else "its digest is not as recorded")
        return data

    @property
    def has_backups(self) -> bool:
        """Whether a file is left that an undo or a repair could be made from."""
        return self.holds(BACKUP) or self.holds(STAGED)

    def holds(self, kind: str) -> bool:
        """Whether a file is left in the folder *kind* (`STAGED` or `BACKUP`)."""
        with contextlib.suppress(OSError):
            return bool(self.open(kind).names())
        return False

    def wipe_staged(self, calls: durable.Syscalls) -> None:
        """Remove the staged payload; what cannot be removed now is removed at the next start."""
        with contextlib.suppress(OSError):
            _remove_below(self.open(STAGED), calls)


def _damaged(path: Path, kind: str, why: str) -> RecoveryNeededError:
    spec = codes.CHANGE_STAGED_DAMAGED if kind == STAGED else codes.CHANGE_BACKUP_DAMAGED
    return RecoveryNeededError(spec, subject=path, path=path, reason=why)


class Store:
    """All changes of one machine.

    Attributes:
        root: the state folder.
        lock: the lock file.
        folder: where the changes are.
    """

    def __init__(self, root: Path, calls: durable.Syscalls = durable.REAL) -> None:
        self.root, self.lock, self.folder = root, root / "lock", root / "changes"
        self._calls = calls
        self._changes: Directory | None = None

    def ensure(self) -> Directory:
        """Make and open the state folder, mode 0700, or refuse one that others could write.

        Raises:
            WizardError: `change.state-unusable`, `change.write-failed`.
        """
        root = own_folder(self.root, self._calls)
        with durable.explained(self.root):
            self._changes = durable.sub_folder(root, self.folder.name, calls=self._calls)
        _own(self._changes)
        return root

    def changes(self) -> list[ChangeFolder]:
        """Every change, oldest first.

        Raises:
            WizardError: `change.state-unreadable`: this account may not look.
        """
        above, folders, _ = self._listed()
        if above is None:
            return []
        found = [ChangeFolder(self.folder / name, above) for name in folders if _NAME.fullmatch(name)]
        return sorted(found, key=lambda folder: folder.number)

    def ignored(self) -> tuple[Path, ...]:
        """What lies among the folders of the changes and is none: files, symbolic links and others; never followed.

        Raises:
            WizardError: `change.state-unreadable`.
        """
        return tuple(self.folder / name for name in self._listed()[2])

    def _listed(self) -> tuple[Directory | None, list[str], list[str]]:
        """The open folder of all changes, the folders in it, and what is none."""
        try:
            above = self._changes or Directory(self.root).open(self.folder.name)
            modes = {}
            for name in above.names():
                with contextlib.suppress(FileNotFoundError):  # removed since they were listed
                    modes[name] = os.stat(name, dir_fd=above.descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None, [], []
        except OSError as error:
            raise unreadable(self.root, error) from error
        folders = [name for name, mode in modes.items() if stat.S_ISDIR(mode)]
        return above, folders, [name for name in modes if name not in folders]

    def find(self, change: str) -> ChangeFolder:
        """By id, or by its number alone.

        Raises:
            WizardError: `change.unknown`.
        """
        for folder in self.changes():
            if change == folder.id or (change.isdecimal() and int(change) == folder.number):
                return folder
        raise WizardError(codes.CHANGE_UNKNOWN, subject=change, change=change, state=self.root)

    def new(self, now: datetime) -> ChangeFolder:
        """The folder of the next change. Its number is higher than any other's, whatever the clock says."""
        number = max((folder.number for folder in self.changes()), default=0) + 1
        name = f"{number:04d}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        above = self._changes or self.ensure().open(self.folder.name)
        folder = durable.new_folder(above, name, calls=self._calls)
        for part in (STAGED, BACKUP):
            self._calls.mkdir(part, at=folder.descriptor)
        for each in (folder, above):
            durable.sync_folder(each, calls=self._calls)
        return ChangeFolder(self.folder / name, above)

    def purge(self, folder: ChangeFolder, note: str) -> None:
        """Remove the backups of a closed change and the copies of what it wrote; *note*, with the date, stays."""
        at = folder.open()
        # The note goes first: a removal that is cut off is completed at the next start.
        durable.put_file(at, PURGED, note.encode(), mode=0o600, calls=self._calls)
        self.complete_purge(folder)

    def complete_purge(self, folder: ChangeFolder) -> None:
        """Remove what is left of the backups of a change whose note says that they were removed."""
        for name in (BACKUP, STAGED):
            with contextlib.suppress(FileNotFoundError):
                below = folder.open(name)
                _remove_below(below, self._calls)
                durable.sync_folder(below, calls=self._calls)

    def drop(self, folder: ChangeFolder) -> None:
        """Remove a closed change with its backups."""
        # The journal goes last: a folder half removed still says that it is closed.
        at = folder.open()
        for name in (STAGED, BACKUP):
            with contextlib.suppress(FileNotFoundError):
                _remove_below(at.open(name), self._calls)
                self._calls.rmdir(name, at=at.descriptor)
        _remove_below(at, self._calls, last=JOURNAL)
        self._calls.rmdir(folder.id, at=folder.above.descriptor)


def unreadable(root: Path, error: OSError) -> WizardError:
    """The refusal of a state folder at *root* that cannot be looked into."""
    case = "" if isinstance(error, PermissionError) else "no-folder"
    reason = error.strerror or str(error)
    return WizardError(codes.CHANGE_STATE_UNREADABLE, case=case, subject=root, state=root, reason=reason)


def _remove_below(folder: Directory, calls: durable.Syscalls, *, last: str = "") -> None:
    for name in sorted(folder.names(), key=lambda name: (name == last, name)):
        calls.unlink(name, at=folder.descriptor)


def own_folder(path: Path, calls: durable.Syscalls = durable.REAL) -> Directory:
    """Open a folder for this account alone, made where it is missing.

    Raises:
        WizardError: `change.state-unusable`: it belongs to somebody else; `change.write-failed`.
    """
    try:
        folder = durable.reach(path, last=False, calls=calls)
        _own(folder)
    except NotADirectoryError as error:
        raise _unusable(path) from error
    except OSError as error:
        raise durable.write_failure(path, error) from error
    return folder


def check_own(store: Store) -> None:
    """Refuse a state folder of somebody else, as `Store.ensure` does, without changing anything.

    Raises:
        WizardError: `change.state-unusable`, `change.state-unreadable`.
    """
    for path in (store.root, store.folder):
        try:
            owner = path.stat().st_uid
        except OSError as error:
            raise unreadable(store.root, error) from error
        if owner != os.geteuid():
            raise _unusable(path)


def _own(folder: Directory) -> None:
    if folder.status.st_uid != os.geteuid():
        raise _unusable(folder.path)
    if folder.status.st_mode & 0o077:
        os.fchmod(folder.descriptor, 0o700)


def _unusable(path: Path) -> WizardError:
    return WizardError(codes.CHANGE_STATE_UNUSABLE, subject=path, state=path)


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
        rolled_back_by: id of the change that rolled it back and is still in effect, else empty.
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
    def in_effect(self) -> bool:
        """Whether it was applied and not rolled back, as far as the wizard knows."""
        return self.outcome == APPLIED and not self.rolled_back_by

    def as_json(self) -> dict[str, Any]:
        """For `history --json`."""
        known = {name: None if value == "" else value for name, value in asdict(self).items()}
        known |= {"title": self.title, "by": self.by, "files": list(self.files)}
        known["backups"] = None if self.backups_removed else self.backups
        return {"recovery_needed" if name == "waits" else name: value for name, value in known.items()}


def history(machine: Machine) -> tuple[Entry, ...]:
    """Every change that is still on record, oldest first; only looks.

    Raises:
        WizardError: `change.state-unreadable`.
    """
    return entries(Store(machine.state_dir))


def readable_history(machine: Machine) -> tuple[Entry, ...]:
    """As `history`; nothing where the record cannot be read, which whoever changes something reports."""
    try:
        return history(machine)
    except WizardError:
        return ()


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
        if entry.in_effect and entry.rolls_back:
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
        outcome = STUCK if os.path.exists(folder.page) else REFUSED if plan.untouched else INTERRUPTED
    waits = outcome in {STUCK, INTERRUPTED}
    try:
        manifest = folder.manifest()
    except WizardError as error:
        if outcome == REFUSED:
            return _without_manifest(folder, replace(bare, outcome=outcome))
        # The record of an applied change may be lost; a refused one is known.
        word = UNREADABLE if waits or outcome == APPLIED else outcome
        return replace(bare, outcome=word, waits=waits, damage=error.message)
    told = {name: getattr(manifest, name) for name in ("title", "at", "by", "digest", "rolls_back")}
    files = tuple(str(action.named) for action in manifest.actions)
    return replace(bare, outcome=outcome, files=files, rolled_back_by=rolled_back_by, waits=waits, **told)


def _without_manifest(folder: ChangeFolder, bare: Entry) -> Entry:
    """A change that was refused before its manifest: what is known of it is in its first event."""
    first = next(iter(read_events(folder)), None)
    return bare if first is None else replace(bare, title=first.text, at=first.at)


def read_events(folder: ChangeFolder) -> list[Event]:
    """What its runs reported, as far as it is whole; lines that are no events are left out."""
    found = []
    try:
        with durable.open_file(folder.open(), EVENTS) as stream:
            data = stream.read(LARGEST)
    except OSError:
        return []
    for line in data.decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            found.append(Event.from_line(line))
    return found
