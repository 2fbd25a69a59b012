"""What the leaf needs: its private key, the names and usages for its role, a responder."""

from collections.abc import Iterator

from cryptography import x509

from wizard import codes
from wizard.certificates import fields, hostnames, names
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.certificates.rules.root import calendar
from wizard.findings import Finding
from wizard.printable import printable

MOST_NAMES = 5


def private_key(context: Context) -> Iterator[Finding]:
    """Check whether the leaf can be used."""
    chain = context.chain
    if chain.leaf is None:
        return
    if chain.key_matches is False:
        yield on(chain.leaf, codes.KEY_MISMATCH)
    elif chain.key_matches is None and context.role is not None:
        yield on(chain.leaf, codes.KEY_CLIENT_ELSEWHERE if context.role is Role.CLIENT else codes.KEY_MISSING)


def hostname(context: Context) -> Iterator[Finding]:
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


def usage(context: Context) -> Iterator[Finding]:
    """Compare extended key usage and key usage with what the role needs."""
    yield from _extended_key_usage(context)
    yield from _key_usage(context)


def _extended_key_usage(context: Context) -> Iterator[Finding]:
    """Compare extended key usage with what the role needs."""
    leaf = context.chain.leaf
    if leaf is None or context.role is None:
        return
    server = context.role is Role.PRIMARY
    wanted = fields.SERVER_AUTH if server else fields.CLIENT_AUTH
    found = fields.usages(leaf)
    if found is None:
        yield on(leaf, codes.USAGE_NONE)
    elif wanted not in found and fields.ANY_USAGE in found:
        yield on(leaf, codes.USAGE_ANY, wanted=fields.USAGE_NAMES[wanted])
    elif wanted not in found:
        yield on(
            leaf,
            codes.USAGE_NO_SERVER_AUTH if server else codes.USAGE_NO_CLIENT_AUTH,
            found=_words(fields.usage_names(leaf)),
        )
    elif not server and context.is_public:
        end = calendar().client_auth_end(names.issuer(leaf))
        yield on(
            leaf,
            codes.USAGE_PUBLIC_CA_DROPS_CLIENT_AUTH,
            ca=end.organization or "public CAs",
            gone=f"{end.gone:%Y-%m-%d}",
        )
    for certificate in context.chain.authorities:
        limits = fields.usages(certificate)
        if limits is not None and wanted not in limits:
            found_names = _words(fields.usage_names(certificate))
            yield on(certificate, codes.USAGE_CA_NARROW, found=found_names, wanted=fields.USAGE_NAMES[wanted])


def _words(found: list[str] | None) -> str:
    return ", ".join(found or []) or "nothing"


def _key_usage(context: Context) -> Iterator[Finding]:
    """Look at the key usage of every certificate that has the extension."""
    chain = context.chain
    for certificate in chain.certificates:
        found = fields.extension(certificate, x509.KeyUsage)
        if found is None:
            continue
        if certificate is chain.leaf:
            if not found.digital_signature:
                yield on(certificate, codes.KEY_USAGE_NO_DIGITAL_SIGNATURE)
        elif not found.key_cert_sign:
            yield on(certificate, codes.KEY_USAGE_CA_CANNOT_SIGN)


def revocation(context: Context) -> Iterator[Finding]:
    """Only when OCSP is wanted: every certificate below the root needs a responder."""
    chain = context.chain
    for certificate in (chain.leaf, *chain.intermediates) if context.ocsp_wanted else ():
        if certificate is not None and not fields.responders(certificate):
            yield on(certificate, codes.OCSP_NO_RESPONDER)
