"""A chain as a tree, the root on top; every meaning is a word, none is a colour."""

import textwrap
from collections.abc import Callable
from datetime import datetime

from wizard.certificates import fields, names, rollover
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import issuer, subject
from wizard.certificates.rollover import Kind, Rollover, Stage, stages
from wizard.printable import printable
from wizard.reports.lines import Line, Tone

_WIDTH = 74
_HEADINGS = {
    Kind.LEAF: "The CAs stay the same. Order:",
    Kind.INTERMEDIATE: "The root stays, CA certificates below it are new. Keep this order:",
    Kind.ROOT: "Keep this order, or every endpoint goes offline at the swap:",
}


def overlap_line(change: Rollover, now: datetime) -> Line:
    """From when until when both are valid, or what is wrong with that."""
    begins, ends = f"{change.begins:%Y-%m-%d}", f"{change.ends:%Y-%m-%d}"
    until = f"{change.both_end:%Y-%m-%d}"
    if change.begins > now and change.gap:
        return Line(f"Warning: a gap: the old one ends on {ends}, the new one begins on {begins}.", Tone.WARN)
    if change.begins > now:
        return Line(f"Warning: the new one is not valid before {begins}; both are until {until}.", Tone.WARN)
    if change.ends < now:
        return Line(f"Warning: the old one is over since {ends}; nothing is left to overlap.", Tone.WARN)
    if change.new_ends < now:
        return Line(f"Warning: the new one is over since {change.new_ends:%Y-%m-%d}.", Tone.WARN)
    days = (change.both_end - now).days
    return Line(f"Both are valid from {begins} until {until}; {days} days to swap them.")


def order_lines(change: Rollover, now: datetime, *, public: bool = False) -> list[Line]:
    """The overlap, what kind of change it is, and each step with its dates; nothing when nothing changes."""
    order = stages(change, now, public=public)
    if not order:
        return []
    result = [overlap_line(change, now)]
    if change.kind is Kind.ROOT:
        old, new = printable(change.old_name, limit=40), printable(change.new_name, limit=40)
        result += [Line(""), Line(f"Warning: the root changes from {old} to {new}.", Tone.WARN)]
    result.append(Line(_HEADINGS[change.kind]))
    for number, stage in enumerate(order, start=1):
        first, *more = textwrap.wrap(printable(stage.what, limit=1000), _WIDTH - 5)
        result += [Line(f"  {number}. {first}"), *(Line(f"     {line}") for line in more)]
        if _dates(stage):
            result.append(Line(f"     {_dates(stage)}", Tone.FAINT))
    return result


def order_notes(change: Rollover, now: datetime, *, public: bool = False) -> tuple[str, ...]:
    """The same for a checklist: one text for the overlap and each step."""
    order = stages(change, now, public=public)
    texts = [
        f"Order, step {number} of {len(order)}: {printable(stage.what, limit=1000)} {_dates(stage)}".rstrip()
        for number, stage in enumerate(order, start=1)
    ]
    return (overlap_line(change, now).text, *texts) if order else ()


def _dates(stage: Stage) -> str:
    if stage.earliest is None and stage.latest is None:
        return ""
    begins = "now" if stage.earliest is None else f"{stage.earliest:%Y-%m-%d}"
    return f"Earliest: {begins}." + (f" At the latest: {stage.latest:%Y-%m-%d}." if stage.latest else "")


ASCII_BRANCH = "`- "
UNICODE_BRANCH = "\u2514\u2500 "
MOST_NAMES = 4
MOST_REJECTED = 8
_CUT = {"ring": "(no root: these CAs certify each other)", "long": "(the chain goes on; what follows is not shown)"}


def tree_lines(chain: Chain, now: datetime, *, branch: str = ASCII_BRANCH) -> list[Line]:
    """The chain from the root down to the leaf, then its key, what is missing, and who was not taken as issuer."""
    lines: list[Line] = []
    if chain.missing_issuer is not None:
        key_id = f", key id {chain.missing_key_id}" if chain.missing_key_id else ""
        missing = f"(missing: {chain.missing_issuer}{key_id})"
        lines.append(Line(_CUT.get(chain.cut, missing), Tone.BAD))
    for certificate in reversed(chain.certificates):
        lead = ("   " * (len(lines) - 1) + branch) if lines else ""
        lines.append(Line(f"{lead}{names.short(certificate)}  [{_about(certificate, chain, now)}]"))
    rejected = [f"   not the issuer: {names.short(each.candidate)}: {each.reason}" for each in chain.rejected]
    lines += [Line(text) for text in rejected[:MOST_REJECTED]]
    if len(rejected) > MOST_REJECTED:
        lines.append(Line(f"   and {len(rejected) - MOST_REJECTED} more that are not the issuer"))
    if chain.extra:
        lines.append(Line(f"   not needed: {', '.join(names.short(each) for each in chain.extra[:MOST_NAMES])}"))
    return lines


def title(chain: Chain) -> str:
    """One line that says what the chain is: for whom, complete or not, with a key or not."""
    if chain.leaf is None:
        return "CA certificates without a certificate of a host"
    key = {True: "with private key", False: "the private key belongs to another", None: "without private key"}
    whole = "complete" if chain.complete else "incomplete" if chain.missing_issuer is not None else "self-signed"
    return f"{names.short(chain.leaf)}: {whole}, {key[chain.key_matches]}"


def _about(certificate: Certificate, chain: Chain, now: datetime) -> str:
    place = "certificate" if certificate is chain.leaf else "root" if certificate is chain.root else "intermediate"
    parts = [place, fields.key_label(certificate), dates(certificate, now)]
    if certificate is chain.leaf:
        hosts = [printable(name, limit=60) for name in fields.names(certificate)]
        more = f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else ""
        parts += [f"for {', '.join(hosts[:MOST_NAMES])}{more}" if hosts else "for no host name"]
        parts += [", ".join(fields.usage_names(certificate) or ["any usage"])]
    return "; ".join(parts)


def dates(certificate: Certificate, now: datetime) -> str:
    """Until when it is valid and how many days that is, or that it has expired or is not valid yet."""
    try:
        start, end = fields.not_before(certificate), fields.not_after(certificate)
    except fields.NOT_PARSED:
        return "dates unreadable"
    if now > end:
        return f"EXPIRED {end:%Y-%m-%d}"
    if now < start:
        return f"NOT VALID before {start:%Y-%m-%d}"
    return f"until {end:%Y-%m-%d}, {(end - now).days} days"


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
