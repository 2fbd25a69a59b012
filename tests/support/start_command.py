"""The real wizard on a practice deployment, begun at a step of its own, with all answers and passwords given before."""

import importlib
import sys
import time
from pathlib import Path

from tests.support import idle_mark
from tests.support.practice import Practice
from tests.support.scenarios import EVERY, prepared
from wizard.cli import line_mode
from wizard.sandbox.deployment import load


def explode(*_args: object) -> None:
    """A bug that has a secret at hand."""
    password = "S3cret-value"  # noqa: F841 - it must not be told
    raise RuntimeError("S3cret-value")


def hang(*_args: object) -> None:
    """A call that does not come back."""
    time.sleep(60)


def main(root: str, goal: str, step: str, *words: str) -> int:
    """*words*: `explode=METHOD`, `hang=METHOD` of the session; `ascii`; `plain` for the line mode; `dry`: nothing changes."""
    session = prepared(Practice(load(Path(root))), EVERY[goal])
    session.answered = step != "first" or "plain" in words
    session.dry_run = "dry" in words
    for word in words:
        what, _, method = word.partition("=")
        if method:
            setattr(session, method, explode if what == "explode" else hang)
    if "plain" in words:
        return line_mode.run(session, stdin=sys.stdin, stdout=sys.stdout)
    idle_mark.install()
    screens, program = importlib.import_module("screens.app"), importlib.import_module("screens.program")
    return int(
        screens.run(
            program.SessionSource(lambda: session, session.answers, session.dry_run),
            start="" if step == "first" else step,
            ascii_mode=True if "ascii" in words else None,
        )
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
