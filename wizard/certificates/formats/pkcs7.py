"""PKCS7 and CMS: the certificates that lie in a signed message, from DER or BER (RFC 5652, section 5.1)."""

from wizard.certificates.formats.der import OID, SEQUENCE, SET, DerError, Node, tags

SIGNED = "1.2.840.113549.1.7.2"
ENVELOPED = "1.2.840.113549.1.7.3"
NETSCAPE_SEQUENCE = "2.16.840.1.113730.2.5"
"""An older way to say "several certificates"; Windows and OpenSSL still know it."""


def content_type(outer: Node) -> str:
    """The object identifier of a ContentInfo, "" when *outer* is something else."""
    if tags(outer, 2) != (OID, 0xA0):
        return ""
    try:
        return next(iter(outer)).oid
    except DerError:
        return ""


def certificates(outer: Node) -> list[Node]:
    """The certificates in a ContentInfo with signed data, in the order of the file.

    Raises:
        DerError: the structure is not one of signed data, or is malformed.
    """
    kind, wrapped = outer.expect(SEQUENCE).fields(2)[:2]
    inner = wrapped.fields(1)[0]
    if kind.oid == NETSCAPE_SEQUENCE:
        return [node for node in inner.expect(SEQUENCE) if node.tag == SEQUENCE]
    if kind.oid != SIGNED:
        raise kind.error("this is not signed data")
    parts = inner.expect(SEQUENCE).children
    if len(parts) < 4 or parts[1].tag != SET:
        raise inner.error("the signed data is incomplete")
    # [0] certificates: beside X.509 the set may hold attribute certificates under context tags, which are not ours.
    return [node for part in parts[3:] if part.tag == 0xA0 for node in part if node.tag == SEQUENCE]
