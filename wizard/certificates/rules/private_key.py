"""The private key: it must exist and match the leaf."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Check whether the leaf can be used."""
    chain = context.chain
    if chain.leaf is None:
        return
    if chain.key_matches is False:
        yield on(chain.leaf, codes.KEY_MISMATCH)
    elif chain.key_matches is None and context.role is not None:
        yield on(chain.leaf, codes.KEY_CLIENT_ELSEWHERE if context.role is Role.CLIENT else codes.KEY_MISSING)
