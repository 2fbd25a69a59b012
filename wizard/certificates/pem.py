"""PEM text: finds the armoured blocks among whatever else the file says (RFC 7468, RFC 1421, OpenSSL's dialects)."""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from typing import NamedTuple

_MARK = re.compile(rb"-----[ ]?(BEGIN|END) ([A-Za-z0-9 #.]{1,64}?)[ ]?-----")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*+)-----END \1-----|" + _MARK.pattern)
"""A well-formed block at once, or else a single mark; neither can look at a byte more than twice."""
_FRIENDLY = re.compile(rb"friendlyName: ([^\r\n]{1,200})")
_HEADER = re.compile(rb"([A-Za-z0-9-]{1,40}):[ \t]*([^\r\n]{0,200})\r?\n")
_BARE = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
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
    """Whether a BEGIN mark of PEM stands anywhere in *text*."""
    return any(mark[1] == b"BEGIN" for mark in _MARK.finditer(text))


def blocks(text: bytes) -> Iterator[Block]:
    """The blocks of *text* in order. One whose END is missing or names something else comes out with a problem.

    The time grows linearly with the text, whatever stands in it.
    """
    named = b"friendlyName:" in text
    begin: re.Match[bytes] | None = None
    behind = 0
    line = 1
    counted = 0
    for found in _BLOCK.finditer(text):
        label, base64, mark = found.group(1, 2, 3)
        if begin is None and mark == b"END":
            continue
        start = found.start() if begin is None else begin.start()
        if begin is not None or label is not None:
            line += text.count(b"\n", counted, start)
            counted = start
        if begin is not None:
            yield _split(text, begin, found, line, _alias(text[behind:start]) if named else "")
            behind = found.end()
            begin = None
            if mark == b"END":
                continue
            start = found.start()
            line += text.count(b"\n", counted, start)
            counted = start
        if label is None:
            begin = found
            continue
        alias = _alias(text[behind:start]) if named else ""
        behind = found.end()
        try:
            # Nothing but base64 and white space is in here, and the latter is all that the decoder leaves out.
            body = a2b_base64(base64)
        except Error:
            body = b""
        label = label.decode().upper()
        yield Block(label, body, line, start, (), alias) if body else _decoded(label, base64, line, start, alias)
    if begin is not None:
        line += text.count(b"\n", counted, begin.start())
        yield Block(begin[4].decode().upper(), None, line, begin.start(), problem="its END line is missing")


def _split(text: bytes, begin: re.Match[bytes], end: re.Match[bytes], line: int, alias: str) -> Block:
    """The block between two marks that lie apart, because something else than base64 stands between them."""
    label = begin[4].decode().upper()
    if end[3] != b"END":
        return Block(label, None, line, begin.start(), problem="its END line is missing")
    if end[4].upper() != begin[4].upper():
        return Block(label, None, line, begin.start(), problem=f"it ends as {end[4].decode()}")
    return _decoded(label, text[begin.end() : end.start()], line, begin.start(), alias)


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


def _decoded(label: str, raw: bytes, line: int, at: int, alias: str) -> Block:
    body = _base64(raw.translate(None, _SPACE))
    if body:
        return Block(label, body, line, at, alias=alias)
    headers: list[tuple[str, str]] = []
    rest = raw.lstrip(_SPACE)
    while (header := _HEADER.match(rest)) is not None:
        headers.append((header[1].decode(), header[2].decode("latin-1").strip()))
        rest = rest[header.end() :]
    if headers:
        body = _base64(rest.translate(None, _SPACE))
        if body:
            return Block(label, body, line, at, tuple(headers), alias)
    if not raw.strip(_SPACE):
        return Block(label, None, line, at, problem="there is nothing in it")
    # Quoted in mail, pasted from JSON or a spreadsheet: the letters are there, with decoration that is never base64.
    cleaned = rest.replace(b"\\r", b"").replace(b"\\n", b"").replace(b"\xc2\xa0", b"")
    body = _base64(cleaned.translate(None, _SPACE + b"\\\"'>|,"))
    if body:
        return Block(label, body, line, at, tuple(headers), alias, repaired=True)
    return Block(label, None, line, at, problem="its lines are not base64, or some are missing")
