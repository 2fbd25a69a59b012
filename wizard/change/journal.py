"""The write-ahead log: each intent is on disk before its step; then what was done and how it ended."""

import contextlib
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from wizard import codes
from wizard.change.durable import REAL, FileImage, Syscalls, read_image
from wizard.change.plan import STEP_ID, CertificateNote
from wizard.change.plan_file import plain, typed
from wizard.errors import RecoveryNeededError
from wizard.findings import Fact
from wizard.host.directory import Directory, Identity
from wizard.printable import endpoint

ARMED, INTENT, DONE = "armed", "intent", "done"
RESTART, VERIFIED = "restart", "verified"
UNDO, UNDONE, CLOSED = "undo", "undone", "closed"
BACKUP = "backup"
"""The folder of the old files of a change, beside its journal."""

LARGEST = 4 * 1024 * 1024
"""Bytes of a journal; thousands of steps have less."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line.

    Attributes:
        event: `armed` (all is staged and backed up), `intent` and `done` of a step, `restart`, `verified`, `undo`
            (from here backwards), `undone` of a step, `closed`.
        step: id of the step, empty for the change.
        fact: outcome for `closed`, refusal code for `undo`; for `done` and `undone` of a folder which one it is; else
            empty.
    """

    event: str
    step: str = ""
    fact: str = ""

    def as_line(self) -> bytes:
        """JSON with a checksum, so that a damaged line differs from a torn one."""
        body = json.dumps([self.event, self.step, self.fact])
        return json.dumps({"record": body, "crc": zlib.crc32(body.encode())}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Record":
        """The reverse.

        Raises:
            ValueError: the line is torn or damaged.
        """
        try:
            outer = json.loads(line)
            body = outer["record"]
            if zlib.crc32(body.encode()) != outer["crc"]:
                raise ValueError("checksum")
            event, step, fact = json.loads(body)
            return cls(str(event), str(step), str(fact))
        except (KeyError, TypeError, AttributeError, UnicodeError, RecursionError) as error:
            raise ValueError("not a record") from error


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """What the journal of a change means for the next start.

    Attributes:
        phase: `unarmed` (no live file was touched), `applying`, `undoing`, `verified` (only the last line is
            missing) or `closed`.
        touched: steps whose live file may be new, in the order in which they were begun.
        restarted: a restart was asked for.
        outcome: of a closed change.
        reason: refusal code of a change that was being undone.
    """

    phase: str
    touched: tuple[str, ...] = ()
    restarted: bool = False
    outcome: str = ""
    reason: str = ""

    @property
    def untouched(self) -> bool:
        """Whether no live file was written and no restart asked for: an open change that needs no recovery.

        The intent of a step is on disk before its file is written, so without one nothing was changed.
        """
        return self.phase in {"unarmed", "applying", "undoing"} and not self.touched and not self.restarted


def replay(records: Sequence[Record]) -> RecoveryPlan:
    """Read the journal's meaning. Pure: the live files are checked by whoever acts on it."""
    events = {record.event for record in records}
    facts = {record.event: record.fact for record in records}
    touched = tuple(dict.fromkeys(record.step for record in records if record.event == INTENT))
    phase = "unarmed"
    for event, name in ((ARMED, "applying"), (VERIFIED, "verified"), (UNDO, "undoing"), (CLOSED, "closed")):
        if event in events:
            phase = name
    return RecoveryPlan(phase, touched, RESTART in events, facts.get(CLOSED, ""), facts.get(UNDO, ""))


def read_journal(folder: Directory, name: str) -> tuple[Record, ...]:
    """All whole records; a torn last line (the process died while writing it) does not count.

    Raises:
        RecoveryNeededError: `change.journal-damaged`: a line before the last is not what was written.
    """
    return _parse(folder, name)[0]


def _parse(folder: Directory, name: str) -> tuple[tuple[Record, ...], int]:
    image, data = read_image(folder, name)
    if image.kind not in {"file", "absent"}:
        raise damaged(folder.path / name, case="kind", kind=image.kind)
    if len(data) > LARGEST:
        raise damaged(folder.path / name, case="size", limit=LARGEST)
    records: list[Record] = []
    good = 0
    for line in data.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n") and _is_torn(line):
                break
            records.append(Record.from_line(line))
        except ValueError as error:
            if good + len(line) == len(data) and (records or not line.strip(b"\0\n")):
                break
            last = _last(data)
            if last is not None and last.event == CLOSED:
                # Earlier lines no longer matter: the change is settled.
                return (*records, last), len(data)
            raise damaged(folder.path / name, line=len(records) + 1) from error
        good += len(line)
    return tuple(records), good


def _is_torn(line: bytes) -> bool:
    """Whether *line* is the beginning of a record, or the zeros that a power cut leaves."""
    start = Record("").as_line()[:_HEAD]
    return line[:_HEAD] == start[: len(line)] or not line.strip(b"\0")


_HEAD = len(b'{"record": "')


def damaged(path: Path, case: str = "", **facts: Fact) -> RecoveryNeededError:
    """The refusal of the journal at *path* of a change; *case* and *facts* are how it is damaged."""
    backups = path.parent / BACKUP
    return RecoveryNeededError(
        codes.CHANGE_JOURNAL_DAMAGED, case=case, subject=path, path=path, backups=backups, **facts
    )


def _last(data: bytes) -> Record | None:
    try:
        return Record.from_line(data.splitlines()[-1])
    except ValueError:
        return None


class Journal:
    """Appends records; each is on disk when `append` returns, and only then in `records`."""

    def __init__(self, folder: Directory, name: str, calls: Syscalls = REAL) -> None:
        self._path = folder.path / name
        self._name = name
        self._calls = calls
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(name, flags, dir_fd=folder.descriptor)
        except FileNotFoundError:
            self._descriptor = calls.create(name, at=folder.descriptor)
            calls.fsync(folder.descriptor, name)
        records, self._good = _parse(folder, name)
        self.records: list[Record] = list(records)

    def append(self, event: str, step: str = "", fact: str = "") -> None:
        """Write one record and wait for the disk.

        Raises:
            OSError: it is not certain to be there; what was written of it is cut off, now or by the next append.
        """
        record = Record(event, step, fact)
        line = record.as_line()
        try:
            if os.fstat(self._descriptor).st_size != self._good:
                self._calls.truncate(self._descriptor, self._good, self._name)
            os.lseek(self._descriptor, 0, os.SEEK_END)
            self._calls.write(self._descriptor, line, self._name)
            self._calls.fsync(self._descriptor, self._name)
        except OSError as error:
            # A write knows no name, and whoever reads of a full disk must learn which one it is.
            error.filename = str(self._path)
            raise
        self._good += len(line)
        self.records.append(record)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """The anchor that an import adds (or a rollback takes away again)."""

    alias: str
    sha256: str
    secret: str
    added: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """One file or folder goes from `before` to `after`; undo is the same in reverse.

    Attributes:
        id: of the plan's step.
        path: logical, where the file really lies (links resolved).
        named: logical, as the plan named it.
        summary: one line for people.
        before: how the file was.
        after: how it is to be; kind `absent` when it is removed.
        staged: name of the new bytes in the change's folder; empty when there are none.
        backup: name of the old bytes there; empty when there were none.
        inherit: a new file takes extended attributes from its folder rather than exactly those of `after`.
        trust: what an import adds, None for other files.
        folder: which folder holds the file; None when the same change makes it, and in records of older versions.
        folder_made: the same change makes or removes that folder, so it may be missing; known in a recovery only.
    """

    id: str
    path: PurePosixPath
    named: PurePosixPath
    summary: str
    before: FileImage
    after: FileImage
    staged: str = ""
    backup: str = ""
    inherit: bool = False
    trust: TrustEntry | None = None
    folder: Identity | None = None
    folder_made: bool = field(default=False, metadata={"kept": False})

    @property
    def of_folder(self) -> bool:
        """Whether it makes or removes a folder."""
        return "folder" in {self.before.kind, self.after.kind}

    def reversed(self) -> "Action":
        """The undo; staged and backup change places."""
        trust = self.trust and replace(self.trust, added=not self.trust.added)
        swapped = {"before": self.after, "after": self.before, "staged": self.backup, "backup": self.staged}
        return replace(self, **swapped, inherit=False, trust=trust)  # type: ignore[arg-type]  # each keeps its type


@dataclass(frozen=True, slots=True)
class Node:
    """One address and what it must present.

    Attributes:
        host: name or address.
        port: number.
        servername: sent as SNI; empty sends none.
        sha256: of the leaf; empty when nothing is demanded.
        fallback: the built-in certificate is what was there: any fallback will do, it may be made again at each start.
    """

    host: str
    port: int
    servername: str
    sha256: str = ""
    fallback: bool = False

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return endpoint(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A change.

    Attributes:
        id: of the change.
        title: for people.
        digest: of the plan; empty for a rollback.
        at: RFC 3339, UTC.
        by: login name.
        token: in the names of its temporary files.
        actions: in order.
        restart: id, unit and time limit of the restart step; None when the service is not touched.
        probe: id of the probe step and its time limit; None when there is none.
        target: what must be presented afterwards.
        served: what was presented before.
        was_running: whether the service was active before.
        rolls_back: id of the change that this one takes back, else empty.
        login: login name of the session, as the kernel knows it; empty when it is not known.
        sudo_user: of the environment, empty without sudo.
        uid: that made it; None in records of older versions.
        tty: terminal, empty when there is none.
        host: name of the machine.
        certificates: before and after it, for the evidence.
    """

    id: str
    title: str
    digest: str = ""
    at: str = ""
    by: str = ""
    token: str = ""
    actions: tuple[Action, ...] = ()
    restart: tuple[str, str, float] | None = None
    probe: tuple[str, float] | None = None
    target: tuple[Node, ...] = ()
    served: tuple[Node, ...] = ()
    was_running: bool = False
    rolls_back: str = ""
    login: str = ""
    sudo_user: str = ""
    uid: int | None = None
    tty: str = ""
    host: str = ""
    certificates: tuple[CertificateNote, ...] = ()

    def knowing(self, records: Iterable[Record]) -> "Manifest":
        """With the folders that the change itself made, as its journal names them: for a recovery.

        Where the journal was cut before it could name one, its owner and mode must be those that it was made with.
        """
        told = {record.step: record.fact for record in records if record.event in {DONE, UNDONE}}
        made: dict[PurePosixPath, Identity] = {}
        for action in self.actions:
            if action.of_folder:
                image, fact = action.after if action.after.kind == "folder" else action.before, told.get(action.id)
                weak = Identity("", 0, 0, image.uid, image.gid, image.mode)
                made[action.path] = Identity(*json.loads(fact)) if fact else weak
        actions = (
            replace(action, folder=made[action.path.parent], folder_made=True) if action.path.parent in made else action
            for action in self.actions
        )
        return replace(self, actions=tuple(actions))

    def dump(self) -> bytes:
        """JSON for the change's folder; holds no bytes of files and no secret."""
        return json.dumps({"schema": SCHEMA, **_plain(self)}, default=_plain, indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> "Manifest":
        """The reverse.

        Raises:
            ValueError: it is no manifest of this schema, or larger than `LARGEST`; the message says which, for people.
        """
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        try:
            members = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ValueError("it is not JSON") from error
        if not isinstance(members, dict):
            raise ValueError("it is not a JSON object")  # noqa: TRY004 - the same error as for any other damage
        if members.get("schema") != SCHEMA:
            raise ValueError(f"it was not written by this version of the wizard, which reads schema {SCHEMA}")
        made: Manifest = typed(cls, members, _SINCE)
        for action in made.actions:
            _check(action)
        if not all(0 <= node.port <= 65535 for node in (*made.target, *made.served)):
            raise ValueError("it has an impossible port")
        return made


def _check(action: Action) -> None:
    """Refuse what no change writes: it would lead out of the folder of the change, or not fit into a call.

    Raises:
        ValueError: it is such.
    """
    names = (name for name in (action.staged, action.backup) if name)
    paths = (action.path, action.named)
    images = (action.before, action.after)
    if not all(STEP_ID.fullmatch(name) for name in (action.id, *names)):
        raise ValueError("it refers to a file outside the folder of the change")
    if not all(path.is_absolute() and ".." not in path.parts and "\0" not in str(path) for path in paths):
        raise ValueError("it refers to a file without a full path")
    if not all(0 <= image.mode <= 0o7777 and 0 <= image.uid < 2**32 and 0 <= image.gid < 2**32 for image in images):
        raise ValueError("it has an impossible owner or mode")


_SINCE = ("login", "sudo_user", "uid", "tty", "host", "certificates", "folder")
"""Records of older versions do not have these."""


def _plain(value: Any) -> Any:
    members = plain(value)
    return {**members, "xattrs": dict(value.xattrs)} if isinstance(value, FileImage) else members
