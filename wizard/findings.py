"""What rules report: a catalogue entry, what it was found on, and the facts that filled it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from wizard.printable import printable


class Severity(IntEnum):
    """How bad it is.

    NOTE is worth knowing; WARNING is bad practice or will bite soon; ERROR fails for someone; BLOCKER cannot work at
    all, and the wizard will not go on with it.
    """

    NOTE = 0
    WARNING = 1
    ERROR = 2
    BLOCKER = 3

    @property
    def word(self) -> str:
        """The lower-case name that JSON and reports use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class FindingSpec:
    """A catalogue entry: permanent, and the same in every face.

    Attributes:
        code: dotted and permanent, `room.what` in lower case with hyphens.
        severity: of every occurrence of this code.
        title: a few words, for lists.
        message: one or two sentences with `{facts}` to fill in: state first, then evidence.
        why: what goes wrong if it stays.
        fix: what to do next; may use the same `{facts}`.
        source: where this is known from (RFC, JDK document, vendor manual).
    """

    code: str
    severity: Severity
    title: str
    message: str
    why: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True)
class Locator:
    """The thing that a finding is about.

    Attributes:
        kind: `file`, `setting`, `certificate`, `chain`, `endpoint`, `unit`, `machine`, `answer`.
        path: of a file, as the operator knows it.
        endpoint: `host:port`.
        sha256: of a certificate, lower-case hex.
        line: in the file, from 1.
    """

    kind: str
    path: str = ""
    endpoint: str = ""
    sha256: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        """The `subject` object of the contract; empty members are left out."""
        members = {"path": self.path, "endpoint": self.endpoint, "sha256": self.sha256, "line": self.line}
        return {"kind": self.kind, **{name: value for name, value in members.items() if value}}


@dataclass(frozen=True, slots=True)
class Finding:
    """One occurrence. The facts are plain text or numbers; they are made printable when the message is filled."""

    spec: FindingSpec
    subject: Locator
    facts: Mapping[str, str | int] = field(default_factory=dict)
    caused_by: str | None = None

    @property
    def code(self) -> str:
        """The permanent code."""
        return self.spec.code

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.spec.severity

    @property
    def message(self) -> str:
        """What was found, with its evidence, ready to be shown."""
        return self.spec.message.format_map(self._shown())

    @property
    def fix(self) -> str:
        """What to do, ready to be shown."""
        return self.spec.fix.format_map(self._shown())

    def _shown(self) -> dict[str, str]:
        return {name: printable(str(value)) for name, value in self.facts.items()}

    def as_json(self) -> dict[str, Any]:
        """The finding object of the contract."""
        return {
            "code": self.code,
            "severity": self.severity.word,
            "subject": self.subject.as_json(),
            "message": self.message,
            "why": self.spec.why,
            "fix": self.fix,
            "facts": dict(self.facts),
            "caused_by": self.caused_by,
        }


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among *findings*, or None when there are none."""
    return max((finding.severity for finding in findings), default=None)


def worst_finding(findings: Sequence[Finding]) -> Finding:
    """The first of those with the highest severity; there must be one."""
    return max(findings, key=lambda finding: finding.severity)


def refusal(code: str, title: str, message: str, why: str, fix: str, *, source: str = "manual") -> FindingSpec:
    """A catalogue entry for something that the wizard cannot go on with; parameters as in `FindingSpec`."""
    return FindingSpec(code, Severity.BLOCKER, title, message, why, fix, source)
