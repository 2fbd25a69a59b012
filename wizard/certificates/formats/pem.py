"""PEM text: finds the armoured blocks among whatever else the file says (RFC 7468, RFC 1421, OpenSSL's dialects)."""

import base64
import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from wizard.certificates.formats import jks, pkcs12
from wizard.certificates.formats.der import DerError, Document, Node
from wizard.certificates.formats.objects import Reader, Shape, damaged, shape
from wizard.certificates.model import Bundle, Format

STRAY_LIMIT = 10_000
"""Beginnings of marks without a label behind them, after which a text is no PEM file."""

_BEGIN = b"-----BEGIN "
_END = b"-----END "
_MARK = re.compile(rb"-----BEGIN ([A-Za-z0-9 #.]{1,64}?)[ ]?-----")
_CLOSING = re.compile(rb"-----END ([A-Za-z0-9 #.]{1,64}?)[ ]?-----")
_CERTIFICATE_BEGIN = b"-----BEGIN CERTIFICATE-----"
_CERTIFICATE_END = b"-----END CERTIFICATE-----"
_FRIENDLY = re.compile(rb"friendlyName: ([^\r\n]{1,200})")
_HEADER = re.compile(rb"([A-Za-z0-9-]{1,40}):[ \t]*([^\r\n]{0,200})\r?\n")
_BARE = re.compile(rb"[A-Za-z0-9+/\s]++={0,2}+\s*+")
_HEADER_LIMIT = 16
_REPAIR_LIMIT = 1 << 20
_SPACE = b" \t\r\n\x0b\x0c"


class Block(NamedTuple):
    """One armoured block.

    Attributes:
        label: the words after BEGIN, in capitals.
        body: the decoded bytes; None when they do not decode, and `problem` says why.
        line: of the BEGIN mark, from 1.
        at: offset of the BEGIN mark in the text, from 0.
        headers: RFC 1421 headers (`Proc-Type`, `DEK-Info`) of old encrypted keys.
        alias: the friendly name that `openssl pkcs12` prints before the block.
        problem: why the body could not be decoded.
        repaired: the body held characters that do not belong there and was decoded without them.
    """

    label: str
    body: bytes | None
    line: int
    at: int
    headers: tuple[tuple[str, str], ...] = ()
    alias: str = ""
    problem: str = ""
    repaired: bool = False


def as_text(data: bytes) -> tuple[bytes, str]:
    """*data* in an encoding whose ASCII part is ASCII, and the name of what was undone: "", "utf-8-bom" or "utf-16".

    UTF-16 is recognised by its mark or, where somebody cut the mark off, by the zero bytes between the letters.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:], "utf-8-bom"
    codec = ""
    head = data[:64]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16"
    elif len(head) >= 8 and not any(head[1::2]) and all(head[::2]):
        codec = "utf-16-le"
    elif len(head) >= 8 and not any(head[::2]) and all(head[1::2]):
        codec = "utf-16-be"
    if codec:
        return data.decode(codec, errors="replace").encode("utf-8", errors="replace"), "utf-16"
    return data, ""


def has_mark(text: bytes) -> bool:
    """Whether *text* contains a BEGIN mark of PEM."""
    return next(_spans(text), None) is not None


def labels(text: bytes) -> Iterator[str]:
    """What the blocks of *text* are called, in order; nothing is decoded."""
    return (span.label for span in _spans(text))


def blocks(text: bytes) -> Iterator[Block]:
    """The blocks of *text* in order. A block whose END is missing or has another label carries a problem.

    The time is linear in the length of *text* for any content: each look-ahead is remembered, and the search
    ends after `STRAY_LIMIT` lines that only look like marks.
    """
    named = b"friendlyName:" in text
    counted = behind = 0
    line = 1
    for label, at, start, end, problem in _spans(text):
        line += text.count(b"\n", counted, at)
        counted = at
        alias = _alias(text[behind:at]) if named else ""
        behind = end
        if problem:
            yield Block(label, None, line, at, problem=problem)
        elif body := _base64(text[start:end].translate(None, _SPACE)):
            yield Block(label, body, line, at, (), alias)
        else:
            yield _repaired(label, text[start:end], line, at, alias)


class _Span(NamedTuple):
    """Where a block lies: its BEGIN mark is *at*, its body from *start* to *end*, unless there is a problem."""

    label: str
    at: int
    start: int
    end: int
    problem: str = ""


def _spans(text: bytes) -> Iterator[_Span]:
    mark = stray = 0
    at = text.find(_BEGIN)
    while at >= 0 and stray < STRAY_LIMIT:
        label, start = _label(_MARK, _CERTIFICATE_BEGIN, text, at)
        if not label:
            stray += 1
            at = text.find(_BEGIN, at + len(_BEGIN))
            continue
        if mark < start:
            # Without any further END mark (-1) this becomes the length of the text, and is not searched for again.
            mark = text.find(_END, start) % (len(text) + 1)
        following = text.find(_BEGIN, start, mark)
        closing, behind = _label(_CLOSING, _CERTIFICATE_END, text, mark) if following < 0 else ("", 0)
        if not closing:
            yield _Span(label, at, start, start, "its END line is missing")
            at = text.find(_BEGIN, start)
            continue
        yield _Span(label, at, start, mark, "" if closing == label else f"it ends as {closing}")
        at = text.find(_BEGIN, behind)


def _label(mark: re.Pattern[bytes], usual: bytes, text: bytes, at: int) -> tuple[str, int]:
    """What the mark *at* calls, and where it ends; "" where there is none. The usual one costs no expression."""
    if text.startswith(usual, at):
        return "CERTIFICATE", at + len(usual)
    found = mark.match(text, at)
    return (found[1].decode().upper(), found.end()) if found is not None else ("", at)


def bare_base64(text: bytes) -> bytes | None:
    """The bytes behind a text that is nothing but base64, as portals and Kubernetes secrets give it; else None."""
    if len(text) < 40 or not _BARE.fullmatch(text):
        return None
    return _base64(text.translate(None, _SPACE))


def _alias(between: bytes) -> str:
    found = _FRIENDLY.findall(between[-4096:])
    return found[-1].decode("utf-8", errors="replace").strip() if found else ""


def _base64(packed: bytes) -> bytes | None:
    try:
        return a2b_base64(packed, strict_mode=True)
    except Error:
        return None


def _repaired(label: str, raw: bytes, line: int, at: int, alias: str) -> Block:
    if len(raw) > _REPAIR_LIMIT:
        return Block(label, None, line, at, problem="its lines are not base64")
    headers: list[tuple[str, str]] = []
    rest = raw.lstrip(_SPACE)
    behind = 0
    while len(headers) < _HEADER_LIMIT and (header := _HEADER.match(rest, behind)) is not None:
        headers.append((header[1].decode(), header[2].decode("latin-1").strip()))
        behind = header.end()
    rest = rest[behind:]
    if headers:
        body = _base64(rest.translate(None, _SPACE))
        if body:
            return Block(label, body, line, at, tuple(headers), alias)
    if not raw.strip(_SPACE):
        return Block(label, None, line, at, problem="it is empty")
    # Quoted in mail, pasted from JSON or a spreadsheet: the letters are there, with decoration that is never base64.
    cleaned = rest.replace(b"\\r", b"").replace(b"\\n", b"").replace(b"\xc2\xa0", b"")
    body = _base64(cleaned.translate(None, _SPACE + b"\\\"'>|,"))
    if body:
        return Block(label, body, line, at, tuple(headers), alias, repaired=True)
    return Block(label, None, line, at, problem="its lines are not base64, or some are missing")


_CERTIFICATE = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "X.509 CERTIFICATE"})
_MESSAGE = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS", "CERTIFICATE CHAIN"})
_SILENT = frozenset({"EC PARAMETERS", "DH PARAMETERS", "DSA PARAMETERS", "X9.42 DH PARAMETERS"})
_BLOCK_LIMIT = 100_000
_KEY_BLOCK_LIMIT = 10_000
"""After this many keys, the rest of the file is not read: no real file has so many, and each costs time."""


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
    found = set()
    for block in islice(blocks(text), _BLOCK_LIMIT):
        found.add(block.label)
        if block.body is None:
            if block.label not in _SILENT:
                reason = f"the block {block.label} at line {block.line} is not readable: {block.problem}"
                reader.refuse(damaged(reader.name, reason, block.at), reason)
            continue
        if block.repaired:
            reader.note("pem.repaired", line=block.line)
        body = block.body
        if block.label in _CERTIFICATE and body[:2] == b"\x30\x82" and body[4:5] == b"\x30" and block.label[0] != "T":
            # The way of ten thousand certificates: a sequence in a sequence, and nobody needs to look closer.
            reader.certificate(body, f"line {block.line}", block.alias, block.at)
            continue
        packed = _other(block, body, reader)
        if packed is not None:
            return packed
        if reader.keys_met >= _KEY_BLOCK_LIMIT:
            reader.note("pem.too-many", count=_KEY_BLOCK_LIMIT, what="keys")
            break
    if len(reader.certificates) >= _BLOCK_LIMIT:
        reader.note("pem.too-many", count=_BLOCK_LIMIT, what="blocks")
    return reader.finished(_format(found))


def _other(block: Block, body: bytes, reader: Reader) -> Bundle | None:
    """Take a block that is no plain certificate; a whole store in armour ends the reading with its bundle."""
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
        reader.unsupported("an SSH key", where)
        return None
    if body.startswith((jks.JKS_MAGIC, jks.JCEKS_MAGIC)):
        return jks.read(body, reader)
    try:
        node = Document(body).node()
        kind = shape(node)
        if kind is Shape.UNKNOWN and block.label in _CERTIFICATE:
            kind = Shape.CERTIFICATE
        if kind is Shape.PKCS12:
            return pkcs12.read(node, reader)
        reader.structure(_only(node, kind, block), kind, where, block.alias)
    except DerError as error:
        reason = f"the block {block.label} at line {block.line} is cut off or contradicts itself ({error.reason})"
        reader.refuse(damaged(reader.name, reason, block.at), reason)
    return None


def _only(node: Node, kind: Shape, block: Block) -> Node:
    # A "trusted certificate" of OpenSSL has its trust settings behind the certificate; nothing else may have more.
    if node.stop != len(node.document.data) and not (kind is Shape.CERTIFICATE and block.label[0] == "T"):
        raise DerError("bytes follow its end", node.stop)
    return node


def _old_encryption(block: Block, body: bytes, reader: Reader) -> None:
    """A key encrypted in OpenSSL's first manner (RFC 1421 headers; one round of MD5)."""
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
            reader.unsupported(what, where)
            return
        except (ValueError, TypeError, OverflowError):
            continue
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        reader.key(der, f"the private key at {where}", block.alias, encrypted=True)
        return
    reader.lock(where)
