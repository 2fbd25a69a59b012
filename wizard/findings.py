"""Findings: a code, the thing it was found on, and the facts that fill its text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import PurePath
from typing import Any

from wizard.printable import printable
from wizard.self_start import load
from wizard.texts.model import Text

TEXTS, NOTES = "wizard.texts.en.catalogue:TEXTS", "wizard.texts.en.catalogue:NOTES"
"""Loaded late, because most starts of the program show none."""

Fact = str | int | float | PurePath | tuple[str, ...]
"""What fills a placeholder: text from anywhere, a number, a path, or texts for one line each."""


class Severity(IntEnum):
    """How bad it is.

    NOTE is worth knowing; WARNING is bad practice or will fail soon; ERROR fails for someone; BLOCKER cannot work at
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
class Code:
    """What can be reported or refused: permanent, and the same for people and scripts.

    Attributes:
        code: dotted, `area.what` in lower case with hyphens; the key of its words in `wizard/texts/`.
        severity: of every occurrence of this code.
    """

    code: str
    severity: Severity

    @property
    def text(self) -> Text:
        """Its words, with `{facts}` to fill in."""
        text: Text = load(TEXTS)[self.code]
        return text

    def filled(self, facts: Mapping[str, Fact], case: str = "") -> tuple[str, str]:
        """Message and fix, ready to be shown.

        Args:
            facts: what fills the placeholders; made printable here, a tuple one line for each of its texts.
            case: the situation, where the text tells several apart.
        """
        shown = {name: _shown(value) for name, value in facts.items()}
        message, fix = self.text.words(case)
        return message.format_map(shown), fix.format_map(shown).strip()


def note_text(code: str, facts: Mapping[str, Fact]) -> str:
    """The sentence of a note on a file, filled with *facts*, which are made printable here."""
    sentence: str = load(NOTES)[code]
    return sentence.format_map({name: _shown(value) for name, value in facts.items()})


def _shown(value: Fact) -> str | int | float:
    if isinstance(value, int | float):
        return value
    return "\n".join(map(_line, value)) if isinstance(value, tuple) else _line(value)


def _line(value: object) -> str:
    return printable(str(value))


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

    spec: Code
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
    def title(self) -> str:
        """A few words, for lists."""
        return self.spec.text.title

    @property
    def message(self) -> str:
        """What was found, with its evidence, ready to be shown."""
        return self.spec.filled(self.facts)[0]

    @property
    def why(self) -> str:
        """What goes wrong if it stays."""
        return self.spec.text.why

    @property
    def fix(self) -> str:
        """What to do, ready to be shown."""
        return self.spec.filled(self.facts)[1]

    def as_json(self) -> dict[str, Any]:
        """The finding object of the contract."""
        return {
            "code": self.code,
            "severity": self.severity.word,
            "subject": self.subject.as_json(),
            "message": self.message,
            "why": self.why,
            "fix": self.fix,
            "facts": dict(self.facts),
            "caused_by": self.caused_by,
        }


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among *findings*, or None when there are none."""
    return max((finding.severity for finding in findings), default=None)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of *findings* is an error or worse: then the change must not be made."""
    return any(finding.severity >= Severity.ERROR for finding in findings)


def worst_finding(findings: Sequence[Finding]) -> Finding:
    """The first of those with the highest severity; there must be one."""
    return max(findings, key=lambda finding: finding.severity)
