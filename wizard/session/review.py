"""What will happen, for each goal, as one object that is shown and then done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.change.plan import Plan
from wizard.doctor.restart_checks import plan_faults
from wizard.errors import WizardError
from wizard.findings import Finding, has_errors
from wizard.handoff.requirements import require_makeable, require_names
from wizard.host.machine import now_utc
from wizard.planning import phases
from wizard.planning.inputs import PlanInputs, order
from wizard.planning.judge import unreadable
from wizard.planning.primary.plan import Planned, kept_plan, uncertain
from wizard.planning.proofs import Rehearsed, ask_java, rehearsal_lines, rehearse_all
from wizard.questions.answers import CloudSupport, Goal, Phase, PrimaryKind
from wizard.questions.model import StepId
from wizard.reports import outcome
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.reports.review import Review, beside_lines
from wizard.self_start import load
from wizard.session.kept_answers import INSTALLED_GATEWAY
from wizard.texts.en.questions import TITLES

if TYPE_CHECKING:
    from wizard.session.repair_flow import Rescue

REVIEW_UNDO = "wizard.session.undo:review_undo"
EXAMINE = "wizard.session.repair_flow:look"
PLAN_REPAIR = "wizard.session.repair_flow:plan_rescue"
PLAN_MAINTENANCE = "wizard.doctor.maintenance:plan_maintenance"
REVIEW_GATEWAY = "wizard.planning.gateway.plan:review_gateway"
LOADED_LATER = (REVIEW_UNDO, EXAMINE, PLAN_REPAIR, PLAN_MAINTENANCE, REVIEW_GATEWAY, INSTALLED_GATEWAY)
"""What most plans do not need."""


_CLOUD = (
    Line("Nothing to do on this machine: the primary runs in the vendor's cloud.", Tone.GOOD),
    Line("Gateways and clients get their bundles from: cloudstream-wizard handoff"),
)
_ELSEWHERE = (Line("Nothing to do on this machine: the list is for the others.", Tone.GOOD),)


def review(inputs: PlanInputs, examined: "Callable[[], Rescue] | None" = None) -> tuple[Review, Planned]:
    """The review for the goal of *inputs*, or of the plan that was kept, and the secrets to apply it.

    Args:
        inputs: what it is made from.
        examined: gives the result of the doctor, for a repair or maintenance alone; None examines the machine now.

    Raises:
        WizardError: the machine, the files or the answers do not allow a plan.
    """
    inputs.read_machine_again()
    if inputs.kept is not None:
        made, planned = _judged_again(inputs, inputs.kept)
        return _beside(inputs, made), planned
    made, planned = _for_goal(inputs, examined or (lambda: load(EXAMINE)(inputs)))
    made = _beside(inputs, made)
    applies = not (made.blocked or made.undo or made.plan.is_empty) and inputs.answers.goal.installs
    later = outcome.later_lines(inputs.machine, now_utc()) if applies else ()
    return replace(made, later=tuple(later)), planned


def _beside(inputs: PlanInputs, made: Review) -> Review:
    """*made* with the installed certificate beside the new one, when the plan installs one."""
    kind = inputs.answers.primary.kind
    role = next(iter(inputs.chains), "primary" if kind is PrimaryKind.ON_PREMISE else "gateway.0")
    installs = bool(inputs.chains) if inputs.kept is not None else inputs.answers.goal.installs
    keeps = made.phase.trusts_alone or made.phase is (Phase.OTHERS if role == "primary" else Phase.PRIMARY)
    if not installs or keeps or kind is PrimaryKind.CLOUD or role not in {"primary", "gateway.0"}:
        return made
    try:
        new = inputs.judged(role).chain
        old = inputs.seen.chain if role == "primary" else load(INSTALLED_GATEWAY)(inputs)
    except WizardError:
        return made
    apart = [Line("")] if made.lines and made.lines[-1].text else []
    return replace(made, lines=(*made.lines, *apart, *beside_lines(old, new, now_utc())), compared=(old, new))


def _for_goal(inputs: PlanInputs, examined: "Callable[[], Rescue]") -> tuple[Review, Planned]:
    match inputs.answers.goal:
        case Goal.UNDO:
            undone: tuple[Review, Planned] = load(REVIEW_UNDO)(inputs)
            return undone
        case Goal.RESCUE:
            return _of(inputs, ask_java(inputs.seen, load(PLAN_REPAIR)(inputs, examined())))
        case Goal.MAINTAIN:
            planned = load(PLAN_MAINTENANCE)(inputs, examined().seen)
            return _of(inputs, ask_java(inputs.seen, _checked(inputs, planned)))
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
            planned, seen = load(REVIEW_GATEWAY)(inputs)
            return _of(inputs, ask_java(inputs.seen, _checked(inputs, planned)), seen)
        case _:
            found = phases.course(inputs)
            # What the hand-off would refuse after the change is refused before it.
            require_makeable(inputs, trust_alone=found is not None and found.phase.trusts_alone)
            planned = _checked(inputs, phases.plan(inputs, found))
            if planned.forbidden:
                return _of(inputs, planned)
            others = () if planned.phase.trusts_alone else inputs.others
            planned = ask_java(inputs.seen, planned, [one for _, each in others for one in each.certificates])
            rehearsed = phases.rehearse(inputs, planned.phase, proven=planned.plan.is_proven)
            return _of(inputs, planned, rehearsed=rehearsed, more=order(inputs))


def _judged_again(inputs: PlanInputs, kept: Plan) -> tuple[Review, Planned]:
    """A kept plan may be old: dates, clock, revocation and everything else are checked as for a new one."""
    roles = tuple(inputs.chains)
    planned = _checked(inputs, replace(kept_plan(kept, inputs.secret), phase=inputs.answers.phase))
    if not roles:
        return _of(inputs, planned)
    planned = _with(planned, inputs.judged(roles[0]).findings)
    if planned.forbidden:
        return _of(inputs, planned)
    if roles[0] == "primary":
        rehearsed = [] if planned.phase.trusts_alone else rehearse_all(inputs, proven=kept.is_proven)
        return _of(inputs, planned, rehearsed=rehearsed)
    return _of(inputs, _with(planned, unreadable(inputs.machine, inputs.judged(roles[0]).chain.certificates)))


def _checked(inputs: PlanInputs, planned: Planned) -> Planned:
    """With what would make the restart fail, which blocks the change before anything is touched."""
    return _with(planned, plan_faults(inputs.seen, planned.plan))


def _with(planned: Planned, more: Iterable[Finding]) -> Planned:
    return replace(planned, findings=(*planned.findings, *more))


def _of(
    inputs: PlanInputs,
    planned: Planned,
    seen: Sequence[Line] = (),
    rehearsed: Sequence[Rehearsed] = (),
    more: Sequence[Line] = (),
) -> tuple[Review, Planned]:
    unwelcome = [finding for one in rehearsed for finding in one.rehearsal.findings]
    blocked = has_errors((*planned.findings, *unwelcome))
    lines = [*outcome.review(planned.plan, planned.findings, inputs.machine), *seen, *rehearsal_lines(rehearsed), *more]
    return Review(planned.plan, tuple(lines), (*planned.findings, *unwelcome), blocked, phase=planned.phase), planned
