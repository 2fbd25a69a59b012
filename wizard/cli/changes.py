"""`rollback`, `history` and `recover`: what was changed, and how it is undone."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from wizard.change.adapters import ports_for
from wizard.change.context import Context
from wizard.change.events import APPLIED, NO_CHANGE, ROLLED_BACK, Event, EventLog, Outcome
from wizard.change.evidence import as_text, evidence
from wizard.change.journal import Manifest
from wizard.change.plan import Plan
from wizard.change.record import changed_since, purge, read_record, with_backups
from wizard.change.recover import FINISH, pending
from wizard.change.store import Entry, Store, history, secret_names
from wizard.change.watch import ChangeRun, events, operator, outcome, running, start
from wizard.cli.following import event_line, follow
from wizard.cli.output import confirm, print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.host.machine import Machine
from wizard.planning.undo import check_rollback, start_recover, start_rollback
from wizard.printable import printable, wrapped
from wizard.reports.outcome import outcome as outcome_lines
from wizard.secret import Secret
from wizard.session.undo import chosen, faults, offline
from wizard.texts.en.change import NOTHING_CHANGED


def run_rollback(args: argparse.Namespace) -> int:
    """Undo a change; the exit code covers the verification."""
    machine: Machine = args.machine
    if args.dry_run:
        return _check_rollback(args, machine)
    # While another change is made or waits, that must be reported first; the start below does so.
    if running(machine) is None and pending(machine) is None:
        _refuse_faults(machine, args.change)
        if args.yes:
            _warn_offline(machine, chosen(machine, args.change or ""))
        else:
            _confirm_rollback(args, machine)
    secrets = _secrets(args, machine)
    return _end("rollback", args, follow_run(args, partial(start_rollback, machine, args.change, secrets)))


def _confirm_rollback(args: argparse.Namespace, machine: Machine) -> None:
    """Make all checks, show what would be undone, and ask."""
    events: list[Event] = []
    manifest = check_rollback(machine, args.change, _secrets(args, machine), events.append)
    print(f"This undoes {manifest.id}: {printable(manifest.title)}", file=sys.stderr)
    for event in events:
        print(event_line(event), file=sys.stderr)
    _warn_offline(machine, manifest)
    confirm("undo")


def _warn_offline(machine: Machine, manifest: Manifest) -> None:
    for finding in offline(machine, manifest):
        print(f"Warning: {finding.message} {finding.why}", *wrapped(finding.fix, "  "), sep="\n", file=sys.stderr)


def _check_rollback(args: argparse.Namespace, machine: Machine) -> int:
    told: list[Event] = []
    manifest = check_rollback(machine, args.change, _secrets(args, machine), told.append)
    name = manifest.id
    _refuse_faults(machine, name)
    for event in told:
        print(event_line(event), file=sys.stderr)
    _warn_offline(machine, manifest)
    entry = next(entry for entry in history(machine) if entry.id == name)
    return _dry("rollback", args, entry, f"Would undo {entry.id}: {printable(entry.title)}")


def _refuse_faults(machine: Machine, change: str | None) -> None:
    for fault in faults(machine, change or ""):
        error = WizardError.of(fault)
        error.message = NOTHING_CHANGED.format(message=error.message)
        raise error


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
    end = follow_run(args, partial(start_recover, machine, args.mode, _secrets(args, machine)))
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
                print(f"    {printable(path)} was changed later: {how}")
        if not known:
            print(f"No change is on record in {machine.state_dir}.")
    _warn(known, store)
    if waits:
        print("hint: a change waits for `cloudstream-wizard recover`, which undoes it;", file=sys.stderr)
        print(
            "hint: `recover --finish` completes it, `recover --keep` accepts everything as it is now.", file=sys.stderr
        )
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
        print(f"warning: {printable(str(path))} is not the folder of a change. It was ignored.", file=sys.stderr)


def _entry_json(entry: Entry, since: Sequence[tuple[str, str]], *, at_work: bool) -> dict[str, Any]:
    members = entry.as_json()
    if at_work and not entry.damage:
        members["recovery_needed"] = False
    return {**members, "changed_since": [{"path": path, "what": how} for path, how in since]}


def _purge(args: argparse.Namespace, machine: Machine) -> tuple[str, ...]:
    """Remove backups, after a confirmation; the ids of the changes that cannot be undone any more."""
    context = Context(machine, ports_for(machine), EventLog(), who=operator())
    holding = with_backups(Store(machine.state_dir), args.purge or "", args.older_than, context)
    people = sys.stderr if args.json else sys.stdout
    if not holding:
        print("No backups to remove: there are none, or they were removed before.", file=people)
        return ()
    word = "Would remove" if args.dry_run else "Removes"
    print(f"{word} the backups of these changes, with the old keys and passwords in them:", file=people)
    for folder in holding:
        print(f"  {folder.id}  {printable(str(folder.backups))}", file=people)
    print("After that these changes can no longer be undone.", file=people)
    if args.dry_run:
        return ()
    if not args.yes:
        confirm("remove")
    removed = purge(args.purge or "", args.older_than, context)
    print(f"Removed the backups of {len(removed)} change{'' if len(removed) == 1 else 's'}.", file=people)
    return removed


def carry_out(args: argparse.Namespace, name: str, plan: Plan, secrets: Mapping[str, Secret]) -> int:
    """Ask, make *plan*, which was shown, and report its end, for the command *name*; the exit code."""
    if plan.is_empty or args.dry_run:
        if args.json:
            print_json(name, {**plan.as_json(), "outcome": NO_CHANGE})
        return int(ExitCode.DONE)
    if not args.yes:
        confirm()
    end = follow_run(args, partial(start, args.machine, plan, secrets))
    if end is None:
        return 130
    if args.json:
        print_json(name, end.as_json())
    print_lines(outcome_lines(end), people=args.json)
    return int(end.exit_code)


def follow_run(args: argparse.Namespace, start_run: Callable[[], ChangeRun]) -> Outcome | None:
    """Start a run and print every event until it has ended; None when the operator stopped watching."""
    machine: Machine = args.machine
    started: list[ChangeRun] = []

    def begin() -> Iterator[Event]:
        started.append(start_run())
        return events(machine, started[0])

    return None if follow(begin, args) is None else outcome(machine, started[0])


def _secrets(args: argparse.Namespace, machine: Machine) -> dict[str, Secret]:
    found = {name: args.secrets.named(name) for name in secret_names(machine)}
    return {name: secret for name, secret in found.items() if secret is not None}


def _line(entry: Entry, *, at_work: bool) -> str:
    word = "running" if at_work else entry.outcome.replace("_", " ")
    note = f" (undone by {entry.rolled_back_by})" if entry.rolled_back_by else ""
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
        back = "The old state is restored and verified" if "probe" in end.steps else "The old state is restored"
        word = back if command == "rollback" and end.outcome == APPLIED else "Done"
        print(f"{word}: {end.outcome.replace('_', ' ')} {end.change}".rstrip())
    if end.failure is not None and code is not ExitCode.DONE:
        print(f"error: {end.failure.code} {end.failure.message}", file=sys.stderr)
        for line in wrapped(end.failure.hint):
            print(f"hint: {line}", file=sys.stderr)
    return int(end.exit_code if code is None else code)
