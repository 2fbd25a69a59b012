"""`checklist`: what is left to do in the portal and on other machines, read and ticked without a screen."""

import argparse
import sys

from wizard import codes
from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json
from wizard.errors import WizardError
from wizard.handoff import checklist, remaining_tasks
from wizard.reports.checklist import POLICY, Checklist, checklist_lines


def run(args: argparse.Namespace) -> int:
    """Make the list if asked to, tick, and print it."""
    kept = checklist.load(args.machine) if args.answers is None else _made(args)
    if kept is None:
        raise WizardError(codes.CHECKLIST_NONE, subject=args.machine.state_dir)
    for name in args.tick:
        number = int(name) if name.isascii() and name.isdigit() else 0
        item = kept.items[number - 1].id if 0 < number <= len(kept.items) else name
        kept = checklist.tick(args.machine, item, confirmed=args.yes or _confirmed(kept, item))
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


def _confirmed(kept: Checklist, item: str) -> bool:
    """Whether somebody at a terminal wants to tick the policy before the other steps."""
    if item != POLICY or item in kept.done or not kept.before_policy or not sys.stdin.isatty():
        return False
    print("With the policy, an endpoint without a trusted certificate goes offline.", file=sys.stderr)
    print("Other steps are not ticked. Type yes to tick it now: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "yes"


def _made(args: argparse.Namespace) -> Checklist:
    made = checklist.merged(args.machine, remaining_tasks.make(open_inputs(args)))
    if not args.dry_run:
        checklist.keep(args.machine, made)
    return made
