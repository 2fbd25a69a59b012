"""How far a change of the root is that was begun on this machine, a primary or a gateway, by the list that is kept."""

from collections.abc import Callable

from wizard.certificates.model import Chain
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import Machine
from wizard.planning import phases
from wizard.planning.phases import Progress
from wizard.questions.answers import Phase
from wizard.reports.checklist import Checklist
from wizard.secret import Secret
from wizard.self_start import load

_PROGRESS, _UNDER_WAY = "wizard.planning.gateway.progress:progress", "wizard.planning.gateway.progress:under_way"
LOADED_LATER = (_PROGRESS, _UNDER_WAY)
"""On a gateway alone."""


def progress(
    machine: Machine, kept: Checklist | None, coming: Callable[[], Chain | None], cacerts: Secret | None = None
) -> Progress | None:
    """How far the change is that *kept* is about; None when none is under way.

    Args:
        machine: whose stores are read.
        kept: the list of this machine.
        coming: gives the new chain of a gateway with its key, None when it cannot be read; for the primary to accept.
        cacerts: the password of the primary's trust store; None is the usual one.
    """
    change = kept.root_change if kept is not None else None
    if kept is None or change is None:
        return None
    if change.unattended:
        found: Progress | None = load(_PROGRESS)(machine, kept, change, coming)
        return found
    return phases.progress(machine, kept, change, cacerts or DEFAULT_STORE_PASSWORD)


def under_way(machine: Machine, kept: Checklist) -> bool:
    """Whether the change of the root that *kept* is about was begun on this machine and is not complete."""
    change = kept.root_change
    if change is None or change.unattended:
        return change is not None and bool(load(_UNDER_WAY)(machine, change))
    found = phases.progress(machine, kept, change)
    return found is not None and (found.done_here or found.phase is not Phase.TRUST_ROOT)
