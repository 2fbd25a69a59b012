"""A certificate whose key can only agree on keys, and that names no usage: what is found, and that no store is made."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.pki import END, NOW, START, Entity, acme, name
from wizard.certificates.chain import assemble
from wizard.certificates.model import Profile, Role
from wizard.certificates.reading import read
from wizard.certificates.rules import judge
from wizard.certificates.writing import keystore
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.secret import Secret


def test_a_key_that_only_agrees_on_keys_goes_into_no_store() -> None:
    issuer, key = acme("p256").intermediate, X25519PrivateKey.generate()
    builder = x509.CertificateBuilder(issuer.x509.subject, name("gateway-host"), key.public_key(), 77, START, END)
    leaf = Entity(builder.sign(issuer.key, SHA256()), key, issuer)
    chain = assemble(read(leaf.key_pem() + leaf.chain_pem, name="gateway.pem"))[0]
    found = {each.code: each for each in judge(chain, role=Role.GATEWAY, host="gateway-host", now=NOW)}
    assert found["algorithm.not-for-tls"].severity is Severity.ERROR
    assert found["usage.none"].severity is Severity.NOTE
    assert "gateway-host has no extended key usage" in found["usage.none"].message
    with pytest.raises(WizardError) as refused:
        keystore(chain, Secret("changeit"), profile=Profile.MODERN)
    assert (refused.value.code, refused.value.subject) == ("writing.key-kind", "gateway-host")
    assert "RSA or P-256" in refused.value.hint
