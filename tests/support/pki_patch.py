"""Certificates that `cryptography` rightly refuses to make: their DER is changed and signed again."""

import warnings
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from wizard.certificates.formats.der import parse
from wizard.certificates.formats.der import wrap as tlv

SHA256_RSA = bytes.fromhex("2a864886f70d01010b")
OTHER_RSA = {"sha1": bytes.fromhex("2a864886f70d010105"), "md5": bytes.fromhex("2a864886f70d010104")}
HASHES: dict[str, Any] = {"sha1": hashes.SHA1(), "md5": hashes.MD5()}


def resigned(
    certificate: x509.Certificate, signer: Any, *, hash_name: str, serial: int | None, broken: bool
) -> x509.Certificate:
    """The same certificate with another hash or serial number, or with a signature that does not verify."""
    tbs = certificate.tbs_certificate_bytes
    algorithm = tlv(0x30, tlv(0x06, SHA256_RSA) + b"\x05\x00")
    if serial is not None and serial <= 0:
        tbs = _with_serial(tbs, serial)
    if hash_name in OTHER_RSA:
        assert isinstance(signer, rsa.RSAPrivateKey), f"{hash_name} is patched in for RSA issuers only"
        assert tbs.count(SHA256_RSA) == 1
        tbs = tbs.replace(SHA256_RSA, OTHER_RSA[hash_name])
        algorithm = tlv(0x30, tlv(0x06, OTHER_RSA[hash_name]) + b"\x05\x00")
    elif not isinstance(signer, rsa.RSAPrivateKey):
        algorithm = parse(certificate.public_bytes(Encoding.DER)).children[1].encoded
    signature = _sign(tbs, signer, HASHES.get(hash_name, hashes.SHA256()))
    if broken:
        signature = signature[:-1] + bytes((signature[-1] ^ 1,))
    with warnings.catch_warnings():
        # A serial number of zero still loads, with the warning that this will end.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(tlv(0x30, tbs + algorithm + tlv(0x03, b"\0" + signature)))


def _sign(tbs: bytes, signer: Any, algorithm: Any) -> bytes:
    signature: bytes
    if isinstance(signer, rsa.RSAPrivateKey):
        signature = signer.sign(tbs, padding.PKCS1v15(), algorithm)
    elif isinstance(signer, ec.EllipticCurvePrivateKey):
        signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    else:
        signature = signer.sign(tbs)
    return signature


def _with_serial(tbs: bytes, serial: int) -> bytes:
    version, _serial, *others = parse(tbs).children
    number = tlv(0x02, serial.to_bytes(1, signed=True))
    return tlv(0x30, version.encoded, number, *(each.encoded for each in others))
