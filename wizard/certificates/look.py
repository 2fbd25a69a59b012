"""What a certificate says, without exceptions: a missing or unreadable part is None or empty.

Rules report what could not be read (`certificate.unreadable-part`); everyone else only wants to look.
"""

import ipaddress
import warnings
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, ObjectIdentifier

from wizard.certificates.model import Certificate

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_USAGE = "2.5.29.37.0"
USAGE_NAMES = {
    SERVER_AUTH: "serverAuth",
    CLIENT_AUTH: "clientAuth",
    ANY_USAGE: "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "1.3.6.1.4.1.311.20.2.2": "smartcardLogon",
    "1.3.6.1.5.5.8.2.2": "ikeIntermediate",
    "1.3.6.1.5.2.3.5": "kdcAuthentication",
}
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp224r1": "P-224", "secp192r1": "P-192"}
NOT_PARSED = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises, late, for a part of a certificate that it cannot parse."""

Extension = TypeVar("Extension", bound=x509.ExtensionType)


class _Parsed(NamedTuple):
    subject: x509.Name | None
    issuer: x509.Name | None
    extensions: x509.Extensions
    reason: str


@lru_cache(maxsize=2048)
def _parsed(certificate: Certificate) -> _Parsed:
    """What the library parses late, warning of odd parts; the rules tell of them in their own words."""
    reason = ""
    names: list[x509.Name | None] = []
    found = x509.Extensions([])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("subject", "issuer"):
            try:
                names.append(getattr(certificate.x509, name))
            except NOT_PARSED as error:
                names.append(None)
                reason = str(error) or type(error).__name__
        try:
            found = certificate.x509.extensions
        except NOT_PARSED as error:
            reason = str(error) or type(error).__name__
    return _Parsed(names[0], names[1], found, reason)


def subject_name(certificate: Certificate) -> x509.Name | None:
    """The subject; None when it does not parse."""
    return _parsed(certificate).subject


def issuer_name(certificate: Certificate) -> x509.Name | None:
    """The issuer; None when it does not parse."""
    return _parsed(certificate).issuer


def extensions(certificate: Certificate) -> x509.Extensions:
    """All extensions; none when they do not parse."""
    return _parsed(certificate).extensions


def unreadable(certificate: Certificate) -> str:
    """Why some part of the certificate does not parse, "" when all of it does."""
    try:
        not_after(certificate)
    except NOT_PARSED as error:
        return str(error) or type(error).__name__
    return _parsed(certificate).reason


def extension(certificate: Certificate, kind: type[Extension]) -> Extension | None:
    """The value of one extension, or None."""
    try:
        return extensions(certificate).get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def is_ca(certificate: Certificate) -> bool:
    """Whether basicConstraints says CA (RFC 5280, 4.2.1.9)."""
    basic = extension(certificate, x509.BasicConstraints)
    return basic is not None and basic.ca


def path_length(certificate: Certificate) -> int | None:
    """How many further CA certificates may follow below this one; None for no limit."""
    basic = extension(certificate, x509.BasicConstraints)
    return basic.path_length if basic is not None and basic.ca else None


def is_version_1(certificate: Certificate) -> bool:
    """Whether it is of a version that has no extensions, as old roots are."""
    try:
        return certificate.x509.version is x509.Version.v1
    except NOT_PARSED:
        return False


def self_issued(certificate: Certificate) -> bool:
    """Whether subject and issuer are the same name."""
    name = subject_name(certificate)
    return name is not None and name == issuer_name(certificate)


def subject_key_id(certificate: Certificate) -> bytes | None:
    """The subject key identifier."""
    found = extension(certificate, x509.SubjectKeyIdentifier)
    return found.digest if found is not None else None


def authority_key_id(certificate: Certificate) -> bytes | None:
    """The key identifier of the issuer, as the certificate names it."""
    found = extension(certificate, x509.AuthorityKeyIdentifier)
    return found.key_identifier if found is not None else None


def names(certificate: Certificate) -> list[str]:
    """The subject alternative names: DNS names and addresses as they are, others with `type:` before them."""
    found = extension(certificate, x509.SubjectAlternativeName)
    return [_general(each) for each in found] if found is not None else []


def _general(entry: x509.GeneralName) -> str:
    if isinstance(entry, x509.DNSName):
        return entry.value
    if isinstance(entry, x509.IPAddress):
        return str(entry.value)
    if isinstance(entry, x509.RFC822Name):
        return f"email:{entry.value}"
    if isinstance(entry, x509.UniformResourceIdentifier):
        return f"uri:{entry.value}"
    if isinstance(entry, x509.DirectoryName):
        return f"dirname:{entry.value.rfc4514_string()}"
    if isinstance(entry, x509.RegisteredID):
        return f"oid:{entry.value.dotted_string}"
    return f"other:{entry.type_id.dotted_string}" if isinstance(entry, x509.OtherName) else "other"


def dns_names(certificate: Certificate) -> list[str]:
    """The DNS names of the subject alternative name."""
    found = extension(certificate, x509.SubjectAlternativeName)
    return found.get_values_for_type(x509.DNSName) if found is not None else []


def usages(certificate: Certificate) -> list[str] | None:
    """The dotted OIDs of extendedKeyUsage; None without the extension."""
    found = extension(certificate, x509.ExtendedKeyUsage)
    return [oid.dotted_string for oid in found] if found is not None else None


def usage_names(certificate: Certificate) -> list[str] | None:
    """The same with the names of RFC 5280 where there are any."""
    found = usages(certificate)
    return [USAGE_NAMES.get(oid, oid) for oid in found] if found is not None else None


def matches(certificate: Certificate, host: str) -> bool:
    """Whether a subject alternative name covers *host* (RFC 6125: one left-most `*`; addresses must be equal)."""
    found = extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return False
    wanted = host.strip().rstrip(".").lower()
    try:
        address = ipaddress.ip_address(wanted.strip("[]"))
    except ValueError:
        return any(_covers(pattern, wanted) for pattern in found.get_values_for_type(x509.DNSName))
    return address in found.get_values_for_type(x509.IPAddress)


def _covers(pattern: str, host: str) -> bool:
    pattern = pattern.rstrip(".").lower()
    if not pattern.startswith("*."):
        return pattern == host
    first, _, rest = host.partition(".")
    # Java and the RFC let a star stand for one whole label, and not directly above a top-level domain.
    return bool(first) and rest == pattern[2:] and "." in rest


def key_label(certificate: Certificate) -> str:
    """Kind and size of the public key: `RSA-2048`, `P-256`, `Ed25519`; `unknown` when it does not parse."""
    try:
        key = certificate.x509.public_key()
    except Exception:  # noqa: BLE001 - unsupported algorithms, points off the curve: each has its own exception
        return "unknown"
    return public_key_label(key)


def public_key_label(key: object) -> str:
    """The same for a public key that is at hand."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA-{key.key_size}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    return "Ed448" if isinstance(key, ed448.Ed448PublicKey) else type(key).__name__.removesuffix("PublicKey")


def signature_label(certificate: Certificate) -> str:
    """The hash of the signature (`sha256`); for algorithms without a separate one their name (`ed25519`)."""
    try:
        algorithm = certificate.x509.signature_hash_algorithm
    except Exception:  # noqa: BLE001 - an algorithm that the library does not know
        return "unknown"
    if algorithm is not None:
        return algorithm.name
    oid = certificate.x509.signature_algorithm_oid
    return {"1.3.101.112": "ed25519", "1.3.101.113": "ed448"}.get(oid.dotted_string, oid.dotted_string)


def serial(certificate: Certificate) -> int:
    """The serial number. Zero and negative ones are read too (RFC 5280 forbids them, old CAs made them)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return certificate.x509.serial_number


def not_before(certificate: Certificate) -> datetime:
    """The first valid instant, in UTC."""
    return certificate.x509.not_valid_before_utc


def not_after(certificate: Certificate) -> datetime:
    """The last valid instant, in UTC."""
    return certificate.x509.not_valid_after_utc


def responders(certificate: Certificate) -> list[str]:
    """The OCSP responders that the certificate names (authorityInfoAccess)."""
    return _places(certificate, AuthorityInformationAccessOID.OCSP)


def issuer_urls(certificate: Certificate) -> list[str]:
    """Where the certificate says that its issuer's certificate can be fetched."""
    return _places(certificate, AuthorityInformationAccessOID.CA_ISSUERS)


def _places(certificate: Certificate, method: ObjectIdentifier) -> list[str]:
    found = extension(certificate, x509.AuthorityInformationAccess)
    return [
        place.access_location.value
        for place in found or ()
        if place.access_method == method and isinstance(place.access_location, x509.UniformResourceIdentifier)
    ]
