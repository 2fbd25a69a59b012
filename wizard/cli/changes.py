"""`rollback`, `history` and `recover`: what was changed, and how it is undone."""

import argparse
import sys
from typing import Any

from wizard.change.history import INTERRUPTED, Entry, history, secret_names
from wizard.change.outcome import APPLIED, ROLLED_BACK, STUCK, Outcome
from wizard.change.recover import FINISH, pending
from wizard.change.rollback import choose
from wizard.change.store import Store
from wizard.change.watch import ChangeRun, events, outcome, running
from wizard.cli.following import follow
from wizard.cli.output import print_json
from wizard.errors import ExitCode, WizardError
from wizard.host.machine import Machine
from wizard.planning.undo import start_recover, start_rollback
from wizard.secret import Secret
from wizard.session.review import faults


def run_rollback(args: argparse.Namespace) -> int:
    """Undo a change; the exit code covers the verification."""
    machine: Machine = args.machine
    if args.dry_run:
        folder = choose(args.change, Store(machine.state_dir))
        entry = next(entry for entry in history(machine) if entry.id == folder.id)
        return _dry("rollback", args, entry, f"Would undo {entry.id}: {entry.title}")
    # While another change is made or waits, that must be reported first; the start below does so.
    if running(machine) is None and pending(machine) is None:
        for fault in faults(machine, args.change or ""):
            raise WizardError(fault.code, f"Nothing was changed. {fault.message}", fault.fix)
    run = start_rollback(machine, args.change, _secrets(args, machine))
    return _end("rollback", args, follow_run(machine, run))


def run_recover(args: argparse.Namespace) -> int:
    """Settle an interrupted change; undoing it, as asked, is a success."""
    machine: Machine = args.machine
    if args.dry_run:
        name = None if running(machine) else pending(machine)
        entry = next((entry for entry in history(machine) if entry.id == name), None)
        text = "No change waits for recovery." if entry is None else f"Waits for recovery: {entry.id} {entry.title}"
        return _dry("recover", args, entry, text)
    run = start_recover(machine, args.mode, _secrets(args, machine))
    end = follow_run(machine, run)
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


def follow_run(machine: Machine, run: ChangeRun) -> Outcome | None:
    """Print every event until *run* has ended; None when the operator stopped watching."""
    return None if follow(events(machine, run)) is None else outcome(machine, run)


def _secrets(args: argparse.Namespace, machine: Machine) -> dict[str, Secret]:
    found = {name: args.secrets.named(name) for name in secret_names(machine)}
    return {name: secret for name, secret in found.items() if secret is not None}


def _line(entry: Entry, *, at_work: bool) -> str:
    word = "running" if at_work else entry.outcome.replace("_", " ")
    note = f" (undone by {entry.rolled_back_by})" if entry.rolled_back_by else ""
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
        back = "The old state is restored and verified" if "probe" in end.steps else "The old state is restored"
        word = back if command == "rollback" and end.outcome == APPLIED else "Settled"
        print(f"{word}: {end.outcome.replace('_', ' ')} {end.change}".rstrip())
    if end.failure is not None and code is not ExitCode.DONE:
        print(f"error: {end.failure.code} {end.failure.message}", file=sys.stderr)
        for line in end.failure.hint.splitlines():
            print(f"hint: {line}", file=sys.stderr)
    return int(end.exit_code if code is None else code)
