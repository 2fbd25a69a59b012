"""The table of verdicts: an input, what Java 11, 17, 21, 25, keytool and OpenSSL do with it, and what we report.

One row for each kind of input that people meet. `oracle/test_verdicts.py` asks the programs, one process of each Java
for all rows. Where our verdict differs from Java's, `why` says why that is right.
"""

import subprocess
from base64 import encodebytes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from tests.support import asn1, pki
from tests.support.bad_chains import HOST
from tests.support.pki import ANY_USAGE, CLIENT, NOW, Entity, authority, issue
from wizard.certificates.formats.der import parse, wrap
from wizard.certificates.model import Role

JAVAS = ("11.0.5", "17", "21", "25")


@dataclass(frozen=True)
class Row:
    """One chain and the verdicts on it.

    Attributes:
        name: what is odd.
        make: the leaf with its issuers; RSA keys, because the JRE of age 11 in the tests has no others.
        java: "" when every Java accepts, part of the reason when every Java refuses, else one for each age.
        openssl: "" when OpenSSL accepts it, else part of its reason.
        ours: the codes of our findings that are worse than notes, errors with `!`.
        why: why our verdict differs from Java's; "" when it does not.
        role: of the leaf.
    """

    name: str
    make: Callable[[], Entity]
    java: "str | Mapping[str, str]" = ""
    openssl: str = ""
    ours: str = ""
    why: str = ""
    role: Role = Role.PRIMARY

    def java_says(self, version: str) -> str:
        """Part of the reason for which this Java refuses it, "" when it accepts."""
        return self.java if isinstance(self.java, str) else self.java.get(version, "")

    @property
    def refused_by_java(self) -> bool:
        """Whether any Java refuses it."""
        return any(map(self.java_says, JAVAS))


def from_21(reason: str) -> dict[str, str]:
    """Java 21 and newer refuse it."""
    return {"21": reason, "25": reason}


def to_17(reason: str) -> dict[str, str]:
    """Java 17 and older refuse it."""
    return {"11.0.5": reason, "17": reason}


def root(**how: Any) -> Entity:
    return authority("Case RSA Root", kind="rsa-2048", **how)


def middle(**how: Any) -> Entity:
    return authority("Case RSA", root(), kind="rsa-2048", **how)


def below(issuer: Entity, **how: Any) -> Entity:
    return issue(HOST, issuer, kind="rsa-2048", **how)


def leaf(**how: Any) -> Entity:
    return below(middle(), **how)


def under_root(**how: Any) -> Entity:
    """A leaf whose root is made with *how*."""
    return below(authority("Case RSA", root(**how), kind="rsa-2048"))


def under_middle(**how: Any) -> Entity:
    """A leaf whose intermediate is made with *how*."""
    return below(middle(**how))


WITHOUT: dict[str, dict[str, Any]] = {
    "2.5.29.14": {"ski": False}, "2.5.29.15": {"usage": None}, "2.5.29.17": {"sans": ()},
    "2.5.29.19": {"basic": False}, "2.5.29.35": {"aki": False}, "2.5.29.37": {"eku": None},
}  # fmt: skip
"""How `issue` leaves an extension out."""


def raw(oid: str, value: bytes, *, critical: bool = False) -> dict[str, Any]:
    """That extension with those bytes in place of a good one."""
    return {
        **WITHOUT.get(oid, {}),
        "extensions": [(x509.UnrecognizedExtension(ObjectIdentifier(oid), value), critical)],
    }


CUT = b"\x30\x03\x02\x01"
"""A sequence that ends inside its first element."""
POLICIES, CRL, AIA, IAN = "2.5.29.32", "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.18"
SKI, AKI, SAN, USAGE, EKU, BASIC, LIMITS = (f"2.5.29.{arc}" for arc in (14, 35, 17, 15, 37, 19, 30))
URL = wrap(0x86, b"http://a.test/")
GOOD_CRL = wrap(0x30, wrap(0x30, wrap(0xA0, wrap(0xA0, URL))))
GOOD_AIA = wrap(0x30, wrap(0x30, bytes.fromhex("06082b06010505073001"), URL))
NULL = b"\x05\x00"
HARMLESS_POLICY = wrap(
    0x30, wrap(0x30, bytes.fromhex("06032a0304"), wrap(0x30, wrap(0x30, bytes.fromhex("06032a0305"), wrap(0x0C, b"x"))))
)
HOST_NAME = wrap(0x82, HOST.encode())


def named(*entries: bytes) -> Entity:
    """A leaf with the host and *entries* as its alternative names."""
    return leaf(**raw(SAN, wrap(0x30, HOST_NAME, *entries)))


def edited(entity: Entity, change: Callable[[list[bytes]], None]) -> Entity:
    """The same with the fields of its body changed, and signed again."""
    fields = [each.encoded for each in parse(entity.x509.tbs_certificate_bytes)]
    change(fields)
    body = wrap(0x30, *fields)
    signature = (entity.issuer or entity).key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    algorithm = wrap(0x30, bytes.fromhex("06092a864886f70d01010b0500"))
    return replace(
        entity, x509=x509.load_der_x509_certificate(wrap(0x30, body, algorithm, wrap(0x03, b"\0", signature)))
    )


def with_field(place: int, value: bytes, entity: Callable[[], Entity] = leaf) -> Callable[[], Entity]:
    """One field of the body (4 validity, 5 subject, 6 key) in place of the good one."""

    def change(fields: list[bytes]) -> None:
        fields[place] = value

    return lambda: edited(entity(), change)


def common_name(tag: int, value: bytes) -> bytes:
    """A subject with that common name."""
    return wrap(0x30, wrap(0x31, wrap(0x30, bytes.fromhex("0603550403"), wrap(tag, value))))


def twice() -> Entity:
    """The last extension is there twice."""

    def change(fields: list[bytes]) -> None:
        each = [node.encoded for node in parse(parse(fields[-1]).children[0].encoded)]
        fields[-1] = wrap(0xA3, wrap(0x30, *each, each[-1]))

    return edited(leaf(), change)


def key_of(algorithm: bytes, bits: bytes) -> Callable[[], Entity]:
    """A leaf with that SubjectPublicKeyInfo."""
    return with_field(6, wrap(0x30, algorithm, wrap(0x03, b"\0", bits)))


def key_from(public: Any) -> Callable[[], Entity]:
    return with_field(6, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


EC = bytes.fromhex("06072a8648ce3d0201")
P_256 = bytes.fromhex("06082a8648ce3d030107")
POINT = pki.key("p256", "odd").public_key()


def validity(start: bytes, end: bytes = f"{NOW + 300 * pki.DAY:%Y%m%d%H%M%SZ}".encode()) -> bytes:
    return wrap(0x30, wrap(0x18, start), wrap(0x18, end))


def wants(issuer: Entity, serial: int | None = None, *, key_id: bool = True) -> dict[str, Any]:
    """An authority key identifier with issuer and serial number, by default the right one."""
    name = (issuer.issuer or issuer).x509.subject
    number = issuer.x509.serial_number if serial is None else serial
    digest = x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    value = x509.AuthorityKeyIdentifier(digest if key_id else None, [x509.DirectoryName(name)], number)
    return {"aki": False, "extensions": [(value, False)]}


def limited(*permitted: bytes, excluded: tuple[bytes, ...] = (), tail: bytes = b"") -> dict[str, Any]:
    """Name constraints out of GeneralName elements."""
    sides = [(0xA0, permitted), (0xA1, excluded)]
    value = wrap(0x30, *(wrap(tag, *(wrap(0x30, each, tail) for each in side)) for tag, side in sides if side))
    return raw(LIMITS, value, critical=True)


def carrying(*names: x509.GeneralName | str, **limits: Any) -> Entity:
    """A leaf with those names beside its host, under an intermediate with those limits."""
    entries = [x509.DNSName(each) if isinstance(each, str) else each for each in (HOST, *names)]
    return below(middle(**limits), sans=(), extensions=[(x509.SubjectAlternativeName(entries), False)])


def dns(text: str) -> bytes:
    return wrap(0x82, text.encode())


def organization(text: str) -> bytes:
    return wrap(0xA4, x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)]).public_bytes())


def spelled() -> Entity:
    """The intermediate names its root in other letters and another kind of string."""
    other = wrap(0x30, *(
        wrap(0x31, wrap(0x30, bytes.fromhex(oid), wrap(0x13, text)))
        for oid, text in (("060355040a", b"ACME"), ("0603550403", b"case  rsa ROOT"))
    ))  # fmt: skip

    def change(fields: list[bytes]) -> None:
        fields[3] = other

    return below(edited(middle(), change))


def mail_in_subject(**limits: Any) -> Entity:
    name = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@acme.test")])
    return issue(name, middle(**limits), kind="rsa-2048", sans=[HOST])


NO_SUBJECT = x509.Name([])
CRITICAL_HOST = [(x509.SubjectAlternativeName([x509.DNSName(HOST)]), True)]
LATIN_MAIL = wrap(0x81, b"m\xfcller@acme.test")
OTHER_VALUE = bytes.fromhex("06032a0304")
MODP = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE65381FFFFFFFFFFFFFFFF"
)
"""RFC 2409, 6.2: 1024 bits."""


ENTRIES: dict[str, bytes] = {
    **{text: dns(text) for text in (
        "a.b.test", "A.B.Test", "a.b.test.", "*.b.test", "*.test", "*", "a*.b.test", "*a.b.test", "a.*.test", "*.*.test",
        "a.b.*", "xn--*.b.test", "my_host.test", "*.my_zone.test", "x y.test", " a.b.test", "a.b.test ",
        "a.b.test\0.evil", "a.b.test\0", "xn--mller-kva.test", "XN--MLLER-KVA.test", "m\u00fcller.test",
        "xn--99999999999.test", "xn--test--wg5h0h.test", "xn--.test", "10.1.2.3", "::1", "*.1.2.3", "primary", "-a.test", "a-.test", ".b.test",
        "a..test", "", "https://a.b.test/", "a.b.test:443", "xn--strae-oqa.test", "strasse.test", "123", "1.test",
        "a" * 64 + ".test",
    )},
    "m\u00fcller.test in Latin-1": wrap(0x82, b"m\xfcller.test"),
    "address 10.1.2.3": wrap(0x87, bytes((10, 1, 2, 3))),
    "address ::1": wrap(0x87, bytes(15) + b"\1"),
    "address ::ffff:10.1.2.3": wrap(0x87, bytes(10) + b"\xff\xff" + bytes((10, 1, 2, 3))),
}  # fmt: skip
"""Alternative names, each alone in a certificate with the common name cn.test."""

HOSTS = (
    "a.b.test", "A.B.TEST", "a.b.test.", "b.test", "c.a.b.test", "ab.b.test", "my_host.test", "a.my_zone.test",
    "x y.test", " a.b.test", "a.b.test ", "a.b.test\0.evil", "a.b.test\0", "xn--mller-kva.test", "m\u00fcller.test",
    "M\u00dcLLER.test", "xn--99999999999.test", "xn--test--wg5h0h.test", "xn--.test", "xn--x.b.test", "10.1.2.3", "[::1]", "::1",
    "0:0:0:0:0:0:0:1", "::ffff:10.1.2.3", "010.1.2.3", "10.1.2.03", "primary", "Primary", "primary.", "-a.test",
    "a-.test", ".b.test", "a..test", "", "https://a.b.test/", "a.b.test:443", "stra\u00dfe.test", "strasse.test",
    "xn--strae-oqa.test", "123", "1.test", "a" * 64 + ".test", "x.test", "a\u3002b.test", "cn.test",
)  # fmt: skip
"""Names that clients connect to: every one is held against every entry above."""


def why_names_differ(host: str, entry: str) -> str:
    """Why our verdict on this pair is not Java's; "" when it is."""
    if entry == "*.test":
        return "OpenSSL and Windows take no star directly below the top of the tree"
    if "*" in entry and not entry.startswith("*."):
        return "RFC 9525 and the Windows client take no star for a part of a label"
    if entry.startswith("*.*") or entry == "a.*.test":
        return "Java 21 and newer, OpenSSL and Windows refuse it"
    if host in {" a.b.test", "a.b.test "}:
        return "blanks around a typed name are taken off before it is used"
    if host == "[::1]":
        return "brackets are taken off before it is used, by Java's trust manager too"
    if "ffff" in host + entry:
        return "OpenSSL takes the two forms for two addresses"
    if host in {"010.1.2.3", "10.1.2.03"}:
        return "with a zero in front, other programs read another address"
    if host == "cn.test" and entry.startswith("address"):
        return "Java falls back to the common name; OpenSSL and Windows do not"
    return ""


CHAINS: tuple[Row, ...] = (
    Row("a good chain", leaf, "", "", ""),
    Row("a cut policy notice in the leaf", lambda: leaf(**raw(POLICIES, CUT)), "", "", "form.extension-unreadable"),
    Row(
        "a cut policy notice in the intermediate",
        lambda: under_middle(**raw(POLICIES, CUT)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "an unknown policy qualifier in the intermediate",
        lambda: under_middle(**raw(POLICIES, HARMLESS_POLICY)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "a cut CRL address in the leaf",
        lambda: leaf(**raw(CRL, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut CRL address in the intermediate",
        lambda: under_middle(**raw(CRL, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row("a cut issuer address in the leaf", lambda: leaf(**raw(AIA, CUT)), "", "", "form.extension-unreadable"),
    Row(
        "a cut key identifier in the leaf",
        lambda: leaf(**raw(SKI, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut key identifier in the intermediate",
        lambda: under_middle(**raw(SKI, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut authority key identifier in the leaf",
        lambda: leaf(**raw(AKI, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut key usage in the leaf",
        lambda: leaf(**raw(USAGE, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut extended key usage in the leaf",
        lambda: leaf(**raw(EKU, CUT)),
        from_21("not enough content"),
        "invalid certificate",
        "form.extension-refused!",
    ),
    Row(
        "a cut extended key usage in the intermediate",
        lambda: under_middle(**raw(EKU, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "an empty extended key usage",
        lambda: leaf(**raw(EKU, b"\x30\x00")),
        "does not permit use for TLS server",
        "unsuitable certificate purpose",
        "form.extension-refused!",
    ),
    Row(
        "cut alternative names",
        lambda: leaf(**raw(SAN, CUT)),
        from_21("not enough content"),
        "invalid certificate",
        "name.no-san! form.extension-refused!",
    ),
    Row(
        "no alternative name in the list",
        lambda: leaf(**raw(SAN, b"\x30\x00")),
        from_21("No data available"),
        "",
        "name.no-san!",
    ),
    Row(
        "a path length beside CA:FALSE",
        lambda: leaf(**raw(BASIC, bytes.fromhex("3003020100"), critical=True)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "CA:FALSE written out",
        lambda: leaf(**raw(BASIC, bytes.fromhex("3003010100"), critical=True)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "CA:TRUE as 01 instead of ff",
        lambda: under_middle(**raw(BASIC, bytes.fromhex("3003010101"), critical=True)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "a negative path length",
        lambda: under_middle(**raw(BASIC, bytes.fromhex("30060101ff0201ff"), critical=True)),
        "not a CA certificate",
        "invalid certificate",
        "chain.incomplete!",
    ),
    Row(
        "cut basic constraints in the leaf",
        lambda: leaf(**raw(BASIC, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "cut name constraints in the intermediate",
        lambda: under_middle(**raw(LIMITS, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "a cut critical policy notice",
        lambda: leaf(**raw(POLICIES, CUT, critical=True)),
        {
            "11.0.5": "extra data given",
            "17": "not enough content",
            "21": "not enough content",
            "25": "not enough content",
        },
        "",
        "form.extension-refused!",
    ),
    Row(
        "a cut critical key usage",
        lambda: leaf(**raw(USAGE, CUT, critical=True)),
        {
            "11.0.5": "extra data given",
            "17": "not enough content",
            "21": "not enough content",
            "25": "not enough content",
        },
        "invalid certificate",
        "form.extension-refused!",
    ),
    Row("an extension twice", twice, "Duplicate extensions", "invalid certificate", "form.extension-refused!"),
    Row("an e-mail address with a Latin-1 letter", lambda: named(LATIN_MAIL), "", "", "form.extension-unreadable"),
    Row(
        "the same in the intermediate",
        lambda: under_middle(**raw(SAN, wrap(0x30, LATIN_MAIL))),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "a DNS name with a Latin-1 letter",
        lambda: named(wrap(0x82, b"m\xfcller.test")),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "an otherName with garbage as its value",
        lambda: named(wrap(0xA0, OTHER_VALUE, wrap(0xA0, b"\x0c\x09x"))),
        "",
        "invalid certificate",
        "form.extension-unreadable",
    ),
    Row(
        "an otherName without its value",
        lambda: named(wrap(0xA0, OTHER_VALUE)),
        from_21("Too short"),
        "invalid certificate",
        "form.extension-refused!",
    ),
    Row(
        "an address of five bytes",
        lambda: named(wrap(0x87, b"12345")),
        from_21("Invalid IPAddressName"),
        "",
        "form.extension-refused!",
    ),
    Row(
        "a network as an address",
        lambda: named(wrap(0x87, b"\x0a\0\0\0\xff\0\0\0")),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row("an x400Address", lambda: named(wrap(0xA3, b"")), "", "", "form.extension-unreadable"),
    Row(
        "an ediPartyName",
        lambda: named(wrap(0xA5, wrap(0xA1, wrap(0x0C, b"x")))),
        {
            "11.0.5": "Cannot have null partyName",
            "17": "Cannot have null partyName",
            "21": "party cannot be missing",
            "25": "party cannot be missing",
        },
        "",
        "form.extension-refused!",
    ),
    Row(
        "a name of a type that does not exist",
        lambda: named(wrap(0x89, b"x")),
        from_21("Unrecognized GeneralName tag"),
        "invalid certificate",
        "form.extension-refused!",
    ),
    Row(
        "a URI without a scheme",
        lambda: named(wrap(0x86, b"acme.test/x")),
        from_21("must include scheme"),
        "",
        "form.extension-refused!",
    ),
    Row(
        "a URI with a blank",
        lambda: named(wrap(0x86, b"ldap://acme.test/CN=a b")),
        from_21("invalid URI name"),
        "",
        "form.extension-refused!",
    ),
    Row(
        "a URI with a final dot",
        lambda: named(wrap(0x86, b"http://acme.test./")),
        from_21("invalid URI name"),
        "",
        "form.extension-refused!",
    ),
    Row("a URI with an underscore", lambda: named(wrap(0x86, b"http://my_host/")), "", "", ""),
    Row(
        "an unreadable directory name",
        lambda: named(wrap(0xA4, b"\x30\x03\x01\x02")),
        from_21("not enough content"),
        "invalid certificate",
        "form.extension-refused!",
    ),
    Row(
        "an empty subject",
        lambda: issue(NO_SUBJECT, middle(), kind="rsa-2048", sans=[HOST]),
        "MUST be marked critical",
        "",
        "form.empty-subject!",
    ),
    Row(
        "an empty subject, the names critical",
        lambda: issue(NO_SUBJECT, middle(), kind="rsa-2048", sans=(), extensions=CRITICAL_HOST),
        "",
        "",
        "",
    ),
    Row(
        "an empty subject without names",
        lambda: issue(NO_SUBJECT, middle(), kind="rsa-2048", sans=()),
        "SubjectAlternativeName extension is absent",
        "hostname mismatch",
        "name.no-san! form.empty-subject!",
    ),
    Row(
        "a subject that is not UTF-8",
        with_field(5, common_name(0x0C, b"a\xff")),
        "",
        "unsuitable certificate purpose",
        "form.name-unreadable",
    ),
    Row("a subject in Latin-1", with_field(5, common_name(0x14, b"a\xfcb")), "", "", "form.name-unreadable"),
    Row(
        "a number for a subject",
        with_field(5, common_name(0x02, b"\1")),
        "",
        "unsuitable certificate purpose",
        "form.name-unreadable",
    ),
    Row("valid from the year 0", with_field(4, validity(b"00000101000000Z")), "", "", ""),
    Row(
        "a root valid from the year 0",
        lambda: below(authority("Case RSA", with_field(4, validity(b"00000101000000Z"), root)(), kind="rsa-2048")),
        "",
        "",
        "validity.issuer-expires-first",
    ),
    Row(
        "valid until the year 0",
        with_field(4, validity(b"00000101000000Z", b"00000201000000Z")),
        "NotAfter",
        "certificate has expired",
        "validity.leaf-expired!",
    ),
    Row(
        "critical CRL addresses in the leaf",
        lambda: leaf(**raw(CRL, GOOD_CRL, critical=True)),
        "unrecognized critical extension",
        "",
        "form.critical-extension!",
    ),
    Row(
        "critical CRL addresses in the intermediate",
        lambda: under_middle(**raw(CRL, GOOD_CRL, critical=True)),
        "unrecognized critical extension",
        "",
        "form.critical-extension!",
    ),
    Row("critical CRL addresses in the root", lambda: under_root(**raw(CRL, GOOD_CRL, critical=True)), "", "", ""),
    Row(
        "a critical issuer address in the leaf",
        lambda: leaf(**raw(AIA, GOOD_AIA, critical=True)),
        "unrecognized critical extension",
        "unhandled critical extension",
        "form.critical-extension!",
    ),
    Row(
        "a critical issuer address in the root",
        lambda: under_root(**raw(AIA, GOOD_AIA, critical=True)),
        "",
        "unhandled critical extension",
        "form.root-critical-extension",
    ),
    Row(
        "a critical key identifier",
        lambda: leaf(**raw(SKI, b"\x04\x01\xaa", critical=True)),
        "unrecognized critical extension",
        "unhandled critical extension",
        "form.critical-extension!",
    ),
    Row(
        "a critical authority key identifier",
        lambda: leaf(
            aki=False,
            extensions=[(x509.AuthorityKeyIdentifier.from_issuer_public_key(middle().key.public_key()), True)],
        ),
        "unrecognized critical extension",
        "unhandled critical extension",
        "form.critical-extension!",
    ),
    Row(
        "a critical issuer alternative name",
        lambda: leaf(**raw(IAN, wrap(0x30, dns("a.test")), critical=True)),
        "unrecognized critical extension",
        "unhandled critical extension",
        "form.critical-extension!",
    ),
    Row(
        "a critical issuer alternative name in the root",
        lambda: under_root(**raw(IAN, wrap(0x30, dns("a.test")), critical=True)),
        "",
        "unhandled critical extension",
        "form.root-critical-extension",
    ),
    Row(
        "an unknown critical extension in the root",
        lambda: under_root(**raw("1.3.6.1.4.1.99999.1", NULL, critical=True)),
        "",
        "unhandled critical extension",
        "form.root-critical-extension",
    ),
    Row(
        "critical policies, as they may be",
        lambda: leaf(**raw(POLICIES, wrap(0x30, wrap(0x30, OTHER_VALUE)), critical=True)),
        "",
        "",
        "",
    ),
    Row("the intermediate's serial number named", lambda: leaf(**wants(middle())), "", "", ""),
    Row(
        "another serial number of the intermediate named",
        lambda: leaf(**wants(middle(), 0x4242)),
        "",
        "unable to get local issuer certificate",
        "signature.issuer-serial-differs!",
        why="OpenSSL and Windows look for that certificate; Java does only directly below the root",
    ),
    Row(
        "another serial number of the root named",
        lambda: under_middle(**wants(root(), 0x4242)),
        "does not chain with any of the trust anchors",
        "unable to get local issuer certificate",
        "signature.issuer-serial-differs!",
    ),
    Row(
        "the same without a key identifier",
        lambda: under_middle(**wants(root(), 0x4242, key_id=False)),
        "does not chain with any of the trust anchors",
        "unable to get local issuer certificate",
        "signature.issuer-serial-differs!",
    ),
    Row(
        "a root that names another key",
        lambda: under_root(aki=b"\1" * 20),
        "",
        "unable to get issuer certificate",
        "signature.root-names-another-issuer",
    ),
    Row(
        "a root that names another serial number",
        lambda: under_root(**wants(root(), 0x4242)),
        "",
        "unable to get issuer certificate",
        "signature.root-names-another-issuer",
    ),
    Row("an issuer spelled otherwise", spelled, "", "", ""),
    Row(
        "a root limited to clients",
        lambda: under_root(eku=[CLIENT]),
        "",
        "unsuitable certificate purpose",
        "usage.ca-narrow",
    ),
    Row(
        "an intermediate for any usage",
        lambda: under_middle(eku=[ANY_USAGE]),
        "",
        "unsuitable certificate purpose",
        "usage.ca-narrow",
    ),
    Row(
        "a Diffie-Hellman key",
        key_of(
            wrap(0x30, bytes.fromhex("06092a864886f70d010301"), wrap(0x30, wrap(2, b"\0" + MODP), wrap(2, b"\2"))),
            wrap(2, b"\5"),
        ),
        "",
        "",
        "algorithm.not-for-tls!",
        why="the certificate is read, but no handshake comes about with such a key",
    ),
    Row(
        "an X25519 key",
        key_from(x25519.X25519PrivateKey.generate().public_key()),
        "",
        "",
        "algorithm.not-for-tls!",
        why="the certificate is read, but no handshake comes about with such a key",
    ),
    Row(
        "a curve that nobody knows",
        key_of(wrap(0x30, EC, OTHER_VALUE), b"\4" + bytes(64)),
        {"17": "Unknown named curve", "21": "Unknown named curve", "25": "Unknown named curve"},
        "decode error",
        "algorithm.unknown!",
    ),
    Row(
        "a point off its curve",
        key_of(wrap(0x30, EC, P_256), b"\4" + b"\1" * 64),
        "",
        "decode error",
        "algorithm.unknown!",
        why="the certificate is read, but no handshake comes about with such a key",
    ),
    Row(
        "a compressed point",
        key_of(wrap(0x30, EC, P_256), POINT.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)),
        {"17": "Only uncompressed", "21": "Only uncompressed", "25": "Only uncompressed"},
        "",
        "algorithm.unknown!",
    ),
    Row(
        "a curve that newer Java dropped",
        key_from(pki.key("secp256k1", "odd").public_key()),
        "",
        "",
        "strength.curve-not-in-tls!",
        why="the certificate is read, but TLS of Java 16 and newer does not have the curve",
    ),
    Row(
        "a Brainpool curve",
        key_from(ec.generate_private_key(ec.BrainpoolP256R1()).public_key()),
        "",
        "",
        "strength.curve-not-in-tls!",
        why="the certificate is read, but TLS of Java 16 and newer does not have the curve",
    ),
    Row(
        "an unknown kind of key",
        key_of(wrap(0x30, OTHER_VALUE), b"\1"),
        "",
        "decode error",
        "algorithm.unknown!",
        why="the certificate is read, but no handshake comes about with such a key",
    ),
    Row(
        "an RSA key with the exponent 1",
        key_of(
            wrap(0x30, bytes.fromhex("06092a864886f70d010101"), NULL),
            wrap(0x30, wrap(2, b"\0" + b"\xc1" * 256), wrap(2, b"\1")),
        ),
        "exponent is smaller than 3",
        "",
        "algorithm.unknown!",
    ),
    Row(
        "a name inside the limits", lambda: carrying("a.acme.test", **limited(dns(HOST), dns("ACME.test"))), "", "", ""
    ),
    Row(
        "a name outside",
        lambda: carrying("a.other.test", **limited(dns(HOST), dns("acme.test"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a limit with a dot in front",
        lambda: carrying("a.acme.test", **limited(dns(HOST), dns(".acme.test"))),
        to_17("name constraints check failed"),
        "",
        "subtrees.leading-dot!",
    ),
    Row(
        "an excluded limit with a dot in front",
        lambda: carrying("a.acme.test", **limited(excluded=(dns(".acme.test"),))),
        from_21("name constraints check failed"),
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "an empty permitted limit",
        lambda: carrying("a.acme.test", **limited(dns(""))),
        {
            "11.0.5": "name constraints check failed",
            "17": "name constraints check failed",
            "21": "out of bounds for length 0",
            "25": "out of bounds for length 0",
        },
        "",
        "subtrees.violated!",
    ),
    Row(
        "an empty excluded limit",
        lambda: carrying("a.acme.test", **limited(excluded=(dns(""),))),
        from_21("out of bounds for length 0"),
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a final dot in a limit",
        lambda: carrying("a.acme.test", **limited(dns(HOST), dns("acme.test."))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a final dot in a name",
        lambda: carrying("a.acme.test.", **limited(dns(HOST), dns("acme.test"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a wildcard above its limit",
        lambda: carrying("*.acme.test", **limited(dns(HOST), dns("a.acme.test"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "an address outside",
        lambda: carrying(x509.IPAddress(ip_address("11.0.0.1")), **limited(wrap(0x87, b"\x0a\0\0\0\xff\0\0\0"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a mask with holes, inside",
        lambda: carrying(x509.IPAddress(ip_address("10.5.5.1")), **limited(wrap(0x87, b"\x0a\0\0\1\xff\0\0\xff"))),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "a mask with holes, outside",
        lambda: carrying(x509.IPAddress(ip_address("10.5.5.2")), **limited(wrap(0x87, b"\x0a\0\0\1\xff\0\0\xff"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated! form.extension-unreadable",
    ),
    Row(
        "an IPv6 address under an IPv4 limit",
        lambda: carrying(x509.IPAddress(ip_address("::1")), **limited(wrap(0x87, b"\x0a\0\0\0\xff\0\0\0"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "an e-mail address at another host",
        lambda: carrying(x509.RFC822Name("a@b.acme.test"), **limited(wrap(0x81, b"acme.test"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "an e-mail address below a dot",
        lambda: carrying(x509.RFC822Name("a@b.acme.test"), **limited(wrap(0x81, b".acme.test"))),
        "",
        "",
        "",
    ),
    Row(
        "a URI at another host",
        lambda: carrying(x509.UniformResourceIdentifier("http://other.test/x"), **limited(wrap(0x86, b".acme.test"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a URI without a host under a limit",
        lambda: carrying(x509.UniformResourceIdentifier("urn:a:b"), **limited(wrap(0x86, b".acme.test"))),
        "NullPointerException",
        "unsupported or invalid name syntax",
        "subtrees.violated!",
    ),
    Row(
        "an otherName under a limit",
        lambda: carrying(
            x509.OtherName(ObjectIdentifier("1.2.3.4"), b"\x0c\x01x"),
            **limited(wrap(0xA0, OTHER_VALUE, wrap(0xA0, b"\x0c\x01x"))),
        ),
        "not supported for OtherName",
        "unsupported name constraint type",
        "subtrees.violated!",
    ),
    Row(
        "another registeredID than the limit",
        lambda: carrying(x509.RegisteredID(ObjectIdentifier("1.2.3.5")), **limited(wrap(0x88, b"\x2a\x03\x04"))),
        "not supported for OIDNames",
        "unsupported name constraint type",
        "subtrees.violated!",
    ),
    Row("a subject in other letters than its limit", lambda: carrying(**limited(organization("ACME "))), "", "", ""),
    Row(
        "a subject outside its limit",
        lambda: carrying(**limited(organization("Other"))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a subject in an excluded limit",
        lambda: carrying(**limited(excluded=(organization("Acme"),))),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a limit with a maximum",
        lambda: carrying(**limited(dns(HOST), tail=wrap(0x81, b"\1"))),
        "Maximum BaseDistance",
        "maximum not supported",
        "subtrees.distance!",
    ),
    Row(
        "empty name constraints",
        lambda: carrying(**raw(LIMITS, b"\x30\x00", critical=True)),
        "",
        "",
        "form.extension-unreadable",
    ),
    Row(
        "an e-mail address in the subject outside",
        lambda: mail_in_subject(**limited(wrap(0x81, b"other.test"))),
        "",
        "subtree violation",
        "subtrees.openssl-refuses",
    ),
    Row(
        "an intermediate's name outside",
        lambda: below(authority("Case Lower", middle(**limited(dns(HOST))), kind="rsa-2048", sans=["other.test"])),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "an intermediate's subject outside",
        lambda: below(authority(pki.name("Lower", "Other"), middle(**limited(organization("Acme"))), kind="rsa-2048")),
        "name constraints check failed",
        "subtree violation",
        "subtrees.violated!",
    ),
    Row(
        "a self-issued intermediate's name outside",
        lambda: below(
            authority("Case RSA", middle(**limited(dns(HOST))), kind="rsa-2048", slot="second", sans=["other.test"])
        ),
        "",
        "",
        "",
    ),
    Row(
        "an intermediate's name outside the root's",
        lambda: below(authority("Case RSA", root(**limited(dns(HOST))), kind="rsa-2048", sans=["other.test"])),
        "",
        "subtree violation",
        "subtrees.root-violated",
    ),
    Row("a client without a DNS name", lambda: leaf(sans=()), "", "", "", role=Role.CLIENT),
    Row(
        "a client with cut alternative names",
        lambda: leaf(**raw(SAN, CUT)),
        "",
        "invalid certificate",
        "form.extension-unreadable",
        role=Role.CLIENT,
    ),
    Row(
        "a gateway without a DNS name",
        lambda: leaf(sans=()),
        "",
        "",
        "name.no-san!",
        why="the primary does not compare it, but clients of the gateway do",
        role=Role.GATEWAY,
    ),
)


@dataclass(frozen=True)
class StoreRow:
    """One file that is given as a key store.

    Attributes:
        name: what it is.
        make: its bytes.
        java: what KeyStore and getKey say: `OK` with the type and entries, or part of the reason; for each age or all.
        keytool: the same of keytool -list; None where it says what KeyStore says.
        openssl: "" when `openssl pkcs12` opens it, else part of its reason.
        ours: the code of our refusal, else how many certificates and keys we read and the codes of the findings.
        why: why our verdict differs from Java's.
        password: that is tried.
    """

    name: str
    make: Callable[[], bytes]
    java: "str | Mapping[str, str]"
    openssl: str
    ours: str
    why: str = ""
    keytool: "str | None" = None
    password: str = "changeit"

    def java_says(self, version: str) -> str:
        return self.java if isinstance(self.java, str) else self.java[version]


def ages(oldest: str, others: str) -> dict[str, str]:
    """What Java 11.0.5 says, and what 17, 21 and 25 say."""
    return {version: oldest if version == "11.0.5" else others for version in JAVAS}


MODERN = (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256())
OLD = (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1())


def builder(how: tuple[Any, Any]) -> Any:
    return PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(how[0]).hmac_hash(how[1])


def pfx(how: tuple[Any, Any], password: str = "changeit", entity: "Entity | None" = None) -> bytes:
    made = entity or leaf()
    above = [each.x509 for each in made.chain[1:]]
    return pkcs12.serialize_key_and_certificates(
        b"a", made.key, made.x509, above, builder(how).build(password.encode())
    )


def exported(*options: str) -> bytes:
    """A PFX as the openssl command writes it."""
    with TemporaryDirectory() as work:
        source, out = Path(work) / "in.pem", Path(work) / "out.pfx"
        source.write_bytes(leaf().key_pem() + leaf().chain_pem)
        command = [
            "openssl",
            "pkcs12",
            "-export",
            "-in",
            str(source),
            "-passout",
            "pass:changeit",
            "-out",
            str(out),
            *options,
        ]
        subprocess.run(command, check=True, timeout=60)
        return out.read_bytes()


def jks(magic: bytes = b"\xfe\xed\xfe\xed") -> bytes:
    return asn1.jks([("root", root().der)], "changeit", magic=magic)


def root_alone() -> bytes:
    closed = BestAvailableEncryption(b"changeit")
    return pkcs12.serialize_key_and_certificates(None, None, None, [root().x509], closed)


def marked_root() -> bytes:
    marked = pkcs12.PKCS12Certificate(root().x509, b"root")
    return pkcs12.serialize_java_truststore([marked], builder(OLD).build(b"changeit"))


WRONG, NO_PROBE = "keystore password was incorrect", "This keystore does not support probing"
TAMPERED = "Keystore was tampered with, or password was incorrect"
NOT_A_STORE = ages(NO_PROBE, "Unrecognized keystore format")
OTHER_READER = "it is no store; it is read as what it is, and a store is written from it"
CLOSED = "Java before 11.0.12 does not read AES; the wizard does, and writes what the Java of the product reads"
NOT_PKCS12 = "asn1 encoding routines"

STORES: tuple[StoreRow, ...] = (
    StoreRow("PFX with AES and SHA-256", lambda: pfx(MODERN), ages(WRONG, "OK pkcs12 RSA 3"), "", "3 1", CLOSED),
    StoreRow("PFX with 3DES and SHA-1", lambda: pfx(OLD), "OK pkcs12 RSA 3", "", "3 1"),
    StoreRow("PFX with RC2", lambda: exported("-legacy"), "OK pkcs12 RSA 3", "RC2-40-CBC", "3 1 keystore.weak-encryption"),
    StoreRow("PFX of Firefox", lambda: exported("-iter", "600000", "-certpbe", "AES-128-CBC"),
             ages(WRONG, "OK pkcs12 RSA 3"), "", "3 1", CLOSED),
    StoreRow("PFX with too many rounds", lambda: asn1.pfx([asn1.cert_bag(leaf().der)], says=5_000_001),
             "MAC iteration count too large", "Mac verify error", "reading.iterations"),
    StoreRow("PFX without integrity", lambda: asn1.pfx([asn1.cert_bag(leaf().der)], None), "OK pkcs12", "",
             "1 0 pkcs12.no-integrity truststore.empty-to-java"),
    StoreRow("CA in a PFX without Java's mark", root_alone, ages(WRONG, "OK pkcs12"), "", "1 0 truststore.empty-to-java"),
    StoreRow("CA in a PFX with Java's mark", marked_root, "OK pkcs12 trusted", "", "1 0"),
    StoreRow("PFX whose key has another password",
             lambda: asn1.pfx([asn1.key_bag(leaf().key, "inner1"), asn1.cert_bag(leaf().der)]),
             ages("Integrity check failed", "Get Key failed"), "", "pkcs12.key-password-differs",
             keytool="OK Keystore type: PKCS12"),
    StoreRow("PFX, wrong password", lambda: pfx(OLD), WRONG, "Mac verify error", "reading.password-wrong", password="wrong1"),
    StoreRow("PFX, password with umlauts", lambda: pfx(OLD, "p\u00e4ssw\u00f6rd"), WRONG, "", "3 1",
             "Java takes ASCII passwords alone; the wizard reads it and writes a store with another password",
             password="p\u00e4ssw\u00f6rd"),
    StoreRow("PFX with a certificate that Java cannot parse",
             lambda: pfx(OLD, entity=issue(NO_SUBJECT, middle(), kind="rsa-2048", sans=[HOST])), WRONG, "", "3 1",
             "form.empty-subject says why, when the chain is judged"),
    StoreRow("JKS", jks, "OK jks trusted", NOT_PKCS12, "1 0"),
    StoreRow("JKS, wrong password", jks, TAMPERED, NOT_PKCS12, "reading.password-wrong", password="wrong1"),
    StoreRow("JCEKS", lambda: jks(b"\xce\xce\xce\xce"), "OK jceks trusted", NOT_PKCS12, "1 0"),
    StoreRow("PEM", lambda: leaf().chain_pem + leaf().key_pem(), NOT_A_STORE, NOT_PKCS12, "3 1", OTHER_READER),
    StoreRow("DER", lambda: leaf().der, NOT_A_STORE, NOT_PKCS12, "1 0", OTHER_READER),
    StoreRow("PKIPATH", lambda: asn1.seq(*(each.der for each in reversed(leaf().chain))), NOT_A_STORE, NOT_PKCS12, "3 0",
             OTHER_READER),
    StoreRow("PFX in base64", lambda: encodebytes(pfx(OLD)), NOT_A_STORE, NOT_PKCS12, "3 1 pem.odd-text", OTHER_READER),
    StoreRow("BKS", lambda: b"\0\0\0\2\0\0\0\x14" + bytes(20) + b"\0\0\4\0\1\0\1a" + bytes(99), NOT_A_STORE, NOT_PKCS12,
             "reading.no-certificate"),
    StoreRow("PFX cut off", lambda: pfx(OLD)[:-200], "EOFException", NOT_PKCS12, "reading.damaged"),
    StoreRow("empty file", lambda: b"", NOT_A_STORE, "", "reading.no-certificate", keytool="exists, but is empty"),
)  # fmt: skip
