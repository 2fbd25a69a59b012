"""The questions in their order, for every user interface: full screen, line mode and headless.

A step is what is asked in one go; a question fills one key of the answers (or one secret). Which steps there are
follows from the answers alone, so going back and changing one makes others come and go.
"""

from wizard.questions.answers import (
    ENDPOINTS,
    Answers,
    CloudSupport,
    Goal,
    ImportRoot,
    Maintenance,
    Phase,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View
from wizard.questions.others import GATEWAY_STEPS, OTHERS, OTHERS_VERDICT, PACKS_FIRST, PACKS_LAST, PORTAL

__all__ = [
    "DEFAULT_WAIT_S",
    "Ask",
    "Choice",
    "Question",
    "Step",
    "StepId",
    "View",
    "after",
    "before",
    "every_step",
    "steps",
]

DEFAULT_WAIT_S = 300.0
"""How long the server may take to answer after the restart, in seconds: the vendor documents no bound."""


def _installs(answers: Answers) -> bool:
    return answers.goal.installs


def _in_cloud(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.CLOUD


def _on_premise(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ON_PREMISE


def _rescues(answers: Answers) -> bool:
    return answers.goal is Goal.RESCUE


def _undoes(answers: Answers) -> bool:
    return answers.goal is Goal.UNDO


def _maintains(answers: Answers) -> bool:
    return answers.goal is Goal.MAINTAIN


def _sets_password(answers: Answers) -> bool:
    return _maintains(answers) and answers.maintenance is Maintenance.PASSWORD


def _sets_alias(answers: Answers) -> bool:
    return _maintains(answers) and answers.maintenance is Maintenance.ALIAS


def _changes(answers: Answers) -> bool:
    if answers.goal.installs:
        return answers.primary.kind is not PrimaryKind.CLOUD
    return answers.goal is not Goal.LEFT


def _sets_up_here(answers: Answers) -> bool:
    return _on_premise(answers) and answers.goal is Goal.SET_UP


def _re_keys_here(answers: Answers) -> bool:
    return _on_premise(answers) and answers.goal is Goal.RE_KEY and _new_store(answers)


def _new_store(answers: Answers) -> bool:
    """Whether this primary gets a new key store: not in every phase of a change of the root."""
    return answers.phase in {Phase.AUTO, Phase.PRIMARY, Phase.AT_ONCE}


def _types_store_password(answers: Answers) -> bool:
    kind = answers.primary.keystore_password.kind
    wanted = (_on_premise(answers) and _new_store(answers)) or _sets_password(answers)
    return wanted and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


def _leaves_something(answers: Answers) -> bool:
    return answers.goal.installs or answers.goal is Goal.LEFT


def _store_password(*kinds: SourceKind) -> Question:
    return Question.of("primary.keystore-password", Ask.CHOICE, values=kinds)


def _store_questions(*kinds: SourceKind) -> tuple[Question, ...]:
    return (
        _store_password(*kinds),
        Question.of("primary.import-root", Ask.CHOICE, values=(ImportRoot.AUTO, ImportRoot.NO)),
    )


_STORE_PASSWORD_FLAG = "--secret primary.keystore-password=file:PATH"  # noqa: S105 - an option, not a password

_STEPS: tuple[Step, ...] = (
    Step(
        StepId.GOAL,
        View.FACTS,
        (
            Question.of(
                "goal", Ask.CHOICE, values=(Goal.SET_UP, Goal.RE_KEY, Goal.RESCUE, Goal.UNDO, Goal.LEFT, Goal.MAINTAIN)
            ),
        ),
    ),
    Step(
        StepId.PLACE,
        questions=(
            Question.of(
                "primary.kind",
                Ask.CHOICE,
                values=(PrimaryKind.ON_PREMISE, PrimaryKind.CLOUD, PrimaryKind.ELSEWHERE),
            ),
        ),
        applies=_installs,
    ),
    Step(
        StepId.CLOUD,
        questions=(
            Question.of("primary.cloud-support", Ask.CHOICE, values=(CloudSupport.UNCLEAR, CloudSupport.ACCEPTED)),
            Question.of("primary.host", Ask.TEXT, "primary.host.cloud"),
            Question.of("primary.cloud-authorities", Ask.PATHS, optional=True),
        ),
        applies=_in_cloud,
    ),
    Step(
        StepId.PRIMARY_FILES,
        questions=(
            Question.of(ENDPOINTS, Ask.TEXT),
            Question.of("primary.chain", Ask.PATHS),
            Question.of("primary.password", Ask.SECRET, optional=True, flag="--secret primary.password=file:PATH"),
        ),
        applies=_on_premise,
    ),
    Step(
        StepId.PRIMARY_VERDICT,
        View.VERDICT,
        (Question.of("primary.host", Ask.TEXT),),
        role="primary",
        applies=_on_premise,
    ),
    Step(
        StepId.PRIMARY_STORE,
        questions=_store_questions(SourceKind.GENERATE, SourceKind.PROMPT),
        applies=_sets_up_here,
    ),
    Step(
        StepId.PRIMARY_STORE_AGAIN,
        questions=_store_questions(SourceKind.GENERATE, SourceKind.KEEP, SourceKind.PROMPT),
        applies=_re_keys_here,
    ),
    Step(
        StepId.MAINTAIN,
        questions=(Question.of("maintenance", Ask.CHOICE, values=tuple(Maintenance)),),
        applies=_maintains,
    ),
    Step(
        StepId.MAINTAIN_PASSWORD,
        questions=(_store_password(SourceKind.GENERATE, SourceKind.PROMPT),),
        applies=_sets_password,
    ),
    Step(StepId.MAINTAIN_ALIAS, questions=(Question.of("primary.alias", Ask.TEXT),), applies=_sets_alias),
    Step(
        StepId.PRIMARY_STORE_PASSWORD,
        questions=(
            Question.of(
                "primary.keystore-password",
                Ask.NEW_SECRET,
                "primary.keystore-password.new",
                flag=_STORE_PASSWORD_FLAG,
            ),
        ),
        applies=_types_store_password,
    ),
    *GATEWAY_STEPS,
    OTHERS,
    OTHERS_VERDICT,
    PORTAL,
    Step(
        StepId.EXAMINE,
        View.DIAGNOSIS,
        (
            Question.of(
                "primary.keystore-password",
                Ask.SECRET,
                "primary.keystore-password.repair",
                optional=True,
                flag=_STORE_PASSWORD_FLAG,
            ),
        ),
        applies=_rescues,
    ),
    Step(StepId.UNDO, View.HISTORY, (Question.of("change", Ask.TEXT),), applies=_undoes),
    Step(StepId.REVIEW, View.REVIEW, applies=_changes),
    PACKS_FIRST,
    Step(StepId.CONFIRM, View.CONFIRM, applies=_changes),
    Step(StepId.APPLY, View.APPLY, applies=_changes),
    Step(StepId.EXAMINE_AGAIN, View.DIAGNOSIS, applies=_rescues),
    PACKS_LAST,
    Step(StepId.ELSEWHERE, View.ELSEWHERE, applies=_leaves_something),
)


def steps(answers: Answers) -> tuple[Step, ...]:
    """The steps that *answers* lead to, in order."""
    return tuple(step for step in _STEPS if step.applies(answers))


def every_step() -> tuple[Step, ...]:
    """All steps there are, whatever the answers."""
    return _STEPS


def after(current: str, answers: Answers) -> Step | None:
    """The step that follows *current*, None after the last."""
    ids = [step.id for step in steps(answers)]
    place = ids.index(current) + 1
    return steps(answers)[place] if place < len(ids) else None


def before(current: str, answers: Answers) -> Step | None:
    """The step before *current*, None at the first."""
    ids = [step.id for step in steps(answers)]
    place = ids.index(current)
    return steps(answers)[place - 1] if place else None
