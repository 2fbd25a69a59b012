"""Password-based encryption as key files and stores use it: key derivation with limits, and the ciphers.

PKCS5 (RFC 8018), PKCS12 (RFC 7292, appendix B), scrypt (RFC 7914) and Java's own.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wizard.certificates.formats.der import INTEGER, SEQUENCE, DerError, Node, parse

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

ROUNDS_LIMIT = 5_000_000
"""Rounds of key derivation for one part of a file: the JDK's own limit. Java writes 10,000, Firefox 600,000."""

FILE_ROUNDS_LIMIT = 10_000_000
"""The same for all parts of one file and all attempts to open them: about ten seconds."""
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
        return Scrypt(salt, length, cost, size, lanes).derive(phrase.utf8)

    return derive, rounds, "scrypt"


def pbkdf2(prf: str, phrase: Phrase, salt: bytes, count: int, length: int) -> bytes:
    """A key of *length* bytes (RFC 8018, section 5.2); *prf* is the hash of the HMAC.

    By cryptography: hashlib has this only with an OpenSSL of Python's own, which the wizard does not load.
    """
    return PBKDF2HMAC(getattr(hashes, prf.upper())(), length, salt, count).derive(phrase.utf8)


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


_TABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_MASHED_BEFORE: Final = frozenset({5, 11})


def decrypt_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """*data* (whole blocks of 8 bytes) decrypted in CBC mode; its effective key length is that of *key*."""
    words = _expanded(key)
    plain = bytearray()
    previous = iv
    for at in range(0, len(data), 8):
        block = data[at : at + 8]
        opened = _block(words, block)
        plain += bytes(left ^ right for left, right in zip(opened, previous, strict=True))
        previous = block
    return bytes(plain)


def _expanded(key: bytes) -> tuple[int, ...]:
    length = len(key)
    buffer = bytearray(key) + bytearray(128 - length)
    for at in range(length, 128):
        buffer[at] = _TABLE[(buffer[at - 1] + buffer[at - length]) & 0xFF]
    buffer[128 - length] = _TABLE[buffer[128 - length]]
    for at in range(127 - length, -1, -1):
        buffer[at] = _TABLE[buffer[at + 1] ^ buffer[at + length]]
    return struct.unpack("<64H", buffer)


def _block(words: tuple[int, ...], block: bytes) -> bytes:
    a, b, c, d = struct.unpack("<4H", block)
    at = 63
    # Written out instead of looped: a trust store of two hundred certificates would take a second otherwise.
    for turn in range(15, -1, -1):
        d = ((d >> 5 | d << 11) - words[at] - (c & b) - (~c & a)) & 0xFFFF
        c = ((c >> 3 | c << 13) - words[at - 1] - (b & a) - (~b & d)) & 0xFFFF
        b = ((b >> 2 | b << 14) - words[at - 2] - (a & d) - (~a & c)) & 0xFFFF
        a = ((a >> 1 | a << 15) - words[at - 3] - (d & c) - (~d & b)) & 0xFFFF
        at -= 4
        if turn in _MASHED_BEFORE:
            d = (d - words[c & 63]) & 0xFFFF
            c = (c - words[b & 63]) & 0xFFFF
            b = (b - words[a & 63]) & 0xFFFF
            a = (a - words[d & 63]) & 0xFFFF
    return struct.pack("<4H", a, b, c, d)


class WrongPassword(ValueError):  # noqa: N818  # caught inside this package, never shown as an error
    """The decryption did not end in proper padding."""


_Decrypt = Callable[[bytes, bytes, bytes], bytes]


def _triple_des(key: bytes, iv: bytes, data: bytes) -> bytes:
    # Shorter keys are repeated to three DES keys: DES itself and two-key 3DES.
    full = {8: key * 3, 16: key + key[:8]}.get(len(key), key)
    return _cbc(TripleDES(full), iv, data)


def _aes(key: bytes, iv: bytes, data: bytes) -> bytes:
    return _cbc(AES(key), iv, data)


def _cbc(algorithm: BlockCipherAlgorithm, iv: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithm, CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _rc2(key: bytes, iv: bytes, data: bytes) -> bytes:
    if len(data) > RC2_LIMIT:
        raise Unsupported(f"RC2 over more than {RC2_LIMIT:,} bytes")
    return decrypt_cbc(key, iv, data)


def _rc4(key: bytes, iv: bytes, data: bytes) -> bytes:
    return Cipher(ARC4(key), None).decryptor().update(data) + iv


RC2_LIMIT = 256 * 1024
"""Bytes under RC2 that are decrypted; it runs in Python, and real stores with it are smaller by far."""


@dataclass(frozen=True, slots=True)
class _Scheme:
    name: str
    key: int
    iv: int
    decrypt: _Decrypt


_P12: Final = "1.2.840.113549.1.12.1."
_P12_SCHEMES: Final = {
    _P12 + "1": _Scheme("SHA1-RC4-128", 16, 0, _rc4),
    _P12 + "2": _Scheme("SHA1-RC4-40", 5, 0, _rc4),
    _P12 + "3": _Scheme("SHA1-3DES", 24, 8, _triple_des),
    _P12 + "4": _Scheme("SHA1-2DES", 16, 8, _triple_des),
    _P12 + "5": _Scheme("SHA1-RC2-128", 16, 8, _rc2),
    _P12 + "6": _Scheme("SHA1-RC2-40", 5, 8, _rc2),
}
_P5: Final = "1.2.840.113549.1.5."
_P5_SCHEMES: Final = {
    _P5 + "3": ("md5", _Scheme("MD5-DES", 8, 8, _triple_des)),
    _P5 + "6": ("md5", _Scheme("MD5-RC2-64", 8, 8, _rc2)),
    _P5 + "10": ("sha1", _Scheme("SHA1-DES", 8, 8, _triple_des)),
    _P5 + "11": ("sha1", _Scheme("SHA1-RC2-64", 8, 8, _rc2)),
}
_PBKDF2: Final = _P5 + "12"
_PBES2: Final = _P5 + "13"
_SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
_JAVA_MD5_3DES: Final = "1.3.6.1.4.1.42.2.19.1"
_JAVA: Final = _Scheme("MD5-3DES (Java)", 24, 8, _triple_des)
_AES_OIDS: Final = "2.16.840.1.101.3.4.1."
_CIPHERS: Final = {
    _AES_OIDS + "2": _Scheme("AES-128", 16, 16, _aes),
    _AES_OIDS + "22": _Scheme("AES-192", 24, 16, _aes),
    _AES_OIDS + "42": _Scheme("AES-256", 32, 16, _aes),
    "1.2.840.113549.3.7": _Scheme("3DES", 24, 8, _triple_des),
    "1.3.14.3.2.7": _Scheme("DES", 8, 8, _triple_des),
}
_RC2_CBC: Final = "1.2.840.113549.3.2"
_RC2_VERSIONS: Final = {160: 5, 120: 8, 58: 16}
"""The odd numbers by which RFC 2268 names effective key lengths, to bytes."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """An encryption algorithm with its parameters, understood but not yet used.

    Attributes:
        name: for people, such as `PBES2 AES-256 HmacSHA256`.
        iterations: what the file asks for in one derivation.
        rounds: what that costs; several blocks of key material count each.
        scheme: the cipher.
        derive: password -> the key, and the initial vector behind it.
    """

    name: str
    iterations: int
    rounds: int
    scheme: _Scheme
    derive: Callable[[Phrase], bytes]

    @property
    def block(self) -> int:
        """Bytes of a cipher block, 0 for a stream cipher."""
        return self.scheme.iv

    def open(self, phrase: Phrase, data: bytes) -> bytes:
        """*data* decrypted, with its padding still on."""
        material = self.derive(phrase)
        return self.scheme.decrypt(material[: self.scheme.key], material[self.scheme.key :], data)

    @property
    def share(self) -> int:
        """Bytes that take as long to decrypt as one round of derivation takes."""
        return 1 if "RC2" in self.name else 1024 if "AES" in self.name else 16


def understand(algorithm: Node) -> Encryption:
    """What an AlgorithmIdentifier asks for.

    Raises:
        Unsupported: it is not known here.
        DerError: its parameters are malformed.
    """
    kind, *rest = algorithm.expect(SEQUENCE).fields(1)
    oid = kind.oid
    parameters = rest[0].children if rest and rest[0].tag == SEQUENCE else []
    if oid == _PBES2:
        return _pbes2(parameters, algorithm)
    if oid not in _P12_SCHEMES and oid not in _P5_SCHEMES and oid != _JAVA_MD5_3DES:
        raise Unsupported(f"the encryption {oid}")
    if len(parameters) < 2:
        raise algorithm.error("the encryption has no salt and no iteration count")
    salt = salt_of(parameters[0])
    count = _positive(parameters[1])
    if oid == _JAVA_MD5_3DES:
        return Encryption(_JAVA.name, count, 2 * count, _JAVA, lambda phrase: java_md5(phrase, salt, count))
    if oid in _P5_SCHEMES:
        digest, of5 = _P5_SCHEMES[oid]
        return Encryption(f"PBES1 {of5.name}", count, count, of5, lambda phrase: pbkdf1(digest, phrase, salt, count))
    scheme = _P12_SCHEMES[oid]

    def pkcs12(phrase: Phrase) -> bytes:
        key = pkcs12_kdf("sha1", phrase, salt, count, purpose=1, length=scheme.key)
        return key + (pkcs12_kdf("sha1", phrase, salt, count, purpose=2, length=scheme.iv) if scheme.iv else b"")

    blocks = -(-scheme.key // 20) + -(-scheme.iv // 20)
    return Encryption(f"PBE {scheme.name}", count, blocks * count, scheme, pkcs12)


def _positive(node: Node) -> int:
    value = node.integer
    if value < 1:
        raise node.error("an iteration count is not positive")
    return value


def _pbes2(parameters: list[Node], at: Node) -> Encryption:
    if len(parameters) < 2:
        raise at.error("the encryption has no key derivation or no cipher")
    scheme, iv = _cipher(parameters[1])
    kind, *rest = parameters[0].expect(SEQUENCE).fields(2)
    if kind.oid == _SCRYPT:
        derive, rounds, label = scrypt(rest[0])
        count = rounds
    elif kind.oid == _PBKDF2:
        salt, count, prf = pbkdf2_parameters(rest[0])
        rounds = count * -(-scheme.key // digest_size(prf))
        label = f"Hmac{prf.upper()}"

        def derive(phrase: Phrase, length: int) -> bytes:
            return pbkdf2(prf, phrase, salt, count, length)

    else:
        raise Unsupported(f"the key derivation {kind.oid}")

    name = f"PBES2 {scheme.name} {label}"
    return Encryption(name, count, rounds, scheme, lambda phrase: derive(phrase, scheme.key) + iv)


def pbkdf2_parameters(node: Node) -> tuple[bytes, int, str]:
    """Salt, iteration count and hash name of PBKDF2-params; a key length given there is left to the cipher."""
    parts = node.expect(SEQUENCE).fields(2)
    named = [part for part in parts[2:] if part.tag == SEQUENCE]
    prf = named[0].fields(1)[0].oid if named else "1.2.840.113549.2.7"
    if prf not in PRFS:
        raise Unsupported(f"the pseudo-random function {prf}")
    return salt_of(parts[0]), _positive(parts[1]), PRFS[prf]


def _cipher(node: Node) -> tuple[_Scheme, bytes]:
    kind, *rest = node.expect(SEQUENCE).fields(1)
    oid = kind.oid
    if oid == _RC2_CBC and rest and rest[0].tag == SEQUENCE:
        parts = rest[0].children
        version = parts[0].integer if parts and parts[0].tag == INTEGER else 0
        if len(parts) == 2 and version in _RC2_VERSIONS:
            size = _RC2_VERSIONS[version]
            return _Scheme(f"RC2-{size * 8}", size, 8, _rc2), _iv(parts[1], 8)
    if oid not in _CIPHERS:
        raise Unsupported(f"the cipher {oid}")
    scheme = _CIPHERS[oid]
    if not rest:
        raise node.error("the cipher has no initial vector")
    return scheme, _iv(rest[0], scheme.iv)


def _iv(node: Node, size: int) -> bytes:
    vector = node.octet_string
    if len(vector) != size:
        raise node.error("the initial vector has the wrong length")
    return vector


def opened(
    encryption: Encryption, data: bytes, candidates: Iterable[Phrase], effort: Effort
) -> tuple[Phrase, bytes] | None:
    """The first of *candidates* with which *data* becomes one whole element, and that element; None when none does.

    Raises:
        TooManyRounds, Unsupported: as `decrypt`.
    """
    for phrase in candidates:
        with suppress(WrongPassword, DerError):
            plain = decrypt(encryption, data, phrase, effort)
            parse(plain, inner=True).expect(SEQUENCE)
            return phrase, plain
    return None


def decrypt(encryption: Encryption, data: bytes, phrase: Phrase, effort: Effort) -> bytes:
    """*data* decrypted, its padding taken off.

    Raises:
        WrongPassword: the padding is wrong; once in 256 tries a wrong password yields garbage instead.
        TooManyRounds: the file has asked for more than the limit, this derivation included.
        Unsupported: this machine does not allow the algorithm, as in FIPS mode.
    """
    if encryption.block and (not data or len(data) % encryption.block):
        raise WrongPassword("the encrypted data has an incomplete block")
    effort.spend(encryption.rounds + len(data) // encryption.share)
    try:
        plain = encryption.open(phrase, data)
    except Unsupported:
        raise
    except (UnsupportedAlgorithm, ValueError) as error:
        raise Unsupported(f"{encryption.name}, which this machine does not allow (FIPS mode, or its policy)") from error
    if not encryption.block:
        return plain
    pad = plain[-1]
    if not 1 <= pad <= encryption.block or plain[-pad:] != bytes([pad]) * pad:
        raise WrongPassword("the padding is wrong")
    return plain[:-pad]
