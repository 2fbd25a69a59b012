"""What the doctor found, line by line: each cause with its evidence, what becomes of it, and what to do."""

import textwrap

from wizard.doctor.text import WIDTH
from wizard.findings import Finding, Severity
from wizard.reports.lines import Line, Tone
from wizard.session.repair_flow import Rescue, Row


def rescue_lines(found: Rescue, *, codes: bool) -> list[Line]:
    """The result of an examination.

    Args:
        found: the result.
        codes: whether the permanent codes are shown too.
    """
    result = [] if len(found.rows) == 1 else _folded(found.headline)
    if not found.rows:
        result = _folded(f"OK: {found.headline[:1].lower()}{found.headline[1:]}", tone=Tone.GOOD)
    for number, row in enumerate(found.rows, start=1):
        result += _cause(row, f"{number}. " if len(found.rows) > 1 else "", codes=codes)
    named = {row.finding.code for row in found.rows}
    others = [each for each in found.diagnosis.findings if each.code not in named and each.caused_by is None]
    if others:
        result.append(Line("Also found:", Tone.HEADING))
        result += [line for each in others for line in _folded(f"- {each.message}{_code(each, codes=codes)}", 2)]
    unseen = found.diagnosis.not_seen
    if unseen:
        names = ", ".join(each.rule.removeprefix("doctor.") for each in unseen)
        result += _folded(f"Not checked: {names}.")
    return result


def _code(finding: Finding, *, codes: bool) -> str:
    return f" [{finding.code}]" if codes else ""


def _cause(row: Row, number: str, *, codes: bool) -> list[Line]:
    finding = row.finding
    bad = finding.severity >= Severity.ERROR
    word = "Error" if bad else "Warning"
    title = f"{number}{word}: {finding.title}{_code(finding, codes=codes)}"
    result = [*_folded(title, tone=Tone.BAD if bad else Tone.WARN)]
    result += _folded(finding.message, 2)
    result += _folded(finding.why, 2)
    result += _folded(f"{'What to do' if row.by_hand else 'Repair'} ({row.state.value}):", 2)
    return result + [line for step in row.steps for line in _folded(step, 4)]


def _folded(text: str, indent: int = 0, tone: Tone = Tone.PLAIN) -> list[Line]:
    first, more = " " * indent, " " * (indent + 2 if indent else 0)
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )
    return [Line(line, tone) for line in lines]
