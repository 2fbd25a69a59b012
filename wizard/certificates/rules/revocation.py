"""Revocation: OCSP needs a responder."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Only when OCSP is wanted: every certificate below the root needs a responder."""
    chain = context.chain
    for certificate in (chain.leaf, *chain.intermediates) if context.ocsp_wanted else ():
        if certificate is not None and not fields.responders(certificate):
            yield on(certificate, codes.OCSP_NO_RESPONDER)
