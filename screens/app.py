"""The door to the full screen: is there a terminal, and what is said in it when the screen is gone."""

import sys
from typing import TYPE_CHECKING

from screens import glyphs
from screens.preflight import refusal
from screens.program import WizardApp
from wizard.errors import ExitCode

if TYPE_CHECKING:
    from wizard.session import Session


def run(session: "Session", *, ascii_mode: bool | None = None, start: str = "") -> int:
    """Open the wizard on *session* and return its exit code.

    Args:
        session: the engine.
        ascii_mode: draw with ASCII alone; None lets the terminal decide.
        start: id of the step to begin with.
    """
    reason = refusal()
    if reason:
        print(f"error: screen.terminal {reason}", file=sys.stderr)  # noqa: T201 - there is no screen to say it on
        print("hint: cloudstream-wizard --plain asks the same questions line by line.", file=sys.stderr)  # noqa: T201
        return int(ExitCode.UNUSABLE)
    encoding = sys.stderr.encoding or "ascii"
    app = WizardApp(session, ascii_only=glyphs.ascii_wanted(ascii_mode, encoding), start=start)
    app.run(mouse=False)
    if app.crashed is not None:
        return _report_crash(app.crashed)
    for line in session.summary():
        print(app.glyphs.text(line), file=sys.stderr)  # noqa: T201 - stays in the terminal after the screen is gone
    return app.return_code or 0


def _report_crash(place: str) -> int:
    print("error: wizard.bug this is a fault of the wizard, not of your files.", file=sys.stderr)  # noqa: T201 - as above
    print("hint: nothing is left half done; `cloudstream-wizard recover` tells.", file=sys.stderr)  # noqa: T201 - as above
    if place:
        print(f"hint: please report it with {place} (it holds no values).", file=sys.stderr)  # noqa: T201 - as above
    return int(ExitCode.BUG)
