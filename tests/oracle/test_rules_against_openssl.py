"""What OpenSSL makes of each hand-made chain: nothing that it refuses may be unknown to our rules."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.bad_chains import CASES, HOST, Case
from tests.support.pki import NOW
from wizard.certificates.chain import assemble
from wizard.certificates.model import Role
from wizard.certificates.rules import judge
from wizard.findings import Severity, worst

STRICTER_THAN_JAVA = {
    "validity.root-outside-dates": "certificate has expired",
    "constraints.root-path-length": "path length constraint exceeded",
    "subtrees.root-violated": "permitted subtree violation",
    "usage.ca-narrow": "unsuitable certificate purpose",
    "usage.any": "unsuitable certificate purpose",
    "signature.key-id-differs": "unable to get local issuer certificate",
    "strength.weak-key": "key too weak",
    "strength.weak-hash": "digest algorithm too weak",
}
"""Findings whose reason says that OpenSSL refuses the chain, with its words."""
TAKEN = {"P-224"}
"""Below our floor, but not below OpenSSL's: 112 bits are its level 2."""


def refusal(case: Case, folder: Path) -> str:
    """The error of `openssl verify` with the purpose of the role, at the security level of Debian; "" when it accepts."""
    entity = case.build()
    parts = [each.x509.public_bytes(Encoding.PEM) for each in entity.chain]
    for name, data in (("leaf", parts[0]), ("between", b"".join(parts[1:-1]) or parts[0]), ("root", parts[-1])):
        (folder / name).write_bytes(data)
    server = case.role is Role.PRIMARY
    command = ["openssl", "verify", "-auth_level", "2", "-purpose", "sslserver" if server else "sslclient"]
    command += ["-verify_hostname", HOST] if server else []
    command += ["-CAfile", str(folder / "root"), "-untrusted", str(folder / "between"), str(folder / "leaf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_that_openssl_refuses_is_unknown_to_us(case: Case, tmp_path: Path) -> None:
    error = refusal(case, tmp_path)
    chain = assemble(case.build().bundle, now=NOW)[0]
    level = worst(judge(chain, role=case.role, host=HOST, now=NOW))
    if error:
        assert level is not None
        assert level >= Severity.WARNING, error
    for code in case.codes & STRICTER_THAN_JAVA.keys():
        assert case.name in TAKEN or STRICTER_THAN_JAVA[code] in error, error
