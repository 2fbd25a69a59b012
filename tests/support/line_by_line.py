"""The line mode with what somebody types."""

import io

from wizard.cli import line_mode
from wizard.session.session import Session


def talk(session: Session, *lines: str) -> tuple[int, str]:
    """Answer with *lines*; the exit code and what was printed."""
    out = io.StringIO()
    code = line_mode.run(session, stdin=io.StringIO("".join(f"{line}\n" for line in lines)), stdout=out)
    return code, out.getvalue()
