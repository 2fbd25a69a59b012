"""Host names: a subject alternative name must cover the name that peers connect to."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates import fields, hostnames
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding
from wizard.printable import printable

MOST_NAMES = 5


def check(context: Context) -> Iterator[Finding]:
    """Compare the leaf's names with the host."""
    leaf = context.chain.leaf
    if leaf is None or (context.role is None and context.host is None):
        return
    found = [*fields.dns_names(leaf), *map(str, fields.addresses(leaf))]
    hosts = [printable(name, limit=80) for name in found]
    # A server does not check a client's name.
    if not hosts and context.role is not Role.CLIENT:
        yield on(leaf, codes.NAME_NO_SAN)
    shown = ", ".join(hosts[:MOST_NAMES]) + (f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else "")
    as_server = context.role in {Role.PRIMARY, None}
    reason = hostnames.refused(context.host) if context.host is not None and as_server else ""
    if context.host is not None and reason:
        yield on(leaf, codes.NAME_JAVA_REFUSES, host=context.host, reason=reason)
    elif context.host is not None and hosts and not fields.matches(leaf, context.host):
        spec = codes.NAME_WRONG_HOST if as_server else codes.NAME_OTHER_HOST
        odd = hostnames.difference(context.host, fields.dns_names(leaf))
        kind = "IP" if hostnames.address(context.host) is not None else "DNS"
        yield on(leaf, spec, found=shown, host=context.host, difference=odd or f"is for {shown}", type=kind)
    stars = [name for name in hosts if name.startswith("*")]
    if stars:
        yield on(leaf, codes.NAME_WILDCARD, found=", ".join(stars[:MOST_NAMES]))
