"""What the view of a step shows: looked up, judged and put into lines."""

from collections.abc import Callable
from contextlib import suppress

from wizard.certificates import fields
from wizard.certificates.names import short
from wizard.change.history import history
from wizard.doctor.collect.record import known_record
from wizard.doctor.collect.run import PORT
from wizard.errors import WizardError
from wizard.handoff import checklist
from wizard.host.clock import now_utc
from wizard.host.facts import Facts, collect
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Judged
from wizard.planning.primary.facts import installed_chain
from wizard.planning.primary.inputs import roles_of
from wizard.printable import printable
from wizard.probing.probe import probe
from wizard.questions.answers import Goal
from wizard.questions.flow import Step
from wizard.reports import outcome
from wizard.reports.calendar import Ending, Seen, calendar
from wizard.reports.chain import compare_lines
from wizard.reports.checklist import fact_lines
from wizard.reports.facts import facts_lines
from wizard.reports.lines import Line, Tone
from wizard.reports.review import Review
from wizard.session import review

_LOOK_S = 2.0
"""The longest wait in each phase of the look at the port; the first screen waits for it."""


def facts(machine: Machine) -> list[Line]:
    """What this machine is, what it presents, and what is left to do.

    Raises:
        WizardError: the machine cannot be read.
    """
    seen = collect(machine)
    built_in = presents_built_in(machine, seen)
    shown = [*facts_lines(seen, built_in=built_in), *fact_lines(checklist.load(machine))]
    with suppress(WizardError):  # a state folder of somebody else is named when something is to be changed
        shown += outcome.damaged(history(machine))
    return shown


def verdicts(inputs: PlanInputs, step: Step) -> list[Line]:
    """The chains of *step* and what the rules say of them.

    Raises:
        WizardError: the files cannot be read.
    """
    roles = inputs.answers.roles_at(step.role)
    return [line for role in roles for line in _verdict(inputs, role)]


def confirmation(inputs: PlanInputs, reviewed: Callable[[], Review]) -> list[Line]:
    """What is shown before the change is made; *reviewed* gives the review.

    Raises:
        WizardError: there is no such plan, or no such change to undo.
    """
    if inputs.answers.goal is Goal.UNDO:
        return review.undo_lines(inputs.machine, review.chosen(inputs.machine, inputs.answers.change))
    made = reviewed()
    return [*outcome.confirm(made.plan, inputs.machine), *outcome.offline_lines(made.findings)]


def endings(inputs: PlanInputs) -> tuple[Ending, ...]:
    """When each certificate of this run ends, and which machines have it; chains that cannot be read are left out."""
    found: list[Seen] = []
    for role in roles_of(inputs.answers):
        with suppress(WizardError):
            judged = inputs.judged(role)
            machine = inputs.answers.table(role).host or judged.suggested_host
            for each in judged.chain.certificates:
                span = (fields.not_before(each), fields.not_after(each))
                found.append(Seen(printable(machine), short(each), each.sha256, *span))
    return calendar(found, now_utc())


def presents_built_in(machine: Machine, facts: Facts) -> bool:
    """Whether the primary's port on this machine presents the product's built-in certificate."""
    target = known_record(machine).target
    wanted = target[0].port if target else PORT
    ports = {each.port: each.address for each in facts.ports}
    if wanted not in ports and len(ports) != 1:
        return False
    port = wanted if wanted in ports else next(iter(ports))
    address = "localhost" if ports[port] in {"0.0.0.0", "::"} else ports[port]  # noqa: S104 - compared, not bound
    return probe(address, port, servername=target[0].servername or None if target else None, timeout_s=_LOOK_S).fallback


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
    installed = installed_chain(inputs.machine)
    if installed is None:
        return [Line("Nothing that could be read is installed yet; this will be a set-up.", Tone.WARN), Line("")]
    return [*compare_lines(installed, judged.chain, now_utc(), public=judged.public), Line("")]
