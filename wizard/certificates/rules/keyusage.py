"""Key usage: a leaf must be allowed to sign handshakes, a CA to sign certificates."""

from collections.abc import Iterator

from cryptography import x509

from wizard.certificates import look
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

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
SPECS = (NO_SIGNATURE, CANNOT_SIGN)


def check(context: Context) -> Iterator[Finding]:
    """Look at the key usage of every certificate that has the extension."""
    chain = context.chain
    for certificate in chain.certificates:
        usage = look.extension(certificate, x509.KeyUsage)
        if usage is None:
            continue
        if certificate is chain.leaf:
            if not usage.digital_signature:
                yield on(certificate, NO_SIGNATURE)
        elif not usage.key_cert_sign:
            yield on(certificate, CANNOT_SIGN)
