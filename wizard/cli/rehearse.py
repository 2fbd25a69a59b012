"""`rehearse`: mutual TLS between the chains of the answers, in memory."""

import argparse

from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.planning.proofs import rehearsal_lines, rehearse_all
from wizard.reports.lines import Line


def run(args: argparse.Namespace) -> int:
    """Rehearse, and print what would happen."""
    rehearsed = rehearse_all(open_inputs(args))
    if args.json:
        print_json("rehearse", {"machines": [one.as_json() for one in rehearsed]})
    else:
        for one in rehearsed:
            print_lines(Line(f"{step.outcome:8}  {step.name}  {step.detail}".rstrip()) for step in one.rehearsal.steps)
        print_lines(rehearsal_lines(rehearsed))
    return int(ExitCode.DONE if all(one.rehearsal.ok for one in rehearsed) else ExitCode.FINDINGS)
