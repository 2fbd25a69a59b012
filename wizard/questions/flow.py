"""The questions in their order: those about gateways, other machines and the phases of a new root are here, too."""

from dataclasses import replace

from wizard.questions.answers import (
    ENDPOINTS,
    OCSP_CHECK,
    OCSP_URL,
    PHASES,
    Answers,
    CloudSupport,
    Goal,
    ImportRoot,
    Maintenance,
    OcspProbe,
    Phase,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View
from wizard.texts.en.questions import QUESTIONS

PHASE_STEPS = (StepId.PRIMARY_VERDICT, StepId.GATEWAY_STORES)
"""Where it is known whether the root changes: the steps that ask which phase of that is next."""


def numbered(phase: Phase) -> str:
    """`1 of 4: Trust the new root`."""
    label = QUESTIONS["phase"].choices[phase].label
    return f"{phase.number} of {len(PHASES)}: {label}" if phase.number else label


def question(known: Phase | None, last: Phase, *, waits: bool) -> Question:
    """Which phase is next: the one that is *known*, the one behind it, or all at once.

    Args:
        known: as far as can be known; None when machine and checklist do not show it.
        last: that this machine can make before it has its new certificate, or `retire-root` when it has that.
        waits: whether something is known to keep the phase behind it from being next.
    """
    first = known or (Phase.PRIMARY if last is Phase.RETIRE_ROOT else Phase.TRUST_ROOT)
    offered = [each for each in PHASES if first.number <= each.number <= min(first.number + 1, last.number)]
    offered += [Phase.AT_ONCE] * (last is not Phase.RETIRE_ROOT)
    text = "phase.unknown" if known is None else "phase.open-steps" if waits else "phase"
    asked = Question.of("phase", Ask.CHOICE, text, values=offered)
    numbers = [f"{each.number} " if each.number else "" for each in offered]
    choices = [
        replace(choice, label=number + choice.label) for number, choice in zip(numbers, asked.choices, strict=True)
    ]
    return replace(asked, choices=tuple(choices))


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
    Step(StepId.GATEWAY_UNATTENDED, questions=(Question.of("gateway.0.unattended-file", Ask.PATHS),), applies=_here),
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
    """Without phases, a new root must be on the other machines before this one shows a certificate under it."""
    return _has_packs(answers) and _replaces_here(answers) and answers.phase.number == 0


def _hands_off_last(answers: Answers) -> bool:
    # When the primary alone gets its certificate, only its other nodes need a bundle.
    several = answers.phase is not Phase.PRIMARY or len(answers.primary.nodes) > 1
    return _has_packs(answers) and several and not _hands_off_first(answers)


def _has_portal_settings(answers: Answers) -> bool:
    """In a change of the root only the phase of the gateways and clients is about them."""
    return _prepares_others(answers) and answers.phase.number in {0, Phase.OTHERS.number}


def _uses_certificates(answers: Answers) -> bool:
    return _has_others(answers) and not answers.phase.trusts_alone


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

OTHERS_VERDICT = Step(StepId.OTHERS_VERDICT, View.VERDICT, role="others", applies=_uses_certificates)

PORTAL = Step(
    StepId.PORTAL,
    questions=(
        Question.of(OCSP_CHECK, Ask.CHOICE, values=("unchanged", "off", "on")),
        Question.of(OCSP_URL, Ask.TEXT, optional=True),
        Question.of("account.ocsp-probe", Ask.CHOICE, values=(OcspProbe.NO, OcspProbe.YES)),
    ),
    applies=_has_portal_settings,
)

_PACKS = (Question.of("packs", Ask.TEXT),)

PACKS_FIRST = Step(StepId.HANDOFF_FIRST, questions=_PACKS, applies=_hands_off_first)
PACKS_LAST = Step(StepId.HANDOFF, questions=_PACKS, applies=_hands_off_last)


__all__ = [
    "DEFAULT_WAIT_S", "Ask", "Choice", "Question", "Step", "StepId", "View", "after", "before", "every_step", "steps",
]  # fmt: skip

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
                "primary.kind", Ask.CHOICE, values=(PrimaryKind.ON_PREMISE, PrimaryKind.CLOUD, PrimaryKind.ELSEWHERE)
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
        StepId.PRIMARY_STORE, questions=_store_questions(SourceKind.GENERATE, SourceKind.PROMPT), applies=_sets_up_here
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
                "primary.keystore-password", Ask.NEW_SECRET, "primary.keystore-password.new", flag=_STORE_PASSWORD_FLAG
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
