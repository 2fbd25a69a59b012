"""The ties between the certificates of a chain: signatures and key identifiers."""

from collections.abc import Iterator
from itertools import pairwise

from wizard.certificates import look, names
from wizard.certificates.rules.context import Context, on
from wizard.certificates.signatures import signed_by
from wizard.findings import Finding, FindingSpec, Severity

BROKEN = FindingSpec(
    "signature.broken",
    Severity.BLOCKER,
    "A signature does not verify",
    "{name} names {issuer} as its issuer, but its signature was not made with that key.",
    "The certificate was damaged, or forged; every peer refuses it.",
    "Ask for the certificate again, and compare its fingerprint with the PKI team.",
    "RFC 5280, 6.1.3 (a)(1)",
)
UNKNOWN = FindingSpec(
    "signature.not-verified",
    Severity.WARNING,
    "A signature could not be verified here",
    "{name} is signed with an algorithm that is not known here ({algorithm}).",
    "Whether peers accept it is not known.",
    "Ask for a certificate that is signed with RSA or ECDSA and SHA-256.",
    "cryptography",
)
KEY_ID = FindingSpec(
    "signature.key-id-differs",
    Severity.ERROR,
    "The key identifiers do not fit",
    "{name} asks for an issuer with key id {wanted}, and {issuer} has {found}.",
    "The signature is right, yet Java and OpenSSL look for an issuer with the other key id and find none.",
    "Ask the PKI team which certificate of {issuer} belongs to this chain.",
    "RFC 5280, 4.2.1.1; JDK: unable to find valid certification path; OpenSSL: X509_V_ERR_AKID_SKID_MISMATCH",
)
SPECS = (BROKEN, UNKNOWN, KEY_ID)


def check(context: Context) -> Iterator[Finding]:
    """Verify each certificate against the next one up."""
    for lower, upper in pairwise(context.chain.certificates):
        verified = signed_by(lower, upper)
        if verified is None:
            yield on(lower, UNKNOWN, algorithm=look.signature_label(lower))
        elif not verified:
            yield on(lower, BROKEN, issuer=names.short(upper))
        wanted, found = look.authority_key_id(lower), look.subject_key_id(upper)
        if wanted and found and wanted != found:
            yield on(lower, KEY_ID, issuer=names.short(upper), wanted=wanted.hex(), found=found.hex())
