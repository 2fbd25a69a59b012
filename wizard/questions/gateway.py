"""The questions of a run on a gateway: its own files, its primary, its unattended file, its stores."""

from wizard.questions.answers import Answers, ImportRoot, PrimaryKind, SourceKind
from wizard.questions.model import Ask, Question, Step, StepId, View


def _here(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ELSEWHERE


def _types_password(answers: Answers) -> bool:
    kind = answers.get("gateway.0.keystore-password").kind
    return _here(answers) and not answers.phase.trusts_alone and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


GATEWAY_STEPS: tuple[Step, ...] = (
    Step(
        StepId.GATEWAY_FILES,
        questions=(
            Question.of("gateway.0.chain", Ask.PATHS),
            Question.of("gateway.0.password", Ask.SECRET, optional=True, flag="--secret gateway.0.password=file:PATH"),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_VERDICT,
        View.VERDICT,
        (Question.of("gateway.0.host", Ask.TEXT),),
        role="gateway.0",
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_PRIMARY,
        questions=(
            Question.of("primary.host", Ask.TEXT, "primary.host.gateway"),
            Question.of("primary.port", Ask.TEXT),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_TRUST,
        questions=(
            Question.of(
                "primary.import-root",
                Ask.CHOICE,
                "primary.import-root.gateway",
                values=(ImportRoot.AUTO, ImportRoot.NO),
            ),
            Question.of("primary.chain", Ask.PATHS, "primary.chain.gateway", optional=True),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_UNATTENDED,
        questions=(Question.of("gateway.0.unattended-file", Ask.PATHS),),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_STORES,
        questions=(
            Question.of("gateway.0.keystore-path", Ask.TEXT, optional=True),
            Question.of("gateway.0.truststore-path", Ask.TEXT, optional=True),
            Question.of(
                "gateway.0.keystore-password",
                Ask.CHOICE,
                values=(SourceKind.GENERATE, SourceKind.KEEP, SourceKind.PROMPT),
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_STORE_PASSWORD,
        questions=(
            Question.of(
                "gateway.0.keystore-password",
                Ask.NEW_SECRET,
                "gateway.0.keystore-password.new",
                flag="--secret gateway.0.keystore-password=file:PATH",
            ),
        ),
        applies=_types_password,
    ),
)
