"""Undo a change: which ones there are, and what going back means, before anything is touched."""

from wizard.change.history import Entry, history
from wizard.change.manifest import Action, Manifest
from wizard.change.rollback import choose
from wizard.change.store import Store
from wizard.doctor.restart_checks import undo_faults
from wizard.findings import Finding
from wizard.host.machine import Machine
from wizard.printable import printable
from wizard.reports.lines import Line, Tone


def changes(machine: Machine) -> tuple[Entry, ...]:
    """All changes on record, oldest first."""
    return history(machine)


def newest(machine: Machine) -> str:
    """The id of the newest change that still stands and is no undo itself; "" when there is none."""
    standing = [entry.id for entry in changes(machine) if entry.stands and not entry.rolls_back]
    return standing[-1] if standing else ""


def chosen(machine: Machine, change: str) -> Manifest:
    """The change to undo.

    Raises:
        WizardError: there is none, or it does not stand any more.
    """
    return choose(change or None, Store(machine.state_dir)).manifest()


def history_lines(machine: Machine) -> list[Line]:
    """Every change, the newest first, and whether it still stands."""
    result: list[Line] = []
    for entry in reversed(changes(machine)):
        state = f"undone by {entry.rolled_back_by}" if entry.rolled_back_by else printable(entry.outcome)
        tone = Tone.PLAIN if entry.stands else Tone.FAINT
        result.append(Line(f"{entry.id}  {state}", tone))
        result.append(Line(f"   {printable(entry.title)}, {entry.at}, by {printable(entry.by)}", tone))
    return result or [Line("No change is on record.", Tone.WARN)]


def faults(machine: Machine, change: str) -> tuple[Finding, ...]:
    """What would make the restart fail when *change* is undone.

    Raises:
        WizardError: as `chosen`.
    """
    folder = choose(change or None, Store(machine.state_dir))
    return undo_faults(machine, folder.manifest(), folder)


def undo_lines(manifest: Manifest) -> list[Line]:
    """What undoing *manifest* puts back."""
    result = [Line(f"Undo {manifest.id}: {printable(manifest.title)}", Tone.HEADING)]
    result += [Line(f"  {_words(action)}") for action in reversed(manifest.actions)]
    if manifest.restart is not None:
        result.append(Line(f"  Restart {printable(manifest.restart[1])}; printing pauses until it answers.", Tone.WARN))
    served = [node for node in manifest.served if node.sha256]
    result += [Line(f"  Check that {node.endpoint} serves {node.sha256[:16]}... as before") for node in served]
    return [*result, Line(""), Line("This undo is a change of its own and can be undone.")]


def rows(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """The steps of the undo by their ids, for following them."""
    files = [(action.id, _words(action)) for action in reversed(manifest.actions)]
    if manifest.restart is not None:
        files.append((manifest.restart[0], f"Restart {printable(manifest.restart[1])}"))
    if manifest.probe is not None:
        files.append((manifest.probe[0], "Check what is served"))
    return tuple(files)


def _words(action: Action) -> str:
    name = printable(str(action.named))
    if action.trust is not None:
        return f"Take {printable(action.trust.alias)} out of {name}"
    return f"Put {name} back" if action.before.exists else f"Remove {name}"
