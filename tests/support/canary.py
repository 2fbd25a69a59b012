"""Whether a password left the place where it belongs: in any form, in what a terminal was sent and in files."""

import base64
import re
from pathlib import Path
from urllib.parse import quote

from tests.support.scenarios import FILES_PASSWORD, STORE_PASSWORD

SEQUENCE = re.compile(rb"\x1b\[[0-9;?<>=$]*[A-Za-z]|\x1b[()][A-Z0-9]|[\r\n]")


def forms(secret: str) -> set[bytes]:
    """*secret* as it is, as UTF-16, in hexadecimal, percent signs, and base64 at each of its three alignments."""
    plain = secret.encode()
    found = {plain, secret.encode("utf-16-le"), plain.hex().encode(), plain.hex().upper().encode()}
    found |= {"".join(f"%{byte:02X}" for byte in plain).encode(), quote(secret).encode()}
    for data in (plain, secret.encode("utf-16-le")):
        for shift in range(3):
            # The first and last signs of a run depend on the neighbours too.
            run = base64.b64encode(b"\0" * shift + data)
            middle = run[4 * bool(shift) : (shift + len(data)) // 3 * 4]
            found |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def told(secret: str, data: bytes) -> set[bytes]:
    """The forms of *secret* that stand in *data*, also with sequences of the terminal between its letters."""
    drawn = SEQUENCE.sub(b"", data)
    return {form for form in forms(secret) if form in data or form in drawn}


def holders(secret: str, folder: Path) -> list[Path]:
    """The files below *folder* in which *secret* stands; a Java, which is only linked in, is not looked at."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and "jre" not in path.parts)
    return [path for path in files if any(form in path.read_bytes() for form in forms(secret))]


def nothing_told(folder: Path | None, *sent: bytes) -> None:
    """No password of the ways stands in what was *sent*, nor below *folder*.

    The one of the store stands in the settings, and in their backups, where the server reads it; nobody else may.
    """
    for data in sent:
        for secret in (FILES_PASSWORD, STORE_PASSWORD):
            assert not told(secret, data)
    if folder is not None:
        assert holders(FILES_PASSWORD, folder) == []
        for path in holders(STORE_PASSWORD, folder):
            assert b"default-keystore-password" in path.read_bytes(), path
            assert path.stat().st_mode & 0o007 == 0, path
