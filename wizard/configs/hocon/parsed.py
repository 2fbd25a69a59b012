"""A HOCON text taken apart: the part of a document that reading, editing and searching comments share."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

from wizard.configs.encoding import encode
from wizard.configs.hocon.resolve import View
from wizard.configs.hocon.syntax import Event, IncludeNote, Includes, Source, check_size, flatten, parse_root


class Parsed:
    """A text, the events that its fields cause, and the values that follow from them.

    Attributes:
        text: the whole text, without its encoding.
        known_includes: gives the content of included files.
        environment: of the server's process, None when it is not known.
        root: of the syntax tree.
        source: the text with its line numbers.
    """

    def __init__(self, text: str, includes: Includes, environment: Mapping[str, str] | None) -> None:
        self.text = text
        self.known_includes = includes
        self.environment = environment
        self.root = parse_root(text)
        self.source = Source(text, "")

    @cached_property
    def _flat(self) -> tuple[list[Event], tuple[IncludeNote, ...]]:
        notes: list[IncludeNote] = []
        return flatten(self.root, self.source, self.known_includes, notes), tuple(notes)

    @property
    def events(self) -> list[Event]:
        """Every place that sets or appends something, in the order in which it counts."""
        return self._flat[0]

    @property
    def includes(self) -> tuple[IncludeNote, ...]:
        """The include statements and what became of them."""
        return self._flat[1]

    @cached_property
    def view(self) -> View:
        """The values of paths."""
        return View(self.events, self.environment)

    def render(self) -> bytes:
        """The bytes of the file, all as they were read except for the edits."""
        return encode(self.text)

    def successor(self, text: str) -> Self:
        """Another text with the same includes and environment.

        Raises:
            TextSyntaxError: it does not parse.
        """
        check_size(text)
        return type(self)(text, self.known_includes, self.environment)
