"""Each hand-made chain brings exactly the findings of its case."""

import pytest

from tests.support.bad_chains import CASES, HOST, Case
from tests.support.pki import NOW, START, Entity
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain
from wizard.certificates.rules import judge
from wizard.findings import Severity


def chain_of(entity: Entity) -> Chain:
    return assemble(entity.bundle, now=NOW)[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exactly_these_findings(case: Case) -> None:
    findings = judge(chain_of(case.build()), role=case.role, host=HOST, now=NOW)
    assert {each.code for each in findings if each.severity > Severity.NOTE} == set(case.codes), case.name
    for each in findings:
        assert "{" not in each.message
        assert "{" not in each.fix


def test_names_of_cases_are_different() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert START < NOW
