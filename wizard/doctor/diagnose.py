"""Diagnose the collected facts: run all rules, link symptoms to causes, choose a repair for each cause."""

from dataclasses import dataclass
from typing import Any

from wizard.doctor import saved_facts
from wizard.doctor.causes import linked, root_causes
from wizard.doctor.facts import DoctorFacts
from wizard.doctor.repair.choose import Repair, repair_for
from wizard.doctor.rule import Outcome, Result, Rule
from wizard.doctor.rules import clock_and_changes, conf, served, service, store, trust
from wizard.findings import Finding, Severity, has_errors

_FAMILIES = (clock_and_changes, conf, store, trust, service, served)

RULES: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)
"""Every rule, in the order in which outcomes are reported."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A finding that nothing else explains, an error or a warning, and what can be done about it."""

    finding: Finding
    repair: Repair


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of all rules.

    Attributes:
        facts: that were checked.
        outcomes: one for each rule.
        findings: causes first, each symptom with `caused_by`.
        root_causes: codes of the headlines, the first one the headline.
        repairs: for each root cause.
        causes: the root causes, and behind them the warnings that nothing else explains; each code once.
    """

    facts: DoctorFacts
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    root_causes: tuple[str, ...]
    repairs: tuple[Repair, ...]
    causes: tuple[Cause, ...] = ()

    @property
    def headline(self) -> Finding | None:
        """The first root cause; None when there is none."""
        if not self.root_causes:
            return None
        return next(finding for finding in self.findings if finding.code == self.root_causes[0])

    @property
    def bad(self) -> bool:
        """Whether a finding is an error or worse."""
        return has_errors(self.findings)

    @property
    def not_seen(self) -> tuple[Outcome, ...]:
        """Rules that could not look, or broke."""
        return tuple(each for each in self.outcomes if each.result in {Result.NOT_RUN, Result.BROKEN})

    def as_json(self) -> dict[str, Any]:
        """The members that `doctor --json` promises, and the repairs."""
        return {
            "facts": saved_facts.as_json(self.facts),
            "outcomes": [outcome.as_json() for outcome in self.outcomes],
            "findings": [finding.as_json() for finding in self.findings],
            "root_causes": list(self.root_causes),
            "repairs": [repair.as_json() for repair in self.repairs],
        }


def diagnose(facts: DoctorFacts) -> Diagnosis:
    """Check *facts*. Pure: the same facts give the same diagnosis, on any machine."""
    outcomes: list[Outcome] = []
    found: list[Finding] = []
    for rule in RULES:
        outcome, findings = rule.run(facts)
        outcomes.append(outcome)
        found += findings
    ordered = linked(_once(found))
    roots = root_causes(ordered)
    by_code: dict[str, Finding] = {}
    for each in ordered:
        if each.caused_by is None and each.severity >= Severity.WARNING:
            by_code.setdefault(each.code, each)
    causes = tuple(Cause(each, repair_for(each, facts)) for each in by_code.values())
    repairs = tuple(cause.repair for code in roots for cause in causes if cause.finding.code == code)
    return Diagnosis(facts, tuple(outcomes), tuple(ordered), tuple(roots), repairs, causes)


def _once(findings: list[Finding]) -> list[Finding]:
    """Remove duplicates: the same code about the same thing is reported once."""
    return list({(each.code, each.subject, str(sorted(each.facts.items()))): each for each in findings}.values())
