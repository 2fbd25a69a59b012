"""A small walker over DER and BER (ITU-T X.690): it finds the elements and never trusts a length."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
SET: Final = 0x31
PRINTABLE_STRING: Final = 0x13
UTC_TIME: Final = 0x17
BMP_STRING: Final = 0x1E

ELEMENT_LIMIT = 250_000
"""Most elements read from one document: a third of a second of work, ten thousand certificates and more."""

DEPTH_LIMIT = 24
"""Nested indefinite lengths; real files stay below ten."""


class DerError(ValueError):
    """The bytes are not what DER or BER allows here.

    Attributes:
        position: offset of the offending byte in the file, from 0; None inside a part that was decoded from it.
    """

    def __init__(self, reason: str, position: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Document:
    """The bytes that nodes point into, with the budget that all reads of them share."""

    __slots__ = ("data", "indefinite_ends", "inner", "left")

    def __init__(self, data: bytes, *, limit: int = ELEMENT_LIMIT, inner: bool = False) -> None:
        self.data = data
        self.inner = inner
        self.left = limit
        self.indefinite_ends: dict[int, int] = {}

    def error(self, reason: str, at: int) -> DerError:
        """A refusal at offset *at*, ready to be raised."""
        return DerError(reason, None if self.inner else at)

    def node(self, at: int = 0, end: int | None = None, depth: int = 0) -> "Node":
        """The element whose tag is at offset *at*; it must end before *end*.

        Raises:
            DerError: the element is cut, its length is not allowed, or the budget is used up.
        """
        data = self.data
        stop = len(data) if end is None else end
        self.left -= 1
        if self.left < 0:
            raise self.error("there are more elements than in any real file", at)
        if at + 2 > stop:
            raise self.error("it ends inside an element", min(at, stop))
        tag = data[at]
        if tag & 0x1F == 0x1F:
            raise self.error("a tag has more than one byte", at)
        length = data[at + 1]
        body = at + 2
        if length < 0x80:
            last = body + length
        elif length == 0x80:
            if not tag & 0x20:
                raise self.error("a primitive element has no length", at)
            last = self._end_of_indefinite(body, stop, depth)
            return Node(self, tag, at, body, last, last + 2)
        else:
            count = length & 0x7F
            if count > 8 or body + count > stop:
                raise self.error("a length is cut or too long", at)
            body += count
            last = body + int.from_bytes(data[at + 2 : body], "big")
        if last > stop:
            raise self.error(f"an element needs {last - stop} more bytes than there are", stop)
        return Node(self, tag, at, body, last, last)

    def opening(self) -> "Node":
        """The outermost element as its first bytes announce it, cut to what is there: only to recognise its kind."""
        first = self.data[1] if len(self.data) > 1 else 0
        body = 2 + (first & 0x7F if first > 0x80 else 0)
        return Node(self, self.data[0], 0, min(body, len(self.data)), len(self.data), len(self.data))

    def _end_of_indefinite(self, body: int, stop: int, depth: int) -> int:
        known = self.indefinite_ends.get(body)
        if known is not None:
            return known
        if depth >= DEPTH_LIMIT:
            raise self.error("elements are nested too deeply", body)
        at = body
        while self.data[at : at + 2] != b"\0\0":
            at = self.node(at, stop, depth + 1).stop
        if at + 2 > stop:
            raise self.error("the end mark of an element is missing", stop)
        self.indefinite_ends[body] = at
        return at


@dataclass(slots=True, eq=False)
class Node:
    """One element: its tag byte, and where it starts, where its contents lie, and where it stops.

    Attributes:
        tag: the identifier octet, class and constructed bit included.
        start: offset of the tag.
        body: offset of the first byte of the contents.
        end: offset behind the contents.
        stop: offset behind the whole element (two further for an indefinite length).
    """

    document: Document
    tag: int
    start: int
    body: int
    end: int
    stop: int

    def __iter__(self) -> Iterator["Node"]:
        """The elements inside, one after the other."""
        if not self.tag & 0x20:
            raise self.error("an element that should hold others does not")
        at = self.body
        while at < self.end:
            node = self.document.node(at, self.end)
            yield node
            at = node.stop

    @property
    def children(self) -> list["Node"]:
        """The elements inside as a list."""
        return list(self)

    def fields(self, least: int) -> list["Node"]:
        """The elements inside, at least so many."""
        found = list(self)
        if len(found) < least:
            raise self.error("an element lacks a part")
        return found

    @property
    def content(self) -> bytes:
        """The bytes inside."""
        return self.document.data[self.body : self.end]

    @property
    def encoded(self) -> bytes:
        """The whole element with tag and length, byte for byte as in the file."""
        return self.document.data[self.start : self.stop]

    @property
    def octets(self) -> bytes:
        """The value of a string, joined from its pieces where BER cut it (constructed encoding)."""
        return b"".join(self._pieces(0))

    def _pieces(self, depth: int) -> Iterator[bytes]:
        if not self.tag & 0x20:
            yield self.content
            return
        if depth >= DEPTH_LIMIT:
            raise self.error("a string is nested too deeply")
        for piece in self:
            yield from piece._pieces(depth + 1)  # noqa: SLF001  # the same class

    @property
    def integer(self) -> int:
        """The value of an INTEGER that counts something; more than 16 bytes is no count."""
        if self.tag != INTEGER or not 0 < self.end - self.body <= 16:
            raise self.error("a small number was expected")
        return int.from_bytes(self.content, "big", signed=True)

    @property
    def oid(self) -> str:
        """The value of an OBJECT IDENTIFIER in dotted form."""
        raw = self.content
        if self.tag != OID or not 0 < len(raw) <= 64 or raw[-1] & 0x80:
            raise self.error("an object identifier was expected")
        return _dotted(raw)

    @property
    def octet_string(self) -> bytes:
        """The value of an OCTET STRING, joined from its pieces where BER cut it."""
        if self.tag & ~0x20 != OCTET_STRING:
            raise self.error("a byte string was expected")
        return self.octets

    def error(self, reason: str) -> DerError:
        """A refusal of this element, ready to be raised."""
        return self.document.error(reason, self.start)

    def expect(self, tag: int) -> "Node":
        """This node, when its tag is *tag*."""
        if self.tag != tag:
            raise self.error(f"a tag 0x{tag:02x} was expected, 0x{self.tag:02x} is there")
        return self


def parse(data: bytes, *, inner: bool = False) -> Node:
    """The one element that *data* consists of; *inner* when it was decoded from a file rather than read from it.

    Raises:
        DerError: it is cut, malformed, or bytes follow it.
    """
    node = Document(data, inner=inner).node()
    if node.stop != len(data):
        raise node.document.error("bytes follow the end", node.stop)
    return node


def wrap(tag: int, *parts: bytes) -> bytes:
    """The element with that tag around *parts*."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


@lru_cache(maxsize=256)
def _dotted(raw: bytes) -> str:
    arcs = []
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def whole(data: bytes) -> bool:
    """Whether *data* is one element whose parts, down to the last, lie properly inside each other."""
    try:
        pending = [parse(data)]
        while pending:
            node = pending.pop()
            if node.tag & 0x20:
                pending.extend(node)
    except DerError:
        return False
    return True


def tags(node: Node, limit: int = 8) -> tuple[int, ...]:
    """The tags of the first *limit* elements inside; fewer when the rest is malformed."""
    found: list[int] = []
    if not node.tag & 0x20:
        return ()
    try:
        for child in node:
            found.append(child.tag)
            if len(found) == limit:
                break
    except DerError:
        pass
    return tuple(found)
