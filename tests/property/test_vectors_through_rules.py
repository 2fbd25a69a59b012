"""Every certificate of the `cryptography_vectors` package (NIST PKITS among them) is chained, judged and described.

`make test` chains all of them together, and judges every third file by itself.
"""

from datetime import UTC, datetime
from pathlib import Path

import cryptography_vectors

from tests.support.exhaustive import EVERY
from wizard.certificates import names
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Chain, Role
from wizard.certificates.names import certificate_json, chain_json
from wizard.certificates.reading import read
from wizard.certificates.rules import judge
from wizard.certificates.rules.across_chains import check_together
from wizard.errors import WizardError
from wizard.reports.review import title, tree_lines

FOLDER = Path(cryptography_vectors.__file__).parent / "x509"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def bundles() -> list[Bundle]:
    found = []
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            try:
                found.append(read(path.read_bytes(), name=path.name))
            except WizardError:
                continue
    return found


def told(chain: Chain) -> None:
    for role in (None, *Role):
        findings = judge(chain, role=role, now=NOW, host="testcert.example.com", ocsp_wanted=True)
        assert "rules.broken" not in {each.code for each in findings}
        for each in findings:
            assert each.message.isprintable()
            assert each.fix.isprintable()
    chain_json(chain)
    assert all(line.text.isprintable() for line in tree_lines(chain, NOW))
    assert title(chain).isprintable()


def test_each_file_by_itself_and_all_of_them_together() -> None:
    read_files = bundles()
    certificates = [certificate for bundle in read_files for certificate in bundle.certificates]
    assert len(certificates) > 450
    for bundle in read_files if EVERY else read_files[::3]:
        for chain in assemble(bundle, host="testcert.example.com", now=NOW):
            told(chain)
    for certificate in certificates:
        certificate_json(certificate)
        assert names.file_stem(certificate).isascii()
        assert names.alias(certificate)
    chains = assemble(read_files, now=NOW)
    # PKITS brings more than two hundred end entities with their intermediates and one root.
    assert sum(chain.complete for chain in chains) > 200
    assert list(check_together(chains))
