"""The door to the full screen: is there a terminal, and what is said in it when the screen is gone."""

import contextlib
import sys
from typing import TYPE_CHECKING

from screens import glyphs
from screens.preflight import refusal
from screens.program import WizardApp
from wizard.errors import ExitCode

if TYPE_CHECKING:
    from wizard.session.session import Session


def run(session: "Session", *, ascii_mode: bool | None = None, start: str = "") -> int:
    """Open the wizard on *session* and return its exit code.

    Args:
        session: the engine.
        ascii_mode: draw with ASCII alone; None lets the terminal decide.
        start: id of the step to begin with.
    """
    reason = refusal()
    if reason:
        _say(
            f"error: screen.terminal {reason}",
            "hint: cloudstream-wizard --plain asks the same questions line by line.",
        )
        return int(ExitCode.UNUSABLE)
    encoding = sys.stderr.encoding or "ascii"
    app = WizardApp(session, ascii_only=glyphs.ascii_wanted(ascii_mode, encoding), start=start)
    app.run(mouse=False)
    if app.crashed is not None:
        report = [f"hint: please report it with {app.crashed} (it holds no values)."] if app.crashed else []
        _say(
            "error: wizard.bug this is a fault of the wizard, not of your files.",
            "hint: nothing is left half done; `cloudstream-wizard recover` tells.",
            *report,
        )
        return int(ExitCode.BUG)
    _say(*(app.glyphs.text(line) for line in session.summary()))
    return app.return_code or 0


def _say(*lines: str) -> None:
    """Lines that stay in the terminal after the screen is gone, unless the link to the terminal is gone too."""
    with contextlib.suppress(OSError):
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201 - there is no screen to say it on
