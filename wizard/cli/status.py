"""`status`: one line and an exit code for monitoring; below it, when each link ends and what has drifted."""

import argparse
import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.cli.output import print_json, print_lines
from wizard.errors import WizardError
from wizard.reports.calendar import calendar_lines
from wizard.reports.lines import Line

if TYPE_CHECKING:
    from wizard.doctor.status import Status
    from wizard.doctor.timeline import Place

EPILOG = """\
The first line is for monitoring. Below it stand all certificates in all known
places with the first day on which each link fails, and for whom; then what is
not as the applied changes left it, and at the end each certificate once with
its end, its days and its machines. Nothing is changed.

EXAMPLES
  cloudstream-wizard status
  cloudstream-wizard status --warn 45 --critical 14
  cloudstream-wizard status --also /root/handoff --json
  define command { command_line sudo cloudstream-wizard status }   (Nagios)

EXIT CODES
  0 ok   1 warning   2 critical   3 unknown (as Nagios plugins; wrong usage is 2)
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "status",
        help="expiry and drift for monitoring",
        description="Says for monitoring whether the certificates are valid, served, and as they were set up.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--warn", type=int, default=30, metavar="DAYS", help="warning below so many days (30)")
    parser.add_argument("--critical", type=int, default=7, metavar="DAYS", help="critical below so many days (7)")
    parser.add_argument("--host", action="append", default=[], metavar="HOST", help="a node to look at; may repeat")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port of the primary (2560)")
    parser.add_argument("--servername", default="", metavar="NAME", help="the name that gateways dial")
    parser.add_argument(
        "--also", action="append", default=[], metavar="PATH", help="certificate files or folders to watch as well"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine, print, and return the state as exit code."""
    from wizard.doctor.collect.run import Asked, collect  # noqa: PLC0415 - likewise
    from wizard.doctor.diagnose import diagnose  # noqa: PLC0415 - usage errors need no engine
    from wizard.doctor.status import State, status  # noqa: PLC0415 - likewise

    try:
        password = args.secrets.named("primary.cacerts-password")
        facts = collect(args.machine, Asked(tuple(args.host), args.port, args.servername, password))
        further = _further(args)
    except WizardError as error:
        # Monitoring reads the first line of standard output, also when nothing could be looked at.
        print(f"CLOUDSTREAM TLS UNKNOWN - {error.message} [{error.code}]")
        return int(State.UNKNOWN)
    now = datetime.fromisoformat(facts.clock.now)
    judged = status(diagnose(facts), now, warn=args.warn, critical=args.critical, further=further)
    if args.json:
        print_json("status", {**judged.as_json(), "first_line": judged.first_line})
    else:
        print_lines(_lines(judged))
    return int(judged.state)


def _further(args: argparse.Namespace) -> "list[Place]":
    """What --also names, and the input files of a run of the wizard that is not finished."""
    from wizard.doctor.collect.run import chains_in  # noqa: PLC0415 - likewise
    from wizard.session.saved_run import load  # noqa: PLC0415 - likewise

    found = chains_in(args.also, Path.cwd()) if args.also else []
    unfinished = load(args.machine)
    if unfinished is not None:
        answers = unfinished.answers
        named = [*answers.primary.chain]
        named += [path for gateway in answers.gateway for path in gateway.chain]
        named += [path for client in answers.client for path in client.chain]
        for path in dict.fromkeys(named):
            with contextlib.suppress(WizardError):
                found += chains_in([path], unfinished.base)
    return found


def _lines(judged: "Status") -> list[Line]:
    result = [Line(judged.first_line)]
    for link in judged.links:
        left = f"{link.days} days" if link.days >= 0 else "over"
        result.append(Line(f"{link.ends:%Y-%m-%d}  {left:>9}  {link.first.name}: {link.where}"))
        result.append(Line(f"{'':21}then cut off: {link.for_whom}"))
    result += [Line(f"drift: {text}") for text in judged.drift]
    if judged.calendar:
        result += [Line("What ends when, each certificate once:"), *calendar_lines(judged.calendar)]
    return result
