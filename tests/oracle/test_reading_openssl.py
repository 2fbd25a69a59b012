"""Files that the real `openssl` wrote come out as what went in."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.exhaustive import mostly_exhaustive
from tests.support.pki import acme, key
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.secret import Secret

LEGACY = ("-provider", "default", "-provider", "legacy")


def openssl(*args: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *args], input=stdin, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with leaf.pem, key.pem, ca.pem (both authorities) and chain.pem (all)."""
    folder = tmp_path_factory.mktemp("openssl")
    pki = acme("p256")
    (folder / "leaf.pem").write_bytes(pki.primary.pem)
    (folder / "key.pem").write_bytes(pki.primary.key_pem())
    (folder / "ca.pem").write_bytes(pki.intermediate.pem + pki.root.pem)
    (folder / "chain.pem").write_bytes(pki.primary.chain_pem)
    (folder / "rsa.pem").write_bytes(
        key("rsa-2048").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return folder


def matches(bundle: Bundle) -> bool:
    """Whether the bundle holds the primary's chain, leaf first, and its key."""
    pki = acme("p256")
    public = pki.primary.certificate.public_key_der
    return bundle.certificates == pki.primary.chain and [each.public_key_der for each in bundle.keys] == [public]


def export(pile: Path, password: str, *options: str) -> bytes:
    files = ("-inkey", str(pile / "key.pem"), "-in", str(pile / "leaf.pem"), "-certfile", str(pile / "ca.pem"))
    return openssl("pkcs12", "-export", *files, "-name", "primary", "-passout", f"pass:{password}", *options)


PFX = {
    "modern": ((), "PBES2 AES-256 HmacSHA256", "HmacSHA256"),
    "legacy with RC2-40": (("-legacy",), "PBE SHA1-RC2-40", "HmacSHA1"),
    "3DES": (("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"), "PBE SHA1-3DES", "HmacSHA1"),
    "2DES": (("-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES"), "PBE SHA1-2DES", "HmacSHA256"),
    "RC2-128": (("-certpbe", "PBE-SHA1-RC2-128", "-legacy"), "PBE SHA1-RC2-128", "HmacSHA1"),
    "RC4-128": (("-certpbe", "PBE-SHA1-RC4-128", "-legacy"), "PBE SHA1-RC4-128", "HmacSHA1"),
    "RC4-40": (("-certpbe", "PBE-SHA1-RC4-40", "-legacy"), "PBE SHA1-RC4-40", "HmacSHA1"),
    "AES-128": (("-certpbe", "AES-128-CBC", "-macalg", "sha512"), "PBES2 AES-128 HmacSHA256", "HmacSHA512"),
    "AES-192": (("-certpbe", "AES-192-CBC", "-macalg", "sha384"), "PBES2 AES-192 HmacSHA256", "HmacSHA384"),
    "3DES in PBES2": (("-certpbe", "DES-EDE3-CBC"), "PBES2 3DES HmacSHA256", "HmacSHA256"),
    "as Firefox": (("-iter", "600000", "-certpbe", "AES-128-CBC"), "PBES2 AES-256 HmacSHA256", "HmacSHA256"),
    "certificates in the clear": (("-certpbe", "NONE"), "PBES2 AES-256 HmacSHA256", "HmacSHA256"),
}


@pytest.mark.parametrize("case", mostly_exhaustive(PFX, {*PFX}.difference({"as Firefox"}).__contains__))
def test_pfx_of_openssl(pile: Path, case: str) -> None:
    options, encryption, integrity = PFX[case]
    data = export(pile, "changeit", *options)
    assert sniff(data) is Format.PKCS12
    bundle = read(data, name="primary.pfx", password=Secret("changeit"))
    assert matches(bundle)
    assert bundle.store is not None
    assert encryption in bundle.store.encryption
    assert bundle.store.integrity == integrity
    aliases = [*(each.alias for each in bundle.certificates), *(each.alias for each in bundle.keys)]
    assert [alias for alias in aliases if alias] == ["primary", "primary"]
    for password, code in ((Secret("changeIt"), "reading.password-wrong"), (None, "reading.password-needed")):
        with pytest.raises(ReadingError) as refusal:
            read(data, password=password)
        assert refusal.value.code == code


@pytest.mark.parametrize("password", ["", "pässwörd€", "😀 four bytes", "x" * 300])
@pytest.mark.parametrize("options", [(), ("-legacy",)])
def test_passwords_that_are_not_plain(pile: Path, password: str, options: tuple[str, ...]) -> None:
    data = export(pile, password, *options)
    assert matches(read(data, password=Secret(password)))
    if not password:
        assert matches(read(data))
        assert matches(read(export(pile, "", "-nomac", *options)))


def test_nothing_encrypted(pile: Path) -> None:
    data = export(pile, "", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac")
    bundle = read(data, password=Secret("whatever"))
    assert matches(bundle)
    assert [code for code, _ in bundle.notes] == ["pkcs12.no-integrity"]


def test_without_integrity_a_wrong_password_shows_all_the_same(pile: Path) -> None:
    data = export(pile, "changeit", "-nomac")
    assert matches(read(data, password=Secret("changeit")))
    with pytest.raises(ReadingError) as refusal:
        read(data, password=Secret("other"))
    assert refusal.value.code == "reading.password-wrong"


def test_authorities_only_are_empty_to_java(pile: Path) -> None:
    data = openssl("pkcs12", "-export", "-nokeys", "-in", str(pile / "ca.pem"), "-passout", "pass:changeit")
    bundle = read(data, password=Secret("changeit"))
    assert len(bundle.certificates) == 2
    assert bundle.store is not None
    assert bundle.store.empty_to_java
    assert not bundle.trusted_aliases


KEYS = {
    "PKCS8": ("pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"),
    "PKCS8 in DER": ("pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-outform", "DER"),
    "SEC1": ("ec", "-in", "key.pem"),
    "SEC1 in DER": ("ec", "-in", "key.pem", "-outform", "DER"),
    "SEC1, AES-128": ("ec", "-in", "key.pem", "-aes128", "-passout", "pass:changeit"),
    "PKCS1": ("rsa", "-in", "rsa.pem", "-traditional"),
    "PKCS1 in DER": ("rsa", "-in", "rsa.pem", "-traditional", "-outform", "DER"),
    "PKCS1, 3DES": ("rsa", "-in", "rsa.pem", "-traditional", "-des3", "-passout", "pass:changeit"),
    "PKCS1, AES-256": ("rsa", "-in", "rsa.pem", "-traditional", "-aes256", "-passout", "pass:changeit"),
    "PBES2 AES-256": ("pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:changeit"),
    "PBES2 3DES": ("pkcs8", "-topk8", "-v2", "des3", "-in", "key.pem", "-passout", "pass:changeit"),
    "PBES2 SHA512": ("pkcs8", "-topk8", "-v2prf", "hmacWithSHA512", "-in", "key.pem", "-passout", "pass:changeit"),
    "PBES2 RC2": ("pkcs8", "-topk8", "-v2", "rc2-cbc", *LEGACY, "-in", "key.pem", "-passout", "pass:changeit"),
    "scrypt": ("pkcs8", "-topk8", "-scrypt", "-in", "key.pem", "-passout", "pass:changeit"),
    "encrypted DER": ("pkcs8", "-topk8", "-in", "key.pem", "-outform", "DER", "-passout", "pass:changeit"),
    **{
        f"PBES1 {scheme}": ("pkcs8", "-topk8", "-v1", scheme, *LEGACY, "-in", "rsa.pem", "-passout", "pass:changeit")
        for scheme in (
            "PBE-MD5-DES",
            "PBE-SHA1-DES",
            "PBE-SHA1-RC2-64",
            "PBE-MD5-RC2-64",
            "PBE-SHA1-3DES",
            "PBE-SHA1-RC2-40",
        )
    },
}


@pytest.mark.parametrize("case", KEYS)
def test_keys_of_openssl(pile: Path, case: str) -> None:
    args = [str(pile / each) if each.endswith(".pem") else each for each in KEYS[case]]
    expected = key("rsa-2048") if "rsa.pem" in KEYS[case] else acme("p256").primary.key
    data = openssl(*args)
    assert sniff(data) is Format.KEY
    encrypted = "-passout" in args
    bundle = read(data, name="host.key", password=Secret("changeit") if encrypted else None)
    assert [each.key.private_numbers() for each in bundle.keys] == [expected.private_numbers()]  # type: ignore[union-attr]
    assert bundle.keys[0].encrypted is encrypted
    if encrypted:
        for password, code in ((Secret("Changeit"), "reading.password-wrong"), (None, "reading.password-needed")):
            with pytest.raises(ReadingError) as refusal:
                read(data, password=password)
            assert refusal.value.code == code


def test_certificates_in_messages(pile: Path) -> None:
    chain = acme("p256").primary.chain
    bag = ("crl2pkcs7", "-nocrl", "-certfile", str(pile / "chain.pem"))
    signed = ("-sign", "-signer", str(pile / "leaf.pem"), "-inkey", str(pile / "key.pem"), "-binary", "-nodetach")
    more = ("-certfile", str(pile / "ca.pem"))
    texts = {
        "DER": openssl(*bag, "-outform", "DER"),
        "PEM": openssl(*bag),
        "BER by streaming": openssl("cms", *signed, *more, "-stream", "-outform", "DER", stdin=b"x" * 70_000),
        "PEM by streaming": openssl("cms", *signed, *more, "-stream", "-outform", "PEM", stdin=b"x" * 70_000),
    }
    assert texts["BER by streaming"][1] == 0x80
    for case, data in texts.items():
        bundle = read(data, name="chain.p7b")
        assert bundle.format is Format.PKCS7, case
        assert sniff(data) is Format.PKCS7, case
        assert set(bundle.certificates) == set(chain), case


def test_what_openssl_prints_around(pile: Path) -> None:
    """`pkcs12 -nodes` and `x509 -text` surround the blocks with text; the friendly name in it is kept."""
    pfx = export(pile, "changeit")
    (pile / "store.pfx").write_bytes(pfx)
    printed = openssl("pkcs12", "-in", str(pile / "store.pfx"), "-nodes", "-passin", "pass:changeit")
    assert b"Bag Attributes" in printed
    bundle = read(printed)
    assert matches(bundle)
    assert bundle.certificates[0].alias == "primary"
    text = openssl("x509", "-in", str(pile / "leaf.pem"), "-text")
    assert read(text).certificates == (acme("p256").primary.certificate,)


def test_trusted_certificate(pile: Path) -> None:
    trusted = openssl("x509", "-in", str(pile / "leaf.pem"), "-trustout", "-addtrust", "serverAuth", "-setalias", "x")
    assert b"TRUSTED CERTIFICATE" in trusted
    assert read(trusted).certificates == (acme("p256").primary.certificate,)


def test_request(pile: Path) -> None:
    for form in ("PEM", "DER"):
        data = openssl("req", "-new", "-key", str(pile / "key.pem"), "-subj", "/CN=primary-host", "-outform", form)
        bundle = read(data)
        assert len(bundle.requests) == 1
        assert not bundle.certificates
