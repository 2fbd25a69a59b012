"""The integrity check of PKCS12: the classic HMAC (RFC 7292, appendix B) and PBMAC1 (RFC 9579)."""

import hashlib
from collections.abc import Callable

from wizard.certificates.der import SEQUENCE, Node
from wizard.certificates.kdf import HASHES, PRFS, Phrase, Unsupported, mac_matches, pkcs12_kdf, salt_of
from wizard.certificates.pbe import pbkdf2_parameters
from wizard.records import dataclass

_PBMAC1 = "1.2.840.113549.1.5.14"
_PBKDF2 = "1.2.840.113549.1.5.12"


@dataclass(frozen=True, slots=True)
class Mac:
    """An integrity check, understood but not yet made.

    Attributes:
        name: for people, such as `HmacSHA256`.
        iterations: of its key derivation.
        rounds: what that costs.
        verify: (password, content) -> whether the check holds.
    """

    name: str
    iterations: int
    rounds: int
    verify: Callable[[Phrase, bytes], bool]


def understand_mac(node: Node) -> Mac:
    """What a MacData asks for.

    Raises:
        Unsupported: its algorithm is not known here.
        DerError: it is malformed.
    """
    parts = node.expect(SEQUENCE).fields(2)
    info = parts[0].expect(SEQUENCE).fields(2)
    algorithm, expected = info[0].expect(SEQUENCE).fields(1), info[1].octet_string
    kind = algorithm[0].oid
    if kind == _PBMAC1:
        return _pbmac1(algorithm, expected)
    if kind not in HASHES:
        raise Unsupported(f"the integrity check {kind}")
    digest = HASHES[kind]
    salt = salt_of(parts[1])
    count = parts[2].integer if len(parts) > 2 else 1
    if count < 1:
        raise node.error("an iteration count is not positive")

    def verify(phrase: Phrase, content: bytes) -> bool:
        size = hashlib.new(digest, usedforsecurity=False).digest_size
        key = pkcs12_kdf(digest, phrase, salt, count, purpose=3, length=size)
        return mac_matches(key, digest, content, expected)

    return Mac(f"Hmac{digest.upper()}", count, count, verify)


def _pbmac1(algorithm: list[Node], expected: bytes) -> Mac:
    """RFC 9579: the salt and count beside it are unused; everything stands in the parameters."""
    if len(algorithm) < 2:
        raise algorithm[0].error("PBMAC1 has no parameters")
    derivation, scheme = (part.expect(SEQUENCE).fields(1) for part in algorithm[1].expect(SEQUENCE).fields(2)[:2])
    if len(derivation) < 2 or derivation[0].oid != _PBKDF2 or scheme[0].oid not in PRFS:
        raise Unsupported("a PBMAC1 integrity check without PBKDF2 or HMAC")
    salt, count, prf = pbkdf2_parameters(derivation[1])
    digest = PRFS[scheme[0].oid]
    lengths = [part.integer for part in derivation[1].children[2:3] if part.tag != SEQUENCE]
    length = lengths[0] if lengths else hashlib.new(digest, usedforsecurity=False).digest_size
    if not 1 <= length <= 64:
        raise Unsupported("a PBMAC1 key of an unusual length")

    def verify(phrase: Phrase, content: bytes) -> bool:
        key = hashlib.pbkdf2_hmac(prf, phrase.utf8, salt, count, length)
        return mac_matches(key, digest, content, expected)

    blocks = -(-length // hashlib.new(prf, usedforsecurity=False).digest_size)
    return Mac(f"PBMAC1 Hmac{digest.upper()}", count, blocks * count, verify)
