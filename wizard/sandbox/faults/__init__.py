"""Faults to practise on: each breaks one thing in a deployment that was set up right, and says what it broke."""

from collections.abc import Sequence

from wizard import codes
from wizard.errors import WizardError
from wizard.sandbox.deployment import Deployment
from wizard.sandbox.faults import keystores, services, settings, trust
from wizard.sandbox.faults.fault import Fault
from wizard.sandbox.pki import Pki

__all__ = ["Fault", "all_faults", "apply", "chosen"]


def all_faults() -> tuple[Fault, ...]:
    """Every fault, in the order in which `--list-faults` shows them."""
    return (*settings.FAULTS, *keystores.FAULTS, *trust.FAULTS, *services.FAULTS)


def chosen(names: Sequence[str]) -> list[Fault]:
    """The faults called *names*.

    Raises:
        WizardError: sandbox.unknown-fault.
    """
    known = {fault.name: fault for fault in all_faults()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WizardError(codes.SANDBOX_UNKNOWN_FAULT, subject=unknown[0], name=unknown[0])
    return [known[name] for name in names]


def apply(faults: Sequence[Fault], deployment: Deployment, pki: Pki) -> None:
    """Build *faults* into *deployment*, in this order."""
    for fault in faults:
        fault.act(deployment, pki)
