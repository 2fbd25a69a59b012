"""Dates: expired, not yet valid, soon over, issuers that end first, and a clock that cannot be right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.findings import Finding, FindingSpec, Severity

SOON = timedelta(days=30)
CLOCK_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""This version did not exist before; a clock that shows less is wrong."""
RFC = "RFC 5280, 4.1.2.5; JDK: CertPathValidatorException, validity check failed"

LEAF_EXPIRED = FindingSpec(
    "validity.leaf-expired",
    Severity.BLOCKER,
    "The certificate has expired",
    "{name} expired on {date}, {span} ago.",
    "Every peer refuses an expired certificate, so nothing could connect.",
    "Ask for a new certificate; a request can be made with the csr command.",
    RFC,
)
LEAF_EARLY = FindingSpec(
    "validity.leaf-not-yet-valid",
    Severity.BLOCKER,
    "The certificate is not valid yet",
    "{name} becomes valid on {date}, {span} from now by the clock of this machine.",
    "Every peer refuses a certificate before its first day.",
    "Compare the clock with the right time; if it is right, wait until {date}.",
    RFC,
)
CA_EXPIRED = FindingSpec(
    "validity.intermediate-expired",
    Severity.ERROR,
    "An intermediate certificate has expired",
    "The intermediate {name} expired on {date}, {span} ago.",
    "Peers check the dates of every intermediate and refuse the whole chain.",
    "Ask the PKI team for the renewed intermediate, and for a certificate under it.",
    RFC,
)
CA_EARLY = FindingSpec(
    "validity.intermediate-not-yet-valid",
    Severity.ERROR,
    "An intermediate certificate is not valid yet",
    "The intermediate {name} becomes valid on {date}, {span} from now.",
    "Peers check the dates of every intermediate and refuse the whole chain.",
    "Compare the clock with the right time; if it is right, wait until {date}.",
    RFC,
)
ROOT_EXPIRED = FindingSpec(
    "validity.root-outside-dates",
    Severity.WARNING,
    "The root certificate is outside its dates",
    "The root {name} is valid from {start} to {date}, and today is outside.",
    "Java does not look at the dates of a root that it trusts; OpenSSL and Windows do and refuse the chain.",
    "Ask the PKI team for the renewed root certificate.",
    "RFC 5280, 6.1: the trust anchor is not validated; OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED",
)
SOON_OVER = FindingSpec(
    "validity.expires-soon",
    Severity.WARNING,
    "A certificate expires soon",
    "{name} expires on {date}, in {span}.",
    "After that day every peer refuses it, and renewing takes a restart of the server.",
    "Plan the renewal now.",
    "practice",
)
DAYS_LEFT = FindingSpec(
    "validity.days-left",
    Severity.NOTE,
    "How long the certificate is valid",
    "{name} is valid until {date}, {span} from now.",
    "Before that day the server needs a new certificate and a restart.",
    "Put the day into your calendar, or let status watch it.",
    "RFC 5280, 4.1.2.5",
)
ISSUER_FIRST = FindingSpec(
    "validity.issuer-expires-first",
    Severity.WARNING,
    "An issuer ends before the certificate does",
    "{name} ends on {date}, but the certificate below it is valid until {leaf_date}.",
    "From {date} on peers refuse the chain, although the certificate itself is still valid.",
    "Plan the renewal for {date}.",
    "RFC 5280, 6.1.3",
)
CLOCK = FindingSpec(
    "validity.clock-behind",
    Severity.WARNING,
    "The clock of this machine is behind",
    "The clock of this machine shows {now}, which is before this wizard was made.",
    "All dates are judged by this clock, here and by the server.",
    "Set the clock (timedatectl, chronyc) and check again.",
    "practice",
)
SPECS = (
    LEAF_EXPIRED, LEAF_EARLY, CA_EXPIRED, CA_EARLY, ROOT_EXPIRED, SOON_OVER, DAYS_LEFT, ISSUER_FIRST, CLOCK,
)  # fmt: skip


def check(context: Context) -> Iterator[Finding]:  # noqa: C901 - one case for each role and side of a period
    """Judge the dates of each certificate at `context.now`."""
    chain, now = context.chain, context.now
    if now < CLOCK_FLOOR:
        yield on_chain(chain, CLOCK, now=f"{now:%Y-%m-%d %H:%M} UTC")
    for certificate in chain.certificates:
        start, end = fields.not_before(certificate), fields.not_after(certificate)
        left = _facts(end, end - now)
        if certificate is chain.root:
            if not start <= now <= end:
                yield on(certificate, ROOT_EXPIRED, start=f"{start:%Y-%m-%d}", date=f"{end:%Y-%m-%d}")
            elif end - now <= SOON:
                yield on(certificate, SOON_OVER, **left)
        elif now > end:
            yield on(certificate, LEAF_EXPIRED if certificate is chain.leaf else CA_EXPIRED, **_facts(end, now - end))
        elif now < start:
            spec = LEAF_EARLY if certificate is chain.leaf else CA_EARLY
            yield on(certificate, spec, **_facts(start, start - now))
        elif end - now <= SOON:
            yield on(certificate, SOON_OVER, **left)
        elif certificate is chain.leaf:
            yield on(certificate, DAYS_LEFT, **left)
    if chain.leaf is not None:
        last = fields.not_after(chain.leaf)
        for issuer in chain.authorities:
            if now < fields.not_after(issuer) < last:
                date = f"{fields.not_after(issuer):%Y-%m-%d}"
                yield on(issuer, ISSUER_FIRST, date=date, leaf_date=f"{last:%Y-%m-%d}", leaf=names.short(chain.leaf))


def _facts(moment: datetime, span: timedelta) -> dict[str, str | int]:
    """Facts for a message: the date, the whole days to or since it, and the span in words (hours below one day)."""
    days, hours = span.days, span.seconds // 3600
    words = f"{days} day{'' if days == 1 else 's'}" if days else f"{hours} hour{'' if hours == 1 else 's'}"
    return {"date": f"{moment:%Y-%m-%d}", "days": days, "span": words}
