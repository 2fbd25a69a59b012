"""The private key: there, and the right one."""

from collections.abc import Iterator

from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

MISSING = FindingSpec(
    "key.missing",
    Severity.BLOCKER,
    "The private key is not there",
    "No private key for {name} was among the files.",
    "Without its private key the certificate cannot be used.",
    "Add the key file, or ask for the PFX that was exported together with the private key.",
    "RFC 8446, 4.4.3; manual",
)
MISMATCH = FindingSpec(
    "key.mismatch",
    Severity.BLOCKER,
    "The private key belongs to another certificate",
    "A private key was among the files, but it is not the key of {name}.",
    "A handshake with this pair fails, and Java refuses the store.",
    "Look for the key that was made together with the request for this certificate.",
    "RFC 8446, 4.4.3; JDK KeyStore: private key does not match",
)
ELSEWHERE = FindingSpec(
    "key.client-elsewhere",
    Severity.NOTE,
    "The client's private key is not among the files",
    "No private key for {name} was among the files.",
    "A key that was made on the client lies in its Windows store, and must be there.",
    "On the client, check that the certificate is shown with a private key.",
    "manual",
)
SPECS = (MISSING, MISMATCH, ELSEWHERE)


def check(context: Context) -> Iterator[Finding]:
    """Judge whether the leaf can be used."""
    chain = context.chain
    if chain.leaf is None:
        return
    if chain.key_matches is False:
        yield on(chain.leaf, MISMATCH)
    elif chain.key_matches is None and context.role is not None:
        yield on(chain.leaf, ELSEWHERE if context.role is Role.CLIENT else MISSING)
