"""Puts parts of several PKCS12 files into one, as no export tool does: two keys, or a key under another password.

RFC 7292: PFX ::= SEQUENCE { version, authSafe ContentInfo, macData }. The parts are taken as they are; only the
integrity check is made again.
"""

import hashlib
import hmac
from collections.abc import Iterable

from wizard.certificates.formats.der import INTEGER, OCTET_STRING, SEQUENCE, parse, wrap

_DATA = bytes.fromhex("06092a864886f70d010701")  # object identifier of PKCS7 data
_SHA1 = bytes.fromhex("300906052b0e03021a0500")  # AlgorithmIdentifier; every Java reads this one
_SALT = b"practice"
_ROUNDS = 2048


def parts(pfx: bytes) -> list[bytes]:
    """The ContentInfo members of a PKCS12 file's authenticated safe, in order: certificates first, then the key."""
    safe = parse(pfx).fields(2)[1].fields(2)[1].fields(1)[0].octets
    return [each.encoded for each in parse(safe).expect(SEQUENCE)]


def joined(members: Iterable[bytes], password: str) -> bytes:
    """A PKCS12 file of these members, whose integrity check is made with *password*."""
    safe = wrap(SEQUENCE, *members)
    digest = wrap(OCTET_STRING, hmac.digest(_mac_key(password), safe, "sha1"))
    rounds = wrap(INTEGER, _ROUNDS.to_bytes(2, "big"))
    mac = wrap(SEQUENCE, wrap(SEQUENCE, _SHA1, digest), wrap(OCTET_STRING, _SALT), rounds)
    info = wrap(SEQUENCE, _DATA, wrap(0xA0, wrap(OCTET_STRING, safe)))
    return wrap(SEQUENCE, wrap(INTEGER, b"\x03"), info, mac)


def unsealed(pfx: bytes) -> bytes:
    """The same file without its integrity check, as Java ships a cacerts that any password opens."""
    return wrap(SEQUENCE, *(each.encoded for each in parse(pfx).fields(2)[:2]))


def _mac_key(password: str) -> bytes:
    """RFC 7292, appendix B.2, with purpose 3 and SHA-1."""
    phrase = (password + "\0").encode("utf-16-be")
    salt = (_SALT * 64)[:64]
    block = b"\x03" * 64 + salt + (phrase * 64)[: 64 * -(-len(phrase) // 64)]
    for _ in range(_ROUNDS):
        block = hashlib.sha1(block).digest()  # noqa: S324 - the format demands it
    return block
