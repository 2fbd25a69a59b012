"""Check the answers of one step against the real files and the real machine."""

from collections.abc import Callable, Mapping

from wizard import codes
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.doctor.maintenance import require_maintainable
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.handoff.build import make_packs, order_of, unrecorded, write_packs
from wizard.handoff.requirements import require_names
from wizard.planning.gateway import plan
from wizard.planning.gateway.primary_probe import primary_trust
from wizard.planning.gateway.steps import STORE_SECRET as STORE_OF_GATEWAY
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.plan import STORE_SECRET, cloud_trust, require_alias
from wizard.planning.snapshot import MachineSnapshot
from wizard.questions.answers import CloudSupport, PrimaryKind
from wizard.questions.flow import Step, StepId
from wizard.questions.passwords import GATEWAY, PRIMARY, Consumer, require_fit
from wizard.session.repair_flow import Rescue, plan_rescue
from wizard.session.undo import faults

PASSWORD_CODES = (codes.READING_PASSWORD_WRONG.code, codes.READING_PASSWORD_NEEDED.code, *KEY_PASSWORD_DIFFERS)
"""Refusals that another password cures; they belong to the password's field, all others to the path's."""

Refused = list[tuple[str, WizardError]]
"""The key of the question concerned ("" is the step as a whole), and the refusal."""


def refusals(inputs: PlanInputs, step: Step, examine: Callable[[], Rescue]) -> Refused:
    """What keeps *step* from being left; empty when nothing does.

    Nothing is changed, with one exception: leaving `handoff` or `handoff-first` writes the bundles into the folder that
    was named.
    """
    if step.role:
        return [problem for role in inputs.answers.roles_at(step.role) for problem in _verdict(inputs, role)]
    if step.id in _BY_SEVERAL:
        return _BY_SEVERAL[step.id](inputs)
    if step.id == StepId.EXAMINE:
        return _repair(inputs, examine)
    if step.id == StepId.MAINTAIN:
        return _tried("maintenance", lambda: require_maintainable(inputs, examine().seen))
    if step.id in _CHECKS:
        key, check = _CHECKS[step.id]
        return _tried(key, lambda: check(inputs))
    return []


def _tried(key: str, attempt: Callable[[], object]) -> Refused:
    try:
        attempt()
    except WizardError as error:
        return [(key, error)]
    return []


def _has_settings(inputs: PlanInputs) -> None:
    if inputs.answers.primary.kind is PrimaryKind.ON_PREMISE:
        MachineSnapshot(inputs.machine).require_settings()


def _hand_off(inputs: PlanInputs) -> None:
    out, packs = inputs.base / inputs.answers.packs, make_packs(inputs)
    write_packs(out, packs, order_of(inputs))
    if not inputs.dry_run:
        # Bundles that cannot be noted are still of use.
        unrecorded(inputs.machine, packs, out)


def _cloud(inputs: PlanInputs) -> Refused:
    primary = inputs.answers.primary
    if primary.cloud_support is not CloudSupport.ACCEPTED:
        return [("primary.cloud-support", WizardError(codes.CLOUD_ASK_VENDOR, subject="primary.kind"))]
    return _tried("primary.cloud-authorities", lambda: cloud_trust(inputs))


def _can_be_undone(inputs: PlanInputs) -> None:
    for fault in faults(inputs.machine, inputs.answers.change):
        raise WizardError.of(fault)


def _about_password(error: WizardError) -> bool:
    return error.code in PASSWORD_CODES


def _files(inputs: PlanInputs, role: str) -> Refused:
    try:
        inputs.judged(role)
    except WizardError as error:
        return [(f"{role}.password" if _about_password(error) else f"{role}.chain", error)]
    return []


def _stores(inputs: PlanInputs) -> Refused:
    try:
        plan.require_stores(inputs)
    except WizardError as error:
        own = error.spec in {codes.GATEWAY_STORE_PATH, codes.REKEY_NOTHING_TO_KEEP}
        return [(error.subject if own else "", error)]
    return []


def _repair(inputs: PlanInputs, examine: Callable[[], Rescue]) -> Refused:
    try:
        plan_rescue(inputs, examine())
    except WizardError as error:
        password = error.spec == codes.SECRET_MISSING or _about_password(error)
        return [(STORE_SECRET if password else "", error)]
    return []


def _verdict(inputs: PlanInputs, role: str) -> Refused:
    try:
        judged = inputs.judged(role)
    except WizardError as error:
        return [("", error)]
    bad = [finding for finding in judged.findings if finding.severity >= Severity.ERROR]
    return [("", WizardError.of(bad[0]))] if bad else []


def _others(inputs: PlanInputs) -> Refused:
    if doubled := _tried("others.gateways", lambda: require_names(inputs.answers)):
        return doubled
    for role in [] if inputs.answers.phase.trusts_alone else inputs.answers.other_roles():
        if not inputs.answers.table(role).chain:
            host = inputs.answers.table(role).host
            missing = WizardError(codes.ANSWER_MISSING, case="files", subject=host, host=host)
            return [("others.chain", missing)]
        try:
            inputs.judged(role)
        except WizardError as error:
            return [("others.password" if _about_password(error) else "others.chain", error)]
    return []


def _fits(inputs: PlanInputs, name: str, readers: tuple[Consumer, ...]) -> None:
    password = inputs.secret(name)
    if password is None or not password:
        raise WizardError(codes.ANSWER_MISSING, case="password")
    require_fit(password, inputs.answers.store_of(name), readers)


_CHECKS: Mapping[str, tuple[str, Callable[[PlanInputs], object]]] = {
    StepId.PLACE: ("primary.kind", _has_settings),
    StepId.GATEWAY_TRUST: ("primary.chain", primary_trust),
    StepId.GATEWAY_UNATTENDED: ("gateway.0.unattended-file", plan.unattended_of),
    StepId.GATEWAY_STORE_PASSWORD: (STORE_OF_GATEWAY, lambda inputs: _fits(inputs, STORE_OF_GATEWAY, GATEWAY)),
    StepId.HANDOFF: ("packs", _hand_off),
    StepId.HANDOFF_FIRST: ("packs", _hand_off),
    StepId.UNDO: ("change", _can_be_undone),
    StepId.MAINTAIN_ALIAS: ("primary.alias", lambda inputs: require_alias(inputs.answers.primary.alias)),
    StepId.PRIMARY_STORE_PASSWORD: (STORE_SECRET, lambda inputs: _fits(inputs, STORE_SECRET, PRIMARY)),
}
"""By step: the question that a refusal belongs to, and the check."""
_BY_SEVERAL: Mapping[str, Callable[[PlanInputs], Refused]] = {
    StepId.CLOUD: _cloud,
    StepId.PRIMARY_FILES: lambda inputs: _files(inputs, "primary"),
    StepId.GATEWAY_FILES: lambda inputs: _files(inputs, plan.ROLE),
    StepId.GATEWAY_STORES: _stores,
    StepId.OTHERS: _others,
}
"""Checks whose refusal belongs to one question or another."""
