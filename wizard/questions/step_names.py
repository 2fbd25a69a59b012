"""The steps of the engine under the few names that an operator sees: their number does not change while one answers."""

from collections.abc import Sequence

from wizard.questions.flow import Step

_STEPS = {
    "This machine": "goal",
    "Primary server": "place cloud",
    "Connection": "gateway-primary gateway-trust",
    "Certificate": "primary-files primary-verdict gateway-files gateway-verdict",
    "Key store": "primary-store primary-store-again primary-store-password maintain maintain-password maintain-alias",
    "Settings, stores": "gateway-unattended gateway-stores gateway-store-password",
    "Gateways, clients": "others others-verdict portal",
    "What is wrong": "examine",
    "Undo a change": "undo",
    "Review": "review handoff-first confirm",
    "Apply": "apply",
    "Check again": "examine-again",
    "Left to do": "handoff elsewhere",
}
"""The steps of each name."""
_NAMES = {step: name for name, steps in _STEPS.items() for step in steps.split()}


def phase_of(step: Step) -> str:
    """The name of *step* in the list of steps."""
    return _NAMES[step.id]


def phases(steps: Sequence[Step]) -> list[str]:
    """The names, each once, in order."""
    return list(dict.fromkeys(phase_of(step) for step in steps))
