"""`status`: one line and an exit code for monitoring; below it, when each link ends and what has drifted."""

import argparse
import contextlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from wizard import codes
from wizard.certificates.model import Chain
from wizard.change.durable import put_named
from wizard.cli.output import print_json, print_lines
from wizard.doctor.collect.run import Asked, collect
from wizard.doctor.diagnose import diagnose
from wizard.doctor.status import Status, status
from wizard.doctor.timeline import Place, chains_in
from wizard.errors import WizardError
from wizard.handoff import checklist, inventory
from wizard.planning.inputs import from_sources
from wizard.planning.phases import progress
from wizard.reports.calendar import calendar_lines
from wizard.reports.checklist import CA
from wizard.reports.lines import Line
from wizard.reports.prometheus import prometheus_text
from wizard.session import kept_answers
from wizard.session.saved_run import load


def run(args: argparse.Namespace) -> int:
    """Check, print, and return the state as exit code."""
    password = args.secrets.named("primary.cacerts-password")
    facts = collect(args.machine, Asked(tuple(args.host), args.port, args.servername, password))
    further = _further(args)
    now = datetime.fromisoformat(facts.clock.now)
    kept = checklist.load(args.machine)
    uploads = [item.id.removeprefix(CA) for item in kept.left if item.id.startswith(CA)] if kept is not None else ()
    judged = status(diagnose(facts), now, warn=args.warn, critical=args.critical, further=further, uploads=uploads)
    under_way = progress(args.machine, kept, lambda: _coming(args), password)
    if under_way is not None:
        judged = replace(judged, root_change=under_way.as_json())
    if args.prometheus is not None:
        _write(args.prometheus, prometheus_text(int(judged.state), judged.calendar, now))
    if args.json:
        print_json("status", {**judged.as_json(), "first_line": judged.first_line})
    else:
        print_lines([*_lines(judged), *(Line(text) for text in (under_way.lines() if under_way is not None else ()))])
    return int(judged.state)


def _write(file: Path, text: str) -> None:
    """Replace *file* at once, because the collector may read it at any time.

    Raises:
        WizardError: `status.not-written`; the old file is still there.
    """
    try:
        put_named(file, text.encode(), mode=0o644)
    except WizardError as error:
        raise WizardError(codes.STATUS_NOT_WRITTEN, file=file, reason=error.message) from error


def _coming(args: argparse.Namespace) -> Chain | None:
    """The new chain of this gateway, from the files of the answers that are kept; None when they cannot be read now."""
    with contextlib.suppress(WizardError):
        kept = kept_answers.load(args.machine)
        return from_sources(args.machine, kept, Path.cwd(), args.secrets.named).judged("gateway.0").chain
    return None


def _further(args: argparse.Namespace) -> list[Place]:
    """What was handed out, what --also names, and the input files of a run of the wizard that is not finished."""
    found = [*inventory.places(args.machine), *(chains_in(args.also, Path.cwd()) if args.also else [])]
    unfinished = load(args.machine)
    if unfinished is not None:
        answers = unfinished.answers
        others = [*(one.chain for one in answers.gateway), *(one.chain for one in answers.client)]
        for path in dict.fromkeys(path for chain in (answers.primary.chain, *others) for path in chain):
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
    result += [Line(f"note: {text}") for text in judged.notes]
    if judged.calendar:
        result += [Line("All certificates by date:"), *calendar_lines(judged.calendar)]
    return result
