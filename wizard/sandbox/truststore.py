"""Changes Java trust stores, JKS or PKCS12, and PKCS12 files by bytes, so that practice needs no Java."""

import hmac
import struct
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    load_pkcs12,
    serialize_java_truststore,
)

from wizard.certificates.formats.der import INTEGER, OCTET_STRING, SEQUENCE, parse, wrap
from wizard.certificates.formats.jks import JKS_MAGIC, digest_of
from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.formats.pbe import phrases, pkcs12_kdf
from wizard.certificates.reading import read
from wizard.secret import Secret

JKS, SEALED, OPEN = "jks", "sealed", "open"
"""Kinds of a trust store; `open` is PKCS12 without any password, as recent Java ships its cacerts."""


def add(path: Path, certificate: x509.Certificate, alias: str, password: str) -> None:
    """Add *certificate* as a trusted entry *alias* to the store in *path*."""
    kind, entries = _load(path, password)
    _save(path, kind, [*entries, PKCS12Certificate(certificate, alias.encode())], password)


def remove(path: Path, certificate: x509.Certificate, password: str) -> None:
    """Take every entry with *certificate* out of the store in *path*."""
    kind, entries = _load(path, password)
    _save(path, kind, [entry for entry in entries if entry.certificate != certificate], password)


def empty(path: Path, password: str, *, keep: x509.Certificate | None = None) -> None:
    """Write a JKS trust store without entries, or with *keep* alone."""
    _save(path, JKS, [] if keep is None else [PKCS12Certificate(keep, b"practice")], password)


def change_password(path: Path, old: str, new: str) -> None:
    """Give the store another password."""
    kind, entries = _load(path, old)
    _save(path, SEALED if kind == OPEN else kind, entries, new)


def _load(path: Path, password: str) -> tuple[str, list[PKCS12Certificate]]:
    data = path.read_bytes()
    if data.startswith(JKS_MAGIC):
        found = read(data, password=Secret(password)).certificates
        return JKS, [PKCS12Certificate(each.x509, each.alias.encode()) for each in found]
    with odd_certificates_allowed():
        try:
            return OPEN, list(load_pkcs12(data, None).additional_certs)
        except ValueError:
            return SEALED, list(load_pkcs12(data, password.encode()).additional_certs)


def _save(path: Path, kind: str, entries: Sequence[PKCS12Certificate], password: str) -> None:
    if kind == JKS:
        body = JKS_MAGIC + struct.pack(">II", 2, len(entries)) + b"".join(map(_entry, entries))
        path.write_bytes(body + digest_of(password, body))
    elif kind == OPEN:
        # The library would seal it with an empty password, which Java takes for damage.
        path.write_bytes(unsealed(serialize_java_truststore(entries, NoEncryption())))
    else:
        path.write_bytes(serialize_java_truststore(entries, BestAvailableEncryption(password.encode())))


def _entry(entry: PKCS12Certificate) -> bytes:
    der, alias = entry.certificate.public_bytes(Encoding.DER), entry.friendly_name or b""
    stamp = struct.pack(">Q", int(time.time() * 1000))
    head = struct.pack(">IH", 2, len(alias)) + alias + stamp + struct.pack(">H", 5) + b"X.509"
    return head + struct.pack(">I", len(der)) + der


# -- parts of PKCS12 files: two keys in one, or a key under another password, as no export tool writes them ------------

# RFC 7292: PFX ::= SEQUENCE { version, authSafe ContentInfo, macData }. The parts are taken as they are; only the
# integrity check is made again.
_PKCS7_DATA = bytes.fromhex("06092a864886f70d010701")  # object identifier of PKCS7 data
_SHA1 = bytes.fromhex("300906052b0e03021a0500")  # AlgorithmIdentifier; every Java reads this one
_MAC_SALT = b"practice"
_ROUNDS = 2048


def parts(pfx: bytes) -> list[bytes]:
    """The ContentInfo members of a PKCS12 file's authenticated safe, in order: certificates first, then the key."""
    safe = parse(pfx).fields(2)[1].fields(2)[1].fields(1)[0].octets
    return [each.encoded for each in parse(safe).expect(SEQUENCE)]


def joined(members: Iterable[bytes], password: str) -> bytes:
    """A PKCS12 file of these members, whose integrity check is made with *password*."""
    safe = wrap(SEQUENCE, *members)
    key = pkcs12_kdf("sha1", phrases(password)[0], _MAC_SALT, _ROUNDS, purpose=3, length=20)
    digest = wrap(OCTET_STRING, hmac.digest(key, safe, "sha1"))
    rounds = wrap(INTEGER, _ROUNDS.to_bytes(2, "big"))
    mac = wrap(SEQUENCE, wrap(SEQUENCE, _SHA1, digest), wrap(OCTET_STRING, _MAC_SALT), rounds)
    info = wrap(SEQUENCE, _PKCS7_DATA, wrap(0xA0, wrap(OCTET_STRING, safe)))
    return wrap(SEQUENCE, wrap(INTEGER, b"\x03"), info, mac)


def unsealed(pfx: bytes) -> bytes:
    """The same file without its integrity check, as Java ships a cacerts that any password opens."""
    return wrap(SEQUENCE, *(each.encoded for each in parse(pfx).fields(2)[:2]))
