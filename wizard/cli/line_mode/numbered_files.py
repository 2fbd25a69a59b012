"""The files of a folder as numbered lines, to name one by its number."""

import os
from pathlib import Path

from wizard.printable import printable

ENDINGS = frozenset({".pfx", ".p12", ".pem", ".cer", ".crt", ".der", ".p7b", ".p7c", ".jks", ".jceks", ".key"})
"""Of files with certificates or keys. Any other file can be typed: its content counts, not its name."""
MOST_READ, MOST_SHOWN = 2000, 20


def offer(base: Path, folder: str, *, certificates: bool) -> tuple[list[str], int]:
    """BLOCKING. How each entry of *folder*, relative to *base*, is typed, and how many more there are.

    Folders end with a slash; the first entry is the folder itself when it can be taken. Of files only those with
    *certificates*, or all.
    """
    found: list[tuple[bool, str]] = []
    try:
        with os.scandir(base / os.path.expanduser(folder or ".")) as entries:  # noqa: PTH111 - "~/" keeps its slash
            for _number, entry in zip(range(MOST_READ), entries, strict=False):
                wanted = entry.is_dir() or not certificates or Path(entry.name).suffix.lower() in ENDINGS
                if wanted and not entry.name.startswith(".") and printable(entry.name) == entry.name:
                    found.append((entry.is_dir(), f"{folder}{entry.name}{'/' if entry.is_dir() else ''}"))
    except OSError:
        return [], 0
    names = [name for _is_folder, name in sorted(found)]
    own = [folder] if folder and certificates and names else []
    return own + names[:MOST_SHOWN], max(0, len(names) - MOST_SHOWN)


def folder_of(path: str) -> str:
    """The folder of *path* as it is typed: "" or with a slash at its end."""
    before, slash, _name = path.rpartition("/")
    return f"{before}{slash}"
