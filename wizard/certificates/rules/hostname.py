"""Host names: a subject alternative name must cover the name that peers connect to."""

from collections.abc import Iterator

from wizard.certificates import fields, hostnames
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
    "{name} {difference}; peers connect to {host}.",
    "Peers compare the name that they connect to with the certificate, and refuse another one.",
    "Ask for a certificate with {host} as an alternative name of the type {type}, or let peers use another name.",
    "RFC 6125; JDK: No subject alternative DNS name matching",
)
OTHER_HOST = FindingSpec(
    "name.other-host",
    Severity.WARNING,
    "The certificate names another host",
    "{name} is for {found}, and the machine is {host}.",
    "A server does not compare a client's name with its certificate; a mix-up of files is still likely.",
    "Check that this is the certificate for {host}.",
    "JDK: the client checks the name (endpoint identification)",
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
NOT_FOR_JAVA = FindingSpec(
    "name.java-refuses",
    Severity.ERROR,
    "Java refuses this host name",
    "The name {host} {reason}.",
    "Java refuses to verify such a name, whatever the certificate says, and does not send it to the server either.",
    "Give the machine a name of letters, digits and hyphens, and ask for a certificate for that name.",
    "JDK: SNIHostName, HostnameChecker; measured with JDK 11 to 25",
)
SPECS = (NO_SAN, WRONG_HOST, OTHER_HOST, WILDCARD, NOT_FOR_JAVA)
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
        yield on(leaf, NO_SAN)
    shown = ", ".join(hosts[:MOST_NAMES]) + (f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else "")
    as_server = context.role in {Role.PRIMARY, None}
    reason = hostnames.refused(context.host) if context.host is not None and as_server else ""
    if context.host is not None and reason:
        yield on(leaf, NOT_FOR_JAVA, host=context.host, reason=reason)
    elif context.host is not None and hosts and not fields.matches(leaf, context.host):
        spec = WRONG_HOST if as_server else OTHER_HOST
        odd = hostnames.difference(context.host, fields.dns_names(leaf))
        kind = "IP" if hostnames.address(context.host) is not None else "DNS"
        yield on(leaf, spec, found=shown, host=context.host, difference=odd or f"is for {shown}", type=kind)
    stars = [name for name in hosts if name.startswith("*")]
    if stars:
        yield on(leaf, WILDCARD, found=", ".join(stars[:MOST_NAMES]))
