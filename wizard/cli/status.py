"""`status`: one line and an exit code for monitoring; below it, when each link ends and what has drifted."""

import argparse
import contextlib
from datetime import datetime
from pathlib import Path

from wizard.cli.output import print_json, print_lines
from wizard.doctor.collect.run import Asked, collect
from wizard.doctor.diagnose import diagnose
from wizard.doctor.status import Place, State, Status, chains_in, status
from wizard.errors import WizardError
from wizard.reports.calendar import calendar_lines
from wizard.reports.lines import Line
from wizard.session.saved_run import load


def run(args: argparse.Namespace) -> int:
    """Examine, print, and return the state as exit code."""
    try:
        password = args.secrets.named("primary.cacerts-password")
        facts = collect(args.machine, Asked(tuple(args.host), args.port, args.servername, password))
        further = _further(args)
    except WizardError as error:
        # Monitoring reads the first line of standard output, also when nothing could be examined.
        print(f"CLOUDSTREAM TLS UNKNOWN - {error.message} [{error.code}]")
        return int(State.UNKNOWN)
    now = datetime.fromisoformat(facts.clock.now)
    judged = status(diagnose(facts), now, warn=args.warn, critical=args.critical, further=further)
    if args.json:
        print_json("status", {**judged.as_json(), "first_line": judged.first_line})
    else:
        print_lines(_lines(judged))
    return int(judged.state)


def _further(args: argparse.Namespace) -> list[Place]:
    """What --also names, and the input files of a run of the wizard that is not finished."""
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


def _lines(judged: Status) -> list[Line]:
    result = [Line(judged.first_line)]
    for link in judged.links:
        left = f"{link.days} days" if link.days >= 0 else "over"
        result.append(Line(f"{link.ends:%Y-%m-%d}  {left:>9}  {link.first.name}: {link.where}"))
        result.append(Line(f"{'':21}then cut off: {link.for_whom}"))
    result += [Line(f"drift: {text}") for text in judged.drift]
    if judged.calendar:
        result += [Line("What ends when, each certificate once:"), *calendar_lines(judged.calendar)]
    return result
