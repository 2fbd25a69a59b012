"""Every code that an operator can meet is named, in full, by some test: a search for the code finds what proves it."""

import re
from pathlib import Path

from wizard.reports.catalogue import catalogue

TESTS = Path(__file__).resolve().parents[1]
DOTTED = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+")


def test_every_code_is_named_by_a_test() -> None:
    sources = [path for kind in ("*.py", "*.java") for path in TESTS.rglob(kind)]
    named = {code for path in sources for code in DOTTED.findall(path.read_text(encoding="utf-8"))}
    assert sorted(set(catalogue()) - named) == []
    assert len(catalogue()) > 400  # the search itself finds something
