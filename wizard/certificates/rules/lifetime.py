"""Lifetimes of public certificates, by the ballot that shortens them step by step."""

from collections.abc import Iterator

from wizard.certificates import look
from wizard.certificates.rules.calendar import calendar
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

BALLOT = "CA/B Forum ballot SC-081v3; dates in data/public_ca.toml"
TOO_LONG = FindingSpec(
    "lifetime.beyond-public",
    Severity.WARNING,
    "The certificate lives longer than public CAs may issue",
    "{name} lives {days} days; public CAs may issue {limit} days since {start}.",
    "Browsers and some clients refuse public certificates that live longer. Java does not count.",
    "Check with the CA that issued it.",
    BALLOT,
)
SHRINKING = FindingSpec(
    "lifetime.renewal-is-shorter",
    Severity.NOTE,
    "The next public certificate will live shorter",
    "{name} ends on {date}; a public certificate issued then lives {limit} days at most.",
    "Each renewal takes a restart of the server, and there will be more of them.",
    "Plan renewals as a routine, or use a private PKI.",
    BALLOT,
)
SPECS = (TOO_LONG, SHRINKING)


def check(context: Context) -> Iterator[Finding]:
    """Private PKIs are not bound by the ballot, so only chains under public roots are judged."""
    leaf = context.chain.leaf
    if leaf is None or not context.is_public:
        return
    issued, ends = look.not_before(leaf), look.not_after(leaf)
    days = (ends - issued).days
    limit = calendar().longest_life(issued.date())
    if limit is not None and days > limit:
        start = max(start for start, _ in calendar().lifetimes if start <= issued.date())
        yield on(leaf, TOO_LONG, days=days, limit=limit, start=f"{start:%Y-%m-%d}")
    following = calendar().longest_life(ends.date())
    if following is not None and limit is not None and following < limit:
        yield on(leaf, SHRINKING, date=f"{ends:%Y-%m-%d}", limit=following)
