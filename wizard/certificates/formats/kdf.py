"""Derive keys from passwords: PKCS12 (RFC 7292, appendix B), PBKDF1, scrypt and Java's own, with limits."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from wizard.certificates.formats.der import SEQUENCE, Node
from wizard.certificates.formats.refusals import FILE_ROUNDS_LIMIT, ROUNDS_LIMIT

PRFS: Final = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
"""HMACs as key derivation names them."""

HASHES: Final = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hashes as the integrity check of PKCS12 names them."""

_SCRYPT_MEMORY: Final = 64 * 1024 * 1024
_SALT_LIMIT: Final = 1024


class Unsupported(ValueError):  # noqa: N818  # caught inside this package, never shown as an error
    """An algorithm that is not known here; the text is its name."""


class TooManyRounds(ValueError):  # noqa: N818  # likewise
    """The file asks for more work than the limit allows.

    Attributes:
        rounds: what the file asks for, counted up to the limit.
    """

    def __init__(self, rounds: int) -> None:
        super().__init__(f"{rounds} rounds")
        self.rounds = rounds


class Effort:
    """Counts the rounds of key derivation that one file has cost, and stops it before they are made."""

    __slots__ = ("rounds",)

    def __init__(self, rounds: int = 0) -> None:
        self.rounds = rounds

    def spend(self, rounds: int) -> None:
        """Note that *rounds* are about to be made for one part.

        Raises:
            TooManyRounds: they would exceed the limit for a part, or with those before them the limit for a file.
        """
        self.rounds += rounds
        if rounds > ROUNDS_LIMIT or self.rounds > FILE_ROUNDS_LIMIT:
            raise TooManyRounds(self.rounds)


@dataclass(frozen=True, slots=True, repr=False)
class Phrase:
    """A password in the two forms that the formats want; never shown.

    Attributes:
        bmp: for PKCS12 derivation: UTF-16 big-endian with a closing zero, or nothing at all for "no password".
        utf8: for everything else.
    """

    bmp: bytes
    utf8: bytes


def phrases(password: str) -> list[Phrase]:
    """The forms in which programs have turned *password* into bytes, the usual one first.

    An empty password and none differ in PKCS12, and people cannot say which they meant. OpenSSL before 1.1 took each
    byte of a UTF-8 password for a letter.
    """
    utf8 = password.encode(errors="surrogatepass")
    usual = Phrase(password.encode("utf-16-be", errors="surrogatepass") + b"\0\0", utf8)
    if not password:
        return [usual, Phrase(b"", b"")]
    bytewise = Phrase(utf8.decode("latin-1").encode("utf-16-be") + b"\0\0", utf8)
    return [usual] if bytewise == usual else [usual, bytewise]


def salt_of(node: Node) -> bytes:
    """The salt in *node*; a real salt is never longer than 1024 bytes."""
    salt = node.octet_string
    if len(salt) > _SALT_LIMIT:
        raise node.error("the salt is too long")
    return salt


def pkcs12_kdf(digest: str, phrase: Phrase, salt: bytes, count: int, *, purpose: int, length: int) -> bytes:
    """Key material by RFC 7292, appendix B.2; *purpose* is 1 for a key, 2 for an initial vector, 3 for a MAC."""
    make = _hash(digest)
    width = 128 if digest in {"sha384", "sha512"} else 64
    pool = bytearray(_stretched(salt, width) + _stretched(phrase.bmp, width))
    diversifier = bytes([purpose]) * width
    result = b""
    while True:
        block: bytes = make(diversifier + pool).digest()
        for _ in range(count - 1):
            block = make(block).digest()
        result += block
        if len(result) >= length:
            return result[:length]
        step = int.from_bytes(_stretched(block, width)[:width], "big") + 1
        for at in range(0, len(pool), width):
            total = int.from_bytes(pool[at : at + width], "big") + step
            pool[at : at + width] = (total % (1 << 8 * width)).to_bytes(width, "big")


def _stretched(text: bytes, width: int) -> bytes:
    if not text:
        return b""
    size = -(-len(text) // width) * width
    return (text * -(-size // len(text)))[:size]


def pbkdf1(digest: str, phrase: Phrase, salt: bytes, count: int) -> bytes:
    """Sixteen bytes of key and initial vector by RFC 8018, section 5.1."""
    make = _hash(digest)
    block: bytes = make(phrase.utf8 + salt).digest()
    for _ in range(count - 1):
        block = make(block).digest()
    return block[:16]


def java_md5(phrase: Phrase, salt: bytes, count: int) -> bytes:
    """Thirty-two bytes as `PBEWithMD5AndTripleDES` of the JDK makes them for keys in JCEKS stores."""
    first, second = salt[:4], salt[4:8]
    if first == second:
        # The JDK was meant to reverse one half here, but a bug makes it this.
        first = bytes((first[3], first[0], first[1], first[3]))
    result = b""
    for half in (first, second):
        block = half
        for _ in range(count):
            block = hashlib.md5(block + phrase.utf8, usedforsecurity=False).digest()
        result += block
    return result


def scrypt(node: Node) -> tuple[Callable[[Phrase, int], bytes], int, str]:
    """The derivation that scrypt-params (RFC 7914) describe, its cost in rounds, and its name.

    Raises:
        TooManyRounds: it asks for more than 64 MiB of memory or for too much work.
    """
    parts = node.expect(SEQUENCE).fields(4)
    salt = salt_of(parts[0])
    cost, size, lanes = (part.integer for part in parts[1:4])
    if cost < 2 or cost & (cost - 1) or size < 1 or lanes < 1:
        raise node.error("a parameter of scrypt is not allowed")
    rounds = cost * size * lanes
    if 128 * size * (cost + lanes) > _SCRYPT_MEMORY:
        raise TooManyRounds(rounds)

    def derive(phrase: Phrase, length: int) -> bytes:
        return hashlib.scrypt(phrase.utf8, salt=salt, n=cost, r=size, p=lanes, maxmem=2 * _SCRYPT_MEMORY, dklen=length)

    return derive, rounds, "scrypt"


def mac_matches(key: bytes, digest: str, content: bytes, expected: bytes) -> bool:
    """Whether the HMAC of *content* is *expected*, compared in constant time."""
    return hmac.compare_digest(hmac.new(key, content, _hash(digest)).digest(), expected)


def digest_size(digest: str) -> int:
    """Bytes of a hash of that name."""
    return _hash(digest)().digest_size


def _hash(digest: str) -> "Callable[..., hashlib._Hash]":
    """The hash of that name, also where MD5 and SHA-1 are allowed for nothing but reading old files (FIPS mode)."""
    make: Callable[..., hashlib._Hash] = getattr(hashlib, digest)
    try:
        make()
    except ValueError:
        return partial(make, usedforsecurity=False)  # not always: the keyword costs half a round
    return make
