"""Warnings that the operator accepts before going on: asked once for exactly what was found, never for a note.

And the question whether a root is public.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from wizard.certificates.names import short
from wizard.configs import damage
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.handoff.portal import advised
from wizard.planning.gateway import plan
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import OCSP_CHECK, ROOT, Offer, PrimaryKind, RootKind
from wizard.questions.flow import Ask, Question, Step, StepId, View


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


def with_advice(inputs: PlanInputs, questions: Iterable[Question]) -> tuple[Question, ...]:
    """*questions*; beside the OCSP check is what the certificates of this run advise.

    Asks the responders when the answers allow it.
    """
    here = inputs.answers.primary.kind is PrimaryKind.ON_PREMISE
    chains = []
    for role in (*(["primary"] if here else []), *inputs.answers.other_roles()):
        with suppress(WizardError):
            chains.append(inputs.judged(role).chain)
    words = advised(chains, inputs.answers.account)
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
