"""Adds or removes entries of a Java trust store by bytes, JKS or PKCS12, so that practice needs no Java."""

import hashlib
import struct
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12

from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.sandbox import pkcs12_parts

_JKS = 0xFEEDFEED
_SALT = b"Mighty Aphrodite"  # the constant in the digest of every JKS file


def add(path: Path, certificate: x509.Certificate, alias: str, password: str) -> None:
    """Add *certificate* as a trusted entry *alias* to the store in *path*."""
    data = path.read_bytes()
    if data[:4] == _JKS.to_bytes(4, "big"):
        version, count = struct.unpack_from(">II", data, 4)
        body = struct.pack(">III", _JKS, version, count + 1) + data[12:-20] + _entry(certificate, alias, version)
        path.write_bytes(body + _digest(password, body))
        return
    entries, shut = _entries(data, password)
    entries.append(pkcs12.PKCS12Certificate(certificate, alias.encode()))
    path.write_bytes(_pkcs12(entries, password if shut else None))


def remove(path: Path, certificate: x509.Certificate, password: str) -> None:
    """Take every entry with *certificate* out of the store in *path*."""
    data = path.read_bytes()
    if data[:4] == _JKS.to_bytes(4, "big"):
        version, count = struct.unpack_from(">II", data, 4)
        der = certificate.public_bytes(Encoding.DER)
        kept = [entry for entry in _split(data, version, count) if der not in entry]
        body = struct.pack(">III", _JKS, version, len(kept)) + b"".join(kept)
        path.write_bytes(body + _digest(password, body))
        return
    entries, shut = _entries(data, password)
    kept_entries = [entry for entry in entries if entry.certificate != certificate]
    path.write_bytes(_pkcs12(kept_entries, password if shut else None))


def empty(path: Path, password: str, *, keep: x509.Certificate | None = None) -> None:
    """Write a JKS trust store without entries, or with *keep* alone."""
    body = struct.pack(">III", _JKS, 2, 0 if keep is None else 1)
    body += b"" if keep is None else _entry(keep, "practice", 2)
    path.write_bytes(body + _digest(password, body))


def change_password(path: Path, old: str, new: str) -> None:
    """Give the store another password."""
    data = path.read_bytes()
    if data[:4] == _JKS.to_bytes(4, "big"):
        path.write_bytes(data[:-20] + _digest(new, data[:-20]))
    else:
        path.write_bytes(_pkcs12(_entries(data, old)[0], new))


def _split(data: bytes, version: int, count: int) -> list[bytes]:
    """The entries of a JKS trust store as they are; one with keys is none of ours."""
    entries, start = [], 12
    for _ in range(count):
        at = start + 4
        at += 2 + int.from_bytes(data[at : at + 2], "big") + 8
        if version == 2:
            at += 2 + int.from_bytes(data[at : at + 2], "big")
        at += 4 + int.from_bytes(data[at : at + 4], "big")
        entries.append(data[start:at])
        start = at
    return entries


def _entries(data: bytes, password: str) -> tuple[list[pkcs12.PKCS12Certificate], bool]:
    """The entries, and whether a password shuts the store: recent Java ships cacerts as PKCS12 without any."""
    with odd_certificates_allowed():
        try:
            return list(pkcs12.load_pkcs12(data, None).additional_certs), False
        except ValueError:
            return list(pkcs12.load_pkcs12(data, password.encode()).additional_certs), True


def _pkcs12(entries: list[pkcs12.PKCS12Certificate], password: str | None) -> bytes:
    if password is None:
        # The library would seal it with an empty password, which Java takes for damage.
        return pkcs12_parts.unsealed(pkcs12.serialize_java_truststore(entries, NoEncryption()))
    return pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(password.encode()))


def _entry(certificate: x509.Certificate, alias: str, version: int) -> bytes:
    der = certificate.public_bytes(Encoding.DER)
    kind = _text("X.509") if version == 2 else b""
    stamp = struct.pack(">Q", int(time.time() * 1000))
    return struct.pack(">I", 2) + _text(alias) + stamp + kind + struct.pack(">I", len(der)) + der


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _digest(password: str, body: bytes) -> bytes:
    return hashlib.sha1(password.encode("utf-16-be") + _SALT + body).digest()  # noqa: S324 - the JKS format demands it
