"""Basic constraints and path length."""

from collections.abc import Iterator

from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

LEAF_IS_CA = FindingSpec(
    "constraints.leaf-is-ca",
    Severity.ERROR,
    "The certificate is that of a certificate authority",
    "{name} is marked as a CA certificate.",
    "Java accepts it, the Windows client does not; and whoever reads the key could issue certificates for any host.",
    "Ask for an ordinary server or client certificate.",
    "RFC 5280, 4.2.1.9; rustls-webpki: CaUsedAsEndEntity",
)
PATH_LENGTH = FindingSpec(
    "constraints.path-length",
    Severity.ERROR,
    "There are more intermediates than a CA allows",
    "{name} allows {allowed} CA certificates below it, and there are {found}.",
    "Peers refuse the whole chain.",
    "Ask the PKI team: the CA {below} was set up against the rules of its issuer.",
    "RFC 5280, 4.2.1.9; JDK: basic constraints check failed: pathLenConstraint violated",
)
ROOT_PATH_LENGTH = FindingSpec(
    "constraints.root-path-length",
    Severity.WARNING,
    "There are more intermediates than the root allows",
    "The root {name} allows {allowed} CA certificates below it, and there are {found}.",
    "Java does not apply this of a root that it trusts; OpenSSL and Windows do and refuse the chain.",
    "Ask the PKI team: the CA {below} was set up against the rules of its issuer.",
    "RFC 5280, 6.1: the trust anchor is not validated; OpenSSL: X509_V_ERR_PATH_LENGTH_EXCEEDED",
)
ROOT_UNMARKED = FindingSpec(
    "constraints.root-without-constraints",
    Severity.NOTE,
    "The root is not marked as a CA",
    "The root {name} has no basic constraints, as roots of version 1 have.",
    "Java accepts it as a trusted root; some tools and the portal may refuse to take it for a CA.",
    "Nothing needs to be done unless an import fails.",
    "RFC 5280, 6.1.4 (k)",
)
ROOT_NOT_CA = FindingSpec(
    "constraints.root-not-ca",
    Severity.ERROR,
    "The root is not a CA certificate",
    "The root {name} is a certificate of version 3 without basic constraints.",
    "Java refuses to use such a certificate as a trust anchor for others.",
    "Ask the PKI team for a root certificate with basic constraints.",
    "RFC 5280, 4.2.1.9; JDK-8230318: TrustAnchor is not a CA certificate",
)
SPECS = (LEAF_IS_CA, PATH_LENGTH, ROOT_PATH_LENGTH, ROOT_UNMARKED, ROOT_NOT_CA)


def check(context: Context) -> Iterator[Finding]:
    """Count CA certificates below each limit; self-issued ones do not count (RFC 5280, 6.1.4 (l))."""
    chain = context.chain
    if chain.leaf is not None and fields.is_ca(chain.leaf):
        yield on(chain.leaf, LEAF_IS_CA)
    below = 0
    lower = chain.leaf
    for certificate in chain.authorities:
        allowed = fields.path_length(certificate)
        if allowed is not None and below > allowed:
            spec = ROOT_PATH_LENGTH if certificate is chain.root else PATH_LENGTH
            yield on(certificate, spec, allowed=allowed, found=below, below=names.short(lower) if lower else "")
        below += not fields.self_issued(certificate)
        lower = certificate
    if chain.root is not None and not fields.is_ca(chain.root):
        yield on(chain.root, ROOT_UNMARKED if fields.is_version_1(chain.root) else ROOT_NOT_CA)
