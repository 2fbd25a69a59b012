"""`rehearse`: mutual TLS between the chains of the answers, in memory, before anything is touched."""

import argparse
from pathlib import Path

from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.reports.lines import Line

_EPILOG = """\
Trust is taken as it will be after the change and after the uploads to the
portal. The verdict is Java's: its rules on usage, names and chains.

EXAMPLES
  cloudstream-wizard rehearse --answers answers.toml
  cloudstream-wizard rehearse --answers answers.toml --json

EXIT CODES
  0 everybody would connect   1 somebody would not
  2 wrong usage or unusable input
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `rehearse`."""
    parser = subparsers.add_parser(
        "rehearse",
        help="mutual TLS between the chains, in memory",
        description="Let every gateway and client of the answers connect to the primary, in memory.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--answers", metavar="FILE", required=True, type=Path, help="the answers (TOML)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rehearse, and tell what would happen."""
    from wizard.cli.apply import open_session  # noqa: PLC0415 - usage errors need no engine
    from wizard.planning.rehearsal import rehearsal_lines, rehearse_all  # noqa: PLC0415 - likewise

    rehearsed = rehearse_all(open_session(args))
    if args.json:
        print_json("rehearse", {"machines": [{"name": one.name, **one.rehearsal.as_json()} for one in rehearsed]})
    else:
        for one in rehearsed:
            print_lines(Line(f"{step.outcome:8}  {step.name}  {step.detail}".rstrip()) for step in one.rehearsal.steps)
        print_lines(rehearsal_lines(rehearsed))
    return int(ExitCode.DONE if all(one.rehearsal.ok for one in rehearsed) else ExitCode.FINDINGS)
