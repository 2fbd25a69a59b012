"""The signs that are drawn, in Unicode and in ASCII, and the net that keeps all others from an ASCII terminal."""

import os
from collections.abc import Mapping

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.widget import Widget

from wizard.records import dataclass

_EARLY_TERMINALS = ("dumb", "vt", "ansi", "linux")


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What the terminal can draw.

    Attributes:
        ascii: only bytes up to 127 are sent.
        ellipsis: marks text that was cut.
    """

    ascii: bool
    ellipsis: str

    def text(self, text: str) -> str:
        r"""*text* as this terminal can show it; in ASCII a letter outside becomes ``\xfc``, so nothing is lost."""
        return text.encode("ascii", "backslashreplace").decode("ascii") if self.ascii else text


UNICODE = Glyphs(ascii=False, ellipsis="\u2026")
ASCII = Glyphs(ascii=True, ellipsis="...")


def of(widget: Widget) -> Glyphs:
    """The signs of the terminal that *widget* is drawn on."""
    glyphs: Glyphs = getattr(widget.app, "glyphs", UNICODE)
    return glyphs


def ascii_wanted(mode: bool | None, encoding: str, environ: Mapping[str, str] = os.environ) -> bool:  # noqa: FBT001 - three-valued
    """Whether to draw with ASCII alone.

    Args:
        mode: what the operator asked for; None leaves it to the terminal.
        encoding: of the stream that is drawn on.
        environ: for `TERM` and the locale.
    """
    if mode is not None:
        return mode
    if "utf" not in encoding.lower():
        return True
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if "utf" in locale.lower().replace("-", ""):
        return False
    # Python turns a C locale into UTF-8 for itself; the terminal knows nothing of that.
    return locale in {"", "C", "POSIX"} or environ.get("TERM", "").startswith(_EARLY_TERMINALS)


class AsciiFilter(LineFilter):
    """Whatever still is not ASCII when a line is drawn becomes `?`, one for each column."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """The line with ASCII alone."""
        return [
            segment if segment.text.isascii() else Segment(_columns(segment), segment.style, segment.control)
            for segment in segments
        ]


def _columns(segment: Segment) -> str:
    return "".join(c if c.isascii() else "?" * Segment(c).cell_length for c in segment.text)
