"""The calendar: every certificate once, with its machines, in the order of the end dates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wizard.reports.lines import Line, Tone

SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate on a machine: the short name and the fingerprint, and the first and last moment of its validity."""

    machine: str
    name: str
    sha256: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """A line of the calendar: *days* are whole days from now until the end, negative when it is over."""

    name: str
    sha256: str
    machines: tuple[str, ...]
    begins: datetime
    ends: datetime
    days: int

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "certificate": self.name,
            "sha256": self.sha256,
            "machines": list(self.machines),
            "ends": f"{self.ends:%Y-%m-%dT%H:%M:%SZ}",
            "days": self.days,
        }


def calendar(found: Iterable[Seen], now: datetime) -> tuple[Ending, ...]:
    """One line for each certificate among *found*, the first to end in front; *now* is aware."""
    machines: dict[str, dict[str, None]] = {}
    first: dict[str, Seen] = {}
    for seen in found:
        first.setdefault(seen.sha256, seen)
        machines.setdefault(seen.sha256, {})[seen.machine] = None
    lines = [
        Ending(one.name, digest, tuple(machines[digest]), one.begins, one.ends, (one.ends - now).days)
        for digest, one in first.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.ends, line.name)))


def calendar_lines(endings: Sequence[Ending]) -> list[Line]:
    """The calendar as lines: date, days, certificate, machines."""
    return [
        Line(
            f"{each.ends:%Y-%m-%d}  {f'{each.days} days' if each.days >= 0 else 'over':>9}  "
            f"{each.name} on {', '.join(each.machines)}",
            Tone.BAD if each.days < 0 else Tone.WARN if each.days < SOON_DAYS else Tone.PLAIN,
        )
        for each in endings
    ]
