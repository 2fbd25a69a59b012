"""What keeps a step from being left: refusals of its answers, and warnings that nobody has accepted; the verdicts."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.names import short
from wizard.configs import damage
from wizard.doctor.maintenance import require_maintainable
from wizard.doctor.timeline import seen_in
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.handoff import inventory
from wizard.handoff.build import make_packs, order_of, unrecorded, write_packs
from wizard.handoff.portal import advised
from wizard.handoff.requirements import require_names
from wizard.host.machine import now_utc
from wizard.planning import phases
from wizard.planning.gateway import plan
from wizard.planning.gateway.primary_probe import primary_trust
from wizard.planning.gateway.steps import STORE_SECRET as STORE_OF_GATEWAY
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Judged
from wizard.planning.primary.plan import STORE_SECRET, cloud_trust, require_alias, roles_of
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.questions.answers import OCSP_CHECK, ROOT, CloudSupport, Goal, Offer, Phase, PrimaryKind, RootKind
from wizard.questions.flow import Ask, Question, Step, StepId, View, question
from wizard.questions.passwords import GATEWAY, PRIMARY, Consumer, require_fit
from wizard.reports.calendar import Ending, Seen, calendar
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.reports.review import compare_lines, title, tree_lines
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
    if step.id == StepId.CLOUD:
        return _cloud(inputs)
    if step.id == StepId.OTHERS:
        return _others(inputs)
    if step.id == StepId.EXAMINE:
        return _tried(_of_repair, lambda: plan_rescue(inputs, examine()))
    if step.id == StepId.MAINTAIN:
        return _tried("maintenance", lambda: require_maintainable(inputs, examine().seen))
    if step.id in _CHECKS:
        key, check = _CHECKS[step.id]
        return _tried(key, lambda: check(inputs))
    return []


_Key = str | Callable[[WizardError], str]


def _tried(key: _Key, attempt: Callable[[], object]) -> Refused:
    try:
        attempt()
    except WizardError as error:
        return [(key if isinstance(key, str) else key(error), error)]
    return []


def _of_files(role: str) -> _Key:
    """A refusal of files belongs to their password when another one cures it."""
    return lambda error: f"{role}.password" if error.code in PASSWORD_CODES else f"{role}.chain"


def _of_stores(error: WizardError) -> str:
    return error.subject if error.spec in {codes.GATEWAY_STORE_PATH, codes.REKEY_NOTHING_TO_KEEP} else ""


def _of_repair(error: WizardError) -> str:
    return STORE_SECRET if error.spec == codes.SECRET_MISSING or error.code in PASSWORD_CODES else ""


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


def _verdict(inputs: PlanInputs, role: str) -> Refused:
    def check() -> None:
        for finding in inputs.judged(role).findings:
            if finding.severity >= Severity.ERROR:
                raise WizardError.of(finding)

    return _tried("", check)


def _others(inputs: PlanInputs) -> Refused:
    if doubled := _tried("others.gateways", lambda: require_names(inputs.answers)):
        return doubled
    for role in [] if inputs.answers.phase.trusts_alone else inputs.answers.other_roles():
        if not inputs.answers.table(role).chain:
            host = inputs.answers.table(role).host
            missing = WizardError(codes.ANSWER_MISSING, case="files", subject=host, host=host)
            return [("others.chain", missing)]
        if refused := _tried(_of_files("others"), partial(inputs.judged, role)):
            return refused
    return []


def _fits(inputs: PlanInputs, name: str, readers: tuple[Consumer, ...]) -> None:
    password = inputs.secret(name)
    if password is None or not password:
        raise WizardError(codes.ANSWER_MISSING, case="password")
    require_fit(password, inputs.answers.store_of(name), readers)


_CHECKS: Mapping[str, tuple[_Key, Callable[[PlanInputs], object]]] = {
    StepId.PLACE: ("primary.kind", _has_settings),
    StepId.PRIMARY_FILES: (_of_files("primary"), lambda inputs: inputs.judged("primary")),
    StepId.GATEWAY_FILES: (_of_files(plan.ROLE), lambda inputs: inputs.judged(plan.ROLE)),
    StepId.GATEWAY_TRUST: ("primary.chain", primary_trust),
    StepId.GATEWAY_UNATTENDED: ("gateway.0.unattended-file", plan.unattended_of),
    StepId.GATEWAY_STORES: (_of_stores, plan.require_stores),
    StepId.GATEWAY_STORE_PASSWORD: (STORE_OF_GATEWAY, lambda inputs: _fits(inputs, STORE_OF_GATEWAY, GATEWAY)),
    StepId.HANDOFF: ("packs", _hand_off),
    StepId.HANDOFF_FIRST: ("packs", _hand_off),
    StepId.UNDO: ("change", _can_be_undone),
    StepId.MAINTAIN_ALIAS: ("primary.alias", lambda inputs: require_alias(inputs.answers.primary.alias, needed=True)),
    StepId.PRIMARY_STORE_PASSWORD: (STORE_SECRET, lambda inputs: _fits(inputs, STORE_SECRET, PRIMARY)),
}
"""By step: the question that a refusal belongs to, and the check."""


# -- what the operator sees and accepts: verdicts, endings, and warnings, each asked about once -----------------------


def of_chains(inputs: PlanInputs, step: Step) -> tuple[Finding, ...]:
    """What the rules say of the chains that *step* shows.

    Raises:
        WizardError: the files cannot be read any more.
    """
    if step.view is not View.VERDICT:
        return ()
    roles = inputs.answers.roles_at(step.role)
    return tuple(finding for role in roles for finding in inputs.judged(role).findings)


def warnings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of *found* that have to be accepted before going on, each once."""
    return tuple({identity(finding): finding for finding in found if finding.severity == Severity.WARNING}.values())


def root_questions(inputs: PlanInputs, step: Step) -> tuple[Question, ...]:
    """Is it public? For each root of *step* about which cacerts leaves a doubt, and not twice in a run."""
    if step.view is not View.VERDICT:
        return ()
    roles = inputs.answers.roles_at(step.role)
    here = inputs.answers.primary.kind is PrimaryKind.ON_PREMISE
    try:
        before = {inputs.judged("primary").to_ask} if here and step.role == "others" else set()
        roots = dict.fromkeys(inputs.judged(role).to_ask for role in roles)
    except WizardError:
        # The view of the step says what cannot be read.
        return ()
    return tuple(
        Question.of(
            ROOT + root.sha256, Ask.CHOICE, "roots", values=(RootKind.PRIVATE, RootKind.PUBLIC), root=short(root)
        )
        for root in roots
        if root is not None and root not in before
    )


def phase_question(inputs: PlanInputs, *, here: bool) -> Question | None:
    """Which phase of a change of the root is next, *here* on the primary or on a gateway; None when the root stays.

    Raises:
        WizardError: a file cannot be read.
    """
    found: phases.Course | None = phases.look(inputs) if here else plan.course_here(inputs)
    if found is None:
        return None
    before = Phase.PRIMARY if here else Phase.OTHERS
    return question(found.known, Phase.RETIRE_ROOT if found.here.installed else before, waits=bool(found.waits))


def with_advice(inputs: PlanInputs, questions: Iterable[Question]) -> tuple[Question, ...]:
    """*questions*; beside the OCSP check is what the certificates of this run advise.

    Asks the responders when the answers allow it.
    """
    here = inputs.answers.primary.kind is PrimaryKind.ON_PREMISE
    words = advised(phases.chains_at_hand(inputs, *(["primary"] if here else [])), inputs.answers.account)
    return tuple(replace(each, why=f"{each.why}\n{words}") if each.key == OCSP_CHECK else each for each in questions)


def file_questions(inputs: PlanInputs, step: Step) -> tuple[Question, ...]:
    """What is wrong with the unattended file of this gateway and can be repaired by the same change."""
    if step.id != StepId.GATEWAY_STORES:
        return ()
    try:
        file = plan.unattended_of(inputs)
        harmed = damage.examine(file.data, name=str(file.path), shell=True)  # noqa: S604 - a kind of file
        repairable, mode = file.repaired is not None and harmed, file.restricted
    except WizardError:
        # The step of the file says what is wrong with it.
        return ()
    values = (Offer.YES, Offer.NO)
    questions = []
    if repairable:
        key = "gateway.0.unattended-repair"
        questions.append(Question.of(key, Ask.CHOICE, values=values, damage=harmed[0].message))
    if mode is not None:
        questions.append(Question.of("gateway.0.unattended-restrict", Ask.CHOICE, values=values, mode=f"{mode:04o}"))
    return tuple(questions)


def identity(finding: Finding) -> str:
    """The same for the same finding on the same thing with the same evidence, and for no other."""
    return json.dumps(finding.as_json(), sort_keys=True)


def verdicts(inputs: PlanInputs, step: Step) -> list[Line]:
    """The chains of *step* and what the rules say of them.

    Raises:
        WizardError: the files cannot be read.
    """
    roles = inputs.answers.roles_at(step.role)
    return [line for role in roles for line in _verdict_lines(inputs, role)]


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


def _verdict_lines(inputs: PlanInputs, role: str) -> list[Line]:
    """The chain that was found, what the rules say of it, and the files that could not be read."""
    judged, now = inputs.judged(role), now_utc()
    host, count = inputs.answers.table(role).host if role != "primary" else "", len(judged.loaded.bundles)
    result = [Line(""), Line(f"-- {printable(host)} --", Tone.HEADING)] if host else []
    result += _beside_installed(inputs, role, judged)
    read = f"{count} file{'' if count == 1 else 's'} read"
    result += [Line(f"{title(judged.chain)} ({read})", Tone.HEADING), *tree_lines(judged.chain, now), Line("")]
    if all(finding.severity == Severity.NOTE for finding in judged.findings):
        result.append(Line("OK: this certificate can be used here.", Tone.GOOD))
    result += finding_lines(judged.findings)
    for path, error in judged.loaded.problems:
        result.append(Line(f"Not read: {printable(str(path))}: {error.message} [{error.code}]", Tone.FAINT))
    return result


def _beside_installed(inputs: PlanInputs, role: str, judged: Judged) -> list[Line]:
    """The installed chain beside the new one, when certificates are replaced."""
    if role != "primary" or inputs.answers.goal is not Goal.RE_KEY:
        return []
    installed = inputs.seen.chain
    if installed is None:
        return [Line("No readable certificate is installed yet, so this will be a set-up.", Tone.WARN), Line("")]
    return [*compare_lines(installed, judged.chain, now_utc(), public=judged.public), Line("")]
