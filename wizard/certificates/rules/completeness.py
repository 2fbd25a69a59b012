"""From leaf to root: nothing missing, nothing self-made, and what else came along."""

from collections.abc import Iterator

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.findings import Finding, FindingSpec, Severity

NO_LEAF = FindingSpec(
    "chain.no-leaf",
    Severity.BLOCKER,
    "No certificate for a host, only CA certificates",
    "Among the files is {name}, but no certificate of a host.",
    "A server or client needs a certificate of its own.",
    "Add the file with the certificate that was issued for the host.",
    "manual",
)
INCOMPLETE = FindingSpec(
    "chain.incomplete",
    Severity.ERROR,
    "An issuer is missing",
    "{name} was issued by {missing}, which is not among the files{key_id}{near}.",
    "A peer that does not get every intermediate cannot find the way to the root: PKIX path building failed.",
    "Ask the PKI team for the certificate of {missing}{url}.",
    "RFC 8446, 4.4.2; JDK: unable to find valid certification path to requested target",
)
SELF_SIGNED = FindingSpec(
    "chain.self-signed-leaf",
    Severity.ERROR,
    "The certificate is self-signed",
    "{name} was issued by itself, not by a certificate authority.",
    "Every peer would have to trust this one certificate, and the portal takes CA certificates alone.",
    "Ask for a certificate from your PKI.",
    "manual; RFC 5280, 3.2",
)
EXTRA = FindingSpec(
    "chain.extra",
    Severity.NOTE,
    "Certificates that are not needed",
    "With {name} came {count} more that have no place in its chain: {others}.",
    "They are not written to the stores.",
    "Nothing needs to be done.",
    "RFC 8446, 4.4.2",
)
NAMESAKE = FindingSpec(
    "chain.namesake",
    Severity.NOTE,
    "Two CA certificates have the same name",
    "Beside the issuer {issuer} there is another certificate of that name: {reason}.",
    "Tools that go by the name alone may take the wrong one.",
    "Remove the certificate that is no longer used from the folder.",
    "RFC 5280, 4.2.1.1",
)
TOO_LONG = FindingSpec(
    "chain.too-long",
    Severity.ERROR,
    "The chain has too many certificates",
    "The chain of {name} has {count} certificates; {limit} are the most that every Java accepts in this role.",
    "A peer with Java ends the handshake before it looks at a certificate.",
    "Ask the PKI team for a certificate from a CA closer to the root.",
    "JDK: The certificate chain length exceeds the maximum allowed length; measured with JDK 17, 21 and 25",
)
RING = FindingSpec(
    "chain.ring",
    Severity.ERROR,
    "CAs certify each other, and none of them is a root",
    "Above {name} there are only CAs that certify each other: {others}.",
    "A peer needs a root that it trusts at the end of the chain.",
    "Add the root certificate of your PKI.",
    "RFC 5280, 6.1",
)
SPECS = (NO_LEAF, INCOMPLETE, SELF_SIGNED, EXTRA, NAMESAKE, TOO_LONG, RING)
MOST_OTHERS = 3
MOST_SENT, MOST_SENT_BY_CLIENT = 10, 8
"""Most certificates that Java accepts from a server, and that Java 25 accepts from a client (older: 10)."""


def check(context: Context) -> Iterator[Finding]:
    """Look for what is missing and what is too much."""
    chain = context.chain
    if chain.leaf is None and context.role is not None:
        yield on_chain(chain, NO_LEAF)
    if chain.missing_issuer is not None and not chain.cut:
        yield _incomplete(context)
    elif chain.leaf is not None and not chain.authorities and not chain.cut:
        yield on(chain.leaf, SELF_SIGNED)
    limit = MOST_SENT_BY_CLIENT if context.role in {Role.GATEWAY, Role.CLIENT} else MOST_SENT
    count = len(chain.certificates)
    if chain.cut == "ring":
        yield on_chain(chain, RING, others=_listed([names.short(each) for each in chain.authorities]))
    elif count > limit:
        yield on_chain(chain, TOO_LONG, count=f"{count} or more" if chain.cut else count, limit=limit)
    if chain.extra:
        others = ", ".join(names.short(each) for each in chain.extra[:MOST_OTHERS])
        yield on_chain(chain, EXTRA, count=len(chain.extra), others=others)
    taken = {names.subject(each): each for each in chain.authorities}
    beside: dict[str, dict[Certificate, str]] = {}
    for rejected in chain.rejected:
        name = names.subject(rejected.candidate)
        if name in taken and rejected.candidate != taken[name]:
            beside.setdefault(name, {}).setdefault(rejected.candidate, rejected.reason)
    for name, found in beside.items():
        first, reason = next(iter(found.items()))
        more = f"; {len(found) - 1} more certificates have it, too" if len(found) > 1 else ""
        yield on(first, NAMESAKE, issuer=names.short(taken[name]), reason=f"{reason}{more}")


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - MOST_OTHERS} more" if len(found) > MOST_OTHERS else ""
    return ", ".join(found[:MOST_OTHERS]) + more


def _incomplete(context: Context) -> Finding:
    chain = context.chain
    top = chain.certificates[-1]
    near = next((each for each in chain.rejected if names.subject(each.candidate) == chain.missing_issuer), None)
    url = next(iter(fields.issuer_urls(top)), "")
    return on(
        top,
        INCOMPLETE,
        missing=chain.missing_issuer or "",
        key_id=f" (key id {chain.missing_key_id})" if chain.missing_key_id else "",
        near=f"; one of that name is not it: {near.reason}" if near else "",
        url=f", or fetch it from {url}" if url else "",
    )
