"""The text format of Prometheus (its document "Exposition formats", version 0.0.4)."""

from collections.abc import Sequence
from datetime import datetime

from wizard.reports.calendar import Ending

_METRICS = (
    ("cloudstream_tls_state", "0 ok, 1 warning, 2 critical, 3 unknown, as the exit code of status"),
    ("cloudstream_tls_checked_timestamp_seconds", "when this was checked"),
    ("cloudstream_tls_not_after_timestamp_seconds", "end of a certificate, by its SHA-256 fingerprint"),
)


def prometheus_text(state: int, endings: Sequence[Ending], now: datetime) -> str:
    """The figures of `status`, for the textfile collector of Prometheus.

    Args:
        state: the exit code of `status`.
        endings: the calendar.
        now: aware; when this was checked.
    """
    labels = [_labels(sha256=each.sha256, name=each.name, machines=", ".join(each.machines)) for each in endings]
    samples = (
        [f" {state}"],
        [f" {now.timestamp():.0f}"],
        [f"{label} {each.ends.timestamp():.0f}" for label, each in zip(labels, endings, strict=True)],
    )
    lines = []
    for (name, purpose), values in zip(_METRICS, samples, strict=True):
        lines += [f"# HELP {name} {purpose}", f"# TYPE {name} gauge", *(f"{name}{value}" for value in values)]
    return "\n".join(lines) + "\n"


def _labels(**values: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in values.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
