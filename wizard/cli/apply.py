"""`apply`: make a change without questions, and follow it to its end."""

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from wizard.change.events import NO_CHANGE, Event, Outcome
from wizard.cli.following import follow
from wizard.cli.inputs import is_last, open_inputs
from wizard.cli.output import confirm, print_json, print_lines
from wizard.cli.plan import plan_json
from wizard.errors import ExitCode
from wizard.planning.inputs import from_sources
from wizard.planning.primary.plan import STORE_SECRET
from wizard.printable import printable
from wizard.questions.answers import GENERATE, PROMPT, Answers, Goal, Maintenance, Phase, PrimaryAnswers
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.reports.lines import Line
from wizard.reports.outcome import offline_lines
from wizard.session import kept_answers
from wizard.session.session import Session


def run_phase(args: argparse.Namespace) -> int:
    """Make the phase of a change of the root that the command is named after, whichever is next."""
    inputs = open_inputs(args)
    answers = replace(inputs.answers, goal=Goal.RE_KEY, phase=Phase(args.command))
    return make(args, Session.of(replace(inputs, answers=answers)), args.command, own=not args.dry_run)


def run(args: argparse.Namespace) -> int:
    """Apply, or report why not; the exit code covers the verification as well."""
    inputs = open_inputs(args)
    renews = args.plan is None and is_last(args)
    if renews:
        other = kept_answers.meant_for(inputs, os.environ)
        if other:
            return _not_for_us(args, other)
        kept_answers.require_same_root(inputs)
    session = Session.of(inputs)
    session.renews = renews
    return make(args, session, "apply", own=args.plan is None and not args.dry_run)


def make(args: argparse.Namespace, session: Session, name: str, *, own: bool) -> int:
    """Show the change of *session*, ask, make it and report its end, for the command *name*.

    Args:
        args: `json`, `dry_run` and `yes` count.
        session: in which everything is answered.
        name: for the JSON output.
        own: a change that was started with these very answers is followed.
    """
    if own:
        print_lines(session.earlier_end(), people=True)
    rejoined = own and session.rejoin()
    if rejoined:
        print("A change with these answers is already running; following it.", file=sys.stderr)
    else:
        review = session.review()
        outdated = session.outdated()
        if outdated is not None and not args.yes:
            raise outdated
        if outdated is None:
            # Otherwise the change will be refused, and what it would have done is not what it could do now.
            print_lines(review.lines, people=True)
        if review.blocked:
            if args.json:
                print_json(name, {**plan_json(review), "outcome": "refused"})
            return int(ExitCode.FINDINGS)
        if not (review.plan.is_empty or args.dry_run or args.yes):
            print_lines(offline_lines(review.risks), people=True)
            confirm()
    seen = follow(session.events if rejoined else partial(_begun, session), args)
    if seen is None:
        return 130
    outcome = session.outcome()
    if not args.dry_run:
        session.reported()
    print_lines([Line(text) for text in session.summary()], people=args.json)
    if args.json:
        told = [{"step": each.step, "state": each.state, "text": each.text, "at": each.at} for each in seen]
        print_json(name, {**outcome.as_json(), "events": told, "answers": session.kept_answers or None})
    return int(outcome.exit_code)


def _begun(session: Session) -> Iterable[Event]:
    session.start()
    return session.events()


def _not_for_us(args: argparse.Namespace, other: str) -> int:
    """A hook is called for every certificate that was renewed: another machine's is none of our business."""
    print_lines([Line(f"Nothing to do: the renewed certificate is for {printable(other)}.")], people=args.json)
    if args.json:
        print_json("apply", {**Outcome(NO_CHANGE).as_json(), "events": [], "answers": None})
    return int(ExitCode.DONE)


def run_store(args: argparse.Namespace) -> int:
    """Change what is in the installed stores: password, alias, built-in certificate, expired CAs."""
    usual = PrimaryAnswers()
    primary = PrimaryAnswers(
        host=args.servername,
        nodes=tuple(args.host) or usual.nodes,
        port=args.port or usual.port,
        alias=getattr(args, "alias", ""),
        keystore_password=PROMPT if args.secrets.source(STORE_SECRET) else GENERATE,
    )
    answers = Answers(goal=Goal.MAINTAIN, primary=primary, maintenance=Maintenance(args.action))
    wait_s = DEFAULT_WAIT_S if args.wait is None else args.wait
    inputs = from_sources(args.machine, answers, Path.cwd(), args.secrets.named, wait_s=wait_s, dry_run=args.dry_run)
    return make(args, Session.of(inputs), "store", own=False)
