"""How long backups are kept."""

import contextlib

from wizard.change.history import entries
from wizard.change.outcome import APPLIED, KEPT, REFUSED, ROLLED_BACK
from wizard.change.record import read_record
from wizard.change.store import Store
from wizard.errors import WizardError

KEEP = 20
"""How many changes that stand can be taken back, one after the other."""

_SETTLED = {APPLIED, KEPT, REFUSED, ROLLED_BACK}


def prune(store: Store) -> None:
    """Remove changes that are older than the last `KEEP` that stand.

    A rollback is a change too, and leaves two that no longer count; so that a long row of both does not fill the disk,
    no more than three times as many applied changes, and as many others, are kept. The newest folder always stays: its
    number is the count. So does a change that no later one has replaced: it tells the state to expect.
    """
    record = read_record(store)
    expected = {left.change for left in (*record.files, *record.anchors)}
    stand = applied = others = 0
    for position, entry in enumerate(reversed(entries(store))):
        stand += entry.stands and not entry.rolls_back
        applied += entry.outcome == APPLIED
        others += entry.outcome != APPLIED
        too_many = applied > 3 * KEEP if entry.outcome == APPLIED else others > 3 * KEEP
        if position and entry.id not in expected and (stand > KEEP or too_many) and entry.outcome in _SETTLED:
            with contextlib.suppress(WizardError, OSError):
                store.drop(store.find(entry.id))
