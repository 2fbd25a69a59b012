"""Why a step cannot be left: the answers of one step tried on the real files and the real machine."""

from collections.abc import Callable

from wizard.answers import PrimaryKind
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.host.machine import Machine
from wizard.nodes.planning import Planning
from wizard.nodes.primary import STORE_SECRET
from wizard.nodes.primary_facts import FILE_KEY, PASSWORD_KEY, conf_document, find_setting
from wizard.passwords import require_fit
from wizard.questions import Step

PASSWORD_CODES = ("reading.password-wrong", "reading.password-needed")
"""Refusals that another password cures; they belong to the password's field, all others to the path's."""

Refused = list[tuple[str, WizardError]]
"""The key of the question concerned ("" is the step as a whole), and the refusal."""


def refusals(session: Planning, step: Step) -> Refused:
    """What keeps *step* from being left; empty when nothing does. Nothing is changed."""
    match step.id:
        case "goal" if session.answers.primary.kind is PrimaryKind.ON_PREMISE:
            return _tried("primary.kind", lambda: _settings_are_there(session.machine))
        case "primary-files":
            return _files(session)
        case "primary-verdict":
            return _verdict(session)
        case "primary-store-password":
            return _tried(STORE_SECRET, lambda: _fits(session))
        case _:
            return []


def _tried(key: str, attempt: Callable[[], object]) -> Refused:
    try:
        attempt()
    except WizardError as error:
        return [(key, error)]
    return []


def _settings_are_there(machine: Machine) -> None:
    document = conf_document(machine)
    for name in (FILE_KEY, PASSWORD_KEY):
        find_setting(document, name, machine)


def _files(session: Planning) -> Refused:
    try:
        session.judged("primary")
    except WizardError as error:
        return [("primary.password" if error.code in PASSWORD_CODES else "primary.chain", error)]
    return []


def _verdict(session: Planning) -> Refused:
    try:
        judged = session.judged("primary")
    except WizardError as error:
        return [("", error)]
    bad = [finding for finding in judged.findings if finding.severity >= Severity.ERROR]
    return [("", WizardError(bad[0].code, bad[0].message, bad[0].fix))] if bad else []


def _fits(session: Planning) -> None:
    password = session.secret(STORE_SECRET)
    if password is None or not password:
        raise WizardError(
            "answer.missing", "The new password is empty.", "Type it twice, or go back and let one be made."
        )
    require_fit(password)
