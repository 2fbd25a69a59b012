"""The name of the Windows key storage provider in a PKCS12 file: where Windows keeps the key after an import.

OpenSSL calls the attribute "Microsoft CSP Name". Without it Windows chooses, and the choice differs between versions.
"""

import hashlib
import hmac

from wizard.certificates.formats.der import OCTET_STRING, SEQUENCE, Node, parse, wrap
from wizard.certificates.formats.kdf import HASHES, phrases, pkcs12_kdf
from wizard.secret import Secret

SOFTWARE_KSP = "Microsoft Software Key Storage Provider"
"""The CNG provider that every Windows since Vista has."""

_DATA = "1.2.840.113549.1.7.1"
_SHROUDED_KEY = "1.2.840.113549.1.12.10.1.2"
_CSP_NAME = bytes.fromhex("06092b0601040182371101")
"""1.3.6.1.4.1.311.17.1, with tag and length."""
_EXPLICIT, _SET, _BMP = 0xA0, 0x31, 0x1E


def with_provider(store: bytes, password: Secret, provider: str = SOFTWARE_KSP) -> bytes:
    """*store* with *provider* beside its private key, and a new integrity check.

    Args:
        store: a PKCS12 file as `writing.keystore` makes it.
        password: of the file.
        provider: of Windows, as `certutil -csplist` prints it.

    Raises:
        DerError: *store* is no such file.
    """
    version, content, mac = parse(store).fields(3)
    attribute = wrap(SEQUENCE, _CSP_NAME, wrap(_SET, wrap(_BMP, provider.encode("utf-16-be"))))
    safes = wrap(SEQUENCE, *(_edited(safe, attribute) for safe in parse(_octets(content), inner=True)))
    kind = content.fields(2)[0]
    inside = wrap(SEQUENCE, kind.encoded, wrap(_EXPLICIT, wrap(OCTET_STRING, safes)))
    return wrap(SEQUENCE, version.encoded, inside, _authenticated(mac, safes, password))


def _octets(info: Node) -> bytes:
    return info.fields(2)[1].fields(1)[0].octets


def _edited(safe: Node, attribute: bytes) -> bytes:
    """A part of the store; when it is not encrypted as a whole, each key in it gets *attribute*."""
    kind = safe.fields(2)[0]
    if kind.oid != _DATA:
        return safe.encoded
    bags = [_bag(bag, attribute) for bag in parse(_octets(safe), inner=True)]
    return wrap(SEQUENCE, kind.encoded, wrap(_EXPLICIT, wrap(OCTET_STRING, wrap(SEQUENCE, *bags))))


def _bag(bag: Node, attribute: bytes) -> bytes:
    kind, value, *attributes = bag.fields(2)
    if kind.oid != _SHROUDED_KEY:
        return bag.encoded
    # DER sorts the members of a set.
    members = sorted([attribute, *(each.encoded for found in attributes for each in found)])
    return wrap(SEQUENCE, kind.encoded, value.encoded, wrap(_SET, *members))


def _authenticated(mac: Node, content: bytes, password: Secret) -> bytes:
    """A MacData as *mac*, over *content* (RFC 7292, section 5.1)."""
    info, salt, count = mac.fields(3)
    algorithm = info.fields(2)[0]
    digest = HASHES[algorithm.fields(1)[0].oid]
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    phrase = phrases(password.reveal())[0]
    key = pkcs12_kdf(digest, phrase, salt.octets, count.integer, purpose=3, length=size)
    found = wrap(OCTET_STRING, hmac.digest(key, content, digest))
    return wrap(SEQUENCE, wrap(SEQUENCE, algorithm.encoded, found), salt.encoded, count.encoded)
