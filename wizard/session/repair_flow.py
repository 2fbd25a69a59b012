"""Something is wrong: examine the machine, and plan the repair of the first cause that has one."""

from dataclasses import replace

from wizard import codes
from wizard.doctor.collect.run import Asked, Examined, examine
from wizard.doctor.diagnose import Diagnosis, diagnose
from wizard.doctor.repair.choose import Repair
from wizard.doctor.repair.plan import plan_repair
from wizard.doctor.repair.store import KEY_SECRET
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.inputs import Planned
from wizard.planning.primary.plan import STORE_SECRET
from wizard.questions.answers import Goal, PrimaryAnswers
from wizard.questions.flow import Question, Step, StepId
from wizard.secret import Secret

EXAMINE, EXAMINE_AGAIN = StepId.EXAMINE, StepId.EXAMINE_AGAIN
"""The steps that look at the machine, before the repair and after it."""

PASSWORD = STORE_SECRET
"""The key of the one field for a password; it is whichever the repair lacks."""


def look(inputs: PlanInputs) -> tuple[Examined, Diagnosis]:
    """Examine the machine now."""
    primary, usual = inputs.answers.primary, PrimaryAnswers()
    asked = Asked(servername=primary.host, cacerts_password=inputs.secret("primary.cacerts-password"))
    if inputs.answers.goal is Goal.MAINTAIN:
        nodes = primary.nodes if primary.nodes != usual.nodes else ()
        asked = replace(asked, nodes=nodes, port=primary.port if primary.port != usual.port else 0)
    seen = examine(inputs.machine, asked)
    return seen, diagnose(seen.facts)


def plan_rescue(inputs: PlanInputs, seen: Examined, diagnosis: Diagnosis) -> Planned:
    """The plan of the first repair that the wizard can make.

    Raises:
        WizardError: nothing is wrong, a person has to do it, or a password is needed.
    """
    for repair in diagnosis.repairs:
        if repair.automatic:
            return _with_one_password(inputs, seen, repair)
    headline = diagnosis.headline
    if headline is None:
        raise WizardError(codes.RESCUE_NOTHING_WRONG)
    raise WizardError(
        codes.RESCUE_BY_HAND, subject=headline.code, reason=headline.message, hint=tuple(headline.fix.splitlines())
    )


def _with_one_password(inputs: PlanInputs, seen: Examined, repair: Repair) -> Planned:
    def give(name: str) -> Secret | None:
        if name == KEY_SECRET:
            return inputs.secret(PASSWORD) or None
        return inputs.secret(name)

    try:
        return plan_repair(inputs.machine, seen, repair, give)
    except WizardError as error:
        if error.spec == codes.SECRET_MISSING:
            _, error.hint = error.spec.text.words("here")
        raise


_WORDS = {
    KEY_SECRET: (
        "Password of the private key",
        "The key has its own password; whoever made the file knows it.",
    ),
    STORE_SECRET: (
        "Password of the key store",
        "The one in application.conf does not open it; whoever made the file knows it.",
    ),
    "": ("", "This repair needs none; leave it empty."),
}
"""What the field is called ("" is as always) and why it is there, by the secret that the repair lacks."""


def reworded(step: Step, secret: str | None) -> tuple[Question, ...]:
    """The questions of *step*; the password's says which one the repair lacks.

    Args:
        step: whose questions.
        secret: the name of the secret that the repair lacks, "" for none, None when that is not known.
    """
    if step.id != EXAMINE or secret is None:
        return step.questions
    heading, why = _WORDS[secret]
    return tuple(replace(question, heading=heading or question.heading, why=why) for question in step.questions)


def lacking(machine: Machine, seen: Examined, diagnosis: Diagnosis) -> str:
    """The name of the secret that the first repair asks for, "" when it asks for none.

    Raises:
        WizardError: it asks for none and cannot be planned all the same.
    """
    wanted: list[str] = []

    def give(name: str) -> None:
        if name in _WORDS:
            wanted.append(name)

    repair = next((repair for repair in diagnosis.repairs if repair.automatic), None)
    if repair is not None:
        try:
            plan_repair(machine, seen, repair, give)
        except WizardError:
            if not wanted:
                raise
    return wanted[-1] if wanted else ""
