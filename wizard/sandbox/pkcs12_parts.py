"""Puts parts of several PKCS12 files into one, as no export tool does: two keys, or a key under another password.

RFC 7292: PFX ::= SEQUENCE { version, authSafe ContentInfo, macData }. The parts are taken as they are; only the
integrity check is made again.
"""

import hashlib
import hmac
from collections.abc import Iterable

_DATA = bytes.fromhex("06092a864886f70d010701")  # object identifier of PKCS7 data
_SHA1 = bytes.fromhex("300906052b0e03021a0500")  # AlgorithmIdentifier; every Java reads this one
_SALT = b"practice"
_ROUNDS = 2048


def parts(pfx: bytes) -> list[bytes]:
    """The ContentInfo members of a PKCS12 file's authenticated safe, in order: certificates first, then the key."""
    info = _members(_members(pfx)[1])
    octets = _members(info[1])[0]
    return _members(_content(octets))


def joined(members: Iterable[bytes], password: str) -> bytes:
    """A PKCS12 file of these members, whose integrity check is made with *password*."""
    safe = _tlv(0x30, b"".join(members))
    key = _mac_key(password)
    digest = hmac.digest(key, safe, "sha1")
    mac = _tlv(
        0x30, _tlv(0x30, _SHA1 + _tlv(0x04, digest)) + _tlv(0x04, _SALT) + b"\x02\x02" + _ROUNDS.to_bytes(2, "big")
    )
    info = _tlv(0x30, _DATA + _tlv(0xA0, _tlv(0x04, safe)))
    return _tlv(0x30, b"\x02\x01\x03" + info + mac)


def unsealed(pfx: bytes) -> bytes:
    """The same file without its integrity check, as Java ships a cacerts that any password opens."""
    return _tlv(0x30, b"".join(_members(pfx)[:2]))


def _mac_key(password: str) -> bytes:
    """RFC 7292, appendix B.2, with purpose 3 and SHA-1."""
    phrase = (password + "\0").encode("utf-16-be")
    salt = (_SALT * 64)[:64]
    block = b"\x03" * 64 + salt + (phrase * 64)[: 64 * -(-len(phrase) // 64)]
    for _ in range(_ROUNDS):
        block = hashlib.sha1(block).digest()  # noqa: S324 - the format demands it
    return block


def _members(data: bytes) -> list[bytes]:
    content, found = _content(data), []
    while content:
        length = _length(content)
        found.append(content[:length])
        content = content[length:]
    return found


def _content(data: bytes) -> bytes:
    return data[_header(data) : _length(data)]


def _header(data: bytes) -> int:
    return 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)


def _length(data: bytes) -> int:
    header = _header(data)
    return header + (int.from_bytes(data[2:header], "big") if header > 2 else data[1])


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
