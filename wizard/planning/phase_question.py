"""The question about the phase of a change of the root, with what this machine shows; on a primary and on a gateway."""

from wizard.planning import phases
from wizard.planning.gateway.plan import course_here
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import Phase
from wizard.questions.flow import question
from wizard.questions.model import Question


def phase_question(inputs: PlanInputs, *, here: bool) -> Question | None:
    """The question, *here* on the primary or on a gateway; None when the root stays.

    Raises:
        WizardError: a file cannot be read.
    """
    if here:
        found = phases.look(inputs)
        if found is None:
            return None
        last = Phase.RETIRE_ROOT if found.here.installed else Phase.PRIMARY
        return question(found.known, last, waits=bool(found.waits))
    seen = course_here(inputs)
    if seen is None:
        return None
    last = Phase.RETIRE_ROOT if seen.here.installed else Phase.OTHERS
    return question(seen.known, last, waits=bool(seen.waits))
