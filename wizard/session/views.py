"""The content of each step's view, as lines."""

from collections.abc import Callable
from contextlib import suppress

from wizard.certificates import fields
from wizard.certificates.names import short
from wizard.change.plan import Plan
from wizard.doctor.timeline import seen_in
from wizard.errors import WizardError
from wizard.handoff import inventory
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Judged
from wizard.planning.primary.plan import roles_of
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.questions.answers import Goal
from wizard.questions.flow import Step
from wizard.reports import outcome
from wizard.reports.calendar import Ending, Seen, calendar
from wizard.reports.lines import Line, Tone
from wizard.reports.review import compare_lines
from wizard.session import undo


def verdicts(inputs: PlanInputs, step: Step) -> list[Line]:
    """The chains of *step* and what the rules say of them.

    Raises:
        WizardError: the files cannot be read.
    """
    roles = inputs.answers.roles_at(step.role)
    return [line for role in roles for line in _verdict(inputs, role)]


def confirmation(inputs: PlanInputs, plan: Callable[[], Plan]) -> list[Line]:
    """What is shown before the change is made; *plan* gives the reviewed one.

    Raises:
        WizardError: there is no such plan, or no such change to undo.
    """
    if inputs.answers.goal is Goal.UNDO:
        return undo.undo_lines(inputs.machine, undo.chosen(inputs.machine, inputs.answers.change))
    return outcome.confirm(plan(), inputs.machine)


def endings(inputs: PlanInputs) -> tuple[Ending, ...]:
    """When each certificate of this run ends, and which machines have it; chains that cannot be read are left out.

    With what was handed out to other machines before.
    """
    found: list[Seen] = []
    named = set()
    for role in roles_of(inputs.answers):
        with suppress(WizardError):
            judged = inputs.judged(role)
            machine = inputs.answers.table(role).host or judged.suggested_host
            named.add(machine.lower())
            for each in judged.chain.certificates:
                span = (fields.not_before(each), fields.not_after(each))
                found.append(Seen(printable(machine), short(each), each.sha256, *span))
    with suppress(WizardError):
        found += seen_in(place for place in inventory.places(inputs.machine) if place.machine.lower() not in named)
    return calendar(found, now_utc())


def _verdict(inputs: PlanInputs, role: str) -> list[Line]:
    judged = inputs.judged(role)
    problems = [(str(path), error) for path, error in judged.loaded.problems]
    host = inputs.answers.table(role).host if role != "primary" else ""
    shown = outcome.verdict(judged.chain, judged.findings, judged.loaded.bundles, problems, now_utc())
    return [*outcome.heading(host), *_beside_installed(inputs, role, judged), *shown]


def _beside_installed(inputs: PlanInputs, role: str, judged: Judged) -> list[Line]:
    """The installed chain beside the new one, when certificates are replaced."""
    if role != "primary" or inputs.answers.goal is not Goal.RE_KEY:
        return []
    installed = MachineSnapshot(inputs.machine).chain
    if installed is None:
        return [Line("No readable certificate is installed yet, so this will be a set-up.", Tone.WARN), Line("")]
    return [*compare_lines(installed, judged.chain, now_utc(), public=judged.public), Line("")]
