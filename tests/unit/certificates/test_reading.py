"""Reading by content: the tables of what comes in, what comes out, and which refusal."""

import base64
import re
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from tests.support import asn1
from tests.support.pki import acme, issue, key
from wizard.certificates.formats.der import parse
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import SIZE_LIMIT, ReadingError, read, require_certificate, sniff
from wizard.errors import WizardError
from wizard.secret import Secret

PKI = acme("p256")
CHAIN = PKI.primary.chain
LEAF = PKI.primary
RIGHT = Secret("changeit")
_SPKI = PublicFormat.SubjectPublicKeyInfo


def key_as(form: PrivateFormat, encoding: Encoding = Encoding.PEM, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    data: bytes = LEAF.key.private_bytes(encoding, form, encryption)
    return data


def request(encoding: Encoding = Encoding.PEM) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(LEAF.x509.subject)
    return builder.sign(LEAF.key, hashes.SHA256()).public_bytes(encoding)


def messages(encoding: Encoding) -> bytes:
    return pkcs7.serialize_certificates([each.x509 for each in CHAIN], encoding)


def signed(content: bytes) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(LEAF.x509, LEAF.key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def relabelled(old: str, new: str, data: bytes) -> bytes:
    return data.replace(old.encode(), new.encode())


PEM = LEAF.chain_pem
READABLE: dict[str, tuple[Callable[[], bytes], Format, int, int, set[str]]] = {
    # what, bytes, format, certificates, keys, notes
    "chain in PEM": (lambda: PEM, Format.PEM, 3, 0, set()),
    "chain and key": (lambda: PEM + LEAF.key_pem(), Format.PEM, 3, 1, set()),
    "key between certificates": (lambda: LEAF.pem + LEAF.key_pem() + PKI.root.pem, Format.PEM, 2, 1, set()),
    "text around": (lambda: "Bonjour, voilà:\n".encode() + PEM + b"\n-- \nthe PKI team", Format.PEM, 3, 0, set()),
    "CRLF": (lambda: PEM.replace(b"\n", b"\r\n"), Format.PEM, 3, 0, set()),
    "CR alone": (lambda: PEM.replace(b"\n", b"\r"), Format.PEM, 3, 0, set()),
    "all in one line": (lambda: PEM.replace(b"\n", b""), Format.PEM, 3, 0, set()),
    "indented": (lambda: PEM.replace(b"\n", b"\n    "), Format.PEM, 3, 0, set()),
    "UTF-8 with mark": (lambda: b"\xef\xbb\xbf" + PEM, Format.PEM, 3, 0, {"pem.utf-8-bom"}),
    "UTF-16 with mark": (lambda: PEM.decode().encode("utf-16"), Format.PEM, 3, 0, {"pem.utf-16"}),
    "UTF-16 little-endian": (lambda: PEM.decode().encode("utf-16-le"), Format.PEM, 3, 0, {"pem.utf-16"}),
    "UTF-16 big-endian": (lambda: PEM.decode().encode("utf-16-be"), Format.PEM, 3, 0, {"pem.utf-16"}),
    "old label": (lambda: relabelled("BEGIN CERT", "BEGIN X509 CERT", PEM).replace(b"END CERT", b"END X509 CERT"), Format.PEM, 3, 0, set()),
    "quoted in mail": (lambda: b"> " + PEM.replace(b"\n", b"\n> "), Format.PEM, 3, 0, {"pem.repaired"}),
    "escaped in JSON": (lambda: b'{"c": "' + PEM.replace(b"\n", b"\\n") + b'"}', Format.PEM, 3, 0, {"pem.repaired"}),
    "one cut block among good ones": (lambda: LEAF.pem[:300] + b"\n" + PEM, Format.PEM, 3, 0, {"reading.damaged"}),
    "a block that ends otherwise": (lambda: relabelled("END CERTIFICATE", "END KEY", LEAF.pem) + PEM, Format.PEM, 3, 0, {"reading.damaged"}),
    "a block that is not base64": (lambda: b"-----BEGIN CERTIFICATE-----\n#?!\n-----END CERTIFICATE-----\n" + PEM, Format.PEM, 3, 0, {"reading.damaged"}),
    "request beside": (lambda: request() + PEM, Format.PEM, 3, 0, {"reading.request"}),
    "SSH key beside": (lambda: key_as(PrivateFormat.OpenSSH) + PEM, Format.PEM, 3, 0, {"reading.algorithm-unsupported"}),
    "public key beside": (lambda: LEAF.key.public_key().public_bytes(Encoding.PEM, _SPKI) + PEM, Format.PEM, 3, 0, {"reading.public-key"}),
    "curve parameters beside": (lambda: b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + PEM, Format.PEM, 3, 0, set()),
    "PKCS7 and PEM": (lambda: messages(Encoding.PEM) + LEAF.pem, Format.PEM, 4, 0, set()),
    "PKCS7 in PEM": (lambda: messages(Encoding.PEM), Format.PKCS7, 3, 0, set()),
    "PKCS7 under the label of a certificate": (lambda: relabelled("PKCS7", "CERTIFICATE", messages(Encoding.PEM)), Format.PEM, 3, 0, set()),
    "PEM text inside a signed message": (lambda: signed(PEM), Format.PKCS7, 1, 0, set()),
    "PKCS7 in DER": (lambda: messages(Encoding.DER), Format.PKCS7, 3, 0, set()),
    "PKCS7 in BER": (lambda: asn1.indefinite(parse(messages(Encoding.DER)), 4), Format.PKCS7, 3, 0, set()),
    "certificate in DER": (lambda: LEAF.der, Format.DER, 1, 0, set()),
    "certificates one after the other": (lambda: LEAF.der + PKI.root.der, Format.DER, 2, 0, set()),
    "DER with an end of line": (lambda: LEAF.der + b"\r\n", Format.DER, 1, 0, set()),
    "DER with rubbish behind": (lambda: LEAF.der + b"hello", Format.DER, 1, 0, {"der.trailing"}),
    "base64 without marks": (lambda: base64.encodebytes(LEAF.der), Format.DER, 1, 0, {"pem.no-armour"}),
    "PFX in base64": (lambda: base64.encodebytes(LEAF.pfx("changeit")), Format.PKCS12, 3, 1, {"pem.no-armour"}),
    "PKCS8": (lambda: key_as(PrivateFormat.PKCS8), Format.KEY, 0, 1, set()),
    "PKCS8 in DER": (lambda: key_as(PrivateFormat.PKCS8, Encoding.DER), Format.KEY, 0, 1, set()),
    "SEC1": (lambda: key_as(PrivateFormat.TraditionalOpenSSL), Format.KEY, 0, 1, set()),
    "encrypted PKCS8": (lambda: key_as(PrivateFormat.PKCS8, password=b"changeit"), Format.KEY, 0, 1, set()),
    "encrypted SEC1": (lambda: key_as(PrivateFormat.TraditionalOpenSSL, password=b"changeit"), Format.KEY, 0, 1, set()),
    "encrypted key with Windows line ends": (
        lambda: key_as(PrivateFormat.TraditionalOpenSSL, password=b"changeit").replace(b"\n", b"\r\n"), Format.KEY, 0, 1, set()),
    "request": (request, Format.PEM, 0, 0, {"reading.request"}),
    "request in DER": (lambda: request(Encoding.DER), Format.DER, 0, 0, {"reading.request"}),
    "PFX": (lambda: LEAF.pfx("changeit"), Format.PKCS12, 3, 1, set()),
    "PFX in BER": (lambda: asn1.indefinite(parse(LEAF.pfx("changeit")), 3, piece=100), Format.PKCS12, 3, 1, set()),
    "PFX of two keys": (lambda: asn1.pfx([asn1.key_bag(LEAF.key, "changeit"), asn1.key_bag(key("p384"), "changeit"), asn1.cert_bag(LEAF.der)]), Format.PKCS12, 1, 2, set()),
    "PFX without integrity": (lambda: asn1.pfx([asn1.cert_bag(LEAF.der)], None), Format.PKCS12, 1, 0, {"pkcs12.no-integrity"}),
    "PFX of bags in bags": (lambda: asn1.pfx([asn1.seq(asn1.oid(asn1.BAG + "6"), asn1.tlv(0xA0, asn1.seq(asn1.cert_bag(LEAF.der))))]), Format.PKCS12, 1, 0, set()),
    "PFX with a secret": (lambda: asn1.pfx([asn1.cert_bag(LEAF.der), asn1.seq(asn1.oid(asn1.BAG + "5"), asn1.tlv(0xA0, asn1.seq()))]), Format.PKCS12, 1, 0, {"pkcs12.other-bag"}),
    "PFX with a broken certificate": (lambda: asn1.pfx([asn1.cert_bag(LEAF.der), asn1.cert_bag(LEAF.der[:-9])]), Format.PKCS12, 1, 0, {"certificate.not-readable"}),
    "JKS": (lambda: asn1.jks([("a", LEAF.der), ("b", PKI.root.der)], "changeit"), Format.JKS, 2, 0, set()),
    "JKS version 1": (lambda: asn1.jks([("a", LEAF.der)], "changeit", version=1), Format.JKS, 1, 0, set()),
    "JCEKS": (lambda: asn1.jks([("a", LEAF.der)], "changeit", magic=b"\xce\xce\xce\xce"), Format.JKS, 1, 0, {"jks.jceks"}),
    "serial zero": (lambda: issue("zero", PKI.intermediate, serial=0).pem, Format.PEM, 1, 0, {"certificate.odd"}),
    "negative serial": (lambda: issue("minus", PKI.intermediate, serial=-5).der, Format.DER, 1, 0, {"certificate.odd"}),
    "NUL in the name": (lambda: issue("a\0b", PKI.intermediate, sans=()).pem, Format.PEM, 1, 0, set()),
    "version 7": (lambda: issue_of_version(7) + LEAF.pem, Format.PEM, 1, 0, {"certificate.not-readable"}),
    "text": (lambda: b"# certificates lie elsewhere\n", Format.TEXT, 0, 0, set()),
    "text that begins like DER": (lambda: b"0123456789 is no certificate, and 0 is 0x30", Format.TEXT, 0, 0, set()),
    "a mark that is none": (lambda: b"write -----BEGIN at the top", Format.TEXT, 0, 0, set()),
    "nothing": (lambda: b"", Format.EMPTY, 0, 0, set()),
    "white space": (lambda: b"\r\n \0\0", Format.EMPTY, 0, 0, set()),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), Format.UNKNOWN, 0, 0, set()),
    "an archive": (lambda: b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(300), Format.UNKNOWN, 0, 0, {"reading.foreign"}),
    "a PKIPATH": (lambda: asn1.seq(*(each.der for each in reversed(LEAF.chain))), Format.UNKNOWN, 3, 0, {"reading.pkipath"}),
}  # fmt: skip


def issue_of_version(version: int) -> bytes:
    der = issue("versioned", PKI.intermediate).der
    assert der.count(b"\xa0\x03\x02\x01\x02") == 1
    der = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([version]))
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("case", READABLE)
def test_readable(case: str) -> None:
    make, form, certificates, keys, notes = READABLE[case]
    data = make()
    bundle = read(data, name="input", password=RIGHT)
    assert sniff(data) is bundle.format is form
    assert (len(bundle.certificates), len(bundle.keys)) == (certificates, keys), bundle.notes
    assert {code for code, _ in bundle.notes} == notes
    assert all(each.x509.public_bytes(Encoding.DER) == each.der for each in bundle.certificates)
    if certificates == 3:
        assert set(bundle.certificates) == set(CHAIN)
    if keys == 1:
        assert bundle.keys[0].public_key_der == LEAF.certificate.public_key_der


def weak_rounds(rounds: int) -> bytes:
    return asn1.pfx([asn1.cert_bag(LEAF.der)], says=rounds)


def key_with_rounds(rounds: int) -> bytes:
    kdf = asn1.seq(asn1.oid("1.2.840.113549.1.5.12"), asn1.seq(asn1.octets(b"saltsalt"), asn1.number(rounds)))
    cipher = asn1.seq(asn1.oid("2.16.840.1.101.3.4.1.42"), asn1.octets(bytes(16)))
    return asn1.seq(asn1.seq(asn1.oid("1.2.840.113549.1.5.13"), asn1.seq(kdf, cipher)), asn1.octets(bytes(64)))


def key_with_scrypt(cost: int) -> bytes:
    numbers = [asn1.number(each) for each in (cost, 8, 1)]
    kdf = asn1.seq(asn1.oid("1.3.6.1.4.1.11591.4.11"), asn1.seq(asn1.octets(b"salt"), *numbers))
    cipher = asn1.seq(asn1.oid("2.16.840.1.101.3.4.1.42"), asn1.octets(bytes(16)))
    return asn1.seq(asn1.seq(asn1.oid("1.2.840.113549.1.5.13"), asn1.seq(kdf, cipher)), asn1.octets(bytes(64)))


def many_slow_keys() -> bytes:
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(200_000)
    made = pkcs12.serialize_key_and_certificates(b"", LEAF.key, None, None, builder.build(b"changeit"))
    bag = parse(
        parse(parse(made).children[1].children[1].children[0].octets).children[0].children[1].children[0].octets
    )
    return asn1.pfx([bag.children[0].encoded] * 60)


def tampered() -> bytes:
    """An encrypted store, changed behind its encryption: the check must see it although the password opens it."""
    whole = LEAF.pfx("changeit")
    assert whole.count(b"\x02\x02\x08\x00") >= 1
    # The salt of the integrity check stands right before its count, at the end of the file.
    at = whole.rindex(b"\x02\x02\x08\x00") - 1
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


REFUSED: dict[str, tuple[Callable[[], bytes], str | None, str]] = {
    "PFX, no password": (lambda: LEAF.pfx("changeit"), None, "reading.password-needed"),
    "PFX, wrong password": (lambda: LEAF.pfx("changeit"), "changeIt", "reading.password-wrong"),
    "PFX, empty password": (lambda: LEAF.pfx("changeit"), "", "reading.password-wrong"),
    "PFX, key with another password": (lambda: asn1.pfx([asn1.key_bag(LEAF.key, "other"), asn1.cert_bag(LEAF.der)]), "changeit", "pkcs12.key-password-differs"),
    "PFX, tampered": (tampered, "changeit", "reading.damaged"),
    "PFX, cut": (lambda: LEAF.pfx("changeit")[:-5], "changeit", "reading.damaged"),
    "PFX, cut in its first bytes": (lambda: LEAF.pfx("changeit")[:40], "changeit", "reading.damaged"),
    "PFX, unknown integrity": (lambda: LEAF.pfx("changeit").replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040299")), "changeit", "reading.damaged"),
    "PFX, absurd rounds": (lambda: weak_rounds(2**31 - 1), "changeit", "reading.iterations"),
    "PFX, rounds beyond any number": (lambda: weak_rounds(2**100), "changeit", "reading.iterations"),
    "PFX, rounds that add up": (many_slow_keys, "changeit", "reading.iterations"),
    "PFX, no rounds": (lambda: weak_rounds(0), "changeit", "reading.damaged"),
    "PFX, with a signature": (lambda: asn1.seq(asn1.number(3), asn1.seq(asn1.oid("1.2.840.113549.1.7.2"), asn1.tlv(0xA0, asn1.seq()))), "changeit", "reading.algorithm-unsupported"),
    "key, no password": (lambda: key_as(PrivateFormat.PKCS8, password=b"changeit"), None, "reading.password-needed"),
    "key, wrong password": (lambda: key_as(PrivateFormat.PKCS8, password=b"changeit"), "x", "reading.password-wrong"),
    "old key, no password": (lambda: key_as(PrivateFormat.TraditionalOpenSSL, password=b"changeit"), None, "reading.password-needed"),
    "old key, wrong password": (lambda: key_as(PrivateFormat.TraditionalOpenSSL, password=b"changeit"), "x", "reading.password-wrong"),
    "key, absurd rounds": (lambda: key_with_rounds(2**31 - 1), "changeit", "reading.iterations"),
    "key, scrypt beyond memory": (lambda: key_with_scrypt(2**24), "changeit", "reading.iterations"),
    "key of SSH": (lambda: key_as(PrivateFormat.OpenSSH), None, "reading.algorithm-unsupported"),
    "chain and locked key": (lambda: PEM + LEAF.key_pem("changeit"), None, "reading.password-needed"),
    "JKS, wrong password": (lambda: asn1.jks([("a", LEAF.der)], "changeit"), "other", "reading.password-wrong"),
    "JKS, cut": (lambda: asn1.jks([("a", LEAF.der)], "changeit")[:-21], "changeit", "reading.damaged"),
    "JKS, cut before the digest": (lambda: asn1.jks([("a", LEAF.der)], "changeit")[:-3], "changeit", "reading.damaged"),
    "JKS of version 3": (lambda: asn1.jks([("a", LEAF.der)], "changeit", version=3), "changeit", "reading.damaged"),
    "certificate, cut": (lambda: LEAF.der[:-40], None, "reading.damaged"),
    "PEM, cut": (lambda: LEAF.pem[:-60], None, "reading.damaged"),
    "PEM, one letter missing": (lambda: LEAF.pem[:200] + LEAF.pem[201:], None, "reading.damaged"),
    "PKCS7, cut": (lambda: messages(Encoding.DER)[:-100], None, "reading.damaged"),
    "PKCS7, encrypted": (lambda: asn1.seq(asn1.oid("1.2.840.113549.1.7.3"), asn1.tlv(0xA0, asn1.seq())), None, "reading.algorithm-unsupported"),
    "certificate of version 7": (lambda: issue_of_version(7), None, "certificate.not-readable"),
    "too large": (lambda: bytes(SIZE_LIMIT + 1), None, "reading.too-large"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    make, password, code = REFUSED[case]
    with pytest.raises(ReadingError) as refusal:
        read(make(), name="in\x1bput", password=Secret(password) if password is not None else None)
    error = refusal.value
    assert error.code == code, error.message
    assert "\x1b" not in error.message
    assert error.hint
    assert password is None or len(password) < 4 or password not in error.message + error.hint


def test_damage_names_its_byte() -> None:
    data = LEAF.der[:100]
    with pytest.raises(ReadingError, match=rf"at byte 100: an element needs {len(LEAF.der) - 100} more bytes"):
        read(data)


def test_a_store_with_an_empty_password_says_so() -> None:
    with pytest.raises(ReadingError, match="it opens with an empty password") as refusal:
        read(asn1.pfx([asn1.cert_bag(LEAF.der)], ""), password=RIGHT)
    assert refusal.value.code == "reading.password-wrong"


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (LEAF.der[:4] + b"\x30\x00" + LEAF.der[6:], r"its ASN\.1 is not valid \(\w+ in \S+\)"),
        (LEAF.der[:-9], r"its ASN\.1 is not valid \(ShortData in Certificate\)"),
    ],
    ids=["a member is missing", "the end is missing"],
)
def test_the_parsers_dump_is_put_into_words(der: bytes, reason: str) -> None:
    (note,) = read(asn1.pfx([asn1.cert_bag(LEAF.der), asn1.cert_bag(der)]), password=RIGHT).notes
    assert re.search(reason, note[1]), note
    assert "ParseError" not in note[1]


def test_rounds_name_their_limit() -> None:
    with pytest.raises(ReadingError, match=r"needs 2,147,483,647 rounds of key derivation. The limit is 5,000,000"):
        read(weak_rounds(2**31 - 1), password=RIGHT)


def test_what_a_locked_key_leaves_readable() -> None:
    for data, password in ((PEM + LEAF.key_pem("other"), RIGHT), (PEM + LEAF.key_pem("other"), None)):
        with pytest.raises(ReadingError) as refusal:
            read(data, password=password)
        assert refusal.value.partial is not None
        assert refusal.value.partial.certificates == CHAIN
    assert len(read(PEM + LEAF.key_pem("other"), password=RIGHT, key_password=Secret("other")).keys) == 1


def test_friendly_names_and_javas_mark() -> None:
    mark = asn1.seq(asn1.oid("2.16.840.1.113894.746875.1.1"), asn1.tlv(0x31, asn1.oid("2.5.29.37.0")))
    bags = [asn1.cert_bag(PKI.root.der, asn1.friendly("räöt"), mark), asn1.cert_bag(LEAF.der, asn1.friendly("leaf"))]
    bundle = read(asn1.pfx(bags), password=RIGHT)
    assert bundle.store is not None
    assert [each.alias for each in bundle.certificates] == ["räöt", "leaf"]
    assert bundle.trusted_aliases == ("räöt",)
    assert (bundle.store.java_trusted, bundle.store.certificates) == (1, 2)
    assert not bundle.store.empty_to_java
    without = read(asn1.pfx(bags[1:]), password=RIGHT)
    assert without.store is not None
    assert without.store.empty_to_java


NEEDS_CERTIFICATE = [
    (PEM, None),
    (request(), "reading.request"),
    (LEAF.key_pem(), "reading.key-only"),
    (request() + LEAF.key_pem(), "reading.request"),
    (b"", "reading.no-certificate"),
    (b"hello", "reading.no-certificate"),
    (bytes(range(1, 255)), "reading.no-certificate"),
    (b"PK\x03\x04" + bytes(99), "reading.no-certificate"),
]


@pytest.mark.parametrize(("data", "code"), NEEDS_CERTIFICATE)
def test_require_certificate(data: bytes, code: str | None) -> None:
    bundle = read(data, name="input")
    if code is None:
        assert require_certificate(bundle) is bundle
        return
    with pytest.raises(ReadingError) as refusal:
        require_certificate(bundle)
    assert refusal.value.code == code


def test_too_many_unreadable_parts_end_the_reading() -> None:
    block = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    assert len(read(block * 900 + PEM).notes) == 200
    with pytest.raises(ReadingError, match=r"more than 1,000 parts"):
        read(block * 1001 + PEM)


def test_only_the_first_keys_are_read() -> None:
    bundle: Bundle = read(LEAF.key_pem() * 201)
    assert len(bundle.keys) == 200
    assert [code for code, _ in bundle.notes] == ["reading.many-keys"]


def test_a_file_of_keys_alone_is_given_up() -> None:
    """What stands behind ten thousand keys is not looked at, and that is told; behind fewer it is found."""
    key = b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
    few = read(LEAF.key_pem() * 201 + key * 9_798 + PEM)
    assert few.certificates
    many = read(LEAF.key_pem() * 201 + key * 9_799 + PEM)
    assert not many.certificates
    assert [code for code, _ in many.notes] == ["reading.many-keys", "pem.too-many"]


SALT = b"\0\0\0\x14" + bytes(20) + b"\0\0\4\0"
FOREIGN: dict[str, tuple[bytes, str, str]] = {
    # what, its bytes, what it is called, what to do
    "BKS": (b"\0\0\0\2" + SALT + b"\1\0\1a" + bytes(99), "Bouncy Castle (BKS)", "keytool -importkeystore"),
    "UBER": (b"\0\0\0\1" + SALT + b"\xa7" * 99, "Bouncy Castle (UBER)", "keytool -importkeystore"),
    "BCFKS": (
        asn1.seq(asn1.seq(asn1.seq(asn1.oid("1.2.840.113549.1.5.13"), asn1.seq()), asn1.tlv(4, b"x" * 40)), asn1.seq()),
        "Bouncy Castle (BCFKS)", "keytool -importkeystore"),
    "KDB": (bytes(range(128, 256)), "key database of IBM", "xport it to PKCS12"),
    "SST": (b"\0\0\0\0CERT" + bytes(60), "Microsoft certificate store", "certmgr.msc"),
    "PPK": (b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n", "PuTTY key", "belongs to no certificate"),
    "SSH": (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@host\n", "public SSH key", "belongs to no certificate"),
    "ZIP": (b"PK\3\4" + bytes(60), "ZIP archive", "npack it"),
    "tar": (b"certs/leaf.cer" + bytes(243) + b"ustar\0" + bytes(300), "tar archive", "tar xf"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "gzip archive", "npack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(60), "7-Zip archive", "npack it"),
    "HTML": (b"\r\n<!DOCTYPE html><html><head><title>Sign in</title>", "web page", "ownload the certificate itself"),
    "mail": (b"Received: from a\nFrom: pki@acme.test\nTo: b\nSubject: cert\n\nhello\n", "a mail", "attachment"),
    "dashes": ("\u2013\u2013BEGIN CERTIFICATE\u2014\u2014-\nMIIB\n".encode(), "dashes", "attachment"),
    "dashes of Windows": (b"\x97-BEGIN CERTIFICATE-\x97\nMIIB\n", "dashes", "attachment"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_kind_is_named_with_what_to_do(kind: str) -> None:
    data, what, advice = FOREIGN[kind]
    with pytest.raises(WizardError) as refused:
        require_certificate(read(data, name="key.kdb" if kind == "KDB" else "file"))
    assert refused.value.code == "reading.no-certificate"
    assert what in refused.value.message
    assert advice in refused.value.hint


def test_two_passwords_may_be_given_the_wrong_way_round() -> None:
    data = asn1.pfx([asn1.key_bag(LEAF.key, "inner"), asn1.cert_bag(LEAF.der)], "outer")
    for store, inner in (("outer", "inner"), ("inner", "outer")):
        assert len(read(data, password=Secret(store), key_password=Secret(inner)).keys) == 1


def test_the_password_of_the_key_alone_is_not_called_damage() -> None:
    data = asn1.pfx([asn1.key_bag(LEAF.key, "inner"), asn1.cert_bag(LEAF.der)], "outer")
    with pytest.raises(ReadingError, match="it opens only the private key") as refused:
        read(data, password=Secret("inner"))
    assert refused.value.code == "reading.password-wrong"
