"""The time of day, and whether it can be right, in one place."""

from datetime import UTC, datetime


def now_utc() -> datetime:
    """Now, in UTC, with its zone."""
    return datetime.now(UTC)


AHEAD_S = 600.0
"""A file on a network file system may be a little younger than the clock shows; more means that the clock went back."""


def before_files(now: datetime, newest: float) -> bool:
    """Whether the clock shows *now* although a file was written later: *newest* is its time in seconds since 1970."""
    return newest > now.timestamp() + AHEAD_S
