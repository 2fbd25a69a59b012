"""`plan`: what would change, from the same questions and with the same plan object as the wizard."""

import argparse
import sys
from pathlib import Path
from typing import Any

from wizard.change import plan_file
from wizard.change.durable import put_named
from wizard.change.plan import PutFile
from wizard.cli.inputs import is_last, open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.plan import basis_of
from wizard.printable import printable
from wizard.questions.answers import Goal, Maintenance, SourceKind
from wizard.reports.outcome import kept_plan_lines
from wizard.reports.review import Review, beside_json
from wizard.session import kept_answers
from wizard.session.review import review

GENERATED_INSIDE = """\
Note: {plan} contains the generated password of the key store.
  Only its owner can read it (mode 0600). Delete it when the plan is applied."""


def run(args: argparse.Namespace) -> int:
    """Print the plan; 1 when the findings forbid it."""
    inputs = open_inputs(args)
    if is_last(args):
        kept_answers.require_same_root(inputs)
    made, _ = review(inputs)
    if args.out is not None:
        _keep(args.out, inputs, made)
    if args.json:
        print_json("plan", plan_json(made))
    else:
        print_lines(made.lines)
        print(f"Plan {made.plan.digest[:16]}")
        if args.out is not None and not made.blocked:
            print("\n".join(kept_plan_lines(args.out, inputs.machine, now_utc())))
    return int(ExitCode.FINDINGS if made.blocked else ExitCode.DONE)


def plan_json(review: Review) -> dict[str, Any]:
    """The plan, its findings, and the installed certificate beside the new one (null when none is installed by it)."""
    compared = beside_json(*review.compared) if review.compared is not None else None
    return {**review.plan.as_json(), "findings": review.findings, "comparison": compared}


def _keep(path: Path, inputs: PlanInputs, review: Review) -> None:
    put_named(path, plan_file.dump(review.plan, basis_of(inputs, review.phase)), mode=0o600)
    stores = [step.proof for step in review.plan.steps if isinstance(step, PutFile) and step.proof]
    answers = inputs.answers
    same = answers.goal is Goal.MAINTAIN and answers.maintenance is Maintenance.ALIAS
    if not same and any(answers.get(name).kind is SourceKind.GENERATE for name in stores):
        print(GENERATED_INSIDE.format(plan=printable(str(path))), file=sys.stderr)
