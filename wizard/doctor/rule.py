"""A rule of the doctor: the facts that it needs, when it applies, and its check."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wizard.doctor.facts import CertificateFacts, DoctorFacts, FileFacts, ProbeFacts
from wizard.findings import Code, Finding, Locator


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


Check = Callable[..., Iterator[Finding]]
"""Gets all facts, and behind them each part that its rule needs."""


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
            found = list(self.check(facts, *(getattr(facts, part) for part in self.needs)))
        except NotApplicable as answer:
            return Outcome(self.name, Result.NOT_APPLICABLE, str(answer)), []
        except CouldNotLook as answer:
            return Outcome(self.name, Result.NOT_RUN, str(answer)), []
        except Exception as error:  # noqa: BLE001 - one broken rule must not hide what the others found
            return Outcome(self.name, Result.BROKEN, type(error).__name__), []
        return Outcome(self.name, Result.FOUND if found else Result.PASS), found


def at_file(which: Code, path: str, **values: str | int) -> Finding:
    """A finding about the file at *path*, which is one of its facts, as is the line that *values* may give."""
    return Finding(which, Locator("file", path=path, line=int(values.get("line", 0))), {"path": path, **values})


def at_endpoint(which: Code, seen: ProbeFacts, **values: str | int) -> Finding:
    """A finding about the node that was probed."""
    return Finding(which, Locator("endpoint", endpoint=seen.endpoint), {"endpoint": seen.endpoint, **values})


def unreadable(which: Code, file: FileFacts) -> Iterator[Finding]:
    """The finding *which* when the service may not read *file*.

    Raises:
        CouldNotLook: it is not known whether it may.
    """
    if file.service_reads is None:
        raise CouldNotLook(file.blocked_why or "the service's account is not known")
    if not file.service_reads:
        yield at_file(which, file.path, reason=file.blocked_why, at=file.blocked_at or file.path)


def read(file: FileFacts, name: str) -> None:
    """Nothing, when the bytes of *file* were read.

    Raises:
        NotApplicable: there is no such file.
        CouldNotLook: this account may not read it.
    """
    if file.problem:
        raise CouldNotLook(file.problem)
    if file.kind != "file":
        raise NotApplicable(f"{name} is missing")


def answering(probes: Iterable[ProbeFacts]) -> list[tuple[ProbeFacts, CertificateFacts]]:
    """The nodes that present a certificate, each with it.

    Raises:
        CouldNotLook: there is none.
    """
    found = [(seen, seen.leaf) for seen in probes if seen.leaf is not None]
    if not found:
        raise CouldNotLook("no certificate is presented")
    return found
