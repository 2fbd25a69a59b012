"""What depends on the root: the dates of public CAs, from `data/public_ca.toml`, and whether it is a public one."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding
from wizard.package_data import read_text


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


def public_ca(context: Context) -> Iterator[Finding]:
    """Private PKIs are not bound by the ballot, so only chains under public roots are checked."""
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


def unclear_root(context: Context) -> Iterator[Finding]:
    """Ask the operator where it is needed."""
    root = context.chain.root
    if root is not None and root.sha256 in context.unclear_roots:
        yield on(root, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=root.sha256)
