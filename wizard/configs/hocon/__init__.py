"""HOCON without losing a byte: get the value of a path, change one setting, keep the rest as it is."""

from wizard.configs.hocon.document import Document, Value, parse
from wizard.configs.hocon.edit import Commented, quoted
from wizard.configs.hocon.events import LARGEST, IncludeNote, Loader
from wizard.configs.hocon.syntax import parse_path, render_path

__all__ = [
    "LARGEST", "Commented", "Document", "IncludeNote", "Loader", "Value", "parse", "parse_path", "quoted",
    "render_path",
]  # fmt: skip
