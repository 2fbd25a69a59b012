"""Where a password comes from: a name for the place, never the password."""

from enum import StrEnum

from wizard.records import dataclass


class SourceKind(StrEnum):
    """Where a password comes from; the values are the keys in the file."""

    PROMPT = "prompt"
    FILE = "file"
    ENV = "env"
    FD = "fd"
    GENERATE = "generate"
    KEEP = "keep"
    DEFAULT = "value-is-default"


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where a password comes from, never the password. `name` is the path, variable or descriptor."""

    kind: SourceKind = SourceKind.PROMPT
    name: str = ""
