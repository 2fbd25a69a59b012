"""One short way to write a refusal of this room into the catalogue."""

from wizard.findings import FindingSpec, Severity


def refusal(code: str, title: str, message: str, why: str, fix: str, *, source: str = "manual") -> FindingSpec:
    """A catalogue entry for something that the wizard cannot go on with; parameters as in `FindingSpec`."""
    return FindingSpec(code, Severity.BLOCKER, title, message, why, fix, source)
