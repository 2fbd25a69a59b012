"""A root in cacerts that neither the list of public roots nor its alias explains: it counts as private."""

from collections.abc import Iterator

from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

UNCLEAR = FindingSpec(
    "root.public-or-private",
    Severity.WARNING,
    "It is not known whether the root is a public one",
    "{name} is in cacerts and not in the list of public roots; it counts as private here.",
    "A private root goes into the portal and into the trust stores of the gateways, a public one is left out there. "
    "A private root that is left out takes every endpoint offline; a public one that is put in does no harm.",
    'Say which it is, under [account] in the answers: private-roots = ["{sha256}"], or public-roots with the same.',
    "manual, Account setup and Setting up gateway in unattended mode",
)
SPECS = (UNCLEAR,)


def check(context: Context) -> Iterator[Finding]:
    """Ask for the word of the operator where it is needed."""
    root = context.chain.root
    if root is not None and root.sha256 in context.unclear_roots:
        yield on(root, UNCLEAR, sha256=root.sha256)
