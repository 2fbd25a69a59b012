"""Refusals: a code, the cause, what to do, and the file or host concerned."""

from enum import IntEnum
from pathlib import PurePath
from typing import Self

from wizard.findings import Code, Fact, Finding, Severity


class ExitCode(IntEnum):
    """The exit codes that scripts rely on."""

    DONE = 0
    FINDINGS = 1
    UNUSABLE = 2
    ROLLED_BACK = 3
    NEEDS_RECOVERY = 4
    BUSY = 5
    BUG = 70


class WizardError(Exception):
    """A refusal that was foreseen: the input, the machine or the moment does not allow what was asked.

    Attributes:
        spec: the code with its severity.
        code: permanent, dotted, in the catalogue (`findings CODE` explains it).
        message: what is so, and the evidence; one or two sentences, safe to show.
        hint: what to do; may hold several lines.
        subject: the file, host or setting concerned.
        exit_code: what a command ends with when nobody handles this.
    """

    exit_code: ExitCode = ExitCode.UNUSABLE

    def __init__(self, spec: Code, /, *, case: str = "", subject: str | PurePath = "", **facts: Fact) -> None:
        """Fill the text of *spec*, for the situation *case* if it has several, with *facts*."""
        message, hint = spec.filled(facts, case)
        super().__init__(message)
        self.spec = spec
        self.code = spec.code
        self.message = message
        self.hint = hint
        self.subject = str(subject)

    @classmethod
    def of(cls, finding: Finding, subject: str = "") -> Self:
        """The refusal because of *finding*, in its words."""
        return cls._worded(finding.spec, finding.message, finding.fix, subject)

    @classmethod
    def recorded(cls, code: str, message: str, hint: str = "", subject: str = "") -> Self:
        """An error that another process has put into words."""
        return cls._worded(Code(code, Severity.BLOCKER), message, hint, subject)

    @classmethod
    def _worded(cls, spec: Code, message: str, hint: str, subject: str) -> Self:
        error = cls.__new__(cls, message)
        error.spec, error.code = spec, spec.code
        error.message, error.hint, error.subject = message, hint, subject
        return error

    def __str__(self) -> str:
        return self.message

    @property
    def in_one_line(self) -> str:
        """What is so and what to do, one after the other as whole sentences."""
        stop = "" if self.message.endswith((".", "!", "?", ":")) else "."
        return f"{self.message}{stop if self.hint else ''} {' '.join(self.hint.split())}".rstrip()


class TextSyntaxError(WizardError, ValueError):
    """A text that does not parse, or is beyond a bound of the wizard. Lines and columns count from 1."""

    beyond = False
    """Whether it is a bound that was exceeded: then nothing is known to be damaged."""

    def __init__(
        self, spec: Code, *, line: int, column: int, case: str = "", subject: str | PurePath = "", **facts: Fact
    ) -> None:
        super().__init__(spec, case=case, subject=subject, line=line, column=column, **facts)
        self.line = line
        self.column = column


class RecoveryNeededError(WizardError):
    """An interrupted change must be finished or undone first, or an undo was incomplete."""

    exit_code = ExitCode.NEEDS_RECOVERY


class BusyError(WizardError):
    """Another run holds the lock."""

    exit_code = ExitCode.BUSY
