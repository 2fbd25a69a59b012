"""Paths: the keys from the root to a setting, written with dots between them and quotes where a key needs them."""

import json
import re
from collections.abc import Iterable

from wizard import codes
from wizard.configs.hocon.tokens import SIMPLE, TOKEN, check_number, content
from wizard.errors import WizardError
from wizard.printable import printable

Path = tuple[str, ...]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Elements:
    """Collects the keys of a path from its words: dots divide outside quotes and are letters inside."""

    __slots__ = ("_broken", "_current", "_keys", "_may_be_empty")

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._current = ""
        self._may_be_empty = False
        self._broken = False

    def add(self, text: str, *, quoted: bool) -> None:
        """Take the next word or white space between words."""
        if quoted:
            self._current += text
            self._may_be_empty |= not self._current
            return
        first, *others = text.split(".")
        self._current += first
        for other in others:
            self._close()
            self._current = other

    def _close(self) -> None:
        if not self._current and not self._may_be_empty:
            self._broken = True
        self._keys.append(self._current)
        self._current = ""
        self._may_be_empty = False

    def finish(self) -> Path:
        """The keys.

        Raises:
            ValueError: a key is empty and was not written as `""`.
        """
        self._close()
        if self._broken:
            raise ValueError("empty key")
        return tuple(self._keys)


def parse_path(text: str) -> Path:
    """Read a path like `hcp."default.host".port`.

    Raises:
        WizardError: it is empty, has two dots in a row, or a sign that needs quotes.
    """
    if _WORD.fullmatch(text):
        return tuple(text.split("."))
    elements = Elements()
    position, stripped = 0, text.strip()
    try:
        while position < len(stripped):
            match = TOKEN.match(stripped, position)
            kind = match.lastgroup or "" if match else ""
            if match is None or kind not in {*SIMPLE, "blank"}:
                raise _unusable(text)
            if kind == "number":
                check_number(stripped, position, match.end())
            elements.add(content(kind, match[0]), quoted=kind in {"string", "triple"})
            position = match.end()
        return elements.finish()
    except ValueError as error:  # an empty key, or a number with a plus sign
        raise _unusable(text) from error


def _unusable(text: str) -> WizardError:
    shown = printable(text, limit=60)
    return WizardError(codes.HOCON_PATH, case="setting", subject=shown, path=shown)


def render_path(keys: Iterable[str]) -> str:
    """Write *keys* as a path; keys with other signs than letters, digits, - and _ go in double quotes."""
    return ".".join(key if _BARE.fullmatch(key) else json.dumps(key) for key in keys)
