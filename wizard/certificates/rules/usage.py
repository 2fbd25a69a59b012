"""Extended key usage and key usage: what the role needs, and the public CAs that are dropping clientAuth."""

from collections.abc import Iterator

from cryptography import x509

from wizard.certificates import fields, names
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.certificates.rules.public_ca import calendar
from wizard.findings import Finding, FindingSpec, Severity

JDK = "RFC 5280, 4.2.1.12; JDK: Extended key usage does not permit use for TLS"

NO_SERVER = FindingSpec(
    "usage.no-server-auth",
    Severity.ERROR,
    "The certificate may not be used by a server",
    "{name} is limited to {found}, and serverAuth is not among them.",
    "Gateways and clients refuse a server whose certificate lacks serverAuth.",
    "Ask for a certificate with the extended key usage serverAuth.",
    JDK,
)
NO_CLIENT = FindingSpec(
    "usage.no-client-auth",
    Severity.ERROR,
    "The certificate may not be used by a client",
    "{name} is limited to {found}, and clientAuth is not among them.",
    "Gateways and clients prove themselves to the primary; it refuses a certificate that lacks clientAuth.",
    "Ask for a certificate with clientAuth. Public CAs are dropping it: use a private PKI for gateways and clients.",
    JDK,
)
DROPPING = FindingSpec(
    "usage.public-ca-drops-client-auth",
    Severity.WARNING,
    "The renewed certificate will lack clientAuth",
    "{name} comes from a public CA, and new ones of {ca} have no clientAuth from {gone} on.",
    "This certificate works until it ends; the one that replaces it will be refused by the primary.",
    "Plan a private PKI for gateways and clients before the renewal.",
    "Chrome Root Program Policy 1.8; dates in data/public_ca.toml",
)
NONE = FindingSpec(
    "usage.none",
    Severity.NOTE,
    "The certificate has no extended key usage",
    "{name} has no extended key usage, so it may be used for everything.",
    "Java, OpenSSL and Windows accept that.",
    "Nothing needs to be done.",
    "RFC 5280, 4.2.1.12; measured with JDK 17",
)
ANY = FindingSpec(
    "usage.any",
    Severity.WARNING,
    "The certificate names any usage instead of its own",
    "{name} has anyExtendedKeyUsage and not {wanted}.",
    "Java accepts that; OpenSSL and the client's library refuse it.",
    "Ask for a certificate with the extended key usage {wanted}.",
    "RFC 5280, 4.2.1.12; measured with JDK 17 and OpenSSL 3.0",
)
CA_NARROW = FindingSpec(
    "usage.ca-narrow",
    Severity.WARNING,
    "A CA is limited to other usages",
    "The CA {name} is limited to {found}, which does not include {wanted}.",
    "Java looks at the usage of the last certificate alone; OpenSSL, Windows and the client apply that of every CA.",
    "Ask the PKI team for a CA certificate without that limit.",
    "OpenSSL x509_vfy; RFC 5280 leaves the meaning in CA certificates open",
)


def check(context: Context) -> Iterator[Finding]:
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
        yield on(leaf, NONE)
    elif wanted not in found and fields.ANY_USAGE in found:
        yield on(leaf, ANY, wanted=fields.USAGE_NAMES[wanted])
    elif wanted not in found:
        yield on(leaf, NO_SERVER if server else NO_CLIENT, found=_words(fields.usage_names(leaf)))
    elif not server and context.is_public:
        end = calendar().client_auth_end(names.issuer(leaf))
        yield on(leaf, DROPPING, ca=end.organization or "public CAs", gone=f"{end.gone:%Y-%m-%d}")
    for certificate in context.chain.authorities:
        limits = fields.usages(certificate)
        if limits is not None and wanted not in limits:
            found_names = _words(fields.usage_names(certificate))
            yield on(certificate, CA_NARROW, found=found_names, wanted=fields.USAGE_NAMES[wanted])


def _words(found: list[str] | None) -> str:
    return ", ".join(found or []) or "nothing"


NO_SIGNATURE = FindingSpec(
    "key-usage.no-digital-signature",
    Severity.ERROR,
    "The key may not sign handshakes",
    "The key usage of {name} does not contain digitalSignature.",
    "TLS 1.3 and every modern suite of TLS 1.2 sign the handshake with this key; Java refuses the certificate.",
    "Ask for a certificate with the key usage digitalSignature.",
    "RFC 8446, 4.4.2.2; JDK: KeyUsage does not allow digital signatures",
)
CANNOT_SIGN = FindingSpec(
    "key-usage.ca-cannot-sign",
    Severity.ERROR,
    "A CA may not sign certificates",
    "The key usage of the CA {name} does not contain keyCertSign.",
    "Peers refuse certificates that were signed with this key, also when it is that of the root.",
    "Ask the PKI team for a proper CA certificate.",
    "RFC 5280, 4.2.1.3; JDK: keyCertSign bit is not set",
)


def _key_usage(context: Context) -> Iterator[Finding]:
    """Look at the key usage of every certificate that has the extension."""
    chain = context.chain
    for certificate in chain.certificates:
        usage = fields.extension(certificate, x509.KeyUsage)
        if usage is None:
            continue
        if certificate is chain.leaf:
            if not usage.digital_signature:
                yield on(certificate, NO_SIGNATURE)
        elif not usage.key_cert_sign:
            yield on(certificate, CANNOT_SIGN)


SPECS: tuple[FindingSpec, ...] = (NO_SERVER, NO_CLIENT, DROPPING, NONE, ANY, CA_NARROW, NO_SIGNATURE, CANNOT_SIGN)
