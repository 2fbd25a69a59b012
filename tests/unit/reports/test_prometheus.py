"""The figures for Prometheus, read by its own parser."""

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from wizard.reports.calendar import Ending
from wizard.reports.prometheus import prometheus_text

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_parser_reads_what_is_written() -> None:
    name = 'CN="odd", \\ name\nof two lines'
    ends = NOW + timedelta(days=30)
    endings = [Ending(name, "ab" * 32, ("this machine", "gw"), NOW, ends, 30)]
    families = {each.name: each for each in text_string_to_metric_families(prometheus_text(1, endings, NOW))}
    assert [sample.value for sample in families["cloudstream_tls_state"].samples] == [1]
    assert families["cloudstream_tls_checked_timestamp_seconds"].samples[0].value == NOW.timestamp()
    (end,) = families["cloudstream_tls_not_after_timestamp_seconds"].samples
    assert end.value == ends.timestamp()
    assert end.labels == {"sha256": "ab" * 32, "name": name, "machines": "this machine, gw"}
    assert all(each.type == "gauge" and each.documentation for each in families.values())
