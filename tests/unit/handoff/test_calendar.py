"""The calendar: each certificate once, with all machines that have it, the first to end in front."""

from datetime import UTC, datetime, timedelta

from wizard.reports.calendar import Seen, calendar, calendar_lines
from wizard.reports.lines import Tone

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def seen(machine: str, name: str, days: float) -> Seen:
    return Seen(machine, name, name * 4, NOW - timedelta(days=100), NOW + timedelta(days=days))


def test_each_certificate_once_in_the_order_of_the_ends() -> None:
    found = [
        seen("p", "leaf", 396.5),
        seen("p", "root", 3000),
        seen("g", "root", 3000),
        seen("p", "root", 3000),
        seen("g", "old", -0.5),
        seen("c", "soon", 29.9),
    ]
    made = calendar(found, NOW)
    assert [(each.name, each.days, each.machines) for each in made] == [
        ("old", -1, ("g",)),
        ("soon", 29, ("c",)),
        ("leaf", 396, ("p",)),
        ("root", 3000, ("p", "g")),
    ]
    assert [(line.text, line.tone) for line in calendar_lines(made)] == [
        ("2026-06-01       over  old on g", Tone.BAD),
        ("2026-07-01    29 days  soon on c", Tone.WARN),
        ("2027-07-03   396 days  leaf on p", Tone.PLAIN),
        ("2034-08-18  3000 days  root on p, g", Tone.PLAIN),
    ]
    assert made[0].as_json() == {
        "certificate": "old",
        "sha256": "oldoldoldold",
        "machines": ["g"],
        "ends": "2026-06-01T00:00:00Z",
        "days": -1,
    }


def test_nothing_found_is_an_empty_calendar() -> None:
    assert calendar([], NOW) == ()
