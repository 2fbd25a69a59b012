"""`plan` and `apply`: the headless face, from the same questions and the same plan object."""

import argparse
import sys
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change import plan_file
from wizard.change.durable import put_named
from wizard.cli.confirm import confirm
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.host.clock import now_utc
from wizard.host.files import read_input
from wizard.planning.primary.inputs import basis_of
from wizard.questions.answers import SourceKind
from wizard.questions.answers_file import load
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.reports.lines import Line
from wizard.reports.outcome import kept_plan_lines
from wizard.reports.review import Review
from wizard.session.session import Session


def run_plan(args: argparse.Namespace) -> int:
    """Print the plan; 1 when the findings forbid it."""
    session = open_session(args)
    review = session.review()
    if args.out is not None:
        _keep(args.out, session, review)
    if args.json:
        print_json("plan", _plan_json(review))
    else:
        print_lines(review.lines)
        print(f"Plan {review.plan.digest[:16]}")
        if args.out is not None and not review.blocked:
            print("\n".join(kept_plan_lines(args.out, session.machine, now_utc())))
    return int(ExitCode.FINDINGS if review.blocked else ExitCode.DONE)


def run_apply(args: argparse.Namespace) -> int:
    """Apply, or say why not; the exit code covers the proof as well."""
    session = open_session(args)
    own = args.plan is None and not args.dry_run
    if own:
        print_lines(session.earlier_end(), people=True)
    if own and session.rejoin():
        print("A change that was started with these answers is being made; following it.", file=sys.stderr)
    else:
        review = session.review()
        print_lines(review.lines, people=True)
        if review.blocked:
            if args.json:
                print_json("apply", {**_plan_json(review), "outcome": "refused"})
            return int(ExitCode.FINDINGS)
        if not (review.plan.is_empty or args.dry_run or args.yes):
            confirm()
        session.start()
    told: list[dict[str, str]] = []
    try:
        for event in session.events():
            told.append({"step": event.step, "state": event.state, "text": event.text, "at": event.at})
            print(f"  {event.step}: {event.state} {event.text}".rstrip(), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("The change goes on by itself; `cloudstream-wizard history` tells its end.", file=sys.stderr)
        return 130
    outcome = session.outcome()
    if own:
        session.reported()
    print_lines([Line(text) for text in session.summary()], people=args.json)
    if args.json:
        print_json("apply", {**outcome.as_json(), "events": told})
    return int(outcome.exit_code)


def open_session(args: argparse.Namespace) -> Session:
    """A session with the answers or the kept plan that *args* name."""
    if getattr(args, "plan", None) is not None:
        kept, basis = plan_file.load_with_basis(read_input(args.plan), name=str(args.plan))
        return Session(
            args.machine,
            answers=load(basis.answers, name=str(args.plan)),
            secrets=args.secrets.named,
            dry_run=args.dry_run,
            plan=kept,
            chains=basis.chains,
        )
    path: Path = args.answers
    data = read_input(path)
    try:
        answers = load(data.decode(), name=str(path))
    except UnicodeDecodeError:
        raise WizardError(codes.ANSWERS_NOT_TOML, case="not-text", subject=path, file=path) from None
    wait_s: float | None = getattr(args, "wait", None)
    return Session(
        args.machine,
        answers=answers,
        base=path.absolute().parent,
        secrets=_giver(args),
        dry_run=args.dry_run,
        wait_s=DEFAULT_WAIT_S if wait_s is None else wait_s,
    )


def _giver(args: argparse.Namespace) -> Any:
    """Named sources first; what the answers file says to ask for is asked on the terminal, once."""

    def give(name: str, *, base: Path, source: Any) -> Any:
        found = args.secrets.named(name, base=base, source=source)
        if found is None and source.kind is SourceKind.PROMPT:
            return args.secrets.get(name, prompt=f"Password ({name}): ", base=base, source=source)
        return found

    return give


def _plan_json(review: Review) -> dict[str, Any]:
    return {**review.plan.as_json(), "findings": [finding.as_json() for finding in review.findings]}


def _keep(path: Path, session: Session, review: Review) -> None:
    stores = [name for step in review.plan.steps if (name := getattr(step, "proof", None))]
    if any(session.answers.get(name).kind is SourceKind.GENERATE for name in stores):
        raise WizardError(codes.PLAN_NEEDS_NAMED_PASSWORD, subject=stores[0])
    put_named(path, plan_file.dump(review.plan, basis_of(session)), mode=0o600)
