"""What is told about files as such: each finding with a file that has it and one that has not."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support import asn1
from tests.support.codes_in import codes_in
from tests.support.pki import acme, issue, key
from wizard.certificates.formats.file_findings import file_findings
from wizard.certificates.model import Bundle, Format, StoreFacts
from wizard.certificates.reading import read
from wizard.secret import Secret

PKI = acme("p256")
LEAF = PKI.primary


def found(data: bytes) -> set[str]:
    findings = file_findings(read(data, name="in\x1bput", password=Secret("changeit")))
    for finding in findings:
        assert "in\\x1bput" in finding.message
        assert finding.fix
        assert finding.subject.path == "in\x1bput"
    return {finding.code for finding in findings}


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(LEAF.x509.subject)
    return builder.sign(LEAF.key, hashes.SHA256()).public_bytes(Encoding.PEM)


MARK = asn1.seq(asn1.oid("2.16.840.1.113894.746875.1.1"), asn1.tlv(0x31, asn1.oid("2.5.29.37.0")))
CASES: dict[str, tuple[Callable[[], bytes], Callable[[], bytes]]] = {
    "truststore.empty-to-java": (lambda: asn1.pfx([asn1.cert_bag(PKI.root.der)]), lambda: asn1.pfx([asn1.cert_bag(PKI.root.der, MARK)])),
    "keystore.several-keys": (
        lambda: asn1.pfx([asn1.key_bag(LEAF.key, None), asn1.key_bag(key("p384"), None), asn1.cert_bag(LEAF.der)]),
        lambda: asn1.pfx([asn1.key_bag(LEAF.key, None), asn1.cert_bag(LEAF.der)]),
    ),
    "pkcs12.no-integrity": (lambda: asn1.pfx([asn1.cert_bag(LEAF.der, MARK)], None), lambda: LEAF.pfx("changeit")),
    "pem.utf-16": (lambda: LEAF.pem.decode().encode("utf-16"), lambda: LEAF.pem),
    "pem.utf-8-bom": (lambda: b"\xef\xbb\xbf" + LEAF.pem, lambda: LEAF.pem.decode().encode("utf-16")),
    "pem.odd-text": (lambda: LEAF.pem.replace(b"\n", b"\n> "), lambda: LEAF.pem.replace(b"\n", b"\r\n")),
    "reading.part-left-out": (lambda: LEAF.pem[:200] + b"\n" + LEAF.pem, lambda: LEAF.pem + LEAF.pem),
    "certificate.odd": (lambda: issue("zero", PKI.intermediate, serial=0).pem, lambda: LEAF.pem),
    "reading.request-beside": (request, LEAF.key_pem),
}  # fmt: skip
REQUEST = b"-----BEGIN CERTIFICATE REQUEST-----\nMBYwDAIBADAAMAChADAAMAADAgAA\n-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize("code", CASES)
def test_each_finding_fires_and_stays_quiet(code: str) -> None:
    bad, good = CASES[code]
    assert code in found(bad())
    assert code not in found(good())


def test_broken_ciphers_are_named() -> None:
    for name, weak in (
        ("PBE SHA1-RC2-40", True),
        ("PBES1 MD5-DES", True),
        ("PBES2 DES HmacSHA1", True),
        ("PBE SHA1-3DES", False),
        ("PBES2 AES-256 HmacSHA256", False),
    ):
        bundle = Bundle(Format.PKCS12, name="x", store=StoreFacts(encryption=(name,)))
        assert ("keystore.weak-encryption" in {each.code for each in file_findings(bundle)}) is weak, name


def test_a_good_file_says_nothing() -> None:
    for data in (LEAF.chain_pem, LEAF.pfx("changeit"), LEAF.der, asn1.jks([("a", LEAF.der)], "changeit")):
        assert found(data) == set()


def test_every_finding_has_a_case() -> None:
    notes = {"reading.damaged", "reading.algorithm-unsupported", "certificate.not-readable", "reading.request"}
    assert codes_in("wizard/certificates/formats/file_findings.py") - notes == {*CASES, "keystore.weak-encryption"}
