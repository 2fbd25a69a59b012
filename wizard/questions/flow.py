"""The questions in their order: those about gateways, other machines and the phases of a new root are here, too."""

from collections.abc import Callable
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
    PasswordSource,
    Phase,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View
from wizard.texts.en.questions import QUESTIONS

__all__ = [
    "DEFAULT_WAIT_S", "Ask", "Choice", "Question", "Step", "StepId", "View", "after", "before", "every_step", "steps",
]  # fmt: skip

DEFAULT_WAIT_S = 300.0
"""How long the server may take to answer after the restart, in seconds: the vendor documents no bound."""
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


# -- which steps the answers lead to ----------------------------------------------------------------------------------


def _on_premise(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ON_PREMISE


def _here(answers: Answers) -> bool:
    """Whether this machine is a gateway that gets a certificate."""
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ELSEWHERE


def _is_typed(source: PasswordSource) -> bool:
    return source.kind not in {SourceKind.GENERATE, SourceKind.KEEP}


def _sets_password(answers: Answers) -> bool:
    return answers.goal is Goal.MAINTAIN and answers.maintenance is Maintenance.PASSWORD


def _new_store(answers: Answers) -> bool:
    """Whether this primary gets a new key store: not in every phase of a change of the root."""
    return _on_premise(answers) and answers.phase in {Phase.AUTO, Phase.PRIMARY, Phase.AT_ONCE}


def _types_store_password(answers: Answers) -> bool:
    return (_new_store(answers) or _sets_password(answers)) and _is_typed(answers.primary.keystore_password)


def _types_gateway_password(answers: Answers) -> bool:
    source = answers.get("gateway.0.keystore-password")
    return _here(answers) and not answers.phase.trusts_alone and _is_typed(source)


def _prepares_others(answers: Answers) -> bool:
    return answers.goal.installs and not _here(answers)


def _has_others(answers: Answers) -> bool:
    return _prepares_others(answers) and bool(answers.gateway or answers.client)


def _has_portal_settings(answers: Answers) -> bool:
    """In a change of the root only the phase of the gateways and clients is about them."""
    return _prepares_others(answers) and answers.phase.number in {0, Phase.OTHERS.number}


def _has_packs(answers: Answers) -> bool:
    """Without other machines too: the portal needs the files of the CA certificates."""
    return _on_premise(answers) or _has_others(answers)


def _hands_off_first(answers: Answers) -> bool:
    """Without phases, a new root must be on the other machines before this one shows a certificate under it."""
    return _on_premise(answers) and answers.goal is Goal.RE_KEY and answers.phase.number == 0


def _hands_off_last(answers: Answers) -> bool:
    # When the primary alone gets its certificate, only its other nodes need a bundle.
    several = answers.phase is not Phase.PRIMARY or len(answers.primary.nodes) > 1
    return _has_packs(answers) and several and not _hands_off_first(answers)


def _changes(answers: Answers) -> bool:
    if answers.goal.installs:
        return answers.primary.kind is not PrimaryKind.CLOUD
    return answers.goal is not Goal.LEFT


def _for(*goals: Goal) -> Callable[[Answers], bool]:
    return lambda answers: answers.goal in goals


# -- the steps --------------------------------------------------------------------------------------------------------


def _step(
    name: StepId, applies: Callable[[Answers], bool], *questions: Question, view: View = View.NONE, role: str = ""
) -> Step:
    return Step(name, view, questions, role, applies)


_STORE_PASSWORD = "primary.keystore-password"  # noqa: S105 - the key of an answer
_NEW_PASSWORD = Question.of(_STORE_PASSWORD, Ask.CHOICE, values=(SourceKind.GENERATE, SourceKind.PROMPT))
_KINDS = (SourceKind.GENERATE, SourceKind.KEEP, SourceKind.PROMPT)
_ROOT_KINDS = (ImportRoot.AUTO, ImportRoot.NO)
_IMPORT_ROOT = Question.of("primary.import-root", Ask.CHOICE, values=_ROOT_KINDS)
_PACKS = Question.of("packs", Ask.TEXT)

_STEPS: tuple[Step, ...] = (
    _step(StepId.GOAL, _for(*Goal), Question.of("goal", Ask.CHOICE, values=tuple(Goal)), view=View.FACTS),
    _step(
        StepId.PLACE,
        lambda answers: answers.goal.installs,
        Question.of("primary.kind", Ask.CHOICE, values=tuple(PrimaryKind)),
    ),
    _step(
        StepId.CLOUD,
        lambda answers: answers.goal.installs and answers.primary.kind is PrimaryKind.CLOUD,
        Question.of("primary.cloud-support", Ask.CHOICE, values=tuple(CloudSupport)),
        Question.of("primary.host", Ask.TEXT, "primary.host.cloud"),
        Question.of("primary.cloud-authorities", Ask.PATHS, optional=True),
    ),
    _step(
        StepId.PRIMARY_FILES,
        _on_premise,
        Question.of(ENDPOINTS, Ask.TEXT),
        Question.of("primary.chain", Ask.PATHS),
        Question.of("primary.password", Ask.SECRET, optional=True),
    ),
    _step(
        StepId.PRIMARY_VERDICT,
        _on_premise,
        Question.of("primary.host", Ask.TEXT),
        view=View.VERDICT,
        role="primary",
    ),
    _step(
        StepId.PRIMARY_STORE,
        lambda answers: _on_premise(answers) and answers.goal is Goal.SET_UP,
        _NEW_PASSWORD,
        _IMPORT_ROOT,
    ),
    _step(
        StepId.PRIMARY_STORE_AGAIN,
        lambda answers: _new_store(answers) and answers.goal is Goal.RE_KEY,
        Question.of(_STORE_PASSWORD, Ask.CHOICE, values=_KINDS),
        _IMPORT_ROOT,
    ),
    _step(StepId.MAINTAIN, _for(Goal.MAINTAIN), Question.of("maintenance", Ask.CHOICE, values=tuple(Maintenance))),
    _step(StepId.MAINTAIN_PASSWORD, _sets_password, _NEW_PASSWORD),
    _step(
        StepId.MAINTAIN_ALIAS,
        lambda answers: answers.goal is Goal.MAINTAIN and answers.maintenance is Maintenance.ALIAS,
        Question.of("primary.alias", Ask.TEXT),
    ),
    _step(
        StepId.PRIMARY_STORE_PASSWORD,
        _types_store_password,
        Question.of(_STORE_PASSWORD, Ask.NEW_SECRET, "primary.keystore-password.new"),
    ),
    _step(
        StepId.GATEWAY_FILES,
        _here,
        Question.of("gateway.0.chain", Ask.PATHS),
        Question.of("gateway.0.password", Ask.SECRET, optional=True),
    ),
    _step(
        StepId.GATEWAY_VERDICT,
        _here,
        Question.of("gateway.0.host", Ask.TEXT),
        view=View.VERDICT,
        role="gateway.0",
    ),
    _step(
        StepId.GATEWAY_PRIMARY,
        _here,
        Question.of("primary.host", Ask.TEXT, "primary.host.gateway"),
        Question.of("primary.port", Ask.TEXT),
    ),
    _step(
        StepId.GATEWAY_TRUST,
        _here,
        Question.of("primary.import-root", Ask.CHOICE, "primary.import-root.gateway", values=_ROOT_KINDS),
        Question.of("primary.chain", Ask.PATHS, "primary.chain.gateway", optional=True),
    ),
    _step(StepId.GATEWAY_UNATTENDED, _here, Question.of("gateway.0.unattended-file", Ask.PATHS)),
    _step(
        StepId.GATEWAY_STORES,
        _here,
        Question.of("gateway.0.keystore-path", Ask.TEXT, optional=True),
        Question.of("gateway.0.truststore-path", Ask.TEXT, optional=True),
        Question.of("gateway.0.keystore-password", Ask.CHOICE, values=_KINDS),
    ),
    _step(
        StepId.GATEWAY_STORE_PASSWORD,
        _types_gateway_password,
        Question.of("gateway.0.keystore-password", Ask.NEW_SECRET, "gateway.0.keystore-password.new"),
    ),
    _step(
        StepId.OTHERS,
        _prepares_others,
        Question.of("others.gateways", Ask.TEXT, optional=True),
        Question.of("others.clients", Ask.TEXT, optional=True),
        Question.of("others.chain", Ask.PATHS, optional=True),
        Question.of("others.password", Ask.SECRET, optional=True),
    ),
    _step(
        StepId.OTHERS_VERDICT,
        lambda answers: _has_others(answers) and not answers.phase.trusts_alone,
        view=View.VERDICT,
        role="others",
    ),
    _step(
        StepId.PORTAL,
        _has_portal_settings,
        Question.of(OCSP_CHECK, Ask.CHOICE, values=("unchanged", "off", "on")),
        Question.of(OCSP_URL, Ask.TEXT, optional=True),
        Question.of("account.ocsp-probe", Ask.CHOICE, values=tuple(OcspProbe)),
    ),
    _step(
        StepId.EXAMINE,
        _for(Goal.RESCUE),
        Question.of(_STORE_PASSWORD, Ask.SECRET, "primary.keystore-password.repair", optional=True),
        view=View.DIAGNOSIS,
    ),
    _step(StepId.UNDO, _for(Goal.UNDO), Question.of("change", Ask.TEXT), view=View.HISTORY),
    _step(StepId.REVIEW, _changes, view=View.REVIEW),
    _step(StepId.HANDOFF_FIRST, _hands_off_first, _PACKS),
    _step(StepId.CONFIRM, _changes, view=View.CONFIRM),
    _step(StepId.APPLY, _changes, view=View.APPLY),
    _step(StepId.EXAMINE_AGAIN, _for(Goal.RESCUE), view=View.DIAGNOSIS),
    _step(StepId.HANDOFF, _hands_off_last, _PACKS),
    _step(StepId.ELSEWHERE, _for(Goal.SET_UP, Goal.RE_KEY, Goal.LEFT), view=View.ELSEWHERE),
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
