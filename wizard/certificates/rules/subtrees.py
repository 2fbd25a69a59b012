"""Name constraints: a CA that may only issue for some names."""

import ipaddress
from collections.abc import Iterable, Iterator

from cryptography import x509

from wizard.certificates import look, names
from wizard.certificates.model import Certificate
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

VIOLATED = FindingSpec(
    "subtrees.violated",
    Severity.ERROR,
    "A name lies outside what the issuer may certify",
    "{name} carries {entry}, which the name constraints of {issuer} do not allow.",
    "Peers refuse the whole chain.",
    "Ask for a certificate without that name, or for one from a CA that may certify it.",
    "RFC 5280, 4.2.1.10; JDK: name constraints check failed",
)
ROOT_VIOLATED = FindingSpec(
    "subtrees.root-violated",
    Severity.WARNING,
    "A name lies outside what the root may certify",
    "{name} carries {entry}, which the name constraints of the root {issuer} do not allow.",
    "Java does not apply the constraints of a root that it trusts; OpenSSL and Windows do and refuse the chain.",
    "Ask for a certificate without that name, or for one from a CA that may certify it.",
    "RFC 5280, 6.1: the trust anchor is not validated; OpenSSL: X509_V_ERR_PERMITTED_VIOLATION",
)
SPECS = (VIOLATED, ROOT_VIOLATED)


def check(context: Context) -> Iterator[Finding]:
    """Hold the leaf's names against the constraints of every CA above it."""
    leaf = context.chain.leaf
    if leaf is None:
        return
    entries = [*(look.extension(leaf, x509.SubjectAlternativeName) or ()), *_subject(leaf)]
    for issuer in context.chain.authorities:
        limits = look.extension(issuer, x509.NameConstraints)
        if limits is None:
            continue
        spec = ROOT_VIOLATED if issuer is context.chain.root else VIOLATED
        for entry in entries:
            if not allowed(entry, limits):
                shown = entry.value.rfc4514_string() if isinstance(entry, x509.DirectoryName) else str(entry.value)
                yield on(leaf, spec, entry=shown, issuer=names.short(issuer))


def allowed(entry: x509.GeneralName, limits: x509.NameConstraints) -> bool:
    """Whether *limits* permit *entry*: outside every excluded subtree, and inside one permitted of its kind."""
    if any(_inside(entry, tree) for tree in _same_kind(entry, limits.excluded_subtrees)):
        return False
    permitted = list(_same_kind(entry, limits.permitted_subtrees))
    return not permitted or any(_inside(entry, tree) for tree in permitted)


def _same_kind(entry: x509.GeneralName, trees: Iterable[x509.GeneralName] | None) -> Iterator[x509.GeneralName]:
    return (tree for tree in trees or () if type(tree) is type(entry))


def _inside(entry: x509.GeneralName, tree: x509.GeneralName) -> bool:
    if isinstance(entry, x509.DNSName) and isinstance(tree, x509.DNSName):
        return _below(entry.value, tree.value)
    if isinstance(entry, x509.IPAddress) and isinstance(tree, x509.IPAddress):
        network = tree.value
        if not isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
            return False
        return isinstance(entry.value, ipaddress.IPv4Address | ipaddress.IPv6Address) and entry.value in network
    if isinstance(entry, x509.RFC822Name) and isinstance(tree, x509.RFC822Name):
        host = entry.value.rpartition("@")[2]
        if "@" in tree.value:
            return entry.value.lower() == tree.value.lower()
        return _below(host, tree.value) if tree.value.startswith(".") else host.lower() == tree.value.lower()
    if isinstance(entry, x509.DirectoryName) and isinstance(tree, x509.DirectoryName):
        above = tree.value.rdns
        return entry.value.rdns[: len(above)] == above
    # Other kinds of names decide nothing in TLS.
    return True


def _below(name: str, tree: str) -> bool:
    name, tree = name.rstrip(".").lower(), tree.rstrip(".").lower()
    if not tree or name == tree:
        return True
    return name.endswith(tree if tree.startswith(".") else f".{tree}")


def _subject(leaf: Certificate) -> list[x509.GeneralName]:
    name = look.subject_name(leaf)
    return [x509.DirectoryName(name)] if name is not None and name.rdns else []
