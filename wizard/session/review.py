"""What will happen, for each goal, as one object that is shown and then done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from wizard.change.history import Entry, history
from wizard.change.manifest import Action, Manifest
from wizard.change.plan import Plan, is_timer
from wizard.change.rollback import altered, choose, obstacle, require_undoable, rights_kept, see
from wizard.change.store import Store
from wizard.doctor.maintenance import plan_maintenance
from wizard.doctor.restart_checks import plan_faults, undo_faults
from wizard.errors import WizardError
from wizard.findings import Finding, has_errors
from wizard.handoff.build import require_makeable, require_names
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.planning.gateway.plan import ROLE, installed_here, review_gateway
from wizard.planning.inputs import PlanInputs
from wizard.planning.java import ask_java
from wizard.planning.primary.cloud import uncertain
from wizard.planning.primary.facts import installed_chain
from wizard.planning.primary.inputs import Planned, kept_plan, plan_primary
from wizard.planning.rehearsal import Rehearsed, rehearsal_lines, rehearse_all
from wizard.planning.replaced import with_root_warning
from wizard.printable import printable
from wizard.questions.answers import CloudSupport, Goal, PrimaryKind
from wizard.questions.model import StepId
from wizard.reports import outcome
from wizard.reports.chain import beside_lines
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.reports.review import Review, UndoStep
from wizard.session.repair_flow import Rescue, plan_rescue
from wizard.texts.en.questions import TITLES


def changes(machine: Machine) -> tuple[Entry, ...]:
    """All changes on record, oldest first."""
    return history(machine)


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
    return [_undoable(machine, entry) for entry in reversed(changes(machine))]


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
    for entry in reversed(changes(machine)):
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


_CLOUD = (
    Line("Nothing to do on this machine: the primary runs in the vendor's cloud.", Tone.GOOD),
    Line("Gateways and clients get their bundles from: cloudstream-wizard handoff"),
)
_ELSEWHERE = (Line("Nothing to do on this machine: the list is for the others.", Tone.GOOD),)


def review(inputs: PlanInputs, examine: Callable[[], Rescue]) -> tuple[Review, Planned]:
    """The review for the goal of *inputs*, or of the plan that was kept, and the secrets to apply it.

    Args:
        inputs: what it is made from.
        examine: the result of the doctor; called for a repair alone.

    Raises:
        WizardError: the machine, the files or the answers do not allow a plan.
    """
    if inputs.kept is not None:
        made, planned = _judged_again(inputs, inputs.kept)
        return _beside(inputs, made), planned
    made, planned = _for_goal(inputs, examine)
    made = _beside(inputs, made)
    applies = not (made.blocked or made.undo or made.plan.is_empty) and inputs.answers.goal.installs
    later = outcome.later_lines(inputs.machine, now_utc()) if applies else ()
    return replace(made, later=tuple(later)), planned


def _beside(inputs: PlanInputs, made: Review) -> Review:
    """*made* with the installed certificate beside the new one, when the plan installs one."""
    kind = inputs.answers.primary.kind
    role = next(iter(inputs.chains), "primary" if kind is PrimaryKind.ON_PREMISE else ROLE)
    installs = bool(inputs.chains) if inputs.kept is not None else inputs.answers.goal.installs
    if not installs or kind is PrimaryKind.CLOUD or role not in {"primary", ROLE}:
        return made
    try:
        new = inputs.judged(role).chain
        old = installed_chain(inputs.machine) if role == "primary" else installed_here(inputs)
    except WizardError:
        return made
    apart = [Line("")] if made.lines and made.lines[-1].text else []
    return replace(made, lines=(*made.lines, *apart, *beside_lines(old, new, now_utc())), compared=(old, new))


def _for_goal(inputs: PlanInputs, examine: Callable[[], Rescue]) -> tuple[Review, Planned]:
    match inputs.answers.goal:
        case Goal.UNDO:
            manifest = chosen(inputs.machine, inputs.answers.change)
            plan = Plan(f"Undo {manifest.id}")
            found = faults(inputs.machine, inputs.answers.change)
            lines = (*(outcome.review(plan, found) if found else undo_lines(inputs.machine, manifest)),)
            undo = undo_steps(manifest)
            return Review(plan, lines, found, blocked=bool(found), undo=undo), Planned(plan, found, {})
        case Goal.RESCUE:
            return _of(ask_java(inputs.machine, plan_rescue(inputs, examine())))
        case Goal.MAINTAIN:
            planned = plan_maintenance(inputs, examine().seen)
            return _of(ask_java(inputs.machine, _checked(inputs, planned)))
        case Goal.LEFT:
            return Review(Plan(TITLES[StepId.ELSEWHERE]), _ELSEWHERE, (), blocked=False), Planned(Plan(""), (), {})
        case _ if inputs.answers.primary.kind is PrimaryKind.CLOUD:
            require_makeable(inputs)
            plan = Plan(TITLES[StepId.CLOUD])
            accepted = inputs.answers.primary.cloud_support is CloudSupport.ACCEPTED
            findings = () if accepted else (uncertain(),)
            lines = (*_CLOUD, *finding_lines(findings))
            return Review(plan, lines, findings, blocked=False), Planned(plan, findings, {})
        case _ if inputs.answers.primary.kind is PrimaryKind.ELSEWHERE:
            require_names(inputs.answers)
            planned, seen = review_gateway(inputs)
            return _of(ask_java(inputs.machine, _checked(inputs, planned)), seen)
        case _:
            # What the hand-off would refuse after the change is refused before it.
            require_makeable(inputs)
            planned = _checked(inputs, plan_primary(inputs))
            if planned.forbidden:
                return _of(planned)
            planned = ask_java(inputs.machine, planned)
            more: list[Line] = []
            if inputs.answers.goal is Goal.RE_KEY:
                planned, more = with_root_warning(inputs, planned)
            return _of(planned, rehearsed=rehearse_all(inputs, proven=planned.plan.is_proven), more=more)


def _judged_again(inputs: PlanInputs, kept: Plan) -> tuple[Review, Planned]:
    """A kept plan may be old: dates, clock, revocation and everything else are checked as for a new one."""
    roles = tuple(inputs.chains)
    planned = _checked(inputs, kept_plan(kept, inputs.secret))
    if not roles:
        return _of(planned)
    planned = _with(planned, inputs.judged(roles[0]).findings)
    if planned.forbidden:
        return _of(planned)
    if roles[0] == "primary":
        return _of(planned, rehearsed=rehearse_all(inputs, proven=kept.is_proven))
    return _of(_with(planned, inputs.unreadable(inputs.judged(roles[0]).chain.certificates)))


def _checked(inputs: PlanInputs, planned: Planned) -> Planned:
    """With what would make the restart fail, which blocks the change before anything is touched."""
    return _with(planned, plan_faults(inputs.machine, planned.plan))


def _with(planned: Planned, more: Iterable[Finding]) -> Planned:
    return replace(planned, findings=(*planned.findings, *more))


def _of(
    planned: Planned, seen: Sequence[Line] = (), rehearsed: Sequence[Rehearsed] = (), more: Sequence[Line] = ()
) -> tuple[Review, Planned]:
    unwelcome = [finding for one in rehearsed for finding in one.rehearsal.findings]
    blocked = has_errors((*planned.findings, *unwelcome))
    lines = [*outcome.review(planned.plan, planned.findings), *seen, *rehearsal_lines(rehearsed), *more]
    return Review(planned.plan, tuple(lines), (*planned.findings, *unwelcome), blocked), planned
