"""Completing a path that is being typed: which names could follow, read from the folder."""

import os
from pathlib import Path

from wizard.printable import printable
from wizard.records import dataclass

MOST = 2000
"""Names looked at in one folder; a folder with more is not for picking by name."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What could follow the last path of a text.

    Attributes:
        text: the whole text with as much added as is certain; equal to what was typed when nothing is.
        names: what the last part could become; folders end with a slash.
    """

    text: str
    names: tuple[str, ...] = ()


def last_word(text: str) -> tuple[str, str]:
    """The text before its last word, and that word without quotes and backslashes, as a shell reads it."""
    start, word, quote = 0, "", ""
    characters = enumerate(text)
    for place, character in characters:
        if character == "\\" and quote != "'":
            word += next(characters, (0, ""))[1]
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif not quote and character == " ":
            start, word = place + 1, ""
        else:
            word += character
    return text[:start], word


def complete(text: str, base: Path) -> Completion:
    """BLOCKING. Look into the folder that the last word of *text* names; relative paths start at *base*."""
    before, word = last_word(text)
    folder, _, start = word.rpartition("/")
    place = base / os.path.expanduser(f"{folder}/" if "/" in word else ".")  # noqa: PTH111 - "~/" keeps its slash
    names = _names(place, start)
    if not names:
        return Completion(text)
    common = _common(names)
    path = f"{folder}/{common}" if "/" in word else common
    whole = before + _quoted(path) if len(common) > len(start) else text
    return Completion(whole, tuple(names))


def _common(names: list[str]) -> str:
    first, last = min(names), max(names)
    same = (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def _names(folder: Path, start: str) -> list[str]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                name = entry.name
                if number >= MOST:
                    return []
                if not name.startswith(start) or (name.startswith(".") and not start) or printable(name) != name:
                    continue
                found.append(f"{name}/" if entry.is_dir() else name)
    except OSError:
        return []
    return sorted(found)


def _quoted(path: str) -> str:
    """*path* with a backslash before what a shell would split or expand, so that typing can go on behind it."""
    return "".join(f"\\{character}" if character in " \t'\"\\$`*?[]()&;|<>#!" else character for character in path)
