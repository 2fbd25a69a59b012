"""What undoing each change on record means, and the review of an undo."""

from dataclasses import dataclass

from wizard import codes
from wizard.change.journal import Action, Manifest
from wizard.change.plan import Plan, is_timer
from wizard.change.rollback import altered, choose, obstacle, require_undoable, rights_kept, see
from wizard.change.store import Entry, Store, history
from wizard.doctor.restart_checks import undo_faults
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.handoff import checklist
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.plan import Planned
from wizard.printable import printable
from wizard.reports import outcome
from wizard.reports.checklist import POLICY
from wizard.reports.lines import Line, Tone
from wizard.reports.review import Review, UndoStep


@dataclass(frozen=True, slots=True)
class Undoable:
    """A change on record, and what undoing it means.

    Attributes:
        entry: the change.
        lines: what an undo restores; empty when that is impossible.
        why: why it is impossible, "" when it is not; *advice* is what to do then.
        altered: the files that are not as the change left them.
    """

    entry: Entry
    lines: tuple[Line, ...] = ()
    why: str = ""
    advice: str = ""
    altered: tuple[str, ...] = ()


def undoable(machine: Machine) -> list[Undoable]:
    """The changes on record, the newest first, with what undoing each means; only looks."""
    return [_undoable(machine, entry) for entry in reversed(history(machine))]


def _undoable(machine: Machine, entry: Entry) -> Undoable:
    if entry.rolled_back_by:
        again = f"To apply it again, undo change {entry.rolled_back_by[:4]}."
        return Undoable(entry, why=f"change {entry.rolled_back_by[:4]} has already undone it.", advice=again)
    if entry.damage:
        return Undoable(entry, why=entry.damage)
    if not entry.in_effect:
        return Undoable(entry, why="it was not applied, so there is nothing to undo.")
    try:
        require_undoable(entry)
        store = Store(machine.state_dir)
        manifest = store.find(entry.id).manifest()
        seen = [see(action, machine) for action in manifest.actions]
        touched, found = altered(seen), obstacle(manifest, seen, store)
    except WizardError as error:
        return Undoable(entry, why=error.message, advice=error.hint)
    if found is not None:
        return Undoable(entry, why=found.message, advice=found.hint, altered=touched)
    return Undoable(entry, tuple(undo_lines(machine, manifest)), altered=touched)


def newest(machine: Machine) -> str:
    """The id of the newest change that can be undone and is no undo itself; "" when there is none."""
    try:
        return choose(None, Store(machine.state_dir)).id
    except WizardError:
        return ""


def chosen(machine: Machine, change: str) -> Manifest:
    """The change to undo.

    Raises:
        WizardError: there is none, or it is no longer in effect.
    """
    return choose(change or None, Store(machine.state_dir)).manifest()


def history_lines(machine: Machine) -> list[Line]:
    """Every change, the newest first, and whether it is still in effect."""
    result: list[Line] = []
    for entry in reversed(history(machine)):
        state = f"undone by {entry.rolled_back_by}" if entry.rolled_back_by else printable(entry.outcome)
        tone = Tone.PLAIN if entry.in_effect else Tone.FAINT
        result.append(Line(f"{entry.id}  {state}", tone))
        if entry.damage:
            result.append(Line(f"   {printable(entry.damage)}", Tone.WARN))
            continue
        result.append(Line(f"   {printable(entry.title)}, {entry.at}, by {printable(entry.by)}", tone))
        if entry.backups_removed:
            result.append(
                Line(f"   Its backups were removed on {entry.backups_removed}, so it cannot be undone.", tone)
            )
    return result or [Line("No change is on record.", Tone.WARN)]


def faults(machine: Machine, change: str) -> tuple[Finding, ...]:
    """What would make the restart fail when *change* is undone.

    Raises:
        WizardError: as `chosen`.
    """
    folder = choose(change or None, Store(machine.state_dir))
    return undo_faults(machine, folder.manifest(), folder)


def offline(machine: Machine, manifest: Manifest) -> tuple[Finding, ...]:
    """That the portal's policy comes first, where it is ticked and the built-in certificate would return."""
    kept = checklist.load(machine)
    if kept is None or POLICY not in kept.done or not any(node.fallback for node in manifest.served):
        return ()
    return (Finding(codes.MAINTAIN_POLICY_FIRST, Locator("file", str(machine.conf))),)


def undo_lines(machine: Machine, manifest: Manifest) -> list[Line]:
    """What undoing *manifest* restores on *machine*, and what was changed by hand since and is kept."""
    result = [Line(f"Undo {manifest.id}: {printable(manifest.title)}", Tone.HEADING)]
    result += [Line(f"  {_words(action)}") for action in reversed(manifest.actions)]
    if manifest.restart is not None:
        unit = printable(manifest.restart[1])
        pauses = Line(f"  Restart {unit}; printing pauses until it answers.", Tone.WARN)
        result.append(Line(f"  Let systemd follow the files of {unit}") if is_timer(unit) else pauses)
    served = [node for node in manifest.served if node.sha256]
    result += [Line(f"  Check that {node.endpoint} presents {node.sha256[:16]}... as before") for node in served]
    result += [Line(f"  {printable(text)}", Tone.WARN) for text in rights_kept(machine, manifest)]
    return [*result, Line(""), Line("This undo is a change itself and can be undone.")]


def undo_steps(manifest: Manifest) -> tuple[UndoStep, ...]:
    """The steps of the undo, for following them."""
    made = [UndoStep(action.id, _words(action)) for action in reversed(manifest.actions)]
    if manifest.restart is not None:
        unit = printable(manifest.restart[1])
        words = f"Load {unit}" if is_timer(unit) else f"Restart {unit}"
        made.append(UndoStep(manifest.restart[0], words, "load_timer" if is_timer(unit) else "restart", unit))
    if manifest.probe is not None:
        made.append(UndoStep(manifest.probe[0], "Check what is presented", "probe"))
    return tuple(made)


def _words(action: Action) -> str:
    name = printable(str(action.named))
    if action.trust is not None:
        alias = printable(action.trust.alias)
        return f"Remove {alias} from {name}" if action.trust.added else f"Add {alias} to {name} again"
    return f"Restore {name}" if action.before.exists else f"Remove {name}"


def review_undo(inputs: PlanInputs) -> tuple[Review, Planned]:
    """The review of the undo that the answers name.

    Raises:
        WizardError: as `chosen`.
    """
    manifest = chosen(inputs.machine, inputs.answers.change)
    plan = Plan(f"Undo {manifest.id}")
    found = faults(inputs.machine, inputs.answers.change)
    lines = (*(outcome.review(plan, found, inputs.machine) if found else undo_lines(inputs.machine, manifest)),)
    undo = undo_steps(manifest)
    warnings = () if found else offline(inputs.machine, manifest)
    return Review(plan, lines, (*found, *warnings), blocked=bool(found), undo=undo), Planned(plan, found, {})
