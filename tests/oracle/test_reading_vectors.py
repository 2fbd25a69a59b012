"""The published collections: NIST PKITS and the vectors of pyca/cryptography. None crashes, and each answer is right."""

import warnings
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.effort import soon
from tests.support.exhaustive import EVERY
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import ReadingError, read
from wizard.secret import Secret

VECTORS = Path(cryptography_vectors.__file__).parent
PKITS = VECTORS / "x509" / "PKITS_data"


def outcome(path: Path, password: str | None) -> Bundle | str:
    """What reading gives, or the code of the refusal; more than a second of work fails the test."""
    data = path.read_bytes()
    outcomes: list[Bundle | str] = []

    def work() -> None:
        try:
            outcomes.append(read(data, name=path.name, password=None if password is None else Secret(password)))
        except ReadingError as error:
            outcomes.append(error.code)

    assert soon(work), path
    return outcomes[-1]


def test_pkits_stores() -> None:
    """All 405 open (for `make test` a few); some are compared with cryptography, and get a wrong password."""
    paths = sorted(PKITS.glob("pkcs12/*.p12"))
    assert len(paths) == 405
    for number, path in enumerate(paths):
        if not EVERY and number % 24 != 1:
            continue
        bundle = outcome(path, "password")
        assert isinstance(bundle, Bundle), path
        assert len(bundle.keys) == 1, path
        assert bundle.certificates or "DSAParameter" in path.name, path
        if number % 8 == 1:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                key, leaf, others = pkcs12.load_key_and_certificates(path.read_bytes(), b"password")
            assert {each.x509 for each in bundle.certificates} == {each for each in (leaf, *others) if each}, path
            assert key is not None
            assert bundle.keys[0].key.private_numbers() == key.private_numbers(), path  # type: ignore[union-attr]
            assert outcome(path, "passwort") == "reading.password-wrong"


def test_pkits_certificates() -> None:
    paths = sorted(PKITS.glob("certs/*.crt"))
    assert len(paths) > 400
    for path in paths:
        bundle = outcome(path, None)
        if _loads(path):
            assert isinstance(bundle, Bundle), path
            assert [each.der for each in bundle.certificates] == [path.read_bytes()], path
        else:
            # DSA keys whose parameters stand in the issuer: cryptography does not know them, and says so.
            assert "DSAParameter" in path.name, path
            assert bundle == "certificate.not-readable", path


def test_pkits_revocation_lists_are_named() -> None:
    for path in sorted(PKITS.glob("crls/*.crl")):
        bundle = outcome(path, None)
        assert isinstance(bundle, Bundle), path
        assert [code for code, _ in bundle.notes] == ["reading.revocation-list"], path
        assert not bundle.certificates


PFX = {  # file: password, certificates, keys
    "cert-aes256cbc-no-key.p12": ("cryptography", 1, 0),
    "cert-key-aes256cbc.p12": ("cryptography", 1, 1),
    "cert-none-key-none.p12": ("cryptography", 1, 1),
    "cert-rc2-key-3des.p12": ("cryptography", 1, 1),
    "java-truststore.p12": (None, 2, 0),
    "name-2-3-pwd.p12": ("password", 3, 1),
    "name-unicode-no-pwd.p12": (None, 3, 1),
    "no-cert-key-aes256cbc.p12": ("cryptography", 0, 1),
    "no-cert-name-unicode-pwd.p12": ("password", 2, 0),
    "no-password.p12": (None, 1, 1),
}


@pytest.mark.parametrize("name", PFX)
def test_stores_of_cryptography(name: str) -> None:
    password, certificates, keys = PFX[name]
    bundle = outcome(VECTORS / "pkcs12" / name, password)
    assert isinstance(bundle, Bundle)
    assert (len(bundle.certificates), len(bundle.keys)) == (certificates, keys)


def test_java_truststore_is_recognised() -> None:
    bundle = outcome(VECTORS / "pkcs12" / "java-truststore.p12", None)
    assert isinstance(bundle, Bundle)
    assert bundle.store is not None
    assert bundle.store.java_trusted == 2
    assert not bundle.store.empty_to_java


MESSAGES: dict[str, int | str] = {
    "amazon-roots.der": 2,
    "amazon-roots.p7b": 2,
    "authenticode.der": 1,
    "isrg.pem": 1,
    "enveloped.pem": "reading.algorithm-unsupported",
    "enveloped-no-content.der": "reading.algorithm-unsupported",
    "enveloped-rsa-oaep.pem": "reading.algorithm-unsupported",
    "enveloped-triple-des.pem": "reading.algorithm-unsupported",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    result = outcome(VECTORS / "pkcs7" / name, None)
    if isinstance(result, Bundle):
        assert result.format is Format.PKCS7
        assert len(result.certificates) == MESSAGES[name]
    else:
        assert result == MESSAGES[name]


def test_every_vector_is_read_or_refused() -> None:
    """All keys, certificates, requests, lists and oddities of the collection: an answer for each, a traceback for none."""
    suffixes = {".pem", ".der", ".crt", ".cer", ".p7b", ".p12", ".pub", ".key"}
    folders = ("x509", "asymmetric", "pkcs12", "pkcs7")
    paths = [path for folder in folders for path in sorted((VECTORS / folder).rglob("*")) if path.suffix in suffixes]
    assert len(paths) > 1000
    refused: set[str] = set()
    for path in paths:
        if path.is_relative_to(PKITS):
            continue
        result = outcome(path, None)
        if isinstance(result, str):
            refused.add(result)
            continue
        if path.is_relative_to(VECTORS / "x509") and _loads(path):
            assert len(result.certificates) >= 1, path
    assert refused == {
        "certificate.not-readable",
        "reading.algorithm-unsupported",
        "reading.damaged",
        "reading.password-needed",
    }


def _loads(path: Path) -> bool:

    load = x509.load_der_x509_certificate if path.suffix in {".der", ".crt"} else x509.load_pem_x509_certificate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            load(path.read_bytes())
        except (ValueError, x509.InvalidVersion):
            return False
    return True
