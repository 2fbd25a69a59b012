"""The question about the phase of a change of the root; it is asked where the chain is shown that tells of one."""

from dataclasses import replace

from wizard.questions.answers import PHASES, Phase
from wizard.questions.model import Ask, Question, StepId
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
