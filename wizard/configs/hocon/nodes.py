"""The light tree of a HOCON text: fields, objects, lists and values with the places where they stand.

Offsets count characters of the decoded text, from 0; an end is the offset behind the last character.
"""

from typing import NamedTuple

from wizard.configs.hocon.paths import Path


class Scalar(NamedTuple):
    """One word: `string`, `triple`, `number`, `word`, or the `blank` between two parts of a value."""

    kind: str
    start: int
    end: int


class Reference(NamedTuple):
    """A substitution `${path}`, or `${?path}` when optional."""

    path: Path
    optional: bool
    start: int
    end: int


class Concat(NamedTuple):
    """Several values side by side on one line."""

    pieces: "tuple[Node, ...]"
    start: int
    end: int


class ListNode(NamedTuple):
    """A list in square brackets."""

    items: "tuple[Node, ...]"
    start: int
    end: int


class ObjectNode(NamedTuple):
    """An object; *start* and *end* include its braces when it has them (the root may have none)."""

    entries: "list[Field | Include]"
    start: int
    end: int
    braces: bool


Node = Scalar | Reference | Concat | ListNode | ObjectNode


class Field(NamedTuple):
    """A key with its value; *separator* is `=`, `:`, `+=` or empty before an object."""

    keys: Path
    start: int
    separator: str
    value: Node


class Include(NamedTuple):
    """An include statement: *how* is `heuristic`, `file`, `url` or `classpath`."""

    how: str
    name: str
    required: bool
    start: int
    end: int
