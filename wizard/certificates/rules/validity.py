"""Dates: expired, not yet valid, soon over, issuers that end first, a wrong clock, and the dates of public CAs."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.findings import Finding
from wizard.package_data import read_text

SOON = timedelta(days=30)
CLOCK_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""This version did not exist before; a clock that shows less is wrong."""


def check_validity(context: Context) -> Iterator[Finding]:  # noqa: C901 - one case for each role and side of a period
    """Judge the dates of each certificate at `context.now`."""
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


@dataclass(frozen=True, slots=True)
class ClientAuthEnd:
    """When a public CA stops putting clientAuth into new certificates.

    Attributes:
        organization: part of the issuer's name; "" for every other CA.
        default_off: from then on only on request.
        gone: from then on not at all.
    """

    organization: str
    default_off: date
    gone: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the data file holds.

    Attributes:
        checked: when the dates were last compared with the CAs' announcements.
        lifetimes: from which day of issue a certificate may live how many days, oldest first.
        client_auth: one entry a CA, the general one last.
    """

    checked: date
    lifetimes: tuple[tuple[date, int], ...]
    client_auth: tuple[ClientAuthEnd, ...]

    def longest_life(self, issued: date) -> int | None:
        """The days that a public certificate issued on that day may live; None before there was a limit."""
        return next((days for start, days in reversed(self.lifetimes) if issued >= start), None)

    def client_auth_end(self, issuer: str) -> ClientAuthEnd:
        """The entry for the CA whose name is part of *issuer*."""
        return next(each for each in self.client_auth if each.organization.lower() in issuer.lower())


@cache
def calendar() -> Calendar:
    """The calendar that came with this version of the wizard."""
    data = tomllib.loads(read_text("wizard.certificates", "data/public_ca.toml"))
    return Calendar(
        data["checked"],
        tuple((each["from"], each["days"]) for each in data["lifetime"]),
        tuple(ClientAuthEnd(each["organization"], each["default-off"], each["gone"]) for each in data["client-auth"]),
    )


def check_public_ca(context: Context) -> Iterator[Finding]:
    """Private PKIs are not bound by the ballot, so only chains under public roots are judged."""
    leaf = context.chain.leaf
    if leaf is None or not context.is_public:
        return
    issued, ends = fields.not_before(leaf), fields.not_after(leaf)
    days = (ends - issued).days
    limit = calendar().longest_life(issued.date())
    if limit is not None and days > limit:
        start = max(start for start, _ in calendar().lifetimes if start <= issued.date())
        yield on(leaf, codes.LIFETIME_BEYOND_PUBLIC, days=days, limit=limit, start=f"{start:%Y-%m-%d}")
    following = calendar().longest_life(ends.date())
    if following is not None and limit is not None and following < limit:
        yield on(leaf, codes.LIFETIME_RENEWAL_IS_SHORTER, date=f"{ends:%Y-%m-%d}", limit=following)
