"""A PEM file: every block in it is taken for what it is, and the text around it is left alone."""

import base64
from itertools import islice

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from wizard.certificates import jks, pkcs12
from wizard.certificates.der import DerError, Document, Node
from wizard.certificates.model import Bundle, Format
from wizard.certificates.parts import Reader
from wizard.certificates.pem import Block, blocks, labels
from wizard.certificates.reading_errors import damaged
from wizard.certificates.shapes import Shape, shape

_CERTIFICATE = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "X.509 CERTIFICATE"})
_MESSAGE = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS", "CERTIFICATE CHAIN"})
_SILENT = frozenset({"EC PARAMETERS", "DH PARAMETERS", "DSA PARAMETERS", "X9.42 DH PARAMETERS"})
_BLOCK_LIMIT = 100_000
_KEY_BLOCK_LIMIT = 10_000
"""Keys in one file after which what follows is not looked at: nobody keeps so many, and each costs time."""


def format_of(text: bytes) -> Format:
    """PEM, or KEY, PKCS7 or PKCS12 when nothing else is armoured in *text*."""
    return _format(set(islice(labels(text), _BLOCK_LIMIT)))


def _format(found: set[str]) -> Format:
    telling = found - _SILENT
    if telling and telling <= _MESSAGE:
        return Format.PKCS7
    if telling and all("PRIVATE KEY" in label for label in telling):
        return Format.KEY
    return Format.PKCS12 if telling == {"PKCS12"} else Format.PEM


def read(text: bytes, reader: Reader) -> Bundle:
    """Take every block of *text*.

    Raises:
        ReadingError: a key stayed closed; or every block was refused.
    """
    collector = reader.collector
    found = set()
    for block in islice(blocks(text), _BLOCK_LIMIT):
        found.add(block.label)
        if block.body is None:
            if block.label not in _SILENT:
                reason = f"the block {block.label} at line {block.line} is not readable: {block.problem}"
                collector.refuse(damaged(collector.name, reason, block.at), reason)
            continue
        if block.repaired:
            collector.note("pem.repaired", f"The block at line {block.line} holds characters that do not belong there.")
        body = block.body
        if block.label in _CERTIFICATE and body[:2] == b"\x30\x82" and body[4:5] == b"\x30" and block.label[0] != "T":
            # The way of ten thousand certificates: a sequence in a sequence, and nobody needs to look closer.
            collector.certificate(body, f"line {block.line}", block.alias, block.at)
            continue
        packed = _other(block, body, reader)
        if packed is not None:
            return packed
        if reader.keys_met >= _KEY_BLOCK_LIMIT:
            collector.note("pem.too-many", f"What follows the first {_KEY_BLOCK_LIMIT:,} keys was not read.")
            break
    if len(collector.certificates) >= _BLOCK_LIMIT:
        collector.note("pem.too-many", f"Only the first {_BLOCK_LIMIT:,} blocks were read.")
    return reader.finished(_format(found))


def _other(block: Block, body: bytes, reader: Reader) -> Bundle | None:
    """Take a block that is no plain certificate; a whole store in armour ends the reading with its bundle."""
    collector = reader.collector
    where = f"line {block.line}"
    if block.label in _SILENT:
        return None
    if reader.keys_enough and "PRIVATE KEY" in block.label:
        reader.one_more_key()
        return None
    if dict(block.headers).get("DEK-Info"):
        if reader.one_more_key():
            _old_encryption(block, body, reader)
        return None
    if block.label == "OPENSSH PRIVATE KEY":
        collector.unsupported("an SSH key", where)
        return None
    if body.startswith((jks.JKS_MAGIC, jks.JCEKS_MAGIC)):
        return jks.read(body, collector, reader.password, reader.key_password)
    try:
        node = Document(body).node()
        kind = shape(node)
        if kind is Shape.UNKNOWN and block.label in _CERTIFICATE:
            kind = Shape.CERTIFICATE
        if kind is Shape.PKCS12:
            return pkcs12.read(node, collector, reader.password, reader.key_password)
        reader.structure(_only(node, kind, block), kind, where, block.alias)
    except DerError as error:
        reason = f"the block {block.label} at line {block.line} breaks off or contradicts itself ({error.reason})"
        collector.refuse(damaged(collector.name, reason, block.at), reason)
    return None


def _only(node: Node, kind: Shape, block: Block) -> Node:
    # A "trusted certificate" of OpenSSL has its trust settings behind the certificate; nothing else may have more.
    if node.stop != len(node.document.data) and not (kind is Shape.CERTIFICATE and block.label[0] == "T"):
        raise DerError("bytes follow its end", node.stop)
    return node


def _old_encryption(block: Block, body: bytes, reader: Reader) -> None:
    """A key encrypted in OpenSSL's first manner (RFC 1421 headers; one round of MD5)."""
    collector = reader.collector
    where = f"line {block.line}"
    passwords = [secret for secret in (reader.password, reader.key_password) if secret is not None and secret]
    head = "".join(f"{name}: {value}\n" for name, value in block.headers)
    lines = base64.encodebytes(body).decode()
    armoured = f"-----BEGIN {block.label}-----\n{head}\n{lines}-----END {block.label}-----\n"
    for password in passwords:
        try:
            key = load_pem_private_key(
                armoured.encode(), password.reveal().encode(errors="surrogatepass"), unsafe_skip_rsa_key_validation=True
            )
        except UnsupportedAlgorithm:
            what = f"the old encryption {dict(block.headers)['DEK-Info'].split(',')[0]}"
            collector.unsupported(what, where)
            return
        except (ValueError, TypeError, OverflowError):
            continue
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        collector.key(der, f"the private key at {where}", block.alias, encrypted=True)
        return
    reader.lock(where)
