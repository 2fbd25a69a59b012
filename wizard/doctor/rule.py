"""A rule of the doctor: the facts that it needs, when it applies, and its check."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wizard.doctor.facts import DoctorFacts
from wizard.findings import Finding, Locator


class Result(StrEnum):
    """The outcome of one rule."""

    PASS = "pass"  # noqa: S105 - an outcome
    FOUND = "found"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule's result; `not_applicable`, `not_run` and `broken` have a reason."""

    rule: str
    result: Result
    reason: str = ""

    def as_json(self) -> dict[str, str]:
        """The outcome object of the contract."""
        return {"rule": self.rule, "outcome": self.result.value, "reason": self.reason}


class NotApplicable(Exception):  # noqa: N818 - an answer, not an error
    """Raised by a check that does not apply; the text says why."""


class CouldNotLook(Exception):  # noqa: N818 - an answer, not an error
    """Raised by a check that lacks a fact; the text says why."""


Check = Callable[[DoctorFacts], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: permanent, dotted; mostly the code of its finding.
        needs: members of `DoctorFacts` without which it cannot look.
        check: pure; yields what it finds.
    """

    name: str
    needs: tuple[str, ...]
    check: Check

    def run(self, facts: DoctorFacts) -> tuple[Outcome, list[Finding]]:
        """Check *facts*. A rule that crashes is an outcome too, and never stops the others."""
        for part in self.needs:
            if getattr(facts, part) is None:
                reason = facts.unseen.get(part, "")
                result = Result.NOT_RUN if reason else Result.NOT_APPLICABLE
                return Outcome(self.name, result, reason or f"there is nothing to check ({part})"), []
        try:
            found = list(self.check(facts))
        except NotApplicable as answer:
            return Outcome(self.name, Result.NOT_APPLICABLE, str(answer)), []
        except CouldNotLook as answer:
            return Outcome(self.name, Result.NOT_RUN, str(answer)), []
        except Exception as error:  # noqa: BLE001 - one broken rule must not hide what the others found
            return Outcome(self.name, Result.BROKEN, type(error).__name__), []
        return Outcome(self.name, Result.FOUND if found else Result.PASS), found


def file_at(path: str, line: int = 0) -> Locator:
    """Where a finding about a file is."""
    return Locator("file", path=path, line=line)


def setting_at(path: str, line: int = 0) -> Locator:
    """Where a finding about a setting is."""
    return Locator("setting", path=path, line=line)
