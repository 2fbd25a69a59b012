"""Whether a certificate's signature was made with another's key, by the provider that can read it."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from wizard.certificates import fields
from wizard.certificates.formats.der import OCTET_STRING, SEQUENCE, Node, parse, wrap
from wizard.certificates.formats.pbe import HASHES, phrases, pkcs12_kdf
from wizard.certificates.model import Certificate
from wizard.secret import Secret


@lru_cache(maxsize=1024)
def signed_by(certificate: Certificate, issuer: Certificate) -> bool | None:
    """True or False by the signature alone (names are not compared); None when the algorithm is not known here.

    `x509.Certificate.verify_directly_issued_by` refuses MD5 and SHA-1, which old private PKIs still use and Java
    accepts; therefore the signature is checked with the key itself. Answers are kept for a while, because many chains
    share their upper certificates.
    """
    parsed = certificate.x509
    key = fields.public_key(issuer)
    try:
        how = parsed.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey):
            # The library names no padding for MD5, which is only ever used with PKCS #1 v1.5.
            scheme = padding.PKCS1v15() if how is None else how
            if not isinstance(scheme, padding.PKCS1v15 | padding.PSS):
                return False
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return None
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, scheme, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(how, ec.ECDSA):
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, how)
        elif isinstance(key, dsa.DSAPublicKey):
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(parsed.signature, parsed.tbs_certificate_bytes)
        else:
            return None
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True


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
