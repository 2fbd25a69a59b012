"""What the view of a step shows: looked up, judged and put into lines."""

import os
from collections.abc import Callable
from contextlib import suppress

from wizard.certificates import fields
from wizard.certificates.names import short
from wizard.change.history import history
from wizard.change.plan import Plan
from wizard.doctor.collect.record import known_record
from wizard.doctor.collect.run import PORT
from wizard.errors import WizardError
from wizard.handoff import checklist
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Judged
from wizard.planning.primary.inputs import roles_of
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.probing.probe import probe
from wizard.questions.answers import Goal
from wizard.questions.flow import Step
from wizard.reports import outcome
from wizard.reports.calendar import Ending, Seen, calendar
from wizard.reports.chain import compare_lines
from wizard.reports.checklist import fact_lines
from wizard.reports.lines import Line, Tone
from wizard.session import review

_LOOK_S = 2.0
"""The longest wait in each phase of the look at the port; the first screen waits for it."""


def facts(machine: Machine) -> list[Line]:
    """What this machine is, what it presents, and what is left to do.

    Raises:
        WizardError: the machine cannot be read.
    """
    seen = MachineSnapshot(machine)
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


def confirmation(inputs: PlanInputs, plan: Callable[[], Plan]) -> list[Line]:
    """What is shown before the change is made; *plan* gives the reviewed one.

    Raises:
        WizardError: there is no such plan, or no such change to undo.
    """
    if inputs.answers.goal is Goal.UNDO:
        return review.undo_lines(inputs.machine, review.chosen(inputs.machine, inputs.answers.change))
    return outcome.confirm(plan(), inputs.machine)


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


def presents_built_in(machine: Machine, facts: MachineSnapshot) -> bool:
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
    installed = MachineSnapshot(inputs.machine).chain
    if installed is None:
        return [Line("Nothing that could be read is installed yet; this will be a set-up.", Tone.WARN), Line("")]
    return [*compare_lines(installed, judged.chain, now_utc(), public=judged.public), Line("")]


def facts_lines(facts: MachineSnapshot, *, built_in: bool = False) -> list[Line]:
    """One line a matter: the product, its settings, its service, its Java, the rights of this run.

    Args:
        facts: what was found.
        built_in: the server presents the product's built-in certificate.
    """
    result = [Line("What was found on this machine:", Tone.HEADING)]
    if not facts.has_product:
        result.append(_bad("Product", "not found here; name its home with --hcp-home"))
    result.append(_settings(facts))
    result.append(_service(facts))
    if built_in:
        result.append(_warn("Certificate", "the built-in one (localhost) is presented; no gateway accepts it"))
    result.append(_java(facts))
    if not facts.has_product:
        result.append(Line("A gateway that is yet to be installed looks like this.", Tone.FAINT))
    if not facts.root_rights:
        result.append(_warn("Rights", "you may look; to change anything, start it with sudo"))
    if facts.clock_fault:
        result.append(_warn("Clock", facts.clock_fault))
    return result


def _settings(facts: MachineSnapshot) -> Line:
    conf = facts.machine.real(facts.machine.conf)
    if not os.path.lexists(conf):
        return _bad("Settings", "application.conf is not there")
    if not facts.conf_readable:
        return _warn("Settings", "application.conf cannot be read by this account")
    who = printable(facts.account.name) if facts.account else "the service"
    if facts.readable(facts.machine.conf).ok is False:
        return _warn("Settings", f"{who} cannot read application.conf")
    return _good("Settings", "application.conf, readable")


def _service(facts: MachineSnapshot) -> Line:
    unit = facts.restarted
    if unit is None:
        return _warn("Service", printable(facts.service_fault))
    if unit.load != "loaded":
        return _bad("Service", f"hcp-server is {printable(unit.load)}")
    ports = ", ".join(str(listener.port) for listener in facts.ports)
    account = printable(facts.account.name) if facts.account else "an unknown account"
    text = f"hcp-server is {printable(unit.active)}, as {account}" + (f", port {ports}" if ports else "")
    return _good("Service", text) if unit.running else _warn("Service", text)


def _java(facts: MachineSnapshot) -> Line:
    if facts.jre is None:
        return _warn("Java", "the product's Java is not there; no proof by it")
    version = printable(facts.jre.version) or "of unknown version"
    if facts.jre.keytool is None:
        return _warn("Java", f"{version}, without keytool")
    return _good("Java", f"{version}, with keytool; cacerts is {facts.cacerts_kind.upper() or 'unknown'}")


def _good(name: str, text: str) -> Line:
    return Line(f"  ok       {name}: {text}", Tone.GOOD)


def _warn(name: str, text: str) -> Line:
    return Line(f"  Warning  {name}: {text}", Tone.WARN)


def _bad(name: str, text: str) -> Line:
    return Line(f"  Error    {name}: {text}", Tone.BAD)
