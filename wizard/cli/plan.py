"""`plan`: what would change, from the same questions and with the same plan object as the wizard."""

import argparse
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change import plan_file
from wizard.change.durable import put_named
from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.host.clock import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.inputs import basis_of
from wizard.questions.answers import SourceKind
from wizard.reports.chain import beside_json
from wizard.reports.outcome import kept_plan_lines
from wizard.reports.review import Review
from wizard.session.repair_flow import look
from wizard.session.review import review


def run(args: argparse.Namespace) -> int:
    """Print the plan; 1 when the findings forbid it."""
    inputs = open_inputs(args)
    made, _ = review(inputs, lambda: look(inputs))
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
    found = [finding.as_json() for finding in review.findings]
    return {**review.plan.as_json(), "findings": found, "comparison": compared}


def _keep(path: Path, inputs: PlanInputs, review: Review) -> None:
    stores = [name for step in review.plan.steps if (name := getattr(step, "proof", None))]
    if any(inputs.answers.get(name).kind is SourceKind.GENERATE for name in stores):
        raise WizardError(codes.PLAN_NEEDS_NAMED_PASSWORD, subject=stores[0])
    put_named(path, plan_file.dump(review.plan, basis_of(inputs, review.phase)), mode=0o600)
