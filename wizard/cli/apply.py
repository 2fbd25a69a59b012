"""`plan` and `apply`: the headless face, from the same questions and the same plan object."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import codes
from wizard.errors import ExitCode, WizardError

if TYPE_CHECKING:
    from wizard.reports.review import Review
    from wizard.session.session import Session


_PLAN_EPILOG = """\
EXAMPLES
  cloudstream-wizard plan --answers answers.toml
  cloudstream-wizard plan --answers answers.toml --json
  cloudstream-wizard plan --answers answers.toml --out change.plan

EXIT CODES
  0 planned, or nothing to do   1 findings of severity error or worse
  2 wrong usage or unusable input

KEYS OF THE ANSWERS FILE (TOML; the first line is schema = 1)
{keys}"""

_APPLY_EPILOG = """\
EXAMPLES
  cloudstream-wizard apply --answers answers.toml
  cloudstream-wizard apply --answers answers.toml --yes \\
      --secret primary.password=file:/root/pfx-password
  cloudstream-wizard apply --plan change.plan --yes \\
      --secret primary.keystore-password=file:/root/store-password

EXIT CODES
  0 applied and proven, or nothing to do   1 findings forbid the change
  2 wrong usage or unusable input   3 it failed its proof and was rolled back
  4 an interrupted change needs recover   5 another run holds the lock
"""


_WAIT: dict[str, Any] = {
    "metavar": "SECONDS",
    "type": float,
    "help": "how long the server may take to answer after the restart (default 300)",
}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `plan` and `apply`."""
    plan = subparsers.add_parser(
        "plan",
        help="what would change, with diffs",
        description="Show what would change.",
        epilog=_PLAN_EPILOG,
        formatter_class=_WithKeys,
    )
    plan.add_argument("--answers", metavar="FILE", required=True, type=Path, help="the answers (TOML)")
    plan.add_argument("--out", metavar="FILE", type=Path, help="keep the plan in FILE (mode 0600), for apply --plan")
    plan.add_argument("--wait", **_WAIT)
    plan.set_defaults(run=run_plan)
    apply = subparsers.add_parser(
        "apply",
        help="make the change, prove it, or put everything back",
        description="Make the change, prove it from outside, or put everything back.",
        epilog=_APPLY_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = apply.add_mutually_exclusive_group(required=True)
    source.add_argument("--answers", metavar="FILE", type=Path, help="the answers (TOML)")
    apply.add_argument("--wait", **_WAIT)
    source.add_argument("--plan", metavar="FILE", type=Path, help="a plan that plan --out wrote")
    apply.add_argument("--yes", action="store_true", help="do not ask")
    apply.set_defaults(run=run_apply)


class _WithKeys(argparse.RawDescriptionHelpFormatter):
    """Looks up what may stand in an answers file when help is shown, and not before."""

    def add_text(self, text: str | None) -> None:
        super().add_text(text.replace("{keys}", _keys()) if text and "{keys}" in text else text)


def _keys() -> str:
    """What may stand in an answers file, by its tables."""
    import textwrap  # noqa: PLC0415 - only help needs it

    from wizard.questions.answers import AccountAnswers, ClientAnswers, GatewayAnswers, PrimaryAnswers  # noqa: PLC0415 - likewise
    from wizard.questions.answers_file import field_names  # noqa: PLC0415 - likewise

    tables = {
        "": ("goal", "packs", "change"),
        "[primary]": field_names(PrimaryAnswers),
        "[[gateway]]": field_names(GatewayAnswers),
        "[[client]]": field_names(ClientAnswers),
        "[account]": field_names(AccountAnswers),
    }
    lines = [
        textwrap.fill(f"{head} {', '.join(keys)}".strip(), 76, initial_indent="  ", subsequent_indent="      ",
                      break_on_hyphens=False)
        for head, keys in tables.items()
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def run_plan(args: argparse.Namespace) -> int:
    """Print the plan; 1 when the findings forbid it."""
    from wizard.cli.output import print_json, print_lines  # noqa: PLC0415 - usage errors need no engine
    from wizard.host.clock import now_utc  # noqa: PLC0415 - likewise
    from wizard.reports.outcome import kept_plan_lines  # noqa: PLC0415 - likewise

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
    from wizard.cli.confirm import confirm  # noqa: PLC0415 - usage errors need no engine
    from wizard.cli.output import print_json, print_lines  # noqa: PLC0415 - likewise
    from wizard.reports.lines import Line  # noqa: PLC0415 - likewise

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


def open_session(args: argparse.Namespace) -> "Session":
    """A session with the answers or the kept plan that *args* name."""
    from wizard.host.files import read_input  # noqa: PLC0415 - likewise
    from wizard.questions.answers_file import load  # noqa: PLC0415 - usage errors need no engine
    from wizard.questions.flow import DEFAULT_WAIT_S  # noqa: PLC0415 - likewise
    from wizard.session.session import Session  # noqa: PLC0415 - likewise

    if getattr(args, "plan", None) is not None:
        from wizard.change import plan_file  # noqa: PLC0415 - likewise

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
    from wizard.questions.answers import SourceKind  # noqa: PLC0415 - likewise

    def give(name: str, *, base: Path, source: Any) -> Any:
        found = args.secrets.named(name, base=base, source=source)
        if found is None and source.kind is SourceKind.PROMPT:
            return args.secrets.get(name, prompt=f"Password ({name}): ", base=base, source=source)
        return found

    return give


def _plan_json(review: "Review") -> dict[str, Any]:
    return {**review.plan.as_json(), "findings": [finding.as_json() for finding in review.findings]}


def _keep(path: Path, session: "Session", review: "Review") -> None:
    from wizard.change import plan_file  # noqa: PLC0415 - likewise
    from wizard.change.durable import put_named  # noqa: PLC0415 - likewise
    from wizard.planning.primary.inputs import basis_of  # noqa: PLC0415 - likewise
    from wizard.questions.answers import SourceKind  # noqa: PLC0415 - likewise

    stores = [name for step in review.plan.steps if (name := getattr(step, "proof", None))]
    if any(session.answers.get(name).kind is SourceKind.GENERATE for name in stores):
        raise WizardError(codes.PLAN_NEEDS_NAMED_PASSWORD, subject=stores[0])
    put_named(path, plan_file.dump(review.plan, basis_of(session)), mode=0o600)
