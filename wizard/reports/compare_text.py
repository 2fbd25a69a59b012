"""The installed certificate and the new one side by side, and what a change of the root means for the order of work."""

from collections.abc import Callable
from datetime import datetime

from wizard.certificates import look
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import issuer, short, subject
from wizard.reports.chain_tree import dates
from wizard.reports.lines import Line, Tone


def compare_lines(old: Chain, new: Chain, now: datetime) -> list[Line]:
    """What differs between the installed and the new chain; nothing when either has no leaf."""
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
    return [*result, *_rollover(old, new)]


def _names(certificate: Certificate, _now: datetime) -> str:
    return ", ".join(look.dns_names(certificate)) or "none"


_ROWS: tuple[tuple[str, Callable[[Certificate, datetime], str]], ...] = (
    ("Subject", lambda certificate, _now: subject(certificate)),
    ("Issuer", lambda certificate, _now: issuer(certificate)),
    ("Names", _names),
    ("Validity", dates),
    ("Key", lambda certificate, _now: look.key_label(certificate)),
)


def _rollover(old: Chain, new: Chain) -> list[Line]:
    """A new root must be known everywhere before the first leaf of it is shown, and the old one outlives the last."""
    if old.root is None or new.root is None or old.root.public_key_der == new.root.public_key_der:
        return []
    return [
        Line(""),
        Line(f"Warning: the root changes from {short(old.root)} to {short(new.root)}.", Tone.WARN),
        Line("Keep this order, or every endpoint goes offline at the swap:"),
        Line(f"  1. {short(new.root)} and its intermediates into the portal; into the trust"),
        Line("     store of every gateway; into cacerts (this run does that)."),
        Line("  2. New certificates on gateways and clients, then on the primary."),
        Line(f"  3. {short(old.root)} out of all of these, not before the last old"),
        Line(f"     certificate is gone; {short(old.root)} is {_end(old.root)}."),
    ]


def _end(root: Certificate) -> str:
    return f"valid until {look.not_after(root):%Y-%m-%d}"
