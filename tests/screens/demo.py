"""The wizard on the session in memory, as a program of its own for tests in a terminal. Words choose the behaviour."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tests.screens.fake_session import STEPS, FakeSession, earlier_run
from wizard.change.outcome import ROLLED_BACK
from wizard.reports.lines import Line

if TYPE_CHECKING:
    from wizard.session.session import Session


def main(words: list[str]) -> int:
    session = FakeSession(Path(words.pop(0)), dry_run="dry" in words, hostile="hostile" in words)
    session.explode = next((word.partition("=")[2] for word in words if word.startswith("explode=")), "")
    session.end = ROLLED_BACK if "rolled-back" in words else session.end
    session.runs = "runs" in words
    if "hang" in words:
        session.go_on.clear()
    if "interrupted" in words:
        session.unfinished = [Line("A change of 2026-01-02 was cut off while it wrote the key store.")]
    if "saved" in words:
        session.earlier = earlier_run("primary-store")
    mode = True if "ascii" in words else False if "unicode" in words else None
    start = next((word.partition("=")[2] for word in words if word.startswith("start=")), "")
    if start:
        session.answers = STEPS[start][1]
    engine = cast("Session", session)
    try:
        if "plain" in words:
            plain = importlib.import_module("wizard.cli.line_mode")
            return int(plain.run(engine, stdin=sys.stdin, stdout=sys.stdout))
        screens, program = importlib.import_module("screens.app"), importlib.import_module("screens.program")
        return int(
            screens.run(
                program.SessionSource(lambda: engine, engine.answers, engine.dry_run), ascii_mode=mode, start=start
            )
        )
    finally:
        saved = session.machine.state_dir / "saves.txt"
        saved.write_text(" ".join(session.saves))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
