"""Warnings that the operator accepts before going on: asked once for exactly what was found, never for a note.

And the question whether a root is public.
"""

import json
from collections.abc import Iterable

from wizard.certificates.names import short
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import ROOT, PrimaryKind, RootKind
from wizard.questions.flow import Ask, Question, Step, View


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


def identity(finding: Finding) -> str:
    """The same for the same finding on the same thing with the same evidence, and for no other."""
    return json.dumps(finding.as_json(), sort_keys=True)
