"""Codes that exist in a test alone, with words of their own."""

from dataclasses import dataclass

from wizard.findings import Code, Severity
from wizard.texts.model import Text


@dataclass(frozen=True)
class MadeUp(Code):
    """A code whose words are not in the catalogue."""

    words: Text

    @property
    def text(self) -> Text:
        return self.words


def made_up(code: str, severity: Severity, message: str, *, why: str = "why", fix: str = "Do this.") -> Code:
    return MadeUp(code, severity, Text(title="t", message=message, why=why, fix=fix, source="RFC"))
