"""Text from outside, made safe to show: no control character, bidi override or invisible mark reaches a terminal.

Also what all packages do with text: lines, shell words, addresses, moments.
"""

import re
import shlex
import textwrap
import unicodedata
from datetime import UTC, datetime

_PLAIN = re.compile(r"[\x20-\x7e]*")


def printable(text: str, *, newline: bool = False, limit: int | None = None) -> str:
    r"""Return *text* with everything that could act or hide written out as an escape.

    C0 and C1 controls, DEL, line and paragraph separators, bidi controls, zero-width and other format characters,
    surrogates, private and unassigned characters become ``\x1b`` or ``\u202e`` (the form of Python and Java). Letters,
    signs and spaces of any script stay.

    Args:
        text: what a certificate, a file, a tool or a peer said.
        newline: keep ``\n`` as it is, for text that is shown on several lines; tabs then become four spaces.
        limit: the longest result in characters; what is over is replaced by ``...``.
    """
    if limit is not None and len(text) > limit:
        text = text[: max(0, limit - 3)] + "..."
    if _PLAIN.fullmatch(text):
        return text
    result = "".join(_shown(character, newline=newline) for character in text)
    return result if limit is None or len(result) <= limit else result[: max(0, limit - 3)] + "..."


def endpoint(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def shell_words(text: str) -> list[str]:
    """*text* split as by a shell; no words when a quotation mark has no partner."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def wrapped(text: str, indent: str = "", width: int = 74) -> list[str]:
    """*text* in lines of at most *width* columns, *indent* included; its line breaks stay, and no word is cut.

    A line stays as it is when it begins with a blank (a command, or a row of a table) or has a long word (a path).
    """
    return [
        part
        for line in text.splitlines()
        for part in (
            [indent + line]
            if line.startswith(" ") or max(map(len, line.split()), default=0) > width // 2
            else textwrap.wrap(
                line,
                width,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    ]


def _shown(character: str, *, newline: bool) -> str:
    if " " <= character <= "~":
        return character
    if newline and character in "\n\t":
        return "\n" if character == "\n" else "    "
    category = unicodedata.category(character)
    # Zs holds spaces wider than the ASCII one: harmless. Co and Cn have no agreed width, so columns would break.
    if category[0] != "C" and category not in {"Zl", "Zp"} and character not in _INVISIBLE:
        return character
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


# Letters and marks by category, yet drawn as nothing: Hangul fillers, the grapheme joiner, variation selectors.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(chr(point) for point in (*range(0xFE00, 0xFE10), *range(0x180B, 0x1810)))
)


def rfc3339(moment: datetime) -> str:
    """An aware moment in UTC to the second, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
