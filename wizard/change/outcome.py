"""How a run ended, and the exit code for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change.durable import FULL, write_failure
from wizard.errors import ExitCode, WizardError

APPLIED = "applied"
NO_CHANGE = "nothing_to_do"
ROLLED_BACK = "rolled_back"
STUCK = "recovery_needed"
REFUSED = "refused"
KEPT = "kept"

EXIT = {
    APPLIED: ExitCode.DONE,
    NO_CHANGE: ExitCode.DONE,
    KEPT: ExitCode.DONE,
    ROLLED_BACK: ExitCode.ROLLED_BACK,
    STUCK: ExitCode.NEEDS_RECOVERY,
    REFUSED: ExitCode.UNUSABLE,
}


SETTLE = "settle"
"""The step that watches the server after the change; `skipped` when it was not."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it failed: the four parts of a `WizardError`, as data."""

    code: str
    message: str
    hint: str = ""
    subject: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """The failure that *error* means; an unforeseen one is named by type and place, never by its values."""
        if isinstance(error, WizardError):
            return cls(error.code, error.message, error.hint, error.subject)
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else f" ({place.tb_frame.f_globals.get('__name__', '?')}:{place.tb_lineno})"
        if isinstance(error, OSError) and error.errno in FULL and error.filename:
            return cls.of(write_failure(Path(error.filename), error))
        if isinstance(error, OSError):
            reason = error.strerror or "no reason given"
            return cls.of(WizardError(codes.CHANGE_SYSTEM, reason=reason, where=where))
        return cls.of(WizardError(codes.CHANGE_BUG, kind=type(error).__name__, where=where))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of `apply`, `rollback` or `recover`.

    Attributes:
        outcome: `applied`, `nothing_to_do`, `rolled_back`, `recovery_needed`, `refused` (before anything was touched)
            or `kept` (closed by the operator as it is).
        change: id of the change, empty when there is none.
        digest: of the plan.
        steps: last state of each step: `done`, `failed`, `undone`, `skipped`.
        failure: why it was not applied.
        page: real path of the text that says what is where, when recovery is needed.
        at: when it ended, RFC 3339, UTC; "" when that is not known.
        evidence: real path of the text for a change ticket, when there is one.
    """

    outcome: str
    change: str = ""
    digest: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    page: str = ""
    at: str = field(default="", compare=False)
    evidence: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        return EXIT[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """The members that `apply --json` promises, and more."""
        failure = self.failure
        return {
            "outcome": self.outcome,
            "change": self.change or None,
            "digest": self.digest,
            "steps": [{"id": name, "state": state} for name, state in self.steps.items()],
            "error": None
            if failure is None
            else {"code": failure.code, "message": failure.message, "hint": failure.hint, "subject": failure.subject},
            "page": self.page or None,
            "evidence": self.evidence or None,
        }
