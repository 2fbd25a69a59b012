"""A plan as data: the same object is reviewed, hashed, saved and applied."""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from wizard.findings import Finding
from wizard.host.directory import Identity
from wizard.printable import endpoint


def digest_of(data: bytes) -> str:
    """SHA-256, lower-case hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a file step expects to find; a step whose file looks different by then is refused.

    Attributes:
        exists: whether there is a file.
        sha256: of its bytes, lower-case hex; empty when there is none.
        mode: permission bits, None when there is none.
        uid: numeric owner, None when there is none.
        gid: numeric group, None when there is none.
        kind: `file`, `absent`, or another word of `wizard.change.durable` (a folder is never a fit target).
        link_to: where the path really leads when it passes through symbolic links, as a logical path; else empty.
        folder: which folder holds it; None when the folder is not there yet. It says nothing about what will be done,
            so it is neither compared nor in the digest.
    """

    exists: bool = False
    sha256: str = ""
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    kind: str = "absent"
    link_to: str = ""
    folder: Identity | None = field(default=None, compare=False)

    @property
    def as_list(self) -> list[Any]:
        """What is compared, for files and digests."""
        return [self.exists, self.sha256, self.mode, self.uid, self.gid, self.kind, self.link_to]


ABSENT = Expectation()
"""There is nothing yet."""


@dataclass(frozen=True, slots=True)
class _OfPath:
    id: str
    path: PurePosixPath

    @property
    def target(self) -> str:
        """The file or folder, as the operator knows it."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PutFile(_OfPath):
    """Write a whole file, new or replaced.

    Attributes:
        id: unique within the plan, a short word (`keystore`).
        path: logical, absolute.
        data: the bytes; never shown.
        content_id: what the digest covers instead of the bytes (a PFX has random salts); empty: the bytes themselves.
        mode: permission bits of the result.
        uid: numeric owner of the result; None keeps the present one, or the writer's for a new file.
        gid: numeric group, in the same way.
        expect: what is there now.
        summary: one line for the review.
        proof: name of the secret that opens this key store, for the verification by the JVM; None for other files.
        proof_alias: the key entry's name; without it the JVM has to be started once more to find it.
        proven: what the product's Java reported of the store while planning; empty when it could not be asked.
        diff: unified diff with secrets masked, where the file is a text; empty otherwise.
    """

    data: bytes = field(repr=False)
    mode: int
    expect: Expectation
    summary: str
    content_id: str = ""
    uid: int | None = None
    gid: int | None = None
    proof: str | None = None
    proof_alias: str | None = None
    proven: str = ""
    diff: str = ""

    kind = "put_file"

    @property
    def changed(self) -> bool:
        """Whether the result differs from what is expected to be there."""
        now = self.expect
        return not (
            now.exists
            and now.sha256 == digest_of(self.data)
            and now.mode == self.mode
            and self.uid in {None, now.uid}
            and self.gid in {None, now.gid}
        )


@dataclass(frozen=True, slots=True)
class MakeFolder(_OfPath):
    """Make one folder, for files of later steps; an undo takes it away again unless others have put something in it.

    A planner leaves this step out when the folder is there.

    Attributes:
        id: unique within the plan.
        path: logical, absolute; its parent is there, or is made by a step before.
        mode: permission bits.
        expect: what is there now: nothing.
        summary: one line for the review.
    """

    mode: int
    expect: Expectation
    summary: str

    kind = "make_folder"

    @property
    def changed(self) -> bool:
        """Whether it is not there yet."""
        return self.expect.kind != "folder"


@dataclass(frozen=True, slots=True)
class RemoveFile(_OfPath):
    """Remove a file.

    Attributes:
        id: unique within the plan.
        path: logical, absolute.
        expect: what is there now.
        summary: one line for the review.
    """

    expect: Expectation
    summary: str

    kind = "remove_file"
    data = b""

    @property
    def changed(self) -> bool:
        """Whether it is there."""
        return self.expect.exists


@dataclass(frozen=True, slots=True)
class EditFile(_OfPath):
    """Replace the text of an existing file; owner, extended attributes and, unless one is given, the mode stay.

    Attributes:
        id: unique within the plan.
        path: logical, absolute.
        data: the whole new content; never shown.
        diff: unified diff with secrets already masked.
        expect: what is there now.
        summary: one line for the review.
        content_id: what the digest covers instead of the bytes; empty: the bytes themselves.
        mode: permission bits of the result; None keeps them.
    """

    data: bytes = field(repr=False)
    diff: str
    expect: Expectation
    summary: str
    content_id: str = ""
    mode: int | None = None

    kind = "edit_file"

    @property
    def changed(self) -> bool:
        """Whether the new text or mode differs from what is expected to be there."""
        return self.expect.sha256 != digest_of(self.data) or self.mode not in {None, self.expect.mode}


@dataclass(frozen=True, slots=True)
class ImportTrust(_OfPath):
    """Add one trust anchor to a trust store that belongs to the JRE, or remove one.

    A planner leaves this step out when the store already holds the certificate by fingerprint, or does not.

    Attributes:
        id: unique within the plan.
        path: the trust store (`cacerts`), logical.
        certificate: DER.
        alias: the explicit name that the entry gets, or has.
        sha256: fingerprint of the certificate, lower-case hex.
        secret: name of the secret that opens the store.
        expect: what the store is now.
        summary: one line for the review.
        data: the whole new store, as keytool made it from the expected one while planning; it differs each time.
        removes: the entry is removed.
    """

    certificate: bytes = field(repr=False)
    alias: str
    sha256: str
    secret: str
    expect: Expectation
    summary: str
    data: bytes = field(default=b"", repr=False)
    removes: bool = False

    @property
    def kind(self) -> str:
        """For scripts and records."""
        return "remove_trust" if self.removes else "import_trust"

    @property
    def content_id(self) -> str:
        """What the digest covers instead of the bytes."""
        return f"{self.alias} {self.sha256} {self.expect.sha256}"

    @property
    def changed(self) -> bool:
        """Always: an anchor that is there already makes no step."""
        return True


@dataclass(frozen=True, slots=True)
class _OfUnit:
    id: str
    unit: str
    timeout_s: float = 300.0
    always: bool = False

    @property
    def target(self) -> str:
        """The unit."""
        return self.unit

    @property
    def changed(self) -> bool:
        """Whether this alone makes the plan worth applying."""
        return self.always


@dataclass(frozen=True, slots=True)
class Restart(_OfUnit):
    """Restart the service so that it reads the new files.

    Attributes:
        id: unique within the plan.
        unit: of systemd, or the words for another way.
        timeout_s: longest wait for the restart itself, in seconds.
        always: restart also when no file changes (a repair); otherwise it follows the file steps.
    """

    kind = "restart"

    @property
    def summary(self) -> str:
        """One line for the review."""
        return f"Restart {self.unit} and wait up to {self.timeout_s:g} s"


@dataclass(frozen=True, slots=True)
class LoadTimer(_OfUnit):
    """Let systemd read the unit files again; a timer with a file is then enabled and started, one without is stopped.

    Attributes:
        id: unique within the plan.
        unit: the timer, a name that ends in `.timer`.
        timeout_s: not used by a timer, which starts at once.
        always: do it also when no file changes, because the timer is not enabled or not started.
    """

    timeout_s: float = 0.0

    kind = "load_timer"

    @property
    def summary(self) -> str:
        """One line for the review."""
        return f"Let systemd read the files of {self.unit}, and check that it follows them"


@dataclass(frozen=True, slots=True)
class Probe:
    """Verify from outside that every node presents the right leaf.

    Attributes:
        id: unique within the plan.
        nodes: host and port of each.
        servername: sent as SNI; empty sends none.
        expect_sha256: fingerprint of the leaf that must be presented, lower-case hex.
        timeout_s: longest wait until it is, in seconds, counted from the end of the restart.
        fallback: the built-in certificate must be presented; `expect_sha256` is then empty.
    """

    id: str
    nodes: tuple[tuple[str, int], ...]
    servername: str
    expect_sha256: str
    timeout_s: float = 300.0
    fallback: bool = False

    kind = "probe"

    @property
    def target(self) -> str:
        """Every `host:port`."""
        return ", ".join(endpoint(host, port) for host, port in self.nodes)

    @property
    def summary(self) -> str:
        """One line for the review."""
        name = f" for the name {self.servername}" if self.servername else ""
        what = "the built-in certificate" if self.fallback else f"the certificate {self.expect_sha256[:16]}..."
        return f"Check that {self.target} presents {what}{name}"

    @property
    def changed(self) -> bool:
        """Never: a probe changes nothing."""
        return False


@dataclass(frozen=True, slots=True)
class CertificateNote:
    """A certificate that a change installs or replaces, for its evidence; says nothing about what will be done.

    Attributes:
        when: `before` or `after` the change.
        place: the file that holds it, logical.
        subject: RFC 4514.
        issuer: RFC 4514.
        serial: hex.
        not_before: RFC 3339, UTC.
        not_after: likewise.
        sha256: lower-case hex.
    """

    when: str
    place: str
    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    sha256: str

    def reversed(self) -> "CertificateNote":
        """For the undo."""
        return replace(self, when="after" if self.when == "before" else "before")


FileStep = MakeFolder | PutFile | EditFile | RemoveFile | ImportTrust
Step = FileStep | Restart | LoadTimer | Probe


def is_timer(unit: str) -> bool:
    """Whether *unit* is a timer of the wizard, and not the service that people print through."""
    return unit.endswith(".timer")


STEP_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
"""An id of a step; it becomes the name of a file in the folder of the change."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are made: files, then restart, then probes.

    Attributes:
        title: what this is for, in a few words; for people, not in the digest.
        steps: with unique ids; a file is the target of one step at most, except several imports into one trust store.
        created_for: the machine or role that the plan was made for.
        findings: what the operator should know before saying yes.
        java: path and version of the JRE that was asked about the stores; None when there was none.
        certificates: those before and after it, for the evidence; not in the digest.
    """

    title: str
    steps: tuple[Step, ...] = ()
    created_for: str = ""
    findings: tuple[Finding, ...] = ()
    java: tuple[str, str] | None = None
    certificates: tuple[CertificateNote, ...] = ()

    def __post_init__(self) -> None:
        """Refuse steps that could not be distinguished, or that would overwrite each other."""
        # Several anchors may go into one trust store: each step then continues from the result of the one before.
        stores = {step.target for step in self.file_steps if isinstance(step, ImportTrust)}
        written = [step.target for step in self.file_steps if not isinstance(step, ImportTrust)]
        for names in ([step.id for step in self.steps], [*written, *stores]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"a plan names {', '.join(twice)} twice")
        for step in self.steps:
            if not STEP_ID.fullmatch(step.id):
                raise ValueError(f"not an id of a step: {step.id!r}")

    @property
    def files_changed(self) -> int:
        """How many files change; folders are not counted."""
        return sum(step.changed for step in self.file_steps if not isinstance(step, MakeFolder))

    @property
    def file_steps(self) -> tuple[FileStep, ...]:
        """The steps that write."""
        return tuple(step for step in self.steps if isinstance(step, FileStep))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do: no file differs and no restart is asked for its own sake."""
        return not any(step.changed for step in self.steps)

    @property
    def is_proven(self) -> bool:
        """Whether the product's Java has opened the new key store."""
        return any(isinstance(step, PutFile) and step.proven for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of what will be done; the same answers on the same machine give the same."""
        content = {"schema": 1, "for": self.created_for, "steps": [_meaning(step) for step in self.steps]}
        return digest_of(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode())

    def as_json(self) -> dict[str, Any]:
        """The members that `plan --json` promises."""
        effective = not self.is_empty
        return {
            "digest": self.digest,
            "steps": [
                {
                    "id": step.id,
                    "kind": step.kind,
                    "target": step.target,
                    "summary": step.summary,
                    "changed": step.changed or (isinstance(step, Restart | LoadTimer) and effective),
                    "diff": step.diff if isinstance(step, EditFile) else getattr(step, "diff", "") or None,
                }
                for step in self.steps
            ],
            "findings": [finding.as_json() for finding in self.findings],
        }

    def without_findings(self) -> "Plan":
        """The same plan for the worker, which needs no explanations."""
        return replace(self, findings=())


def _meaning(step: Step) -> dict[str, Any]:
    base: dict[str, Any] = {"kind": step.kind, "id": step.id}
    if isinstance(step, Restart | LoadTimer):
        return base | {"unit": step.unit, "always": step.always}
    if isinstance(step, Probe):
        nodes = [[host, port] for host, port in step.nodes]
        base |= {"nodes": nodes, "servername": step.servername, "leaf": step.expect_sha256}
        return base | ({"fallback": True} if step.fallback else {})
    base |= {"path": str(step.path), "expect": step.expect.as_list}
    if isinstance(step, MakeFolder):
        return base | {"mode": step.mode}
    if isinstance(step, RemoveFile):
        return base
    base["content"] = step.content_id or digest_of(step.data)
    if isinstance(step, EditFile) and step.mode is not None:
        base["mode"] = step.mode
    if isinstance(step, PutFile):
        base |= {"mode": step.mode, "uid": step.uid, "gid": step.gid, "proof": step.proof}
    return base
