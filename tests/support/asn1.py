"""A tiny writer of DER and BER for tests: structures that no honest tool makes."""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from wizard.certificates.formats.der import Node, parse
from wizard.certificates.formats.der import wrap as tlv
from wizard.certificates.formats.pbe import phrases, pkcs12_kdf

DATA = "1.2.840.113549.1.7.1"
BAG = "1.2.840.113549.1.12.10.1."


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def number(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = b""
    for arc in (40 * first + second, *rest):
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.append(arc & 0x7F | 0x80)
        body += bytes(reversed(piece))
    return tlv(0x06, body)


def octets(data: bytes) -> bytes:
    return tlv(0x04, data)


def indefinite(node: Node, depth: int, *, piece: int = 0) -> bytes:
    """The element again with indefinite lengths down to *depth*, and octet strings cut into pieces of that many bytes."""
    if node.tag == 0x04 and piece:
        pieces = [octets(node.content[at : at + piece]) for at in range(0, len(node.content), piece)]
        return b"\x24\x80" + b"".join(pieces) + b"\0\0"
    if not node.tag & 0x20 or depth == 0:
        return node.encoded
    inner = b"".join(indefinite(child, depth - 1, piece=piece) for child in node)
    return bytes([node.tag, 0x80]) + inner + b"\0\0"


def friendly(text: str) -> bytes:
    return seq(oid("1.2.840.113549.1.9.20"), tlv(0x31, tlv(0x1E, text.encode("utf-16-be"))))


def cert_bag(der: bytes, *attributes: bytes) -> bytes:
    value = seq(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, octets(der)))
    return seq(oid(BAG + "3"), tlv(0xA0, value), *([tlv(0x31, *attributes)] if attributes else []))


def key_bag(key: Any, password: str | None, *attributes: bytes) -> bytes:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
    kind = BAG + ("2" if password else "1")
    return seq(oid(kind), tlv(0xA0, der), *([tlv(0x31, *attributes)] if attributes else []))


def pfx(
    bags: Sequence[bytes], password: str | None = "changeit", *, iterations: int = 10, says: int | None = None
) -> bytes:
    """A PKCS12 file with these bags in one open part; *says* is the iteration count that it claims."""
    content = seq(seq(oid(DATA), tlv(0xA0, octets(seq(*bags)))))
    outer = [number(3), seq(oid(DATA), tlv(0xA0, octets(content)))]
    if password is not None:
        salt = b"saltsalt"
        key = pkcs12_kdf("sha256", phrases(password)[0], salt, iterations, purpose=3, length=32)
        digest = seq(seq(oid("2.16.840.1.101.3.4.2.1"), b"\x05\0"), octets(hmac.digest(key, content, "sha256")))
        outer.append(seq(digest, octets(salt), number(iterations if says is None else says)))
    return seq(*outer)


def jks(
    entries: Sequence[tuple[str, bytes]], password: str, *, magic: bytes = b"\xfe\xed\xfe\xed", version: int = 2
) -> bytes:
    """A JKS store of trusted certificates."""
    data = magic + struct.pack(">II", version, len(entries))
    for alias, der in entries:
        name = java_text(alias)
        data += struct.pack(">IH", 2, len(name)) + name + struct.pack(">Q", 1_700_000_000_000)
        data += (struct.pack(">H", 5) + b"X.509" if version == 2 else b"") + struct.pack(">I", len(der)) + der
    return data + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + data).digest()


def java_text(text: str) -> bytes:
    """Modified UTF-8: NUL as two bytes, letters beyond U+FFFF as two surrogates."""
    units = text.encode("utf-16-be", errors="surrogatepass")
    letters = [chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2)]
    return b"".join(b"\xc0\x80" if each == "\0" else each.encode(errors="surrogatepass") for each in letters)


__all__ = [
    "cert_bag", "friendly", "indefinite", "java_text", "jks", "key_bag", "number", "octets", "oid", "parse", "pfx",
    "seq", "tlv",
]  # fmt: skip
