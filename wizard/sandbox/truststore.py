"""Adds or removes entries of a Java trust store by bytes, JKS or PKCS12, so that practice needs no Java."""

import hashlib
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    load_pkcs12,
    serialize_java_truststore,
)

from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.reading import read
from wizard.sandbox import pkcs12_parts
from wizard.secret import Secret

_MAGIC = b"\xfe\xed\xfe\xed"
_SALT = b"Mighty Aphrodite"  # the constant in the digest of every JKS file
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
    if data.startswith(_MAGIC):
        found = read(data, password=Secret(password)).certificates
        return JKS, [PKCS12Certificate(each.x509, each.alias.encode()) for each in found]
    with odd_certificates_allowed():
        try:
            return OPEN, list(load_pkcs12(data, None).additional_certs)
        except ValueError:
            return SEALED, list(load_pkcs12(data, password.encode()).additional_certs)


def _save(path: Path, kind: str, entries: Sequence[PKCS12Certificate], password: str) -> None:
    if kind == JKS:
        body = _MAGIC + struct.pack(">II", 2, len(entries)) + b"".join(map(_entry, entries))
        digest = hashlib.sha1(password.encode("utf-16-be") + _SALT + body).digest()  # noqa: S324 - the format demands it
        path.write_bytes(body + digest)
    elif kind == OPEN:
        # The library would seal it with an empty password, which Java takes for damage.
        path.write_bytes(pkcs12_parts.unsealed(serialize_java_truststore(entries, NoEncryption())))
    else:
        path.write_bytes(serialize_java_truststore(entries, BestAvailableEncryption(password.encode())))


def _entry(entry: PKCS12Certificate) -> bytes:
    der, alias = entry.certificate.public_bytes(Encoding.DER), entry.friendly_name or b""
    stamp = struct.pack(">Q", int(time.time() * 1000))
    head = struct.pack(">IH", 2, len(alias)) + alias + stamp + struct.pack(">H", 5) + b"X.509"
    return head + struct.pack(">I", len(der)) + der
