"""Check whether the terminal can show a full screen, and send it in few bytes."""

import contextlib
import os
import re
import sys
import termios
from collections.abc import MutableMapping

from textual.drivers.linux_driver import LinuxDriver

WITHOUT_SCREEN = {"", "dumb", "unknown"}
"""Terminal types that cannot place text."""


_RESET_AND_STYLE = re.compile(r"\x1b\[0m\x1b\[([0-9;]+)m")


class ShortDriver(LinuxDriver):
    """Sends the end of one style and the begin of the next in one sequence, which means the same (ECMA-48, 8.3.117)."""

    def write(self, data: str) -> None:
        """Send *data*."""
        super().write(_RESET_AND_STYLE.sub("\x1b[0;\\1m", data))

    def stop_application_mode(self) -> None:
        """Leave the screen, and only then let the terminal echo again.

        Textual restores the echo first: the terminal would then draw a key that is just being pasted. What was not read
        is discarded, so that no shell gets it.
        """
        before, self.attrs_before = self.attrs_before, None
        try:
            super().stop_application_mode()
            self.close()  # ends when everything is written
        finally:
            if before is not None:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self.fileno, termios.TCSAFLUSH, before)


def refusal(environ: MutableMapping[str, str] = os.environ) -> str:
    """Why the full screen cannot be shown, empty when it can. Stale sizes are dropped from *environ*.

    Textual draws on standard error and reads standard input; with either redirected it would write escape codes into
    a file or wait in a busy loop.
    """
    for name in ("COLUMNS", "LINES"):
        # An exported size would win over the real one and survive every resize.
        environ.pop(name, None)
    for stream, name in ((sys.__stdin__, "Standard input"), (sys.__stderr__, "Standard error")):
        if stream is None or stream.closed or not stream.isatty():
            return f"{name} is not a terminal, so the full screen cannot be shown."
    return ""


def by_lines(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether the terminal cannot place text, so that the questions are asked line by line."""
    return environ.get("TERM", "") in WITHOUT_SCREEN
