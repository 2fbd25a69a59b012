"""Files made to hold the reader up: each ends within a second of work and in bounded memory."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support import asn1
from tests.support.effort import soon
from tests.support.exhaustive import mostly_exhaustive
from tests.support.pki import acme
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.secret import Secret

SIZE = 16 * 1024 * 1024
LEAF = acme("p256").primary
ARMOUR = b"-----BEGIN CERTIFICATE-----\n"


def repeated(piece: bytes, size: int = SIZE) -> bytes:
    return piece * (size // len(piece))


def message(certificates: bytes) -> bytes:
    parts = (b"\x02\x01\x01\x31\x00", asn1.seq(asn1.oid(asn1.DATA)), asn1.tlv(0xA0, certificates), b"\x31\x00")
    return asn1.seq(asn1.oid("1.2.840.113549.1.7.2"), asn1.tlv(0xA0, asn1.seq(*parts)))


def old_keys() -> bytes:
    head = b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
    return repeated(head + b"AAAA\n-----END EC PRIVATE KEY-----\n")


def jks_entries() -> bytes:
    entry = b"\0\0\0\2\0\1a" + bytes(8) + b"\0\5X.509" + b"\0\0\0\2\x30\0"
    return b"\xfe\xed\xfe\xed\0\0\0\2" + (100_000).to_bytes(4, "big") + entry * 100_000 + bytes(20)


def encrypted_part(algorithm: str, size: int) -> bytes:
    """A store with one part under PKCS12 encryption, which nothing guards: decrypting it is all there is to do."""
    scheme = asn1.seq(asn1.oid(algorithm), asn1.seq(asn1.octets(b"saltsalt"), asn1.number(1)))
    inner = asn1.seq(asn1.oid(asn1.DATA), scheme, asn1.tlv(0x80, bytes(size)))
    safe = asn1.seq(asn1.oid("1.2.840.113549.1.7.6"), asn1.tlv(0xA0, asn1.seq(asn1.number(0), inner)))
    return asn1.seq(asn1.number(3), asn1.seq(asn1.oid(asn1.DATA), asn1.tlv(0xA0, asn1.octets(asn1.seq(safe)))))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "dashes": lambda: b"-" * SIZE + b"BEGIN A-----",
    "beginnings": lambda: repeated(ARMOUR),
    "beginnings without a label": lambda: repeated(b"-----BEGIN "),
    "beginnings and one end": lambda: repeated(ARMOUR) + b"-----END CERTIFICATE-----",
    "ends": lambda: ARMOUR + repeated(b"-----END KEY-----\n"),
    "headers": lambda: ARMOUR + repeated(b"A: b\n") + b"-----END CERTIFICATE-----",
    "blocks of nothing": lambda: repeated(ARMOUR + b"-----END CERTIFICATE-----\n"),
    "blocks of rubbish": lambda: repeated(ARMOUR + b"MIIB\n-----END CERTIFICATE-----\n"),
    "friendly names": lambda: repeated(b"friendlyName: x\n" * 100 + LEAF.pem),
    "keys": lambda: repeated(LEAF.key_pem()),
    "encrypted keys": lambda: repeated(LEAF.key_pem("changeit")),
    "old encrypted keys": old_keys,
    "base64 and spaces": lambda: b"MIIB" * 100 + b" " * SIZE + b"!",
    "base64": lambda: repeated(b"MIIB"),
    "spaces": lambda: b" " * SIZE,
    "UTF-16": lambda: ("x" * (SIZE // 2)).encode("utf-16"),
    "openings": lambda: repeated(b"\x30\x80"),
    "elements of unknown length": lambda: b"\x30\x80" + repeated(b"\x05\x00") + b"\0\0",
    "elements": lambda: asn1.tlv(0x30, repeated(b"\x30\x00")),
    "small structures": lambda: repeated(b"\x30\x03\x02\x01\x00"),
    "a message of empty certificates": lambda: message(repeated(b"\x30\x00")),
    "a message of one certificate many times": lambda: message(repeated(LEAF.der)),
    "a store of many parts": lambda: asn1.seq(
        asn1.number(3), asn1.seq(asn1.oid(asn1.DATA), asn1.tlv(0xA0, asn1.octets(asn1.tlv(0x30, repeated(asn1.seq(asn1.oid(asn1.DATA)))))))
    ),
    "a store of many certificates": lambda: asn1.pfx([repeated(asn1.cert_bag(LEAF.der))]),
    "a store of many keys": lambda: asn1.pfx([repeated(asn1.key_bag(LEAF.key, None))]),
    "a store under 3DES": lambda: encrypted_part("1.2.840.113549.1.12.1.3", SIZE),
    "a store under RC2": lambda: encrypted_part("1.2.840.113549.1.12.1.6", SIZE),
    "a store under RC4": lambda: encrypted_part("1.2.840.113549.1.12.1.1", SIZE),
    "a Java store of nothing": jks_entries,
}  # fmt: skip
SELDOM = (
    "elements",
    "a message of one certificate many times",
    "a message of empty certificates",
    "elements of unknown length",
    "a store of many certificates",
    "keys",
    "beginnings and one end",
    "blocks of nothing",
)
"""Others of their kind are always tried."""


def _read(data: bytes) -> None:
    with suppress(ReadingError):
        read(data, name="hostile", password=Secret("changeit"))


@pytest.mark.parametrize("case", mostly_exhaustive(HOSTILE, {*HOSTILE}.difference(SELDOM).__contains__))
def test_hostile_files_end_soon(case: str) -> None:
    data = HOSTILE[case]()
    assert soon(lambda: sniff(data)), "sniff"
    assert soon(lambda: _read(data)), "read"


LARGE = ["headers", "UTF-16", "a message of one certificate many times", "a store under 3DES"]


@pytest.mark.parametrize("case", mostly_exhaustive(LARGE, LARGE[:3].__contains__))
def test_memory_stays_in_proportion(case: str) -> None:
    data = HOSTILE[case]()
    tracemalloc.start()
    with suppress(ReadingError):
        read(data, password=Secret("changeit"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(data)
