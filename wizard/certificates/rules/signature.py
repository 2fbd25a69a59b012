"""The ties between the certificates of a chain: signatures and key identifiers."""

from collections.abc import Iterator
from itertools import pairwise

from wizard.certificates import fields, names
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
SERIAL = FindingSpec(
    "signature.issuer-serial-differs",
    Severity.ERROR,
    "The certificate asks for another certificate of its issuer",
    "{name} asks for the certificate of {issuer} with the serial number {wanted}, and this one has {found}.",
    "Java and OpenSSL look for that very certificate, most often an older root, and take no renewed one for it.",
    "Add the certificate of {issuer} with that serial number, or ask for a new certificate under the renewed CA.",
    "RFC 5280, 4.2.1.1; JDK: Path does not chain with any of the trust anchors; measured",
)
ROOT_KEY_ID = FindingSpec(
    "signature.root-names-another-issuer",
    Severity.WARNING,
    "The root asks for another issuer than itself",
    "The authority key identifier of the root {name} is not that of the root itself.",
    "Java does not look at the extensions of a root that it trusts; OpenSSL refuses the chain.",
    "Ask the PKI team for a proper root certificate.",
    "OpenSSL: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT; measured",
)
SPECS = (BROKEN, UNKNOWN, KEY_ID, SERIAL, ROOT_KEY_ID)


def check(context: Context) -> Iterator[Finding]:
    """Verify each certificate against the next one up."""
    for lower, upper in pairwise(context.chain.certificates):
        verified = signed_by(lower, upper)
        if verified is None:
            yield on(lower, UNKNOWN, algorithm=fields.signature_label(lower))
        elif not verified:
            yield on(lower, BROKEN, issuer=names.short(upper))
        wanted, found = fields.authority_key_id(lower), fields.subject_key_id(upper)
        if wanted and found and wanted != found:
            yield on(lower, KEY_ID, issuer=names.short(upper), wanted=wanted.hex(), found=found.hex())
        number = fields.authority_serial(lower)
        if number is not None and number != fields.serial(upper):
            shown = {"wanted": f"{number:x}", "found": f"{fields.serial(upper):x}"}
            yield on(lower, SERIAL, issuer=names.short(upper), **shown)
    root = context.chain.root
    own = fields.subject_key_id(root) if root is not None else None
    if root is not None and (
        fields.authority_key_id(root) not in {None, own}
        or fields.authority_serial(root) not in {None, fields.serial(root)}
    ):
        yield on(root, ROOT_KEY_ID)
