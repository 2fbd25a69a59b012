"""How long the old and the new certificate are both valid, and the order of steps with the earliest safe dates."""

import textwrap
from datetime import datetime

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
    if change.begins > now and change.gap:
        return Line(f"Warning: a gap: the old one ends on {ends}, the new one begins on {begins}.", Tone.WARN)
    if change.begins > now:
        return Line(f"Warning: the new one is not valid before {begins}; both are until {ends}.", Tone.WARN)
    if change.ends < now:
        return Line(f"Warning: the old one is over since {ends}; nothing is left to overlap.", Tone.WARN)
    days = (change.ends - now).days
    return Line(f"Both are valid from {begins} until {ends}; {days} days to swap them.")


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
