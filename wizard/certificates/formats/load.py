"""Read certificates and keys from DER, however odd they are: errors become a refusal or a note."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.utils import CryptographyDeprecationWarning

from wizard.certificates.formats.refusals import damaged, unsupported
from wizard.certificates.model import Certificate

KEY_LIMIT = 12 * 1024
"""Bytes of one private key in DER; RSA with 16,384 bits, the largest that OpenSSL takes, needs 9,300."""

_lock = threading.RLock()


@contextmanager
def odd_certificates_allowed() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the library's warnings about certificates that break a rule of RFC 5280.

    The list that comes in grows with each. Filters of the warnings module belong to the whole process, so only one
    thread at a time is inside.
    """
    with _lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CryptographyDeprecationWarning)
        yield caught


def load_certificate(der: bytes, *, origin: str = "", alias: str = "") -> Certificate:
    """The certificate in *der*; parsing of its inner parts is left to their first use.

    Raises:
        ValueError: it is no certificate, or one of a version that does not exist.
    """
    try:
        return Certificate(x509.load_der_x509_certificate(der), der=der, origin=origin, alias=alias)
    except (x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error


def load_key(der: bytes, *, name: str = "") -> PrivateKeyTypes:
    """The private key in unencrypted PKCS8, PKCS1 or SEC1 form.

    Raises:
        ReadingError: `reading.damaged` or `reading.algorithm-unsupported`.
    """
    if len(der) > KEY_LIMIT:
        raise unsupported(name, f"a private key of {len(der):,} bytes")
    try:
        # The library's own check proves both primes prime, for seconds if they are long; `_consistent` finds damage.
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm as error:
        raise unsupported(name, "a private key of an unknown kind") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise damaged(name, "its private key cannot be decoded") from error
    if isinstance(key, rsa.RSAPrivateKey) and not _consistent(key):
        raise damaged(name, "the numbers of its RSA private key do not match")
    return key


def _consistent(key: rsa.RSAPrivateKey) -> bool:
    numbers = key.private_numbers()
    product = numbers.d * numbers.public_numbers.e - 1
    return (
        numbers.p > 1
        and numbers.q > 1
        and numbers.p * numbers.q == numbers.public_numbers.n
        and product % (numbers.p - 1) == 0
        and product % (numbers.q - 1) == 0
    )
