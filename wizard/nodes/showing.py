"""What the view of a step shows: looked up, judged and put into lines."""

from typing import Protocol

from wizard.answers import Goal, PrimaryKind
from wizard.change.plan import Plan
from wizard.host.clock import now_utc
from wizard.host.facts import collect
from wizard.nodes import undoing
from wizard.nodes.judging import Judged
from wizard.nodes.ocsp_advice import ocsp_evidence
from wizard.nodes.primary_facts import installed_chain
from wizard.nodes.reviewing import Reviewing, order
from wizard.questions import Step, View
from wizard.reports import views
from wizard.reports.compare_text import compare_lines
from wizard.reports.doctor_text import diagnosis_lines
from wizard.reports.facts_text import facts_lines
from wizard.reports.lines import Line, Tone


class Showing(Reviewing, Protocol):
    """What is shown from; the session is one."""

    def planned(self) -> Plan:
        """The reviewed plan."""


def lines(session: Showing, step: Step) -> list[Line]:
    """What the view of *step* shows; nothing for views that have their own source.

    Raises:
        WizardError: what shall be shown cannot be read.
    """
    match step.view:
        case View.FACTS:
            return facts_lines(collect(session.machine))
        case View.VERDICT:
            roles = session.answers.other_roles() if step.role == "others" else [step.role]
            return [line for role in roles for line in _verdict(session, role)]
        case View.DIAGNOSIS:
            return diagnosis_lines(session.examined(step.id)[1])
        case View.HISTORY:
            return undoing.history_lines(session.machine)
        case View.CONFIRM if session.answers.goal is Goal.UNDO:
            return undoing.undo_lines(undoing.chosen(session.machine, session.answers.change))
        case View.CONFIRM:
            return views.confirm(session.planned(), session.machine)
        case View.ELSEWHERE:
            return _elsewhere(session)
        case _:
            return []


def _elsewhere(session: Showing) -> list[Line]:
    answers, packs = session.answers, session.base / session.answers.packs
    cloud = answers.primary.kind is PrimaryKind.CLOUD
    roles = [*([] if cloud else ["primary"]), *answers.other_roles()]
    ocsp = ocsp_evidence([session.judged(role).chain for role in roles], answers.account)
    if cloud:
        return views.elsewhere(answers, None, public=False, packs=packs, ocsp=ocsp)
    judged = session.judged("primary")
    left = views.elsewhere(answers, judged.chain, public=judged.public, packs=packs, ocsp=ocsp)
    return [*order(session), *left]


def _verdict(session: Showing, role: str) -> list[Line]:
    judged = session.judged(role)
    problems = [(str(path), error) for path, error in judged.loaded.problems]
    host = session.answers.table(role).host if role != "primary" else ""
    shown = views.verdict(judged.chain, judged.findings, judged.loaded.bundles, problems, now_utc())
    return [*views.heading(host), *_beside_installed(session, role, judged), *shown]


def _beside_installed(session: Showing, role: str, judged: Judged) -> list[Line]:
    """The installed chain beside the new one, when certificates are replaced."""
    if role != "primary" or session.answers.goal is not Goal.RE_KEY:
        return []
    installed = installed_chain(session.machine)
    if installed is None:
        return [Line("Nothing that could be read is installed yet; this will be a set-up.", Tone.WARN), Line("")]
    return [*compare_lines(installed, judged.chain, now_utc(), public=judged.public), Line("")]
