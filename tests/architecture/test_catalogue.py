"""Every code that the engine can raise or report is in the catalogue, and every entry reads well."""

import ast
import re
import string
from pathlib import Path

from wizard.findings import FindingSpec
from wizard.reports.catalogue import TABLES, catalogue, modules

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "wizard").rglob("*.py"))
CODE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+")
BLAME = re.compile(r"!|\binvalid value\b|\boops\b|\byou must\b|\byour fault\b|\billegal\b", re.IGNORECASE)


def raised_in(source: str) -> set[str]:
    """The literal codes of `XxxError("code", ...)` calls."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            text = node.args[0].value
            if called.endswith("Error") and isinstance(text, str) and CODE.fullmatch(text):
                found.add(text)
    return found


def test_every_code_that_is_raised_is_catalogued() -> None:
    known = set(catalogue())
    unknown = {str(path.relative_to(ROOT)): raised_in(path.read_text()) - known for path in SOURCES}
    assert {path: codes for path, codes in unknown.items() if codes} == {}
    assert sum(len(raised_in(path.read_text())) for path in SOURCES) > 100  # the search itself finds some


def test_templates_of_findings_name_their_facts() -> None:
    for module in modules():
        for spec in getattr(module, "SPECS", ()):
            for text in (spec.message, spec.fix):
                facts = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
                assert all(name.isidentifier() for name in facts), (spec.code, text)


def flaws(spec: FindingSpec) -> list[str]:
    """What is wrong with the words of *spec*."""
    found = [] if CODE.fullmatch(spec.code) else ["code"]
    texts = (spec.title, spec.message, spec.why, spec.fix, spec.source)
    found += [text for text in texts if not text or text.strip() != text or BLAME.search(text)]
    return found if len(spec.title) <= 90 else [*found, "long title"]


def test_every_entry_reads_well() -> None:
    assert {code: flaws(spec) for code, spec in catalogue().items() if flaws(spec)} == {}


def test_a_code_means_one_thing() -> None:
    """Two modules may declare the same refusal, but not with another severity."""
    seen: dict[str, FindingSpec] = {}
    for module in modules():
        for table in TABLES:
            for spec in getattr(module, table, ()):
                assert seen.setdefault(spec.code, spec).severity is spec.severity, (module.__name__, spec.code)
