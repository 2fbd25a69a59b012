"""Every code that the wizard can say, for people who look one up."""

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Code


def catalogue() -> dict[str, Code]:
    """Code to entry, in the order of the codes."""
    return dict(sorted(codes.ALL.items()))


def entry(code: str) -> Code:
    """The catalogue's entry for *code*; case and surrounding spaces do not matter.

    Raises:
        WizardError: `findings.unknown-code`, naming codes that are near.
    """
    wanted = code.strip().lower()
    entries = catalogue()
    if wanted in entries:
        return entries[wanted]
    near = [each for each in entries if wanted and (wanted in each or each.rpartition(".")[2] == wanted)][:5]
    if near:
        raise WizardError(
            codes.FINDINGS_UNKNOWN_CODE, case="near", subject=wanted, code=wanted[:80], near=", ".join(near)
        )
    raise WizardError(codes.FINDINGS_UNKNOWN_CODE, subject=wanted, code=wanted[:80])
