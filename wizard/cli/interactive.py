"""The wizard with its questions: full screen, or line by line with `--plain`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from wizard.cli.commands import LINE_MODE, SCREENS, SESSION, SESSION_SOURCE
from wizard.cli.output import failed
from wizard.host.machine import Machine
from wizard.questions.answers import Answers
from wizard.self_start import load


def run(
    args: argparse.Namespace,
    machine: Machine | None = None,
    answers: Answers | None = None,
    base: Path | None = None,
    notes: tuple[str, ...] = (),
) -> int:
    """Open the wizard, full screen or line by line, and return its exit code.

    Args:
        args: the global options.
        machine: where; None is the one that *args* name.
        answers: what is answered already (the practice deployment knows its own port); None for the defaults.
        base: the folder that relative paths are taken from; None is the current one.
        notes: lines for the first screen.
    """
    answers = answers or Answers()

    def open_session() -> Any:
        return load(SESSION)(
            machine or args.machine, answers=answers, base=base or Path.cwd(), notes=notes, dry_run=args.dry_run
        )

    if args.plain:
        try:
            # Not the stream that hides failures: a question that nobody sees must not be answered.
            return int(load(LINE_MODE)(open_session(), stdin=sys.stdin, stdout=sys.__stdout__ or sys.stdout))
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is not None:
                raise
            raise failed(error) from error
    if args.no_color:
        os.environ["NO_COLOR"] = "1"
    wanted = True if args.ascii else False if args.unicode else None
    source = load(SESSION_SOURCE)(open_session, answers, args.dry_run)
    return int(load(SCREENS)(source, ascii_mode=wanted, theme=getattr(args, "theme", None) or ""))
