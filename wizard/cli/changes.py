"""`rollback`, `history` and `recover`: what was changed, and the ways back."""

import argparse
import sys
from typing import Any

from wizard.change.events import Event
from wizard.change.history import INTERRUPTED, Entry, history, secret_names
from wizard.change.outcome import APPLIED, ROLLED_BACK, STUCK, Outcome
from wizard.change.recover import AUTO, FINISH, KEEP, UNDO, pending
from wizard.change.rollback import choose
from wizard.change.store import Store
from wizard.change.watch import ChangeRun, events, outcome, running
from wizard.cli.output import print_json
from wizard.errors import ExitCode, WizardError
from wizard.host.machine import Machine
from wizard.planning.undo import start_recover, start_rollback
from wizard.secret import Secret
from wizard.session.review import faults
from wizard.texts.en.change import NOTHING_CHANGED

_ROLLBACK = """\
Files that the change replaced get their old bytes, owner, mode and attributes
back, files that it made are removed, the service is restarted, and what was
served before is proven. A trust store that somebody changed since loses the
imported certificate alone. A rollback can itself be rolled back, by its ID.

EXAMPLES
  cloudstream-wizard rollback                 the newest change that stands
  cloudstream-wizard rollback 12              change 12
  cloudstream-wizard rollback --dry-run       what would be put back
  cloudstream-wizard rollback 12 --secret \\
      primary.cacerts-password=file:/root/cacerts.pw

EXIT CODES
  0 the old state is back and proven   2 there is no such change, or it cannot
  be taken back   3 it failed, and the newer state was kept
  4 recover is needed   5 another run holds the lock
"""

_HISTORY = """\
EXAMPLES
  cloudstream-wizard history
  cloudstream-wizard history --json | jq '.changes[-1].id'

EXIT CODES
  0 listed   2 the record cannot be read   4 a change waits for recover
"""

_RECOVER = """\
A change that was interrupted is taken back, or closed as applied when it was
proven already. With --finish the rest of it is made and proven. Where the
owner or mode of a file was repaired since, that repair stays. When the files
are back and the server still does not start, `doctor --fix` may repair it
first; with --keep everything is accepted as it is now.

EXAMPLES
  cloudstream-wizard recover                  undo what was interrupted
  cloudstream-wizard recover --finish         make the rest, prove it
  cloudstream-wizard recover --keep           leave everything as it is
  cloudstream-wizard recover --dry-run        what waits for recovery

EXIT CODES
  0 settled, or nothing to do   2 it cannot be settled in this way
  3 finishing failed, and it was undone   4 the undo is again not complete
  5 another run holds the lock
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the three commands."""
    raw = argparse.RawDescriptionHelpFormatter
    back = subparsers.add_parser(
        "rollback", help="undo a committed change", description="Undo a change.", epilog=_ROLLBACK, formatter_class=raw
    )
    back.add_argument("change", nargs="?", metavar="ID", help="id or number (default: the newest that stands)")
    back.set_defaults(run=run_rollback)
    past = subparsers.add_parser(
        "history", help="list the changes", description="List the changes.", epilog=_HISTORY, formatter_class=raw
    )
    past.set_defaults(run=run_history)
    settle = subparsers.add_parser(
        "recover",
        help="finish or undo an interrupted change",
        description="Settle an interrupted change.",
        epilog=_RECOVER,
        formatter_class=raw,
    )
    way = settle.add_mutually_exclusive_group()
    way.add_argument("--undo", dest="mode", action="store_const", const=UNDO, help="take it back, whatever is left")
    way.add_argument("--finish", dest="mode", action="store_const", const=FINISH, help="make and prove the rest of it")
    way.add_argument("--keep", dest="mode", action="store_const", const=KEEP, help="close it; nothing is touched")
    settle.set_defaults(run=run_recover, mode=AUTO)


def run_rollback(args: argparse.Namespace) -> int:
    """Take a change back; the exit code covers the proof."""
    machine: Machine = args.machine
    if args.dry_run:
        folder = choose(args.change, Store(machine.state_dir))
        entry = next(entry for entry in history(machine) if entry.id == folder.id)
        return _dry("rollback", args, entry, f"Would take back {entry.id}: {entry.title}")
    # While another change is made or waits, that is what must be said first; the start below says it.
    if running(machine) is None and pending(machine) is None:
        for fault in faults(machine, args.change or ""):
            error = WizardError.of(fault)
            error.message = NOTHING_CHANGED.format(message=error.message)
            raise error
    run = start_rollback(machine, args.change, _secrets(args, machine))
    return _end("rollback", args, follow(machine, run))


def run_recover(args: argparse.Namespace) -> int:
    """Settle an interrupted change; undoing it, as asked, is a success."""
    machine: Machine = args.machine
    if args.dry_run:
        name = None if running(machine) else pending(machine)
        entry = next((entry for entry in history(machine) if entry.id == name), None)
        text = "No change waits for recovery." if entry is None else f"Waits for recovery: {entry.id} {entry.title}"
        return _dry("recover", args, entry, text)
    run = start_recover(machine, args.mode, _secrets(args, machine))
    end = follow(machine, run)
    done_as_asked = end is not None and end.outcome == ROLLED_BACK and args.mode != FINISH
    return _end("recover", args, end, code=ExitCode.DONE if done_as_asked else None)


def run_history(args: argparse.Namespace) -> int:
    """List what is on record; 4 when a change waits for `recover` and no run is at work on it."""
    machine: Machine = args.machine
    known = history(machine)
    holder = running(machine)
    waits = holder is None and any(entry.outcome in {INTERRUPTED, STUCK} for entry in known)
    if args.json:
        now = None if holder is None else {"change": holder.change, "pid": holder.pid, "since": holder.since}
        print_json("history", {"changes": [entry.as_json() for entry in known], "running": now})
    else:
        for entry in known:
            print(_line(entry, at_work=holder is not None and holder.change == entry.id))
        if not known:
            print(f"No change is on record in {machine.state_dir}.")
    if waits:
        print("hint: a change waits for `cloudstream-wizard recover`, which undoes it;", file=sys.stderr)
        print("hint: recover --finish makes the rest, recover --keep accepts what is there.", file=sys.stderr)
    return int(ExitCode.NEEDS_RECOVERY if waits else ExitCode.DONE)


def follow(machine: Machine, run: ChangeRun) -> Outcome | None:
    """Tell every event to standard error until the run has ended; None when the operator stopped watching."""
    try:
        for event in events(machine, run):
            print(event_line(event), file=sys.stderr, flush=True)
        return outcome(machine, run)
    except KeyboardInterrupt:
        print("The change goes on by itself; `cloudstream-wizard history` tells its end.", file=sys.stderr)
        return None


def event_line(event: Event) -> str:
    """One line of progress: the state as a word, the step, what happened."""
    return f"{event.state:9}{event.step}: {event.text}"


def _secrets(args: argparse.Namespace, machine: Machine) -> dict[str, Secret]:
    found = {name: args.secrets.named(name) for name in secret_names(machine)}
    return {name: secret for name, secret in found.items() if secret is not None}


def _line(entry: Entry, *, at_work: bool) -> str:
    word = "running" if at_work else entry.outcome.replace("_", " ")
    note = f" (taken back by {entry.rolled_back_by})" if entry.rolled_back_by else ""
    return f"{entry.id}  {word:15}  {entry.title}{note}"


def _dry(command: str, args: argparse.Namespace, entry: Entry | None, text: str) -> int:
    if args.json:
        members: dict[str, Any] = {"dry_run": True, "change": None if entry is None else entry.as_json()}
        print_json(command, members)
        return int(ExitCode.DONE)
    print(text)
    for name in entry.files if entry else ():
        print(f"  {name}")
    return int(ExitCode.DONE)


def _end(command: str, args: argparse.Namespace, end: Outcome | None, code: ExitCode | None = None) -> int:
    if end is None:
        return 130
    if args.json:
        print_json(command, end.as_json())
    elif end.failure is None or code is ExitCode.DONE:
        back = "The old state is back and proven" if "probe" in end.steps else "The old state is back"
        word = back if command == "rollback" and end.outcome == APPLIED else "Settled"
        print(f"{word}: {end.outcome.replace('_', ' ')} {end.change}".rstrip())
    if end.failure is not None and code is not ExitCode.DONE:
        print(f"error: {end.failure.code} {end.failure.message}", file=sys.stderr)
        for line in end.failure.hint.splitlines():
            print(f"hint: {line}", file=sys.stderr)
    return int(end.exit_code if code is None else code)
