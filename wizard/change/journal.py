"""The write-ahead log: each intent is on disk before its step; then what was done and how it ended."""

import contextlib
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard import codes
from wizard.change.durable import REAL, Syscalls
from wizard.change.file_image import read_image
from wizard.errors import RecoveryNeededError
from wizard.findings import Fact
from wizard.host.directory import Directory

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
