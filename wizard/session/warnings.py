"""Warnings that the operator accepts before going on: asked once for exactly what was found, never for a note.

And the one doubt that is a question of its own: whether a root is public.
"""

import json
from collections.abc import Iterable

from wizard.certificates.names import short
from wizard.configs import damage
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.planning.gateway import plan
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import ROOT, Offer, PrimaryKind, RootKind
from wizard.questions.flow import Ask, Choice, Question, Step, StepId, View


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
        Question(
            ROOT + root.sha256,
            Ask.CHOICE,
            f"Is {short(root)[:40]} the root of your own PKI?",
            "It is in cacerts, but not in the list of public roots.",
            choices=(
                Choice(RootKind.PRIVATE, "Yes, our own", "put it into portal and trust stores"),
                Choice(RootKind.PUBLIC, "No, of a public CA", "every Java has it already"),
            ),
            short=f"Root {short(root)[:20]}",
        )
        for root in roots
        if root is not None and root not in before
    )


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
    offers = (
        (
            "repair",
            "Repair the damage of the unattended file?",
            harmed[0].message if repairable else "",
            "the review shows each line",
        ),
        (
            "restrict",
            "Take the right to read the unattended file from others?",
            "It will hold passwords, and every account of this machine can read it." if mode is not None else "",
            f"mode {mode or 0:04o}",
        ),
    )
    return tuple(
        Question(
            f"gateway.0.unattended-{name}",
            Ask.CHOICE,
            heading,
            why,
            choices=(Choice(Offer.YES, "Yes", what), Choice(Offer.NO, "No", "leave it as it is")),
            short=f"{name.capitalize()} this file",
        )
        for name, heading, why, what in offers
        if why
    )


def identity(finding: Finding) -> str:
    """The same for the same finding on the same thing with the same evidence, and for no other."""
    return json.dumps(finding.as_json(), sort_keys=True)
