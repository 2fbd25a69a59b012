"""`rollback`, `history` and `recover`: what was changed, and the ways back."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from wizard.change.adapters import ports_for
from wizard.change.context import Context
from wizard.change.events import Event, EventLog
from wizard.change.evidence import as_text, evidence
from wizard.change.history import Entry, history, secret_names
from wizard.change.outcome import APPLIED, ROLLED_BACK, Outcome
from wizard.change.purge import purge, with_backups
from wizard.change.record import changed_since, read_record
from wizard.change.recover import AUTO, FINISH, KEEP, UNDO, pending
from wizard.change.store import Store
from wizard.change.watch import ChangeRun, events, operator, outcome, running
from wizard.cli.confirm import confirm
from wizard.cli.output import print_json
from wizard.errors import ExitCode, WizardError
from wizard.host.machine import Machine
from wizard.planning.undo import check_rollback, start_recover, start_rollback
from wizard.printable import printable
from wizard.secret import Secret
from wizard.session.review import faults

_MOST_DAYS = 36500

_ROLLBACK = """\
Files that the change replaced get their old bytes, owner, mode and attributes
back, files that it made are removed, the service is restarted, and what was
served before is proven. A trust store that somebody changed since loses the
imported certificate alone. A rollback can itself be rolled back, by its ID.

EXAMPLES
  cloudstream-wizard rollback                 the newest change that stands
  cloudstream-wizard rollback 12              change 12
  cloudstream-wizard rollback --dry-run       all checks of the real one, and
                                              what would be restored
  cloudstream-wizard rollback 12 --secret \\
      primary.cacerts-password=file:/root/cacerts.pw

EXIT CODES
  0 the old state is back and proven   2 there is no such change, or it cannot
  be taken back   3 it failed, and the newer state was kept
  4 recover is needed   5 another run holds the lock
"""

_HISTORY = """\
Lists the changes; prints the record of one for a change ticket (who, when,
before, after, how it was verified, how to undo it); removes old backups: they hold old private keys and
passwords. A change whose backups were removed cannot be undone any more, and
`doctor --fix` cannot restore its files. Nothing is removed while a change
waits for recover. What is removed is not overwritten on the disk.

EXAMPLES
  cloudstream-wizard history
  cloudstream-wizard history --json | jq '.changes[-1].id'
  cloudstream-wizard history 12                    the record of change 12
  cloudstream-wizard history 12 --json             likewise, for scripts
  cloudstream-wizard history --purge 12            backups of change 12
  cloudstream-wizard history --older-than 90 --yes
  cloudstream-wizard history --older-than 90 --dry-run

EXIT CODES
  0 listed or removed   2 the record cannot be read, or it was not confirmed
  4 a change waits for recover   5 another run holds the lock
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
    past.add_argument(
        "change", nargs="?", metavar="ID", default="", help="print the record of this change for a ticket"
    )
    past.add_argument("--purge", metavar="ID", default="", help="remove the backups of this change")
    past.add_argument("--older-than", metavar="DAYS", type=_days, help="remove the backups of all changes before that")
    past.add_argument("--yes", action="store_true", help="do not ask before backups are removed")
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
        return _check_rollback(args, machine)
    # While another change is made or waits, that is what must be said first; the start below says it.
    if running(machine) is None and pending(machine) is None:
        _refuse_faults(machine, args.change)
    run = start_rollback(machine, args.change, _secrets(args, machine))
    return _end("rollback", args, follow(machine, run))


def _check_rollback(args: argparse.Namespace, machine: Machine) -> int:
    told: list[Event] = []
    name = check_rollback(machine, args.change, _secrets(args, machine), told.append).id
    _refuse_faults(machine, name)
    for event in told:
        print(event_line(event), file=sys.stderr)
    entry = next(entry for entry in history(machine) if entry.id == name)
    return _dry("rollback", args, entry, f"Would take back {entry.id}: {printable(entry.title)}")


def _refuse_faults(machine: Machine, change: str | None) -> None:
    for fault in faults(machine, change or ""):
        raise WizardError(fault.code, f"Nothing was changed. {fault.message}", fault.fix)


def run_recover(args: argparse.Namespace) -> int:
    """Settle an interrupted change; undoing it, as asked, is a success."""
    machine: Machine = args.machine
    if args.dry_run:
        name = None if running(machine) else pending(machine)
        entry = next((entry for entry in history(machine) if entry.id == name), None)
        text = (
            "No change waits for recovery."
            if entry is None
            else f"Waits for recovery: {entry.id} {printable(entry.title)}"
        )
        return _dry("recover", args, entry, text)
    run = start_recover(machine, args.mode, _secrets(args, machine))
    end = follow(machine, run)
    done_as_asked = end is not None and end.outcome == ROLLED_BACK and args.mode != FINISH
    return _end("recover", args, end, code=ExitCode.DONE if done_as_asked else None)


def run_history(args: argparse.Namespace) -> int:
    """List what is on record; 4 when a change waits for `recover` and no run is at work on it."""
    machine: Machine = args.machine
    if args.change:
        return _show(args, machine)
    removed = _purge(args, machine) if args.purge or args.older_than is not None else None
    known = history(machine)
    store = Store(machine.state_dir)
    since = changed_since(machine, read_record(store))
    holder = running(machine)
    waits = holder is None and any(entry.waits for entry in known)
    if args.json:
        now = None if holder is None else {"change": holder.change, "pid": holder.pid, "since": holder.since}
        members: dict[str, Any] = {
            "changes": [_entry_json(entry, since.get(entry.id, []), at_work=holder is not None) for entry in known],
            "running": now,
            "ignored": [str(path) for path in store.ignored()],
        }
        print_json("history", members if removed is None else {**members, "purged": list(removed)})
    elif removed is None:
        for entry in known:
            print(_line(entry, at_work=holder is not None and holder.change == entry.id))
            for path, how in since.get(entry.id, []):
                print(f"    {printable(path)} was changed since: {how}")
        if not known:
            print(f"No change is on record in {machine.state_dir}.")
    _warn(known, store)
    if waits:
        print("hint: a change waits for `cloudstream-wizard recover`, which undoes it;", file=sys.stderr)
        print("hint: recover --finish makes the rest, recover --keep accepts what is there.", file=sys.stderr)
    return int(ExitCode.NEEDS_RECOVERY if waits else ExitCode.DONE)


def _show(args: argparse.Namespace, machine: Machine) -> int:
    """The evidence of one change."""
    folder = Store(machine.state_dir).find(args.change)
    facts = evidence(folder, machine)
    if args.json:
        entry = next(entry for entry in history(machine) if entry.id == folder.id)
        print_json("history", {"changes": [entry.as_json()], "evidence": facts})
    else:
        print(as_text(facts), end="")
    return int(ExitCode.DONE)


def _warn(known: Sequence[Entry], store: Store) -> None:
    for entry in known:
        if entry.damage:
            print(f"warning: {printable(entry.damage)}", file=sys.stderr)
    for path in store.ignored():
        print(f"warning: {printable(str(path))} is no folder of a change; it was ignored.", file=sys.stderr)


def _entry_json(entry: Entry, since: Sequence[tuple[str, str]], *, at_work: bool) -> dict[str, Any]:
    members = entry.as_json()
    if at_work and not entry.damage:
        members["recovery_needed"] = False
    return {**members, "changed_since": [{"path": path, "what": how} for path, how in since]}


def _purge(args: argparse.Namespace, machine: Machine) -> tuple[str, ...]:
    """Remove backups, after a confirmation; the ids of the changes that cannot be undone any more."""
    context = Context(machine, ports_for(machine), EventLog(), who=operator())
    chosen = with_backups(Store(machine.state_dir), args.purge, args.older_than, context)
    people = sys.stderr if args.json else sys.stdout
    if not chosen:
        print("No backups to remove: there are none, or they were removed before.", file=people)
        return ()
    word = "Would remove" if args.dry_run else "Removes"
    print(f"{word} the backups of these changes, with the old keys and passwords in them:", file=people)
    for folder in chosen:
        print(f"  {folder.id}  {printable(str(folder.backups))}", file=people)
    print("These changes cannot be undone any more after that.", file=people)
    if args.dry_run:
        return ()
    if not args.yes:
        confirm("remove")
    removed = purge(args.purge, args.older_than, context)
    print(f"Removed the backups of {len(removed)} change{'' if len(removed) == 1 else 's'}.", file=people)
    return removed


def _days(text: str) -> int:
    """A number of days of 0 or more, for argparse."""
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text} is no number of days from 0 to {_MOST_DAYS}")
    return int(text)


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
    if entry.backups_removed:
        note += f" (backups were removed on {entry.backups_removed}; it cannot be undone)"
    return f"{entry.id}  {word:15}  {printable(entry.title)}{note}".rstrip()


def _dry(command: str, args: argparse.Namespace, entry: Entry | None, text: str) -> int:
    if args.json:
        members: dict[str, Any] = {"dry_run": True, "change": None if entry is None else entry.as_json()}
        print_json(command, members)
        return int(ExitCode.DONE)
    print(text)
    for name in entry.files if entry else ():
        print(f"  {printable(name)}")
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
