"""The parts of a certificate as their bytes, read one by one, so that one malformed extension hides no other.

`cryptography` parses all extensions or none. Java reads each by itself and goes on without a malformed one unless it is
critical.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509

from wizard.certificates.formats.der import (
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    OID,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    UTF8_STRING,
    DerError,
    Node,
    parse,
    wrap,
)

DNS, MAIL, URI, ADDRESS, DIRECTORY, OTHER, REGISTERED = 0x82, 0x81, 0x86, 0x87, 0xA4, 0xA0, 0x88
"""The tags of a GeneralName (RFC 5280, 4.2.1.6)."""
X400, EDI_PARTY = 0xA3, 0xA5
NAME_KINDS = {
    OTHER: "otherName", MAIL: "rfc822Name", DNS: "dNSName", X400: "x400Address", DIRECTORY: "directoryName",
    EDI_PARTY: "ediPartyName", URI: "uniformResourceIdentifier", ADDRESS: "iPAddress", REGISTERED: "registeredID",
}  # fmt: skip
EXTENSIONS_TAG = 0xA3


class RawExtension(NamedTuple):
    """One extension: *encoded* is all of it, *value* what its OCTET STRING holds."""

    oid: str
    critical: bool
    value: bytes
    encoded: bytes


class RawName(NamedTuple):
    """One GeneralName: its tag and the bytes inside."""

    tag: int
    content: bytes


class Fields(NamedTuple):
    """The fields of a certificate's body that are checked byte by byte; *extensions* is None when they are no list."""

    issuer: bytes
    subject: bytes
    key: bytes
    extensions: tuple[RawExtension, ...] | None


@lru_cache(maxsize=2048)
def fields(der: bytes) -> Fields:
    """The fields of the certificate *der*; its outer structure is known to be whole."""
    body = parse(der).fields(3)[0].fields(6)
    start = 1 if body[0].tag == 0xA0 else 0
    lists = [part for part in body[start + 6 :] if part.tag == EXTENSIONS_TAG]
    try:
        extensions = tuple(_extension(each) for part in lists for each in part.fields(1)[0].expect(SEQUENCE))
    except DerError:
        extensions = None
    return Fields(body[start + 2].encoded, body[start + 4].encoded, body[start + 5].encoded, extensions)


def _extension(node: Node) -> RawExtension:
    parts = node.expect(SEQUENCE).fields(2)
    critical = parts[1].tag == BOOLEAN and parts[1].content != b"\0"
    return RawExtension(parts[0].oid, critical, parts[-1].expect(OCTET_STRING).octets, node.encoded)


_BEFORE = wrap(0xA0, wrap(INTEGER, b"\2")) + wrap(INTEGER, b"\1")
_ALGORITHM = wrap(SEQUENCE, wrap(OID, b"\x2b\x65\x70"))
_VALIDITY = wrap(SEQUENCE, wrap(0x17, b"200101000000Z"), wrap(0x17, b"300101000000Z"))
_KEY = wrap(SEQUENCE, _ALGORITHM, wrap(0x03, bytes(33)))


def parsed(extension: RawExtension) -> x509.Extension[x509.ExtensionType]:
    """*extension* as the library reads it when it is alone in a certificate. Raises whatever the library raises."""
    extensions = wrap(EXTENSIONS_TAG, wrap(SEQUENCE, extension.encoded))
    names = _ALGORITHM + wrap(SEQUENCE) + _VALIDITY + wrap(SEQUENCE)
    body = wrap(SEQUENCE, _BEFORE, names, _KEY, extensions)
    alone = wrap(SEQUENCE, body, _ALGORITHM, wrap(0x03, bytes(65)))
    found: x509.Extension[x509.ExtensionType] = x509.load_der_x509_certificate(alone).extensions[0]
    return found


def with_value(extension: RawExtension, value: bytes) -> RawExtension:
    """The same kind of extension with another value."""
    kind = parse(extension.encoded).fields(1)[0].encoded
    return extension._replace(value=value, encoded=wrap(SEQUENCE, kind, wrap(OCTET_STRING, value)))


def general_names(value: bytes) -> tuple[RawName, ...]:
    """The entries of a GeneralNames value.

    Raises:
        DerError: it is no sequence of elements.
    """
    return tuple(RawName(each.tag, each.content) for each in parse(value, inner=True).expect(SEQUENCE))


class Limits(NamedTuple):
    """Name constraints (RFC 5280, 4.2.1.10)."""

    permitted: tuple[RawName, ...]
    excluded: tuple[RawName, ...]
    with_distance: bool
    """Whether a subtree has a minimum or maximum, which RFC 5280 forbids and Java does not support."""


def name_constraints(value: bytes) -> Limits:
    """The subtrees of a NameConstraints value.

    Raises:
        DerError: it is malformed.
    """
    trees: dict[int, tuple[RawName, ...]] = {}
    distance = False
    for side in parse(value, inner=True).expect(SEQUENCE):
        entries = [each.expect(SEQUENCE).fields(1) for each in side]
        trees[side.tag] = tuple(RawName(parts[0].tag, parts[0].content) for parts in entries)
        distance |= any(part.tag != 0x80 or any(part.content) for parts in entries for part in parts[1:])
    return Limits(trees.get(0xA0, ()), trees.get(0xA1, ()), distance)


def basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """Whether it says CA, and the path length, with the laxness of Java and OpenSSL.

    They also read a FALSE that is written out, any byte but zero as TRUE, and a path length beside CA:FALSE.

    Raises:
        DerError: it is malformed.
    """
    ca, length = False, None
    for part in parse(value, inner=True).expect(SEQUENCE):
        if part.tag == BOOLEAN:
            ca = part.content != b"\0"
        else:
            length = part.integer
            if length < 0:
                raise part.error("a path length is negative")
    return ca, length if ca else None


def authority_key(value: bytes) -> tuple[bytes | None, int | None]:
    """The key identifier and the serial number that an AuthorityKeyIdentifier names.

    Raises:
        DerError: it is malformed.
    """
    key_id, serial = None, None
    for part in parse(value, inner=True).expect(SEQUENCE):
        if part.tag == 0x80:
            key_id = part.content
        elif part.tag == 0x82:
            serial = int.from_bytes(part.content, "big", signed=True)
    return key_id, serial


_FOLDED_TYPES = frozenset(
    bytes.fromhex(oid)
    for oid in (
        "550403", "550406", "550407", "550408", "550409", "55040a", "55040b",
        "0992268993f22c640101", "0992268993f22c640119",
    )
)  # fmt: skip
"""The attributes that RFC 2253 names: Java folds the case of these alone."""
_UPPER, _LOWER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_FOLD = bytes.maketrans(_UPPER, _LOWER)


@lru_cache(maxsize=32768)
def canonical(name: bytes) -> bytes:
    """The distinguished name *name* in a form in which names that every peer takes for equal are equal.

    Java and OpenSSL compare neither the case of letters, nor repeated blanks, nor whether a text is a PrintableString
    or UTF8String (RFC 5280, 7.1). *name* itself, when it cannot be read.
    """
    try:
        return b"".join(wrap(SET, *sorted(_attributes(rdn))) for rdn in parse(name, inner=True).expect(SEQUENCE))
    except DerError:
        return name


def relative_names(name: bytes) -> list[bytes]:
    """The relative names of *name*, most general first, each in canonical form.

    Raises:
        DerError: it is malformed.
    """
    return [wrap(SET, *sorted(_attributes(rdn))) for rdn in parse(name, inner=True).expect(SEQUENCE)]


def _attributes(rdn: Node) -> Iterator[bytes]:
    for attribute in rdn.expect(SET):
        kind, value = attribute.expect(SEQUENCE).fields(2)[:2]
        if value.tag in {PRINTABLE_STRING, UTF8_STRING} and kind.content in _FOLDED_TYPES:
            yield kind.encoded + wrap(UTF8_STRING, b" ".join(value.content.translate(_FOLD).split()))
        else:
            yield attribute.encoded
