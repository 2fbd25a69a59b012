"""Revocation: whoever wants OCSP needs a responder to ask."""

from collections.abc import Iterator

from wizard.certificates import fields
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

NO_RESPONDER = FindingSpec(
    "ocsp.no-responder",
    Severity.WARNING,
    "No OCSP responder is named",
    "{name} names no OCSP responder.",
    "With OCSP switched on in the portal there is nobody to ask, unless a responder URL is set there.",
    "Set the responder's URL in the portal, or leave OCSP off.",
    "RFC 6960, 3.1; vendor page PKI and encryption",
)
SPECS = (NO_RESPONDER,)


def check(context: Context) -> Iterator[Finding]:
    """Only when OCSP is wanted: every certificate below the root needs a responder."""
    chain = context.chain
    for certificate in (chain.leaf, *chain.intermediates) if context.ocsp_wanted else ():
        if certificate is not None and not fields.responders(certificate):
            yield on(certificate, NO_RESPONDER)
