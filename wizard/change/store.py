"""The state folder: one folder for each change, with its manifest, journal, events, staged files and backups."""

import contextlib
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

from wizard.change.durable import put_file, sync_folder, write_failure
from wizard.change.images import FileImage, read_image
from wizard.change.journal import RecoveryPlan, read_journal, replay
from wizard.change.manifest import Manifest
from wizard.change.syscalls import REAL, Syscalls
from wizard.errors import RecoveryNeededError, WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable
from wizard.records import dataclass

PAGE = "RECOVERY.txt"
_NAME = re.compile(r"(\d{4,})-\d{8}T\d{6}Z")


@dataclass(frozen=True, slots=True)
class ChangeFolder:
    """The folder of one change: `STATE/changes/NNNN-YYYYmmddTHHMMSSZ`."""

    path: Path

    @property
    def id(self) -> str:
        """The change's id, which is the folder's name."""
        return self.path.name

    @property
    def number(self) -> int:
        """What orders changes, also when the clock was set back."""
        found = _NAME.fullmatch(self.path.name)
        return int(found[1]) if found else 0

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal.jsonl"

    @property
    def events(self) -> Path:
        """What faces follow."""
        return self.path / "events.jsonl"

    @property
    def page(self) -> Path:
        """The text for people, there only when recovery was incomplete."""
        return self.path / PAGE

    def staged(self, name: str) -> Path:
        """New bytes, mode 0600, until the change is closed."""
        return self.path / "staged" / name

    def backup(self, name: str) -> Path:
        """Old bytes, mode 0600."""
        return self.path / "backup" / name

    def plan(self) -> RecoveryPlan:
        """What its journal means."""
        return replay(read_journal(self.journal))

    def write_manifest(self, manifest: Manifest, calls: Syscalls) -> None:
        """Put the manifest on disk."""
        put_file(self.path / "manifest.json", manifest.dump(), mode=0o600, calls=calls)

    def manifest(self) -> Manifest:
        """What was written.

        Raises:
            RecoveryNeededError: `change.manifest-damaged`.
        """
        path = self.path / "manifest.json"
        try:
            return Manifest.load(path.read_bytes())
        except (OSError, ValueError) as error:
            raise RecoveryNeededError(
                "change.manifest-damaged",
                f"The record of change {self.id} cannot be read: {path}.",
                "Keep the folder; its backup folder holds the old files, one for each step. `recover --keep` closes\n"
                "the change and accepts everything as it is now.",
                str(path),
            ) from error

    def wipe_staged(self, calls: Syscalls) -> None:
        """Remove the staged payload; what cannot be removed now is removed at the next start."""
        with contextlib.suppress(OSError):
            _remove_below(self.path / "staged", calls)


def saved_bytes(path: Path, image: FileImage, code: str = "change.backup-damaged") -> bytes:
    """Read a backup or staged file and compare it with the manifest's digest.

    Raises:
        RecoveryNeededError: *code*: it is gone or its bytes are not those that were saved.
    """
    try:
        found, data = read_image(path)
    except OSError as error:
        raise _damaged(path, code, printable(error.strerror or "it cannot be read")) from error
    if found.sha256 != image.sha256:
        raise _damaged(path, code, "it is gone" if found.kind == "absent" else "its digest is not the recorded one")
    return data


def _damaged(path: Path, code: str, why: str) -> RecoveryNeededError:
    return RecoveryNeededError(
        code,
        f"The saved file {path} cannot be used: {why}.",
        "Nothing was written from it. Restore the file from the machine's own backup.",
        str(path),
    )


class Store:
    """All changes of one machine."""

    def __init__(self, root: Path, calls: Syscalls = REAL) -> None:
        self.root = root
        self._calls = calls

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.root / "lock"

    @property
    def folder(self) -> Path:
        """Where the changes are."""
        return self.root / "changes"

    def ensure(self) -> None:
        """Make the state folder, mode 0700, or refuse one that others could write.

        Raises:
            WizardError: `change.state-unusable`, `change.write-failed`.
        """
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for path in (self.root, self.folder):
                if not path.is_dir():
                    self._calls.mkdir(path)
                    sync_folder(path.parent, calls=self._calls)
                _own(path)
        except OSError as error:
            raise write_failure(self.root, error) from error

    def changes(self) -> list[ChangeFolder]:
        """Every change, oldest first.

        Raises:
            WizardError: `change.state-unreadable`: this account may not look.
        """
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WizardError(
                "change.state-unreadable",
                f"The record of changes in {self.root} cannot be read: {printable(error.strerror or '')}.",
                "Run the command as root (sudo).",
                str(self.root),
            ) from error
        found = [ChangeFolder(self.folder / name) for name in names if _NAME.fullmatch(name)]
        return sorted(found, key=lambda folder: folder.number)

    def find(self, change: str) -> ChangeFolder:
        """By id, or by its number alone.

        Raises:
            WizardError: `change.unknown`.
        """
        for folder in self.changes():
            if change == folder.id or (change.isdecimal() and int(change) == folder.number):
                return folder
        raise WizardError(
            "change.unknown",
            f"There is no record of a change {printable(change)} in {self.root}.",
            "`history` lists the changes that are known. A lost state folder takes its backups with it.",
            change,
        )

    def new(self, now: datetime) -> ChangeFolder:
        """The folder of the next change. Its number is higher than any other's, whatever the clock says."""
        number = max((folder.number for folder in self.changes()), default=0) + 1
        folder = ChangeFolder(self.folder / f"{number:04d}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        for path in (folder.path, folder.path / "staged", folder.path / "backup"):
            self._calls.mkdir(path)
        for path in (folder.path, self.folder):
            sync_folder(path, calls=self._calls)
        return folder

    def drop(self, folder: ChangeFolder) -> None:
        """Remove a closed change with its backups."""
        # The journal goes last: a folder half removed still says that it is closed.
        for name in ("staged", "backup"):
            path = folder.path / name
            if path.is_dir():
                _remove_below(path, self._calls)
                self._calls.rmdir(path)
        _remove_below(folder.path, self._calls, last=folder.journal.name)
        self._calls.rmdir(folder.path)


def _remove_below(path: Path, calls: Syscalls, *, last: str = "") -> None:
    names = sorted((entry.name for entry in path.iterdir()), key=lambda name: (name == last, name))
    if not names:
        return
    at = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            calls.unlink(name, at=at)
    finally:
        os.close(at)


def _own(path: Path) -> None:
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise WizardError(
            "change.state-unusable",
            f"The state folder {path} is not a folder that belongs to this account.",
            "Run the command as its owner (mostly root), or name another folder with --state-dir.",
            str(path),
        )
    if status.st_mode & 0o077:
        path.chmod(0o700)


def _refusal(code: str, title: str, message: str, why: str, fix: str) -> FindingSpec:
    return FindingSpec(code, Severity.BLOCKER, title, message, why, fix, "own rule: one folder of records, mode 0700")


REFUSALS: tuple[FindingSpec, ...] = (
    _refusal(
        "change.state-unusable",
        "The state folder belongs to somebody else",
        "The folder for journal and backups is not owned by the account that runs the wizard.",
        "Backups hold key stores; who owns the folder can read and exchange them.",
        "Run the command as the owner (mostly root), or name another folder with `--state-dir`.",
    ),
    _refusal(
        "change.state-unreadable",
        "The record of changes cannot be read",
        "This account may not read the folder with the journal and the backups.",
        "Without it the wizard cannot tell whether a change is running or was interrupted.",
        "Run the command as root (sudo).",
    ),
    _refusal(
        "change.unknown",
        "No such change",
        "The state folder has no record of the change that was named.",
        "It may be older than the kept ones, or made with another state folder; a lost folder took its backups along.",
        "List the known changes with `history`; name the folder that was used with `--state-dir`.",
    ),
    _refusal(
        "change.manifest-damaged",
        "The record of a change is damaged",
        "The manifest of a change is missing or is not what the wizard wrote.",
        "Without it the wizard does not know which backup belongs to which file.",
        "Keep the folder; compare its backups with the live files by hand.",
    ),
    _refusal(
        "change.backup-damaged",
        "A backup is damaged",
        "The digest of a saved file is not the one that was recorded when it was saved.",
        "Writing it back would put a damaged file in the place of a working one.",
        "Restore the file from the machine's own backup.",
    ),
    _refusal(
        "change.staged-damaged",
        "A staged file is damaged",
        "The digest of a new file that waits for its turn is not the recorded one.",
        "Finishing the change with it would install something that was never reviewed.",
        "Undo the interrupted change with `recover`, then apply it again.",
    ),
)
