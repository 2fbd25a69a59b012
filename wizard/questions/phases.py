"""The question about the phase of a change of the root; it is asked where the chain is shown that tells of one."""

from wizard.questions.answers import PHASES, Phase
from wizard.questions.model import Ask, Choice, Question

WORDS: dict[Phase, tuple[str, str]] = {
    Phase.TRUST_ROOT: ("Trust the new root everywhere", "beside the old one"),
    Phase.OTHERS: ("New certificates elsewhere", "on gateways and clients"),
    Phase.PRIMARY: ("New certificate here", "on the primary; one restart"),
    Phase.RETIRE_ROOT: ("Remove the old root", "everywhere, when nobody uses it"),
    Phase.AT_ONCE: ("Everything at once", "gateways and clients go offline meanwhile"),
}


def numbered(phase: Phase) -> str:
    """`1 of 4: Trust the new root everywhere`."""
    return f"{phase.number} of {len(PHASES)}: {WORDS[phase][0]}" if phase.number else WORDS[phase][0]


def question(known: Phase | None, *, installed: bool) -> Question:
    """Which phase is next: the one that is *known*, the one behind it, or all at once.

    Args:
        known: as far as machine and checklist show; None when they do not.
        installed: whether the new certificate is installed on this primary.
    """
    first = known or (Phase.PRIMARY if installed else Phase.TRUST_ROOT)
    last = Phase.RETIRE_ROOT if installed else Phase.PRIMARY
    offered = [each for each in PHASES if first.number <= each.number <= min(first.number + 1, last.number)]
    offered += [] if installed else [Phase.AT_ONCE]
    why = "The root changes. Each phase is a change of its own, and can be undone."
    if known is None:
        why = "This machine trusts the new root. Do all gateways and clients trust it, too?"
    return Question(
        "phase",
        Ask.CHOICE,
        "Phase of the change of the root",
        why,
        choices=tuple(
            Choice(each, f"{each.number or ''} {WORDS[each][0]}".strip(), WORDS[each][1]) for each in offered
        ),
        short="Phase",
    )
