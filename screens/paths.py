"""Paths that are being typed: which names could follow, and what is there. Looked up away from the screen."""

import os
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from screens.theme import MARKS
from screens.widgets import Row
from wizard.printable import printable
from wizard.questions.answers import is_pasted

MOST = 2000
"""Most names that are read from one folder; the rest are not offered."""
SHOWN = 200
"""Names offered."""
FILES_SHOWN = 6
"""Files described below the questions."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What could follow a text of paths.

    Attributes:
        names: what the last path could become; folders end with a slash.
        texts: for each of them the whole text.
        common: the whole text with as much added as is certain.
        rows: what is there by the names typed so far.
    """

    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    common: str = ""
    rows: tuple[Row, ...] = ()


def complete(text: str, base: Path, pasted: Collection[str] = ()) -> Completion:
    """BLOCKING. Look into the folder that the last path of *text* names; relative paths start at *base*.

    *pasted* are the words for texts that were pasted.
    """
    before, word = last_word(text)
    folder, slash, start = word.rpartition("/")
    place = base / os.path.expanduser(f"{folder}/" if slash else ".")  # noqa: PTH111 - "~/" keeps its slash
    names = _names(place, start)
    texts = [before + quoted(f"{folder}{slash}{name}") for name in names]
    common = os.path.commonprefix(names)  # noqa: RUF071 - characters are meant
    certain = before + quoted(f"{folder}{slash}{common}") if len(common) > len(start) else text
    return Completion(tuple(names), tuple(texts), certain, tuple(_described(text, base, pasted)))


def complete_from(text: str, names: Collection[str]) -> Completion:
    """Those of *names* that *text* could become."""
    fit = tuple(name for name in names if name.startswith(text))
    return Completion(fit, fit, os.path.commonprefix(fit))  # noqa: RUF071 - likewise


def last_word(text: str) -> tuple[str, str]:
    """The text before its last word, and that word without quotes and backslashes, as a shell reads it."""
    start, word, quote = 0, "", ""
    signs = enumerate(text)
    for place, sign in signs:
        if sign == "\\" and quote != "'":
            word += next(signs, (0, ""))[1]
        elif sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote = sign
        elif not quote and sign == " ":
            start, word = place + 1, ""
        else:
            word += sign
    return text[:start], word


def quoted(path: str) -> str:
    """*path* with a backslash before what a shell would split or expand, so that typing can go on behind it."""
    return "".join(f"\\{sign}" if sign in " \t'\"\\$`*?[]()&;|<>#!" else sign for sign in path)


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
                # Not `entry.is_dir`: a link in a circle would end the list.
                found.append(f"{name}/" if os.path.isdir(entry) else name)
    except OSError:
        return []
    return sorted(found)[:SHOWN]


def _described(text: str, base: Path, pasted: Collection[str]) -> list[Row]:
    try:
        words = shlex.split(text)
    except ValueError:
        return [("Files", [MARKS["bad"], "a quote is open"])]
    rows = [_row(word, base, "Files" if not at else "", pasted) for at, word in enumerate(words[:FILES_SHOWN])]
    if len(words) > FILES_SHOWN:
        rows.append(("", [(f"and {len(words) - FILES_SHOWN} more", "muted")]))
    return rows


def _row(word: str, base: Path, name: str, pasted: Collection[str]) -> Row:
    if is_pasted(word):
        if word in pasted:
            return name, [MARKS["ok"], word, ("  kept only in memory", "muted")]
        return name, [MARKS["bad"], word, ("  not kept; press F8 to paste", "bad")]
    path = base / os.path.expanduser(word)  # noqa: PTH111 - as above
    try:
        if os.path.isdir(path):
            with os.scandir(path) as entries:
                count = sum(1 for _entry, _number in zip(entries, range(MOST), strict=False))
            return name, [MARKS["ok"], word, (f"  folder, {count} {'entry' if count == 1 else 'entries'}", "muted")]
        size = path.stat().st_size
    except OSError as error:
        return name, [MARKS["bad"], word, (f"  {(error.strerror or 'cannot be read').lower()}", "bad")]
    return name, [MARKS["ok"], word, (f"  file, {_size(size)}", "muted")]


def _size(count: int) -> str:
    return (
        f"{count} bytes" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
    )
