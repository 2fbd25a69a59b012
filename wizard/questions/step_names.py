"""The steps of the engine under the few names that an operator sees: their number does not change while one answers."""

from collections.abc import Sequence

from wizard.questions.flow import Step

_NAMES = {
    "goal": "This machine",
    "place": "Primary server",
    "cloud": "Primary server",
    "gateway-primary": "Connection",
    "gateway-trust": "Connection",
    "primary-files": "Certificate",
    "primary-verdict": "Certificate",
    "gateway-files": "Certificate",
    "gateway-verdict": "Certificate",
    "primary-store": "Key store",
    "primary-store-again": "Key store",
    "primary-store-password": "Key store",
    "gateway-unattended": "Settings, stores",
    "gateway-stores": "Settings, stores",
    "gateway-store-password": "Settings, stores",
    "others": "Gateways, clients",
    "others-verdict": "Gateways, clients",
    "portal": "Gateways, clients",
    "maintain": "Key store",
    "maintain-password": "Key store",
    "maintain-alias": "Key store",
    "examine": "What is wrong",
    "undo": "Undo a change",
    "review": "Review",
    "handoff-first": "Review",
    "confirm": "Review",
    "apply": "Apply",
    "examine-again": "Check again",
    "handoff": "Left to do",
    "elsewhere": "Left to do",
}


def phase_of(step: Step) -> str:
    """The name of *step* in the list of steps."""
    return _NAMES.get(step.id, step.title)


def phases(steps: Sequence[Step]) -> list[str]:
    """The names, each once, in order."""
    return list(dict.fromkeys(phase_of(step) for step in steps))
