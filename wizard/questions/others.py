"""Questions about the other machines: gateways and clients, and the bundles for them and for the nodes of a cluster."""

from wizard.questions.answers import OCSP_CHECK, OCSP_URL, Answers, Goal, OcspProbe, PrimaryKind
from wizard.questions.model import Ask, Question, Step, StepId, View


def _replaces_here(answers: Answers) -> bool:
    return answers.goal is Goal.RE_KEY and answers.primary.kind is PrimaryKind.ON_PREMISE


def _prepares_others(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is not PrimaryKind.ELSEWHERE


def _has_others(answers: Answers) -> bool:
    return _prepares_others(answers) and bool(answers.gateway or answers.client)


def _has_packs(answers: Answers) -> bool:
    """Without other machines too: the portal needs the files of the CA certificates."""
    on_premise = answers.goal.installs and answers.primary.kind is PrimaryKind.ON_PREMISE
    return on_premise or _has_others(answers)


def _hands_off_first(answers: Answers) -> bool:
    """A new root must be on the other machines before this one shows a certificate under it."""
    return _has_packs(answers) and _replaces_here(answers)


def _hands_off_last(answers: Answers) -> bool:
    return _has_packs(answers) and not _replaces_here(answers)


OTHERS = Step(
    StepId.OTHERS,
    questions=(
        Question.of("others.gateways", Ask.TEXT, optional=True),
        Question.of("others.clients", Ask.TEXT, optional=True),
        Question.of("others.chain", Ask.PATHS, optional=True),
        Question.of("others.password", Ask.SECRET, optional=True, flag="--secret gateway.0.password=file:PATH"),
    ),
    applies=_prepares_others,
)

OTHERS_VERDICT = Step(StepId.OTHERS_VERDICT, View.VERDICT, role="others", applies=_has_others)

PORTAL = Step(
    StepId.PORTAL,
    questions=(
        Question.of(OCSP_CHECK, Ask.CHOICE, values=("unchanged", "off", "on")),
        Question.of(OCSP_URL, Ask.TEXT, optional=True),
        Question.of("account.ocsp-probe", Ask.CHOICE, values=(OcspProbe.NO, OcspProbe.YES)),
    ),
    applies=_prepares_others,
)

_PACKS = (Question.of("packs", Ask.TEXT),)

PACKS_FIRST = Step(StepId.HANDOFF_FIRST, questions=_PACKS, applies=_hands_off_first)
PACKS_LAST = Step(StepId.HANDOFF, questions=_PACKS, applies=_hands_off_last)
