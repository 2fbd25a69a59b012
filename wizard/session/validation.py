"""Why a step cannot be left: the answers of one step tried on the real files and the real machine."""

from collections.abc import Callable

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.handoff.build import make_packs, order_of, write_packs
from wizard.host.machine import Machine
from wizard.planning.gateway import plan
from wizard.planning.gateway.steps import STORE_SECRET as STORE_OF_GATEWAY
from wizard.planning.gateway.trust import primary_trust
from wizard.planning.primary.cloud import cloud_trust
from wizard.planning.primary.facts import FILE_KEY, PASSWORD_KEY, conf_document, find_setting
from wizard.planning.primary.inputs import Planning
from wizard.planning.primary.plan import STORE_SECRET
from wizard.questions.answers import CloudSupport, PrimaryKind
from wizard.questions.flow import Step
from wizard.questions.passwords import GATEWAY, PRIMARY, Consumer, require_fit
from wizard.session.repair_flow import plan_rescue
from wizard.session.review import Reviewing, faults

PASSWORD_CODES = {
    codes.READING_PASSWORD_WRONG,
    codes.READING_PASSWORD_NEEDED,
    codes.PKCS12_KEY_PASSWORD_DIFFERS,
    codes.JKS_KEY_PASSWORD_DIFFERS,
}
"""Refusals that another password cures; they belong to the password's field, all others to the path's."""

Refused = list[tuple[str, WizardError]]
"""The key of the question concerned ("" is the step as a whole), and the refusal."""


def refusals(session: Reviewing, step: Step) -> Refused:  # noqa: C901, PLR0912 - a table of steps that `match` can check
    """What keeps *step* from being left; empty when nothing does.

    Nothing is changed, with one exception: leaving `handoff` or `handoff-first` writes the packs into the folder that
    was named.
    """
    match step.id:
        case "place" if session.answers.primary.kind is PrimaryKind.ON_PREMISE:
            return _tried("primary.kind", lambda: _settings_are_there(session.machine))
        case "cloud":
            return _cloud(session)
        case "primary-files":
            return _files(session, "primary")
        case "gateway-files":
            return _files(session, plan.ROLE)
        case "gateway-verdict":
            return _verdict(session, plan.ROLE)
        case "gateway-trust":
            return _tried("primary.chain", lambda: primary_trust(session))
        case "gateway-unattended":
            return _tried("gateway.0.unattended-file", lambda: plan.unattended_of(session))
        case "gateway-stores":
            return _stores(session)
        case "gateway-store-password":
            return _tried(STORE_OF_GATEWAY, lambda: _fits(session, STORE_OF_GATEWAY, GATEWAY))
        case "primary-verdict":
            return _verdict(session, "primary")
        case "others":
            return _others(session)
        case "others-verdict":
            return [problem for role in session.answers.other_roles() for problem in _verdict(session, role)]
        case "handoff" | "handoff-first":
            out = session.base / session.answers.packs
            return _tried("packs", lambda: write_packs(out, make_packs(session), order_of(session)))
        case "examine":
            return _repair(session)
        case "undo":
            return _tried("change", lambda: _can_be_undone(session))
        case "primary-store-password":
            return _tried(STORE_SECRET, lambda: _fits(session, STORE_SECRET, PRIMARY))
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


def _cloud(session: Planning) -> Refused:
    primary = session.answers.primary
    if primary.cloud_support is not CloudSupport.ACCEPTED:
        return [
            (
                "primary.cloud-support",
                WizardError(codes.CLOUD_ASK_VENDOR, subject="primary.kind"),
            )
        ]
    return _tried("primary.cloud-authorities", lambda: cloud_trust(session))


def _can_be_undone(session: Planning) -> None:
    for fault in faults(session.machine, session.answers.change):
        raise WizardError.of(fault)


def _about_password(error: WizardError) -> bool:
    return error.spec in PASSWORD_CODES


def _files(session: Planning, role: str) -> Refused:
    try:
        session.judged(role)
    except WizardError as error:
        return [(f"{role}.password" if _about_password(error) else f"{role}.chain", error)]
    return []


def _stores(session: Planning) -> Refused:
    try:
        plan.require_stores(session)
    except WizardError as error:
        own = error.spec in {codes.GATEWAY_STORE_PATH, codes.REKEY_NOTHING_TO_KEEP}
        return [(error.subject if own else "", error)]
    return []


def _repair(session: Reviewing) -> Refused:
    try:
        plan_rescue(session, *session.examined("examine"))
    except WizardError as error:
        password = error.spec == codes.SECRET_MISSING or _about_password(error)
        return [(STORE_SECRET if password else "", error)]
    return []


def _verdict(session: Planning, role: str) -> Refused:
    try:
        judged = session.judged(role)
    except WizardError as error:
        return [("", error)]
    bad = [finding for finding in judged.findings if finding.severity >= Severity.ERROR]
    return [("", WizardError.of(bad[0]))] if bad else []


def _others(session: Planning) -> Refused:
    for role in session.answers.other_roles():
        if not session.answers.table(role).chain:
            host = session.answers.table(role).host
            missing = WizardError(codes.ANSWER_MISSING, case="files", subject=host, host=host)
            return [("others.chain", missing)]
        try:
            session.judged(role)
        except WizardError as error:
            return [("others.password" if _about_password(error) else "others.chain", error)]
    return []


def _fits(session: Planning, name: str, readers: tuple[Consumer, ...]) -> None:
    password = session.secret(name)
    if password is None or not password:
        raise WizardError(codes.ANSWER_MISSING, case="password")
    require_fit(password, name, readers)
