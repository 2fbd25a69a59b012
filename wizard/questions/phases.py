"""The question about the phase of a change of the root; it is asked where the chain is shown that tells of one."""

from wizard.questions.answers import PHASES, Phase
from wizard.questions.model import Ask, Choice, Question

WORDS: dict[Phase, tuple[str, str]] = {
    Phase.TRUST_ROOT: ("Trust the new root", "everywhere, beside the old one"),
    Phase.OTHERS: ("New certificates", "on gateways and clients"),
    Phase.PRIMARY: ("New primary certificate", "one restart of the primary"),
    Phase.RETIRE_ROOT: ("Remove the old root", "when nobody uses it any more"),
    Phase.AT_ONCE: ("All phases at once", "gateways and clients go offline"),
}


def numbered(phase: Phase) -> str:
    """`1 of 4: Trust the new root`."""
    return f"{phase.number} of {len(PHASES)}: {WORDS[phase][0]}" if phase.number else WORDS[phase][0]


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
    why = "The root changes. Each phase is a change of its own and can be undone."
    if known is None:
        why = "Not known from here: are all gateways and clients ready for the next phase?"
    elif waits:
        why = "Steps of this phase are still open elsewhere; who skips them goes offline."
    choices = [Choice(each, f"{each.number or ''} {WORDS[each][0]}".strip(), WORDS[each][1]) for each in offered]
    return Question(
        "phase",
        Ask.CHOICE,
        "Which phase of the root CA change comes next?",
        why,
        choices=tuple(choices),
        short="Phase",
    )
