"""Where a serialized Java object ends: JCEKS stores secret keys as such objects, without saying how long they are.

Java Object Serialization Specification, chapter 6. Nothing is built from the stream; it is only stepped over.
"""

import struct

_NULL, _REFERENCE, _CLASS_DESCRIPTION, _OBJECT, _STRING, _ARRAY = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75
_BLOCK, _END_OF_BLOCK = 0x77, 0x78
_WIDTHS = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_DEPTH_LIMIT = 16
_FIELD_LIMIT = 64
_WRITES_MORE = 1
"""The flag of a class that wrote data of its own behind its fields."""


class _Class:
    """A class as the stream describes it: its fields, and its parent."""

    def __init__(self, fields: list[str], parent: "_Class | None", *, more: bool) -> None:
        self.fields = fields
        self.parent = parent
        self.more = more


class _Walk:
    """A position in the stream, and what back references may point to (classes only; others need no memory)."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.handles: list[_Class | None] = []

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.at:
            raise ValueError("it ends inside a secret key")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> int:
        return int(struct.unpack(">" + form, self.take(struct.calcsize(form)))[0])

    def text(self) -> str:
        return self.take(self.number("H")).decode("latin-1")

    def value(self, depth: int) -> None:
        """Step over one object, string, array, reference or null."""
        if depth > _DEPTH_LIMIT:
            raise ValueError("a secret key is nested too deeply")
        kind = self.number("B")
        if kind == _NULL:
            return
        if kind == _REFERENCE:
            self.take(4)
        elif kind == _STRING:
            self.handles.append(None)
            self.text()
        elif kind == _ARRAY:
            described = self.description(depth + 1)
            self.handles.append(None)
            element = described.fields[0] if described and described.fields else ""
            if element not in _WIDTHS:
                raise ValueError("a secret key holds something unexpected")
            self.take(self.number("I") * _WIDTHS[element])
        elif kind == _OBJECT:
            described = self.description(depth + 1)
            self.handles.append(None)
            lineage: list[_Class] = []
            while described is not None:
                if len(lineage) == _DEPTH_LIMIT:
                    raise ValueError("a secret key is nested too deeply")
                lineage.append(described)
                described = described.parent
            for one in reversed(lineage):
                self.fields(one, depth + 1)
        else:
            raise ValueError("a secret key holds something unexpected")

    def fields(self, described: _Class, depth: int) -> None:
        for kind in described.fields:
            if kind in _WIDTHS:
                self.take(_WIDTHS[kind])
            else:
                self.value(depth)
        while described.more:
            mark = self.number("B")
            if mark == _END_OF_BLOCK:
                return
            if mark == _BLOCK:
                self.take(self.number("B"))
            else:
                self.at -= 1
                self.value(depth)

    def description(self, depth: int) -> _Class | None:
        if depth > _DEPTH_LIMIT:
            raise ValueError("a secret key is nested too deeply")
        kind = self.number("B")
        if kind == _NULL:
            return None
        if kind == _REFERENCE:
            handle = self.number("I") - 0x7E0000
            known = self.handles[handle] if 0 <= handle < len(self.handles) else None
            if known is None:
                raise ValueError("a secret key refers to nothing")
            return known
        if kind != _CLASS_DESCRIPTION:
            raise ValueError("a secret key holds something unexpected")
        name = self.text()
        self.take(8)
        described = _Class([], None, more=False)
        self.handles.append(described)
        described.more = bool(self.number("B") & _WRITES_MORE)
        count = self.number("H")
        if count > _FIELD_LIMIT:
            raise ValueError("a secret key holds something unexpected")
        for _ in range(count):
            sort = chr(self.number("B"))
            self.text()
            described.fields.append(sort)
            if sort in "[L":
                self.value(depth + 1)
        if self.number("B") != _END_OF_BLOCK:
            raise ValueError("a secret key holds something unexpected")
        described.parent = self.description(depth + 1)
        if name.startswith("["):
            described.fields = [name[1:2]]
        return described


def object_end(data: bytes, at: int) -> int:
    """The offset behind the serialized object that begins at *at* with its stream header.

    Raises:
        ValueError: it is cut, or not of the simple kind that a JCEKS store holds.
    """
    walk = _Walk(data, at)
    if walk.take(4) != b"\xac\xed\x00\x05":
        raise ValueError("a secret key does not begin as a Java object")
    walk.value(0)
    return walk.at
