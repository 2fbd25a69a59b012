"""Diagnose the collected facts: run all rules, link symptoms to causes, choose a repair for each cause."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wizard import codes
from wizard.doctor.facts import DoctorFacts
from wizard.doctor.repair.choose import Repair, repair_for
from wizard.doctor.rule import Outcome, Result, Rule
from wizard.doctor.rules import clock_and_changes, conf, served, service, store, trust
from wizard.findings import Finding, Severity, has_errors


def _named(codes_of_findings: str) -> tuple[str, ...]:
    return tuple(codes_of_findings.split())


CONF = ("conf-not-used", "conf-missing", "conf-unreadable", "conf-utf16", "conf-syntax", "include-broken")
VALUE = _named(
    "setting-overruled setting-commented setting-missing conf-not-utf8 typographic-quotes value-cut setting-masked "
    "setting-elsewhere settings-lost"
)
FILE = _named("store-lost store-missing store-is-folder store-unreadable store-empty store-damaged store-not-pkcs12")
CONTENT = _named(
    "password-wrong password-not-ascii key-password store-too-new store-no-key store-key-mismatch store-two-keys"
)
STORE = (*CONF, *VALUE, *FILE, *CONTENT, "java-refuses-store")
TRUST = ("jre-missing", "cacerts-missing", "cacerts-unreadable", "cacerts-damaged", "cacerts-empty", "cacerts-password")
_UNIT = _named("unit-missing unit-broken unit-masked account-missing")
DOWN = ("port-taken", *CONF, *_UNIT, *_named("crash-loop service-failed service-stopped service-starting"))

_CAUSES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("store-missing", "store-is-folder", "password-wrong", "password-not-ascii"), VALUE),
    "store-missing": (*VALUE, "store-lost"),
    **dict.fromkeys(("store-empty", "store-damaged"), ("store-lost",)),
    "settings-lost": (*CONF, *(each for each in VALUE if each not in {"setting-missing", "settings-lost"})),
    "setting-missing": ("setting-commented", "settings-lost"),
    **dict.fromkeys(("conf-missing", "jre-missing", "unit-missing"), ("product-missing",)),
    "setting-masked": ("setting-elsewhere",),
    "conf-damaged": VALUE,
    "java-refuses-store": (*CONF, *VALUE, *FILE, *CONTENT),
    "store-named-otherwise": ("store-two-keys", "for-another-host"),
    "for-another-host": ("store-two-keys",),
    "keytool-missing": ("jre-missing",),
    "cacerts-missing": ("product-missing", "jre-missing"),
    "root-not-trusted": ("cacerts-replaced", *TRUST),
    "cacerts-replaced": TRUST,
    **dict.fromkeys(("crash-loop", "service-failed"), ("port-taken", *CONF, "account-missing")),
    "service-stopped": (*CONF, "account-missing"),
    **dict.fromkeys(("service-starting", "not-tls", "tls12-off"), ("port-taken",)),
    "nothing-listens": ("product-missing", *DOWN),
    "not-restarted": STORE,
    "fallback-served": (*STORE, "not-restarted"),
    "other-certificate-served": ("port-taken", *STORE, "not-restarted"),
    "ca-not-accepted": (*TRUST, "root-not-trusted", "cacerts-replaced", "not-restarted", "fallback-served"),
    "change-interrupted": (),
}
"""Symptom to its possible causes, the deepest first; codes without their prefix."""

_BY_CHAIN = {
    **dict.fromkeys(("served-incomplete", "root-not-known"), (codes.CHAIN_INCOMPLETE.code,)),
    **dict.fromkeys(
        ("served-for-another-name", "store-named-otherwise"), (codes.NAME_NO_SAN.code, codes.NAME_WRONG_HOST.code)
    ),
    "fallback-served": (codes.STRENGTH_WEAK_KEY.code, codes.STRENGTH_WEAK_HASH.code),
    "java-refuses-store": (codes.STRENGTH_WEAK_KEY.code, codes.STRENGTH_WEAK_HASH.code, codes.CHAIN_INCOMPLETE.code),
}
"""The same where the cause is a finding of the certificate rules."""

_OF_THE_STORE = ("store-not-pkcs12", "store-two-keys")
"""Causes for a chain in the store other than the intended one."""

_CLOCK = (
    codes.VALIDITY_LEAF_NOT_YET_VALID.code,
    codes.VALIDITY_INTERMEDIATE_NOT_YET_VALID.code,
    codes.VALIDITY_CLOCK_BEHIND.code,
)
"""Findings that a wrong clock can cause."""

_FIRST = (
    *("product-missing", "change-interrupted", "clock-wrong", *CONF, "account-missing", *VALUE, *FILE, *CONTENT),
    *_named("jre-missing unit-missing unit-broken unit-masked port-taken crash-loop service-failed service-stopped"),
    "not-restarted",
)
"""Root causes in the order in which they are reported; the others follow by severity."""


def _code(short: str) -> str:
    return f"doctor.{short}"


_PLACE = {_code(short): place for place, short in enumerate(_FIRST)}


def linked(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, each symptom pointing to the cause that is among them; causes first, then by severity."""
    present = {finding.code for finding in findings}
    result = [replace(finding, caused_by=_cause(finding, present)) for finding in findings]
    return sorted(result, key=_rank)


def _cause(finding: Finding, present: set[str]) -> str | None:
    short = finding.code.removeprefix("doctor.")
    causes = [_code(each) for each in _CAUSES.get(short, ())] if finding.code != short else []
    causes += _BY_CHAIN.get(short, ())
    if finding.code == short:
        causes += [_code(each) for each in _OF_THE_STORE]
    if finding.code in _CLOCK:
        causes.append(_code("clock-wrong"))
    return next((code for code in causes if code in present and code != finding.code), None)


def _rank(finding: Finding) -> tuple[bool, int, int]:
    # A blocker is no deeper than an error; among both the order of the causes decides.
    level = min(finding.severity, Severity.ERROR)
    return finding.caused_by is not None, -level, _PLACE.get(finding.code, len(_PLACE))


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
    causes: tuple[Cause, ...]

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
            "facts": asdict(self.facts),
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
    # The same code about the same thing is reported once.
    once = {(each.code, each.subject, str(sorted(each.facts.items()))): each for each in found}
    ordered = linked(list(once.values()))
    by_code: dict[str, Finding] = {}
    for each in ordered:
        if each.caused_by is None and each.severity >= Severity.WARNING:
            by_code.setdefault(each.code, each)
    causes = tuple(Cause(each, repair_for(each, facts)) for each in by_code.values())
    # The headlines are the errors; without any error, the warnings.
    roots = [each for each in causes if each.finding.severity >= Severity.ERROR] or causes
    headlines, repairs = tuple(each.finding.code for each in roots), tuple(each.repair for each in roots)
    return Diagnosis(facts, tuple(outcomes), tuple(ordered), headlines, repairs, causes)
