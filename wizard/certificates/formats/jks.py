"""Java's own stores, JKS and JCEKS: entries, the store's digest, and keys under Sun's protector.

Format as the JDK writes it (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore): big-endian
numbers, strings in modified UTF-8, a SHA-1 digest over password, a fixed phrase and everything before it.
"""

import hashlib
import hmac
import re
import struct

from wizard import codes
from wizard.certificates.formats import objects, pbe
from wizard.certificates.formats.der import SEQUENCE, DerError, parse
from wizard.certificates.formats.objects import KEY_LIMIT, Reader
from wizard.certificates.model import Bundle, Format

JKS_MAGIC = b"\xfe\xed\xfe\xed"
JCEKS_MAGIC = b"\xce\xce\xce\xce"
_PHRASE = b"Mighty Aphrodite"
_SUN_PROTECTOR = "1.3.6.1.4.1.42.2.17.1.1"
_ENTRY_LIMIT = 100_000
_SEALED_OBJECT = re.compile(
    rb"\xac\xed\x00\x05sr\x00.[\w.]+.{8}\x02\x00\x00xr\x00\x19javax\.crypto\.SealedObject.{8}\x02\x00\x04"
    rb"\[\x00\rencodedParamst\x00\x02\[B\[\x00\x10encryptedContentq.{4}"
    rb"L\x00\tparamsAlgt\x00\x12Ljava/lang/String;L\x00\x07sealAlgq.{4}xpur\x00\x02\[B.{8}\x02\x00\x00xp",
    re.DOTALL,
)
"""How a secret key begins, a serialized Java object: two classes, and the names of the fields whose values follow."""


class _Stream:
    """A position in the bytes of a store."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise DerError("it ends inside an entry", len(self.data))
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def text(self) -> str:
        (length,) = struct.unpack(">H", self.take(2))
        # Modified UTF-8 differs for NUL and beyond U+FFFF only: a pair of surrogates, joined again here.
        raw = self.take(length).replace(b"\xc0\x80", b"\0")
        try:
            halves = raw.decode("utf-8", errors="surrogatepass")
        except UnicodeDecodeError:
            halves = raw.decode("latin-1")
        return halves.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")


def read(data: bytes, reader: Reader) -> Bundle:
    """Read a JKS or JCEKS store. Trusted entries come out without a password; then the digest stays unchecked.

    Raises:
        ReadingError: password needed or wrong, the key's password differs, damaged.
    """
    name = reader.name
    stream = _Stream(data)
    try:
        keys = _entries(stream, reader)
        behind = stream.at
        digest = stream.take(20)
    except DerError as cut:
        raise objects.damaged(name, cut.reason, cut.position) from cut
    if stream.at != len(data):
        reader.note("jks.trailing", count=len(data) - stream.at)
    if data.startswith(JCEKS_MAGIC):
        reader.note("jks.jceks")
    if reader.password is None:
        if keys:
            raise objects.password_needed(name, "its private key", reader.bundle(Format.JKS))
        reader.note("jks.integrity-unchecked")
        return reader.finished(Format.JKS)
    # The two passwords may have been given in the wrong order.
    passwords = [each.reveal() for each in (reader.password, reader.key_password) if each is not None]
    if not any(hmac.compare_digest(digest_of(each, data[:behind]), digest) for each in passwords):
        raise objects.password_wrong(name, "or the file was changed after it was written")
    locked = [not _take(*key, passwords, reader) for key in reader.first_keys(keys)]
    if any(locked):
        partial = reader.bundle(Format.JKS)
        if reader.key_password is None:
            raise objects.key_password_differs(name, codes.JKS_KEY_PASSWORD_DIFFERS, partial)
        raise objects.password_wrong(name, "its private key", partial)
    return reader.finished(Format.JKS)


def digest_of(password: str, content: bytes) -> bytes:
    """The digest of a store that begins with *content*."""
    given = password.encode("utf-16-be", errors="surrogatepass")
    return hashlib.sha1(given + _PHRASE + content, usedforsecurity=False).digest()


def _entries(stream: _Stream, reader: Reader) -> list[tuple[str, bytes]]:
    """Take the certificates, and return the keys: alias and protected bytes of each."""
    stream.take(4)
    version = stream.number()
    if version not in {1, 2}:
        raise DerError(f"its version is {version}, but only 1 and 2 exist", 4)
    count = stream.number()
    if count > _ENTRY_LIMIT:
        raise DerError(f"it announces {count:,} entries", 8)
    keys: list[tuple[str, bytes]] = []
    for number in range(1, count + 1):
        at = stream.at
        kind = stream.number()
        alias = stream.text()
        stream.take(8)
        if kind == 1:
            keys.append((alias, stream.take(stream.number())))
            for link in range(1, stream.number() + 1):
                where = f'entry {number}, alias "{alias}", link {link} of its chain'
                reader.certificate(_certificate(stream, version), where, alias if link == 1 else "")
        elif kind == 2:
            if reader.certificate(_certificate(stream, version), f'entry {number}, alias "{alias}"', alias):
                reader.trusted.append(alias)
        elif kind == 3 and stream.data.startswith(JCEKS_MAGIC):
            _pass_secret_key(stream)
            reader.note("jks.secret-key", number=number, alias=alias)
        else:
            raise DerError(f"entry {number} has the unknown kind {kind}", at)
    return keys


def _pass_secret_key(stream: _Stream) -> None:
    head = _SEALED_OBJECT.match(stream.data, stream.at)
    if head is None:
        raise DerError("a secret key contains something unexpected", stream.at)
    stream.at = head.end()
    stream.take(stream.number())  # the parameters
    stream.take(6)  # what follows is an array of the same class
    stream.take(stream.number())  # the encrypted key
    for _name_of_algorithm in range(2):
        stream.take(1)
        stream.text()


def _certificate(stream: _Stream, version: int) -> bytes:
    if version == 2 and (kind := stream.text()) != "X.509":
        raise DerError(f"a certificate is of the kind {kind}", stream.at)
    return stream.take(stream.number())


def _take(alias: str, protected: bytes, passwords: list[str], reader: Reader) -> bool:
    where = f'private key "{alias}"'
    try:
        algorithm, sealed = parse(protected, inner=True).expect(SEQUENCE).fields(2)[:2]
        kind = algorithm.expect(SEQUENCE).fields(1)[0].oid
        blob = sealed.octet_string
        encryption = None if kind == _SUN_PROTECTOR else pbe.understand(algorithm)
    except DerError as error:
        reader.refuse(objects.damaged(reader.name, error.reason), f"{where}: {error.reason}")
        return True
    except pbe.Unsupported as error:
        reader.unsupported(str(error), where)
        return True
    for password in passwords:
        try:
            if encryption is None:
                plain = _unprotected(blob, password)
            else:
                # The JDK keeps seven bits of each character here.
                ascii_only = bytes(ord(letter) & 0x7F for letter in password)
                plain = pbe.decrypt(encryption, blob, pbe.Phrase(b"", ascii_only), reader.effort)
            parse(plain, inner=True).expect(SEQUENCE)
        except (pbe.WrongPassword, DerError):
            continue
        except pbe.Unsupported as error:
            reader.unsupported(str(error), where)
            return True
        reader.key(plain, where, alias, encrypted=True)
        return True
    return False


def _unprotected(blob: bytes, password: str) -> bytes:
    """Sun's protector: 20 bytes of salt, the key under a SHA-1 key stream, 20 bytes of check."""
    given = password.encode("utf-16-be", errors="surrogatepass")
    salt, sealed, check = blob[:20], blob[20:-20], blob[-20:]
    if len(blob) <= 40 or len(sealed) > KEY_LIMIT:
        raise pbe.WrongPassword("the protected key has an impossible length")
    block = salt
    stream = bytearray()
    while len(stream) < len(sealed):
        block = hashlib.sha1(given + block, usedforsecurity=False).digest()
        stream += block
    plain = bytes(left ^ right for left, right in zip(sealed, stream, strict=False))
    if not hmac.compare_digest(hashlib.sha1(given + plain, usedforsecurity=False).digest(), check):
        raise pbe.WrongPassword("the check of the protected key fails")
    return plain
