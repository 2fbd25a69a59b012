"""A root in cacerts that neither the list of public roots nor its alias explains: it counts as private."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Ask the operator where it is needed."""
    root = context.chain.root
    if root is not None and root.sha256 in context.unclear_roots:
        yield on(root, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=root.sha256)
