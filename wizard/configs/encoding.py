"""Bytes to text and back without losing one, and the line ends of a text."""

import codecs

from wizard.errors import TextSyntaxError
from wizard.findings import Code

MARKS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def utf_16(data: bytes) -> str | None:
    """The codec name when *data* is UTF-16 with a mark, or without one but with every other byte NUL; else None."""
    if data.startswith(MARKS_16):
        return "utf-16"
    head = data[:512]
    if len(head) >= 4:
        for name, start in (("utf-16-le", 1), ("utf-16-be", 0)):
            zeros, others = head[start::2], head[1 - start :: 2]
            if zeros.count(0) >= 0.9 * len(zeros) and others.count(0) == 0:
                return name
    return None


def decode(data: bytes, *, utf_16_refused: Code) -> str:
    """Text of a UTF-8 file; bytes that are no UTF-8 become lone surrogates, so that `encode` gives them back.

    Raises:
        TextSyntaxError: *utf_16_refused*, when the file is UTF-16.
    """
    if utf_16(data):
        raise TextSyntaxError(utf_16_refused, line=1, column=1)
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that `decode` made *text* of."""
    return text.encode("utf-8", "surrogateescape")


def line_end(text: str, near: int = 0) -> str:
    r"""The line end that a new line beside the character at *near* should have: `\r\n` or `\n`."""
    end = text.find("\n", near)
    if end < 0:
        end = text.rfind("\n", 0, near)
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
