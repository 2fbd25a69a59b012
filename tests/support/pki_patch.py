"""Certificates that `cryptography` rightly refuses to make: their DER is changed and signed again."""

import warnings
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

SHA256_RSA = bytes.fromhex("2a864886f70d01010b")
OTHER_RSA = {"sha1": bytes.fromhex("2a864886f70d010105"), "md5": bytes.fromhex("2a864886f70d010104")}
HASHES: dict[str, Any] = {"sha1": hashes.SHA1(), "md5": hashes.MD5()}


def tlv(tag: int, body: bytes) -> bytes:
    """One DER element."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + body


def header(data: bytes, start: int) -> tuple[int, int]:
    """Where the body of the element at *start* begins and ends."""
    size = data[start + 1]
    if size < 0x80:
        return start + 2, start + 2 + size
    count = size & 0x7F
    body = start + 2 + count
    return body, body + int.from_bytes(data[start + 2 : body])


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
        der = certificate.public_bytes(Encoding.DER)
        start = header(der, 0)[0]
        middle = header(der, start)[1]
        algorithm = der[middle : header(der, middle)[1]]
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
    start, end = header(tbs, 0)
    version_end = header(tbs, start)[1]
    serial_end = header(tbs, version_end)[1]
    number = tlv(0x02, serial.to_bytes(1, signed=True))
    return tlv(0x30, tbs[start:version_end] + number + tbs[serial_end:end])
