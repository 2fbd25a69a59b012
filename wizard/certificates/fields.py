"""The fields of a certificate, without exceptions: a missing or unreadable part is None or empty.

Rules report what could not be read (`certificate.unreadable-part`); other callers only read.
"""

import warnings
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, ObjectIdentifier

from wizard.certificates import hostnames, raw
from wizard.certificates.formats.der import OID, SEQUENCE, DerError, parse, wrap
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
RSA_PSS = "1.2.840.113549.1.1.10"
EC_KEY = "1.2.840.10045.2.1"
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp224r1": "P-224", "secp192r1": "P-192"}
OTHER_KEYS = {
    "Ed448PublicKey": "Ed448",
    "DHPublicKey": "Diffie-Hellman",
    "X25519PublicKey": "X25519",
    "X448PublicKey": "X448",
}
PREFIXES: dict[type, str] = {
    x509.DNSName: "", x509.IPAddress: "", x509.RFC822Name: "email:", x509.UniformResourceIdentifier: "uri:",
}  # fmt: skip
"""Kinds of alternative names that are shown as they are, and what is put before them."""
MOST_ODD_NAMES = 100
"""After this many unreadable alternative names, the rest of the list is not read one by one."""
NOT_PARSED = (
    ValueError, TypeError, KeyError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion,
    x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What `cryptography` raises, late, for a part of a certificate that it cannot parse."""

Extension = TypeVar("Extension", bound=x509.ExtensionType)


class Unread(NamedTuple):
    """An extension that does not follow the standard.

    Attributes:
        oid: which one.
        critical: whether Java must refuse the certificate for it.
        names: the kinds of the entries that cannot be read, where the extension is a list of names.
        repeated: whether it is there twice, which every peer refuses.
        readable: whether it is only odd, so that Java and OpenSSL read it.
    """

    oid: str
    critical: bool
    names: tuple[raw.RawName, ...] = ()
    repeated: bool = False
    readable: bool = False


class Parsed(NamedTuple):
    """The parts that do not parse are None, or are not among the extensions."""

    subject: x509.Name | None
    issuer: x509.Name | None
    extensions: x509.Extensions
    unread: tuple[Unread, ...]


@lru_cache(maxsize=2048)
def parsed(certificate: Certificate) -> Parsed:
    """What the library parses late, warning of odd parts; the rules tell of them in their own words."""
    names: list[x509.Name | None] = []
    found = x509.Extensions([])
    unread: tuple[Unread, ...] = ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("subject", "issuer"):
            try:
                names.append(getattr(certificate.x509, name))
            except NOT_PARSED:
                names.append(None)
        try:
            found = certificate.x509.extensions
        except NOT_PARSED:
            found, unread = _one_by_one(certificate)
    return Parsed(names[0], names[1], found, unread)


def _one_by_one(certificate: Certificate) -> tuple[x509.Extensions, tuple[Unread, ...]]:
    """The extensions that can be read, each by itself, and those that cannot."""
    found: list[x509.Extension[x509.ExtensionType]] = []
    unread: list[Unread] = []
    seen: set[str] = set()
    for each in raw_extensions(certificate):
        if each.oid in seen:
            unread.append(Unread(each.oid, each.critical, repeated=True))
            continue
        seen.add(each.oid)
        try:
            found.append(raw.parsed(each))
        except NOT_PARSED:
            value, names = _salvaged(each)
            readable = (value is not None and not names) or _reads_limits(each)
            unread.append(Unread(each.oid, each.critical, names, readable=readable))
            if value is not None:
                found.append(x509.Extension(value.oid, each.critical, value))
    return x509.Extensions(found), tuple(unread)


def _salvaged(extension: raw.RawExtension) -> tuple[x509.ExtensionType | None, tuple[raw.RawName, ...]]:
    """What Java reads in an extension that the library refuses, and the names in it that nobody reads."""
    try:
        if extension.oid == x509.BasicConstraints.oid.dotted_string:
            return x509.BasicConstraints(*raw.basic_constraints(extension.value)), ()
        if extension.oid == x509.SubjectAlternativeName.oid.dotted_string:
            names, odd = _names_apart(extension, raw.general_names(extension.value))
            return x509.SubjectAlternativeName(names), tuple(odd)
    except NOT_PARSED:
        pass
    return None, ()


def _names_apart(
    extension: raw.RawExtension, entries: tuple[raw.RawName, ...]
) -> tuple[list[x509.GeneralName], list[raw.RawName]]:
    """The names that can be read and those that cannot, found by halving, so that one odd name costs little."""
    waiting, names, odd = [entries], list[x509.GeneralName](), list[raw.RawName]()
    while waiting:
        part = waiting.pop()
        value = wrap(SEQUENCE, *(wrap(each.tag, each.content) for each in part))
        try:
            names += raw.parsed(raw.with_value(extension, value)).value  # type: ignore[arg-type]  # that OID is this class
        except NOT_PARSED:
            if len(part) == 1 or len(odd) >= MOST_ODD_NAMES:
                odd += part
            else:
                waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    return names, odd


def _reads_limits(extension: raw.RawExtension) -> bool:
    """Whether they are name constraints that are only odd: empty, or with holes in a network mask."""
    try:
        return extension.oid == x509.NameConstraints.oid.dotted_string and bool(raw.name_constraints(extension.value))
    except DerError:
        return False


def raw_extensions(certificate: Certificate) -> tuple[raw.RawExtension, ...]:
    """All extensions as bytes; none when they are no list of extensions."""
    return raw.fields(certificate.der).extensions or ()


def raw_extension(certificate: Certificate, kind: type[x509.ExtensionType]) -> raw.RawExtension | None:
    """One extension as bytes, or None."""
    wanted = kind.oid.dotted_string
    return next((each for each in raw_extensions(certificate) if each.oid == wanted), None)


def raw_names(certificate: Certificate) -> tuple[raw.RawName, ...]:
    """The subject alternative names as bytes; none when the extension is absent or no list of names."""
    found = raw_extension(certificate, x509.SubjectAlternativeName)
    try:
        return raw.general_names(found.value) if found is not None else ()
    except DerError:
        return ()


def unreadable(certificate: Certificate) -> str:
    """Which field of the certificate cannot be read, extensions aside; "" when all can."""
    found = parsed(certificate)
    for field, value in (("subject", found.subject), ("issuer", found.issuer)):
        if value is None:
            return field
    return "extensions" if not found.extensions and raw.fields(certificate.der).extensions is None else ""


def extension(certificate: Certificate, kind: type[Extension]) -> Extension | None:
    """The value of one extension, or None."""
    try:
        return parsed(certificate).extensions.get_extension_for_class(kind).value
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
    return certificate.x509.version is x509.Version.v1


def self_issued(certificate: Certificate) -> bool:
    """Whether subject and issuer are the same name."""
    found = raw.fields(certificate.der)
    return found.subject == found.issuer or raw.canonical(found.subject) == raw.canonical(found.issuer)


def subject_key_id(certificate: Certificate) -> bytes | None:
    """The subject key identifier."""
    found = extension(certificate, x509.SubjectKeyIdentifier)
    return found.digest if found is not None else None


def authority_key_id(certificate: Certificate) -> bytes | None:
    """The key identifier of the issuer, as the certificate names it."""
    return _authority_key(certificate)[0]


def authority_serial(certificate: Certificate) -> int | None:
    """The serial number of the issuer's certificate, as the certificate names it."""
    return _authority_key(certificate)[1]


def _authority_key(certificate: Certificate) -> tuple[bytes | None, int | None]:
    found = raw_extension(certificate, x509.AuthorityKeyIdentifier)
    try:
        return raw.authority_key(found.value) if found is not None else (None, None)
    except DerError:
        return None, None


def names(certificate: Certificate) -> list[str]:
    """The subject alternative names: DNS names and addresses as they are, others with `type:` before them."""
    found = extension(certificate, x509.SubjectAlternativeName)
    return [_general(each) for each in found] if found is not None else []


def _general(entry: x509.GeneralName) -> str:
    if type(entry) in PREFIXES:
        return f"{PREFIXES[type(entry)]}{entry.value}"
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
    """Whether a subject alternative name covers *host* for every peer (see `hostnames`)."""
    return hostnames.matches(host, dns_names(certificate), addresses(certificate))


def addresses(certificate: Certificate) -> list[object]:
    """The IP addresses of the subject alternative name."""
    found = extension(certificate, x509.SubjectAlternativeName)
    return list(found.get_values_for_type(x509.IPAddress)) if found is not None else []


def key_label(certificate: Certificate) -> str:
    """Kind and size of the public key: `RSA-2048`, `P-256`, `Ed25519`; `unknown` when it does not parse."""
    key = public_key(certificate)
    return public_key_label(key) if key is not None else "unknown"


def public_key(certificate: Certificate) -> CertificatePublicKeyTypes | None:
    """The public key; None when the library does not know its kind or it is malformed."""
    with warnings.catch_warnings():
        # Of Diffie-Hellman keys the library warns that it will drop them.
        warnings.simplefilter("ignore")
        try:
            return certificate.x509.public_key()
        except Exception:  # noqa: BLE001 - unsupported algorithms, points off the curve: each has its own exception
            return None


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
    # By their names, because the library warns of whoever touches the class of Diffie-Hellman keys.
    return OTHER_KEYS.get(type(key).__name__, "unknown")


def key_encoding(certificate: Certificate) -> str:
    """How the public key is written where the library reads over it: `rsa-pss`, `ec-explicit`, else ""."""
    try:
        algorithm = parse(raw.fields(certificate.der).key).children[0].children
        if algorithm[0].oid == RSA_PSS:
            return "rsa-pss"
        return "ec-explicit" if algorithm[0].oid == EC_KEY and algorithm[1].tag != OID else ""
    except (DerError, IndexError):
        return ""


def java_refuses(certificate: Certificate) -> str:
    """Why Java's certificate factory refuses a certificate that others read; "" when nothing is known against it.

    The words of sun.security.x509 (X509CertInfo, X509CertImpl), measured with OpenJDK 11 to 25.
    """
    if key_encoding(certificate) == "ec-explicit":
        return "its EC key has the parameters of the curve instead of its name"
    subject, issuer = parsed(certificate).subject, parsed(certificate).issuer
    if issuer is not None and not list(issuer):
        return "its issuer has an empty name"
    if subject is not None and not list(subject):
        alternative = raw_extension(certificate, x509.SubjectAlternativeName)
        if alternative is None or not alternative.critical:
            return "its subject is empty, and it has no critical subject alternative name"
    return ""


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
    return _moment(certificate, "not_valid_before_utc")


def not_after(certificate: Certificate) -> datetime:
    """The last valid instant, in UTC."""
    return _moment(certificate, "not_valid_after_utc")


def _moment(certificate: Certificate, field: str) -> datetime:
    try:
        moment: datetime = getattr(certificate.x509, field)
    except ValueError:
        # The year 0, which Java and OpenSSL read and Python does not have.
        return datetime.min.replace(tzinfo=UTC)
    return moment


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
