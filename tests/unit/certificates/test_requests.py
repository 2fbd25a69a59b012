"""Requests carry what the role needs, and are joined with the right answer only."""

from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.pki import CLIENT, END, NOW, SERVER, START, acme
from wizard.certificates.csr import KeyKind, Request, SubjectParts, complete, make
from wizard.certificates.model import Bundle, Certificate, Format, Profile, Role
from wizard.certificates.reading import read
from wizard.certificates.rules import judge
from wizard.certificates.writing import keystore
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.secret import Secret


def answered(request: Request) -> x509.Certificate:
    """What a CA makes of a request."""
    ca = acme("p256").intermediate
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.csr.subject)
        .issuer_name(ca.x509.subject)
        .public_key(request.csr.public_key())
        .serial_number(4711)
        .not_valid_before(START)
        .not_valid_after(END)
    )
    for extension in request.csr.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(ca.key, hashes.SHA256())


@dataclass(frozen=True)
class Wanted:
    role: Role
    usages: set[str]


@pytest.mark.parametrize(
    "case",
    [Wanted(Role.PRIMARY, {SERVER}), Wanted(Role.GATEWAY, {SERVER, CLIENT}), Wanted(Role.CLIENT, {CLIENT})],
    ids=lambda case: case.role.value,
)
def test_usages_of_the_role(case: Wanted) -> None:
    request = make("host", role=case.role, kind=KeyKind.P_256)
    found = request.csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {oid.dotted_string for oid in found} == case.usages
    assert request.csr.is_signature_valid


def test_the_answer_passes_the_rules_of_the_role() -> None:
    pki = acme("p256")
    for role in Role:
        request = make("primary-host", role=role, kind=KeyKind.P_256)
        chain = complete(request.key, [Bundle(Format.PEM, (Certificate(answered(request)), *pki.intermediate.chain))])
        findings = judge(chain, role=role, host="primary-host", now=NOW)
        assert not [each for each in findings if each.severity >= Severity.WARNING], role


def test_kinds_of_keys() -> None:
    strong = make("host", role=Role.PRIMARY).key.key
    assert isinstance(strong, rsa.RSAPrivateKey)
    assert strong.key_size == 3072
    curve = make("host", role=Role.PRIMARY, kind=KeyKind.P_256).key.key
    assert isinstance(curve, ec.EllipticCurvePrivateKey)
    assert curve.curve.name == "secp256r1"


def test_names() -> None:
    names = ["10.0.0.1", "print.acme.example", "PRIMARY-HOST.", "bücher.example", "[2001:db8::1]", "*.acme.example"]
    request = make(
        "Primary-Host", role=Role.PRIMARY, sans=names, kind=KeyKind.P_256, subject=SubjectParts(organization="Acme")
    )
    found = request.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each.value) for each in found] == [
        "primary-host", "10.0.0.1", "print.acme.example", "xn--bcher-kva.example", "2001:db8::1", "*.acme.example",
    ]  # fmt: skip
    assert request.csr.subject.rfc4514_string() == "CN=primary-host,O=Acme"


def test_a_name_that_is_too_long_for_a_common_name_stays_out_of_the_subject() -> None:
    name = ".".join(["a" * 30] * 4)
    request = make(name, role=Role.PRIMARY, kind=KeyKind.P_256)
    assert request.csr.subject.rfc4514_string() == ""
    assert request.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "-a", "a-", "a..b", "http://a", "a/b", "300.1.2.3", "a\x1b", "x" * 254, "a" * 64]
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(WizardError) as caught:
        make(name, role=Role.PRIMARY, kind=KeyKind.P_256)
    assert caught.value.code == "csr.bad-name"
    assert "\x1b" not in caught.value.message


def test_the_key_is_written_encrypted() -> None:
    request = make("host", role=Role.PRIMARY, kind=KeyKind.P_256)
    data = request.key_pem(Secret("changeit"))
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in data
    load_pem_private_key(data, b"changeit")
    bundle = read(data, password=Secret("changeit"))
    assert bundle.keys[0].public_key_der == request.key.public_key_der
    assert bundle.keys[0].encrypted


def test_completion_finds_its_answer_among_others() -> None:
    pki = acme("p256")
    mine, other = (make(name, role=Role.PRIMARY, kind=KeyKind.P_256) for name in ("mine", "other"))
    pile = [Bundle(Format.PEM, (Certificate(answered(other)), *pki.intermediate.chain, Certificate(answered(mine))))]
    chain = complete(mine.key, pile)
    assert chain.leaf == Certificate(answered(mine)) or chain.leaf is not None
    assert chain.key is mine.key
    assert chain.complete
    assert keystore(chain, Secret("changeit"), profile=Profile.MODERN)


def test_an_answer_to_another_request_is_refused() -> None:
    mine, other = (make("host", role=Role.PRIMARY, kind=KeyKind.P_256) for _ in range(2))
    with pytest.raises(WizardError) as caught:
        complete(mine.key, [Bundle(Format.DER, (Certificate(answered(other)),), name="answer.cer")])
    assert (caught.value.code, caught.value.subject) == ("csr.answer-for-another-key", "answer.cer")
