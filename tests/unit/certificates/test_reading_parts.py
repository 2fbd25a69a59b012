"""The pieces under the reading: DER and BER, PEM blocks, derivations and RC2, against published numbers."""

import hashlib
import struct

import pytest

from tests.support import asn1
from wizard.certificates.formats import pbe, pem
from wizard.certificates.formats.der import ELEMENT_LIMIT, DerError, Document, parse, tags
from wizard.certificates.formats.objects import Shape, shape
from wizard.certificates.formats.pbe import Phrase, java_md5, phrases, pkcs12_kdf
from wizard.certificates.reading import ReadingError, read

BROKEN = [
    (b"", 0, "ends inside"),
    (b"\x30", 0, "ends inside"),
    (b"\x30\x05\x02\x01", 4, "needs 3 more bytes"),
    (b"\x30\x82\x01", 0, "length is cut"),
    (b"\x30\x89" + bytes(9), 0, "too long"),
    (b"\x1f\x81\x01\x00", 0, "more than one byte"),
    (b"\x04\x80\x00\x00", 0, "no length"),
    (b"\x30\x80\x05\x00", 4, "ends inside"),
    (b"\x30\x00\x00", 2, "follow the end"),
    (b"\x30\x80" * 30 + b"\0\0" * 30, 50, "too deeply"),
]


@pytest.mark.parametrize(("data", "position", "reason"), BROKEN)
def test_broken_der(data: bytes, position: int, reason: str) -> None:
    with pytest.raises(DerError, match=reason) as refusal:
        parse(data)
    assert refusal.value.position == position


def test_the_budget_ends_any_walk() -> None:
    many = asn1.seq(*[b"\x05\x00"] * (ELEMENT_LIMIT + 1))
    with pytest.raises(DerError, match="more elements than in any real file"):
        list(parse(many))


def test_oids_both_ways() -> None:
    for dotted in (
        "1.2.840.113549.1.12.10.1.3",
        "2.16.840.1.113894.746875.1.1",
        "0.9.2342",
        "2.999.3",
        "1.3.6.1.4.1.42.2.19.1",
    ):
        assert parse(asn1.oid(dotted)).oid == dotted
    for bad in (b"\x06\x00", b"\x06\x01\x80", b"\x02\x01\x01", b"\x06\x41" + b"\x01" * 65):
        with pytest.raises(DerError):
            _ = parse(bad).oid


def test_strings_in_pieces() -> None:
    whole = asn1.octets(bytes(range(200)))
    cut = asn1.indefinite(parse(whole), 3, piece=7)
    assert parse(cut).octets == parse(whole).content


def test_tags_of_a_cut_element() -> None:
    assert tags(Document(b"\x30\x20\x02\x01\x03\x30\x00\x04\x09").opening()) == (0x02, 0x30)
    assert shape(parse(b"\x05\x00")) is Shape.UNKNOWN


def test_numbers_are_small() -> None:
    assert parse(asn1.number(-129)).integer == -129
    with pytest.raises(DerError, match="small number"):
        _ = parse(asn1.number(1 << 200)).integer


RC2 = [  # RFC 2268, section 5, those whose effective length is that of the key
    ("3000000000000000", "1000000000000001", "30649edf9be7d2c2"),
    ("88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"),
    ("ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "plain", "sealed"), RC2)
def test_rc2_of_the_rfc(secret: str, plain: str, sealed: str) -> None:
    opened = pbe.decrypt_cbc(bytes.fromhex(secret), bytes(8), bytes.fromhex(sealed))
    assert opened.hex() == plain


def test_pkcs12_derivation() -> None:
    """Well-known vectors of PKCS12 derivation ("smeg" and "queeg"), which several libraries carry."""
    smeg, queeg = phrases("smeg")[0], phrases("queeg")[0]
    salt = bytes.fromhex("0A58CF64530D823F")
    assert (
        pkcs12_kdf("sha1", smeg, salt, 1, purpose=1, length=24).hex().upper()
        == "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3"
    )
    assert pkcs12_kdf("sha1", smeg, salt, 1, purpose=2, length=8).hex().upper() == "79993DFE048D3B76"
    salt = bytes.fromhex("05DEC959ACFF72F7")
    assert (
        pkcs12_kdf("sha1", queeg, salt, 1000, purpose=1, length=24).hex().upper()
        == "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4"
    )
    assert pkcs12_kdf("sha1", queeg, salt, 1000, purpose=2, length=8).hex().upper() == "11DEDAD7758D4860"


def test_passwords_in_all_their_forms() -> None:
    assert [each.bmp for each in phrases("ab")] == [b"\0a\0b\0\0"]
    assert [each.bmp for each in phrases("")] == [b"\0\0", b""]
    assert phrases("ä")[1].bmp == b"\0\xc3\0\xa4\0\0"
    assert "changeit" not in repr(phrases("changeit"))


def test_javas_slip_with_equal_halves() -> None:
    """A salt whose halves are equal is changed in Java's own way; the second half stays."""
    phrase = Phrase(b"", b"x")
    made = java_md5(phrase, b"abcdabcd", 1)
    assert made[:16] == hashlib.md5(b"dabdx").digest()
    assert made[16:] == hashlib.md5(b"abcdx").digest()


def labels(text: bytes) -> list[tuple[str, int, bool]]:
    return [(each.label, each.line, each.body is not None) for each in pem.blocks(text)]


BLOCKS = [
    (b"-----BEGIN A-----\nAAAA\n-----END A-----\n", [("A", 1, True)]),
    (b"x\ny-----BEGIN A B-----AAAA-----END A B-----", [("A B", 2, True)]),
    (b"-----BEGIN A-----\nAAAA\n-----END B-----\n-----BEGIN C-----\nAAAA\n-----END C-----", [("A", 1, False), ("C", 4, True)]),
    (b"-----BEGIN A-----\n-----BEGIN B-----\nAAAA\n-----END B-----", [("A", 1, False), ("B", 2, True)]),
    (b"-----END A-----\n-----BEGIN B-----\nAAAA\n-----END B-----", [("B", 2, True)]),
    (b"-----BEGIN a-----\nAAAA\n-----END a-----", [("A", 1, True)]),
    (b"-----BEGIN A-----\nAAA\n-----END A-----", [("A", 1, False)]),
    (b"-----BEGIN A-----\n-----END A-----", [("A", 1, False)]),
    (b"-----BEGIN A-----\nX: y\nZ: 1\n\nAAAA\n-----END A-----", [("A", 1, True)]),
    (b"-----BEGIN \n-----BEGIN A-----\nAAAA\n-----END A-----", [("A", 2, True)]),
    (b"---BEGIN A---", []),
    (b"-----BEGIN A-----", [("A", 1, False)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BLOCKS)
def test_blocks(text: bytes, expected: list[tuple[str, int, bool]]) -> None:
    assert labels(text) == expected
    assert pem.has_mark(text) is bool(expected)
    assert list(pem.labels(text)) == [label for label, _, _ in expected]


def test_headers_come_apart() -> None:
    (block,) = pem.blocks(
        b"-----BEGIN A-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: X,00\r\n\r\nAAAA\r\n-----END A-----"
    )
    assert block.headers == (("Proc-Type", "4,ENCRYPTED"), ("DEK-Info", "X,00"))


SEALED = (
    b"\xac\xed\0\5sr\0\1a" + bytes(8) + b"\2\0\0xr\0\x19javax.crypto.SealedObject" + bytes(8) + b"\2\0\4"
    b"[\0\rencodedParamst\0\2[B[\0\x10encryptedContentq\0~\0\2L\0\tparamsAlgt\0\x12Ljava/lang/String;"
    b"L\0\x07sealAlgq\0~\0\3xpur\0\2[B" + bytes(8) + b"\2\0\0xp"
)  # fmt: skip
JAVA_OBJECTS = [
    (b"", "something unexpected"),
    (b"\xac\xed\x00\x05", "something unexpected"),
    (b"\xac\xed\x00\x06p", "something unexpected"),
    (b"\xac\xed\x00\x05\x73\x71\x00\x7e\x00\x00", "something unexpected"),
    # A class that is its own parent.
    (b"\xac\xed\x00\x05\x73\x72\x00\x01a" + bytes(8) + b"\x02\x00\x00\x78\x71\x00\x7e\x00\x00", "something unexpected"),
    (SEALED, "ends inside"),
    (SEALED + b"\xff\xff\xff\xff", "ends inside"),
    (SEALED + bytes(4) + b"uq\x00\x7e\x00\x05" + bytes(4) + b"t\x00\x03PB", "ends inside"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), JAVA_OBJECTS)
def test_broken_java_objects(data: bytes, reason: str) -> None:
    store = b"\xce\xce\xce\xce" + struct.pack(">III", 2, 1, 3) + b"\0\1a" + bytes(8) + data
    with pytest.raises(ReadingError, match=reason):
        read(store)
