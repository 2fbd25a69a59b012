"""PEM pasted in the line mode: lines that are not shown, until an empty one behind the last block."""

import contextlib
import select
import termios
from collections.abc import Iterator
from typing import TextIO

from wizard.questions.answers import BEGINS, ENDS, LARGEST

_MORE_S = 0.3
"""So long after an empty line more of the same text may come."""


def read_pem(first: str, stdin: TextIO) -> str:
    """Read lines of *stdin* behind *first*, which was typed already ("" when nothing was).

    The text ends at the end of the input, and at an empty line outside a block when nothing more is on its way.
    A terminal does not show what is typed meanwhile.
    """
    text = first
    with _hidden(stdin):
        while len(text) <= LARGEST:
            line = stdin.readline()
            ends = not line.strip() and text.count(BEGINS) == text.count(ENDS)
            if not line or (ends and not _more(stdin)):
                break
            text += f"\n{line.rstrip()}"
    return text


def _more(stdin: TextIO) -> bool:
    """Whether a terminal has more to read; from a pipe an empty line is the end."""
    return stdin.isatty() and bool(select.select([stdin], [], [], _MORE_S)[0])


@contextlib.contextmanager
def _hidden(stdin: TextIO) -> Iterator[None]:
    if not stdin.isatty():
        yield
        return
    before = termios.tcgetattr(stdin)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    # What was pasted already is still to be read: nothing is discarded.
    termios.tcsetattr(stdin, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSANOW, before)
