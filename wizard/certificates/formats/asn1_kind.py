"""Recognize the kind of an ASN.1 structure by its first tags."""

from enum import StrEnum

from wizard.certificates.formats.der import INTEGER, OID, SEQUENCE, UTC_TIME, Node, tags
from wizard.certificates.formats.pkcs7 import ENVELOPED, NETSCAPE_SEQUENCE, SIGNED, content_type

_GENERALIZED_TIME = 0x18


class Shape(StrEnum):
    """What a structure looks like, for messages."""

    PKCS12 = "a PKCS12 store"
    KEY = "a private key"
    ENCRYPTED_KEY = "an encrypted private key"
    PKCS7 = "a PKCS7 message"
    ENVELOPED = "an encrypted PKCS7 message"
    CERTIFICATE = "a certificate"
    REQUEST = "a certificate request"
    REVOCATION_LIST = "a revocation list"
    PUBLIC_KEY = "a public key"
    UNKNOWN = "something unknown"


def shape(node: Node) -> Shape:
    """What *node*, an outermost element, looks like. Never raises; a cut structure shows what its beginning shows."""
    if node.tag != SEQUENCE:
        return Shape.UNKNOWN
    outer = tags(node, 10)
    match outer:
        case (0x06, 0xA0, *_):
            kind = content_type(node)
            if kind == ENVELOPED:
                return Shape.ENVELOPED
            return Shape.PKCS7 if kind in {SIGNED, NETSCAPE_SEQUENCE} else Shape.UNKNOWN
        case (0x02, 0x30, 0x04, *_):
            return Shape.KEY
        case (0x02, 0x30, *_) if tags(next_of(node, 1), 2)[:1] == (OID,):
            return Shape.PKCS12
        case (0x02, 0x04, *_):
            return Shape.KEY
        case (0x02, 0x02, 0x02, 0x02, 0x02, *_):
            return Shape.KEY
        case (0x30, 0x04):
            return Shape.ENCRYPTED_KEY
        case (0x30, 0x03):
            return Shape.PUBLIC_KEY
        case (0x30, 0x30, 0x03, *_):
            return _signed(next_of(node, 0))
    return Shape.UNKNOWN


def next_of(node: Node, index: int) -> Node:
    """The element with that *index* inside *node*; the caller has seen by `tags` that it exists."""
    for at, child in enumerate(node):
        if at == index:
            return child
    return node


def _signed(body: Node) -> Shape:
    inner = tags(body, 7)
    if inner[:1] == (INTEGER,) and inner[1:4] == (SEQUENCE, SEQUENCE, 0xA0):
        return Shape.REQUEST
    if inner == (INTEGER, SEQUENCE, SEQUENCE):
        # A request without attributes, against the letter of RFC 2986, which some tools make.
        return Shape.REQUEST
    times = {UTC_TIME, _GENERALIZED_TIME}
    if len(inner) >= 3 and (inner[2] in times or (len(inner) >= 4 and inner[3] in times)):
        return Shape.REVOCATION_LIST
    return Shape.CERTIFICATE
