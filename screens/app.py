"""Run the full screen: check the terminal, start the app, print the summary."""

import contextlib
import ctypes
import signal
import sys

from screens import terminal
from screens.program import SessionSource, WizardApp
from screens.theme import ascii_wanted, look
from wizard.cli.commands import LINE_MODE
from wizard.errors import ExitCode
from wizard.self_start import load

_M_ARENA_MAX = -8
"""Of <malloc.h>."""


def run(source: SessionSource, *, ascii_mode: bool | None = None, start: str = "", theme: str = "") -> int:
    """Open the wizard and return its exit code.

    Args:
        source: of the session, which is opened after the first paint.
        ascii_mode: draw with ASCII alone; None lets the terminal decide.
        start: id of the step to begin with.
        theme: `dark`, `light`, `16` or `none`; "" lets the terminal decide.
    """
    reason = terminal.refusal()
    if reason:
        _say(
            f"error: screen.terminal {reason}",
            "hint: cloudstream-wizard --plain asks the same questions line by line.",
        )
        return int(ExitCode.UNUSABLE)
    if terminal.by_lines():
        return int(load(LINE_MODE)(source.open(), stdin=sys.stdin, stdout=sys.stdout))
    # One heap for all threads: each would have its own for OpenSSL, 1.5 MB in all. Only glibc knows this setting.
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    encoding = sys.stderr.encoding or "ascii"
    app = WizardApp(source, ascii_only=ascii_wanted(ascii_mode, encoding), start=start, theme=theme)
    for number in (signal.SIGHUP, signal.SIGTERM):
        # Until the app can restore the terminal: it takes the signal up as soon as it has started.
        signal.signal(number, lambda number, _frame: app.early.append(number))
    app.run(mouse=False)
    if app.crashed is not None:
        report = [f"hint: please report it with {app.crashed} (it contains no values)."] if app.crashed else []
        _say(
            "error: wizard.bug this is an error in the wizard, not in your files.",
            "hint: to check for an unfinished change: cloudstream-wizard recover",
            *report,
        )
        return int(ExitCode.BUG)
    session = app.opened or source.open()
    _say(*(look.text(line) for line in session.summary()))
    return app.return_code or 0


def _say(*lines: str) -> None:
    """Lines that stay in the terminal after the screen is gone, unless the link to the terminal is gone too."""
    with contextlib.suppress(OSError):
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201 - there is no screen to say it on
