"""`apply`: make a change without questions, and follow it to its end."""

import argparse
import sys
from dataclasses import replace

from wizard.cli.confirm import confirm
from wizard.cli.following import follow
from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.cli.plan import plan_json
from wizard.errors import ExitCode
from wizard.questions.answers import Goal, Phase
from wizard.reports.lines import Line
from wizard.reports.outcome import offline_lines
from wizard.session.session import Session


def run_trust_root(args: argparse.Namespace) -> int:
    """Make the first phase of a change of the root, whichever is next."""
    return run(args, Phase.TRUST_ROOT)


def run_retire_root(args: argparse.Namespace) -> int:
    """Make the last phase of a change of the root."""
    return run(args, Phase.RETIRE_ROOT)


def run(args: argparse.Namespace, phase: Phase | None = None) -> int:
    """Apply, or report why not; the exit code covers the verification as well."""
    inputs = open_inputs(args)
    if phase is not None:
        inputs = replace(inputs, answers=replace(inputs.answers, goal=Goal.RE_KEY, phase=phase))
    session = Session.of(inputs)
    own = args.plan is None and not args.dry_run
    if own:
        print_lines(session.earlier_end(), people=True)
    if own and session.rejoin():
        print("A change with these answers is already running; following it.", file=sys.stderr)
    else:
        review = session.review()
        print_lines(review.lines, people=True)
        if review.blocked:
            if args.json:
                print_json("apply", {**plan_json(review), "outcome": "refused"})
            return int(ExitCode.FINDINGS)
        if not (review.plan.is_empty or args.dry_run or args.yes):
            print_lines(offline_lines(review.risks), people=True)
            confirm()
        session.start()
    seen = follow(session.events(), args)
    if seen is None:
        return 130
    outcome = session.outcome()
    if own:
        session.reported()
    print_lines([Line(text) for text in session.summary()], people=args.json)
    if args.json:
        told = [{"step": each.step, "state": each.state, "text": each.text, "at": each.at} for each in seen]
        print_json("apply", {**outcome.as_json(), "events": told})
    return int(outcome.exit_code)
