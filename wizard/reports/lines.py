"""Lines of text with a tone, which each user interface styles in its own way. The text alone is always complete."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wizard.findings import Finding, Severity
from wizard.printable import wrapped

WIDTH = 78
"""Of wrapped lines: they fit 80 columns with a border."""


class Tone(StrEnum):
    """The kind of a line, for user interfaces with colours and styles."""

    PLAIN = "plain"
    HEADING = "heading"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ADDED = "added"
    REMOVED = "removed"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, printable, without line end; a user interface may wrap it.

    Attributes:
        text: the words.
        tone: for user interfaces with colours and styles.
        step: id of the step at which this was answered; choosing the line leads there.
        key: of the one question that was answered, "" for all of the step.
        item: of the checklist; choosing the line ticks it, or takes the tick away.
        whole: a command, or a line of a file: wrapping it would change it.
    """

    text: str
    tone: Tone = Tone.PLAIN
    step: str = ""
    key: str = ""
    item: str = ""
    whole: bool = False

    @property
    def can_be_chosen(self) -> bool:
        """Whether there is something to do with this line."""
        return bool(self.step or self.item)


SEVERITIES = {
    Severity.BLOCKER: ("Error", Tone.BAD),
    Severity.ERROR: ("Error", Tone.BAD),
    Severity.WARNING: ("Warning", Tone.WARN),
    Severity.NOTE: ("Note", Tone.FAINT),
}
"""The word and the tone of each severity."""


def finding_lines(findings: Iterable[Finding]) -> list[Line]:
    """Each finding as its message with severity and code, then what to do; the worst first."""
    result = []
    for finding in sorted(findings, key=lambda item: -item.severity):
        word, tone = SEVERITIES[finding.severity]
        result.append(Line(f"{word}: {finding.message} [{finding.code}]", tone))
        result.extend(Line(line) for line in wrapped(finding.fix, "  "))
    return result


def doubt_lines(warnings: Iterable[Finding]) -> list[Line]:
    """Each warning with what comes of it when nothing is done, for the question whether to go on."""
    result = []
    for finding in warnings:
        result.append(Line(f"Warning: {finding.message} [{finding.code}]", Tone.WARN))
        result.extend(Line(line) for line in wrapped(finding.why, "  "))
        fix = next(iter(finding.fix.splitlines()), "")
        result.extend(Line(line, Tone.FAINT) for line in wrapped(f"To fix it: {fix}", "  "))
        result.append(Line(""))
    return result
