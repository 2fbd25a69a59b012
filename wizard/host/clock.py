"""The time of day, asked for in one place."""

from datetime import UTC, datetime


def now_utc() -> datetime:
    """Now, in UTC, with its zone."""
    return datetime.now(UTC)
