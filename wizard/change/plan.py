"""What will be changed, as data: reviewed, digested, written out, and applied from the very same object."""

import json
import re
from dataclasses import replace
from typing import Any

from wizard.change.steps import (
    ABSENT,
    EditFile,
    Expectation,
    FileStep,
    ImportTrust,
    MakeFolder,
    Probe,
    PutFile,
    Restart,
    Step,
    digest_of,
)
from wizard.findings import Finding
from wizard.records import dataclass

__all__ = [
    "ABSENT",
    "EditFile",
    "Expectation",
    "FileStep",
    "ImportTrust",
    "MakeFolder",
    "Plan",
    "Probe",
    "PutFile",
    "Restart",
    "Step",
]

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are made: files, then restart, then probes.

    Attributes:
        title: what this is for, in a few words; for people, not in the digest.
        steps: with unique ids; a file is the target of one step at most, except several imports into one trust store.
        created_for: the machine or role that the plan was made for.
        findings: what the operator should know before saying yes.
    """

    title: str
    steps: tuple[Step, ...] = ()
    created_for: str = ""
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Refuse steps that could not be told apart, or that would overwrite each other."""
        # Several anchors may go into one trust store: each step then continues from the result of the one before.
        written = [str(step.path) for step in self.steps if isinstance(step, MakeFolder | PutFile | EditFile)]
        stores = {str(step.path) for step in self.steps if isinstance(step, ImportTrust)}
        for names in ([step.id for step in self.steps], [*written, *stores]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"a plan names {', '.join(twice)} twice")
        for step in self.steps:
            # It becomes the name of a file in the change's folder.
            if not _ID.fullmatch(step.id):
                raise ValueError(f"not an id of a step: {step.id!r}")

    @property
    def file_steps(self) -> tuple[FileStep, ...]:
        """The steps that write."""
        return tuple(step for step in self.steps if isinstance(step, FileStep))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do: no file differs and no restart is asked for its own sake."""
        return not any(step.changed for step in self.steps)

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
                    "changed": step.changed or (isinstance(step, Restart) and effective),
                    "diff": step.diff if isinstance(step, EditFile) else None,
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
    if isinstance(step, Restart):
        return base | {"unit": step.unit, "always": step.always}
    if isinstance(step, Probe):
        nodes = [[host, port] for host, port in step.nodes]
        return base | {"nodes": nodes, "servername": step.servername, "leaf": step.expect_sha256}
    now = step.expect
    base |= {
        "path": str(step.path),
        "expect": [now.exists, now.sha256, now.mode, now.uid, now.gid, now.kind, now.link_to],
    }
    if isinstance(step, ImportTrust):
        return base | {"alias": step.alias, "sha256": step.sha256}
    if isinstance(step, MakeFolder):
        return base | {"mode": step.mode}
    base["content"] = step.content_id or digest_of(step.data)
    if isinstance(step, PutFile):
        base |= {"mode": step.mode, "uid": step.uid, "gid": step.gid, "proof": step.proof}
    return base
