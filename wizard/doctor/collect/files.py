"""Collect facts about single files: kind and content, the target of a link, and whether the service can read it."""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.change.targets import resolve
from wizard.doctor.facts import CertificateFacts, FileFacts, Refused
from wizard.errors import TextSyntaxError, WizardError
from wizard.host.access import Account, may_read, readable_as
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.printable import printable
from wizard.times import rfc3339


@dataclass(frozen=True, slots=True)
class Written:
    """A file as a plan leaves it.

    Attributes:
        data: its bytes.
        rights: mode, owner and group; None keeps what is there, as does None for the owner or the group.
    """

    data: bytes
    rights: tuple[int, int | None, int | None] | None = None


Coming = Mapping[PurePosixPath, Written]
"""Logical path to what a plan writes there; it is examined in place of what is there now."""

NOTHING: Coming = MappingProxyType({})


def file_facts(
    machine: Machine, logical: PurePosixPath | str, account: Account | None, coming: Coming = NOTHING
) -> tuple[FileFacts, bytes]:
    """The facts of the file at *logical*, links followed, and its bytes (empty when unreadable). Never raises.

    Args:
        machine: where it is.
        logical: its path.
        account: of the service.
        coming: what a plan writes.
    """
    now, data = _now(machine, str(logical), account)
    written = coming.get(PurePosixPath(logical))
    return (now, data) if written is None else (_after(now, written, account), written.data)


def _after(now: FileFacts, written: Written, account: Account | None) -> FileFacts:
    data = written.data
    file = replace(now, kind="file", problem="", size=len(data), sha256=hashlib.sha256(data).hexdigest())
    by_folder = now.service_reads is False and now.blocked_at not in {now.path, now.link_to}
    if written.rights is None:
        return file
    mode, uid, gid = written.rights
    file = replace(file, mode=mode, uid=file.uid if uid is None else uid, gid=file.gid if gid is None else gid)
    if account is None or by_folder:
        return file
    reads = may_read(account, mode, file.uid, file.gid)
    at, why = ("", "") if reads else (file.path, f"{account.name} may not read it (mode {mode:04o} after the change)")
    return replace(file, service_reads=reads, blocked_at=at, blocked_why=why)


def _now(machine: Machine, path: str, account: Account | None) -> tuple[FileFacts, bytes]:
    access = readable_as(machine, path, account)
    values: dict[str, Any] = {
        "path": path,
        "service_reads": access.ok,
        "blocked_at": str(access.blocked_at or ""),
        "blocked_why": access.reason,
    }
    try:
        target = resolve(machine, PurePosixPath("/" + path.lstrip("/")))
        real = machine.real(target.path)
        seen = os.stat(real)  # noqa: PTH116 - one word for one system call
    except (FileNotFoundError, NotADirectoryError):
        return FileFacts(**values, kind="absent"), b""
    except (OSError, ValueError, WizardError) as problem:
        return FileFacts(**values, kind="unknown", problem=_words(problem)), b""
    values |= {
        "link_to": str(target.path) if target.path != target.named else "",
        "kind": "file" if stat.S_ISREG(seen.st_mode) else "folder" if stat.S_ISDIR(seen.st_mode) else "other",
        "size": seen.st_size,
        "mode": stat.S_IMODE(seen.st_mode),
        "uid": seen.st_uid,
        "gid": seen.st_gid,
        "mtime": seen.st_mtime,
    }
    data, problem_text, digest = b"", "", ""
    if values["kind"] == "file":
        try:
            data = read_input(real)
            digest = hashlib.sha256(data).hexdigest()
        except WizardError as problem:
            problem_text = problem.message
    return FileFacts(**values, sha256=digest, problem=problem_text), data


def refused(error: WizardError) -> Refused:
    """A refusal as data."""
    if isinstance(error, TextSyntaxError):
        return Refused(error.code, error.message, error.hint, error.line, error.column)
    return Refused(error.code, error.message, error.hint)


def certificate_facts(certificate: Certificate) -> CertificateFacts:
    """A certificate as data; parts that do not parse are empty."""
    usage = fields.usage_names(certificate)
    return CertificateFacts(
        subject=names.subject(certificate),
        issuer=names.issuer(certificate),
        sha256=certificate.sha256,
        not_before=rfc3339(fields.not_before(certificate)),
        not_after=rfc3339(fields.not_after(certificate)),
        name=names.short(certificate),
        san=tuple(printable(name) for name in fields.names(certificate)),
        eku=tuple(usage) if usage is not None else None,
        is_ca=fields.is_ca(certificate),
        self_issued=fields.self_issued(certificate),
        key=fields.key_label(certificate),
        signature=fields.signature_label(certificate),
    )


def _words(problem: Exception) -> str:
    if isinstance(problem, WizardError):
        return problem.message
    strerror = problem.strerror if isinstance(problem, OSError) else None
    return f"it could not be read: {(strerror or 'error').lower()}"
