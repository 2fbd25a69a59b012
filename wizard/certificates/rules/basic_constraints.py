"""Basic constraints and path length."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Count CA certificates below each limit; self-issued ones do not count (RFC 5280, 6.1.4 (l))."""
    chain = context.chain
    if chain.leaf is not None and fields.is_ca(chain.leaf):
        yield on(chain.leaf, codes.CONSTRAINTS_LEAF_IS_CA)
    below = 0
    lower = chain.leaf
    for certificate in chain.authorities:
        allowed = fields.path_length(certificate)
        if allowed is not None and below > allowed:
            spec = codes.CONSTRAINTS_ROOT_PATH_LENGTH if certificate is chain.root else codes.CONSTRAINTS_PATH_LENGTH
            yield on(certificate, spec, allowed=allowed, found=below, below=names.short(lower) if lower else "")
        below += not fields.self_issued(certificate)
        lower = certificate
    if chain.root is not None and not fields.is_ca(chain.root):
        yield on(
            chain.root,
            codes.CONSTRAINTS_ROOT_WITHOUT_CONSTRAINTS
            if fields.is_version_1(chain.root)
            else codes.CONSTRAINTS_ROOT_NOT_CA,
        )
