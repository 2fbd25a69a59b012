"""Dates: expired, not yet valid, expiring soon, issuers that end first, and a clock that cannot be right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.findings import Finding

SOON = timedelta(days=30)
CLOCK_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""This version did not exist before; a clock that shows less is wrong."""


def check(context: Context) -> Iterator[Finding]:  # noqa: C901 - one case for each role and side of a period
    """Check the dates of each certificate at `context.now`."""
    chain, now = context.chain, context.now
    if now < CLOCK_FLOOR:
        yield on_chain(chain, codes.VALIDITY_CLOCK_BEHIND, now=f"{now:%Y-%m-%d %H:%M} UTC")
    for certificate in chain.certificates:
        start, end = fields.not_before(certificate), fields.not_after(certificate)
        left = _facts(end, end - now)
        if certificate is chain.root:
            if not start <= now <= end:
                yield on(
                    certificate, codes.VALIDITY_ROOT_OUTSIDE_DATES, start=f"{start:%Y-%m-%d}", date=f"{end:%Y-%m-%d}"
                )
            elif end - now <= SOON:
                yield on(certificate, codes.VALIDITY_EXPIRES_SOON, **left)
        elif now > end:
            yield on(
                certificate,
                codes.VALIDITY_LEAF_EXPIRED if certificate is chain.leaf else codes.VALIDITY_INTERMEDIATE_EXPIRED,
                **_facts(end, now - end),
            )
        elif now < start:
            spec = (
                codes.VALIDITY_LEAF_NOT_YET_VALID
                if certificate is chain.leaf
                else codes.VALIDITY_INTERMEDIATE_NOT_YET_VALID
            )
            yield on(certificate, spec, **_facts(start, start - now))
        elif end - now <= SOON:
            yield on(certificate, codes.VALIDITY_EXPIRES_SOON, **left)
        elif certificate is chain.leaf:
            yield on(certificate, codes.VALIDITY_DAYS_LEFT, **left)
    if chain.leaf is not None:
        last = fields.not_after(chain.leaf)
        for issuer in chain.authorities:
            if now < fields.not_after(issuer) < last:
                date = f"{fields.not_after(issuer):%Y-%m-%d}"
                yield on(
                    issuer,
                    codes.VALIDITY_ISSUER_EXPIRES_FIRST,
                    date=date,
                    leaf_date=f"{last:%Y-%m-%d}",
                    leaf=names.short(chain.leaf),
                )


def _facts(moment: datetime, span: timedelta) -> dict[str, str | int]:
    """Facts for a message: the date, the whole days to or since it, and the span in words (hours below one day)."""
    days, hours = span.days, span.seconds // 3600
    words = f"{days} day{'' if days == 1 else 's'}" if days else f"{hours} hour{'' if hours == 1 else 's'}"
    return {"date": f"{moment:%Y-%m-%d}", "days": days, "span": words}
