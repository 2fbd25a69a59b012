"""Host names: a subject alternative name must be there and cover what peers dial."""

from collections.abc import Iterator

from wizard.certificates import look
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity
from wizard.printable import printable

NO_SAN = FindingSpec(
    "name.no-san",
    Severity.ERROR,
    "No host name in the subject alternative name",
    "{name} has no DNS name or address in its subject alternative name.",
    "Only old Java programs still read the common name; the Windows client and OpenSSL refuse the certificate.",
    "Ask for a certificate with the host name as a subject alternative name of type DNS.",
    "RFC 6125, 6.4.4; RFC 9525; JDK HostnameChecker",
)
WRONG_HOST = FindingSpec(
    "name.wrong-host",
    Severity.BLOCKER,
    "The certificate is for another host",
    "{name} is for {found}, but {host} is dialled.",
    "Peers compare the name that they dial with the certificate, and refuse another one.",
    "Ask for a certificate with {host} as a subject alternative name, or let peers dial {first}.",
    "RFC 6125; JDK: No subject alternative DNS name matching",
)
OTHER_HOST = FindingSpec(
    "name.other-host",
    Severity.WARNING,
    "The certificate names another host",
    "{name} is for {found}, and the machine is {host}.",
    "A server does not compare the name of a peer that dials in; a mix-up of files is still likely.",
    "Check that this is the certificate for {host}.",
    "JDK: endpoint identification is made by the side that dials",
)
WILDCARD = FindingSpec(
    "name.wildcard",
    Severity.NOTE,
    "The certificate has a wildcard name",
    "{name} covers {found}.",
    "Whoever holds its key can answer for every host below that name.",
    "Prefer one certificate a host.",
    "RFC 6125, 7.2",
)
SPECS = (NO_SAN, WRONG_HOST, OTHER_HOST, WILDCARD)
MOST_NAMES = 5


def check(context: Context) -> Iterator[Finding]:
    """Compare the leaf's names with the host."""
    leaf = context.chain.leaf
    if leaf is None or (context.role is None and context.host is None):
        return
    found = [name for name in look.names(leaf) if ":" not in name or name.count(":") > 1]
    hosts = [printable(name, limit=80) for name in found]
    if not hosts:
        yield on(leaf, NO_SAN)
    shown = ", ".join(hosts[:MOST_NAMES]) + (f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else "")
    if context.host is not None and hosts and not look.matches(leaf, context.host):
        spec = WRONG_HOST if context.role in {Role.PRIMARY, None} else OTHER_HOST
        yield on(leaf, spec, found=shown, host=context.host, first=hosts[0])
    stars = [name for name in hosts if name.startswith("*")]
    if stars:
        yield on(leaf, WILDCARD, found=", ".join(stars[:MOST_NAMES]))
