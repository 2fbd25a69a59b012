"""The installed certificate and the new one side by side, how long both are valid, and the order of work."""

from collections.abc import Callable
from datetime import datetime

from wizard.certificates import fields, rollover
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import issuer, subject
from wizard.reports.chain_tree import dates
from wizard.reports.lines import Line, Tone
from wizard.reports.rollover_text import order_lines


def compare_lines(old: Chain, new: Chain, now: datetime, *, public: bool = False) -> list[Line]:
    """What differs between the installed and the new chain; nothing when either has no leaf.

    *public*: the new root is one that every Java brings.
    """
    if old.leaf is None or new.leaf is None:
        return []
    if old.leaf == new.leaf:
        return [Line("This certificate is the one that is installed.", Tone.GOOD)]
    result = [Line("Installed, and new:", Tone.HEADING)]
    for name, show in _ROWS:
        before, after = show(old.leaf, now), show(new.leaf, now)
        if before == after:
            result.append(Line(f"  {name}: {after}", Tone.FAINT))
        else:
            result += [Line(f"  {name}: {before}", Tone.REMOVED), Line(f"  {' ' * len(name)}  {after}", Tone.ADDED)]
    same_key = old.leaf.public_key_der == new.leaf.public_key_der
    result.append(Line("  The key is the same one." if same_key else "  The key is a new one.", Tone.FAINT))
    change = rollover.compare(old, new)
    return [*result, *(order_lines(change, now, public=public) if change is not None else ())]


def _names(certificate: Certificate, _now: datetime) -> str:
    return ", ".join(fields.dns_names(certificate)) or "none"


_ROWS: tuple[tuple[str, Callable[[Certificate, datetime], str]], ...] = (
    ("Subject", lambda certificate, _now: subject(certificate)),
    ("Issuer", lambda certificate, _now: issuer(certificate)),
    ("Names", _names),
    ("Validity", dates),
    ("Key", lambda certificate, _now: fields.key_label(certificate)),
)
