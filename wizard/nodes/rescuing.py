"""Something is wrong: examine the machine, and plan the repair of the first cause that has one."""

from wizard.diagnosis.examination import Diagnosis, diagnose
from wizard.diagnosis.repairs import Repair
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.nodes.examining import Asked, Examined, examine
from wizard.nodes.planning import Planned, Planning
from wizard.nodes.primary import STORE_SECRET
from wizard.nodes.repaired_store import KEY_SECRET
from wizard.nodes.repairing import plan_repair
from wizard.secret import Secret

NOTHING_WRONG = "rescue.nothing-wrong"
"""The refusal that is good news."""

REFUSALS = (
    FindingSpec(
        NOTHING_WRONG,
        Severity.NOTE,
        "nothing is wrong",
        "The doctor finds nothing to repair.",
        "There is no cause that a repair could remove.",
        "Look at the other machines: their packs have a check each.",
        "design of the wizard",
    ),
    FindingSpec(
        "rescue.by-hand",
        Severity.BLOCKER,
        "the repair needs a person",
        "What is wrong cannot be repaired by the wizard.",
        "It lies outside this machine, or needs something that only a person has.",
        "Do what the lines above say, then look again.",
        "design of the wizard",
    ),
)


def look(session: Planning) -> tuple[Examined, Diagnosis]:
    """Examine the machine of *session* now."""
    asked = Asked(servername=session.answers.primary.host, cacerts_password=session.secret("primary.cacerts-password"))
    seen = examine(session.machine, asked)
    return seen, diagnose(seen.facts)


def plan_rescue(session: Planning, seen: Examined, diagnosis: Diagnosis) -> Planned:
    """The plan of the first repair that the wizard can make.

    Raises:
        WizardError: nothing is wrong, a person has to do it, or a password is needed.
    """
    for repair in diagnosis.repairs:
        if repair.automatic:
            return _with_one_password(session, seen, repair)
    headline = diagnosis.headline
    if headline is None:
        raise WizardError(NOTHING_WRONG, "The doctor finds nothing to repair.", "You can leave the wizard.")
    raise WizardError("rescue.by-hand", f"This needs a person: {headline.message}", headline.fix, headline.code)


def _with_one_password(session: Planning, seen: Examined, repair: Repair) -> Planned:
    # The step has one field for a password: it is whichever the repair lacks.
    def give(name: str) -> Secret | None:
        if name == KEY_SECRET:
            return session.secret(STORE_SECRET) or None
        return session.secret(name)

    try:
        return plan_repair(session.machine, seen, repair, give)
    except WizardError as error:
        if error.code == "secret.missing":
            hint = "Type it here; whoever made the file knows it."
            raise WizardError(error.code, error.message, hint, error.subject) from error
        raise
