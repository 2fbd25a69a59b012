"""Every code that the wizard can say, collected from the modules that declare them."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import wizard
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity

TABLES = ("SPECS", "REFUSALS")
ENTRY_POINT = "wizard.__main__"
"""Importing it starts the program."""

UNKNOWN = FindingSpec(
    "findings.unknown-code",
    Severity.BLOCKER,
    "There is no such code",
    "The code that was asked for is not in the catalogue.",
    "It may be misspelt, or come from another version.",
    "Run findings without a code for the list.",
    "interface of the findings command",
)
REFUSALS = (UNKNOWN,)


@cache
def catalogue() -> dict[str, FindingSpec]:
    """Code to entry, in the order of the codes.

    Where two modules declare one code (both may raise it), the first in the order of their names counts.
    """
    found: dict[str, FindingSpec] = {}
    for module in modules():
        for table in TABLES:
            for spec in getattr(module, table, ()):
                if isinstance(spec, FindingSpec):
                    found.setdefault(spec.code, spec)
    return dict(sorted(found.items()))


def modules() -> Iterator[ModuleType]:
    """Every module of the engine, imported; none of them knows a screen."""
    for info in sorted(pkgutil.walk_packages(wizard.__path__, "wizard."), key=lambda each: each.name):
        if info.name != ENTRY_POINT:
            yield importlib.import_module(info.name)


def entry(code: str) -> FindingSpec:
    """The catalogue's entry for *code*; case and surrounding spaces do not matter.

    Raises:
        WizardError: `findings.unknown-code`, naming codes that are near.
    """
    wanted = code.strip().lower()
    entries = catalogue()
    if wanted in entries:
        return entries[wanted]
    near = [each for each in entries if wanted and (wanted in each or each.rpartition(".")[2] == wanted)][:5]
    hint = f"Did you mean {', '.join(near)}?" if near else UNKNOWN.fix
    raise WizardError(UNKNOWN.code, f"{wanted[:80]!r} is not in the catalogue.", hint, wanted)
