"""`checklist`: what is left to do in the portal and on other machines, read and ticked without a screen."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import codes
from wizard.cli.output import print_json
from wizard.errors import WizardError

if TYPE_CHECKING:
    from wizard.reports.checklist import Checklist


_EPILOG = """\
A step is named by its number in the list, or for ever by its id (--json). A
second --tick takes the tick away. The policy can be ticked last.

EXAMPLES
  cloudstream-wizard checklist
  cloudstream-wizard checklist --answers answers.toml    makes the list
  cloudstream-wizard checklist --tick 1 --tick 2
  cloudstream-wizard checklist --json

EXIT CODES
  0 shown   2 there is no list, or a step cannot be ticked
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `checklist`."""
    parser = subparsers.add_parser(
        "checklist",
        help="what is left to do elsewhere; tick it",
        description="Show the list of what is left to do in the portal and on other machines, and tick it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--answers", metavar="FILE", type=Path, help="make the list from these answers (TOML)")
    parser.add_argument("--tick", metavar="STEP", action="append", default=[], help="its number or id; may be repeated")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the list if asked to, tick, and print it."""
    from wizard.handoff import checklist  # noqa: PLC0415 - usage errors need no engine
    from wizard.reports.checklist import checklist_lines  # noqa: PLC0415 - likewise

    kept = checklist.load(args.machine) if args.answers is None else _made(args)
    if kept is None:
        raise WizardError(codes.CHECKLIST_NONE, subject=args.machine.state_dir)
    for name in args.tick:
        number = int(name) if name.isascii() and name.isdigit() else 0
        item = kept.items[number - 1].id if 0 < number <= len(kept.items) else name
        kept = checklist.tick(args.machine, item)
    if args.json:
        members = [
            {"id": item.id, "text": item.text, "detail": item.detail, "done": item.id in kept.done}
            for item in kept.items
        ]
        print_json("checklist", {"items": members, "left": len(kept.left)})
        return 0
    number = 0
    for line in checklist_lines(kept):
        number += bool(line.item)
        print(f"{number:2}  {line.text}" if line.item else line.text)
    return 0


def _made(args: argparse.Namespace) -> "Checklist":
    from wizard.cli.apply import open_session  # noqa: PLC0415 - usage errors need no engine
    from wizard.handoff import checklist, remaining_tasks  # noqa: PLC0415 - likewise

    made = checklist.merged(args.machine, remaining_tasks.make(open_session(args)))
    if not args.dry_run:
        checklist.keep(args.machine, made)
    return made
