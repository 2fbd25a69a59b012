"""How far a change of the root is on this gateway, as its stores and the primary show."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from wizard.certificates.model import Certificate, Chain
from wizard.errors import WizardError
from wizard.host.machine import Machine, now_utc
from wizard.planning.gateway.facts import Unattended, installed_chain, look_at_unattended, trusted
from wizard.planning.gateway.phases import after_others, before_others
from wizard.planning.phases import Here, Progress
from wizard.questions.answers import Phase
from wizard.reports.checklist import Checklist, RootChange


def progress(
    machine: Machine, kept: Checklist, change: RootChange, coming: Callable[[], Chain | None]
) -> Progress | None:
    """How far *change* is, which *kept* is about; None when it is complete.

    Args:
        machine: this gateway.
        kept: its list; what is to be done on it before the next phase is in the section `here`.
        change: with the unattended file and the primary.
        coming: gives the new chain with its key; None when it cannot be read.
    """
    try:
        own, anchors = _stores(machine, change)
    except WizardError as error:
        return Progress(change, change.phase, done_here=False, waits=(error.message,))
    here = _here(own, anchors, change)
    left = tuple(item.text for item in kept.left if item.id.startswith("here/"))
    if _complete(here) and not left:
        return None
    phase, waits = _next(change, here, own, anchors, coming)
    if left and _done(here, change.phase):
        phase = change.phase
    return Progress(change, phase, _done(here, phase), (*waits, *left))


def under_way(machine: Machine, change: RootChange) -> bool:
    """Whether *change* was begun on this gateway and is not complete; the primary is not asked."""
    try:
        here = _here(*_stores(machine, change), change)
    except WizardError:
        return False
    return (here.trusts_new or here.installed) and not _complete(here)


def _stores(machine: Machine, change: RootChange) -> tuple[Chain | None, Sequence[Certificate]]:
    """The installed chain and what is trusted.

    Raises:
        WizardError: as `look_at_unattended`.
    """
    unattended: Unattended = look_at_unattended(machine, Path("/"), change.unattended)
    return installed_chain(machine, unattended), trusted(machine, unattended)


def _here(own: Chain | None, anchors: Sequence[Certificate], change: RootChange) -> Here:
    held = {each.sha256 for each in anchors}
    # Without a trust store of its own the gateway trusts the public roots of its Java.
    return Here(
        trusts_new=not held or change.new in held, trusts_old=change.old in held, installed=_is_new(own, change)
    )


def _is_new(chain: Chain | None, change: RootChange) -> bool:
    return chain is not None and chain.leaf is not None and chain.leaf.sha256 == change.leaf


def _complete(here: Here) -> bool:
    return here.trusts_new and here.has(Phase.RETIRE_ROOT)


def _done(here: Here, phase: Phase) -> bool:
    """Whether this gateway is as *phase* leaves it."""
    return here.installed if phase is Phase.OTHERS else here.has(phase)


def _next(
    change: RootChange,
    here: Here,
    own: Chain | None,
    anchors: Sequence[Certificate],
    coming: Callable[[], Chain | None],
) -> tuple[Phase, tuple[str, ...]]:
    """The next phase, or the one that is waited for, and what for."""
    primary = (change.primary_host, int(change.primary_port))
    begins = datetime.fromisoformat(change.begins)
    if _complete(here):
        return Phase.RETIRE_ROOT, ()
    if not here.trusts_new:
        return Phase.TRUST_ROOT, ()
    if here.installed and own is not None:
        new = [each for each in (*anchors, *own.authorities) if each.sha256 == change.new]
        phase, waits = after_others(primary, own, new)
        return phase, (waits,) if waits else ()
    if begins > now_utc():
        return Phase.TRUST_ROOT, (f"the new chain is valid from {begins:%Y-%m-%d}",)
    chain = coming()
    known: Phase | None = None
    waits = ""
    if chain is not None and _is_new(chain, change):
        known, waits = before_others(primary, chain, change.new_name)
    if known is None:
        waits = f"it is not known whether the primary accepts a certificate under {change.new_name}"
    return known or Phase.TRUST_ROOT, (waits,) if waits else ()
