"""Times as text for programs."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """An aware moment in UTC to the second, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
