"""Completeness of a chain: missing issuers, self-signed leaves, surplus certificates."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.findings import Finding

MOST_OTHERS = 3
MOST_SENT, MOST_SENT_BY_CLIENT = 10, 8
"""Most certificates that Java accepts from a server, and that Java 25 accepts from a client (older: 10)."""


def check(context: Context) -> Iterator[Finding]:
    """Look for what is missing and what is too much."""
    chain = context.chain
    if chain.leaf is None and context.role is not None:
        yield on_chain(chain, codes.CHAIN_NO_LEAF)
    if chain.missing_issuer is not None and not chain.cut:
        yield _incomplete(context)
    elif chain.leaf is not None and not chain.authorities and not chain.cut:
        yield on(chain.leaf, codes.CHAIN_SELF_SIGNED_LEAF)
    limit = MOST_SENT_BY_CLIENT if context.role in {Role.GATEWAY, Role.CLIENT} else MOST_SENT
    count = len(chain.certificates)
    if chain.cut == "ring":
        yield on_chain(chain, codes.CHAIN_RING, others=_listed([names.short(each) for each in chain.authorities]))
    elif count > limit:
        yield on_chain(chain, codes.CHAIN_TOO_LONG, count=f"{count} or more" if chain.cut else count, limit=limit)
    if chain.extra:
        others = ", ".join(names.short(each) for each in chain.extra[:MOST_OTHERS])
        yield on_chain(chain, codes.CHAIN_EXTRA, count=len(chain.extra), others=others)
    taken = {names.subject(each): each for each in chain.authorities}
    beside: dict[str, dict[Certificate, str]] = {}
    for rejected in chain.rejected:
        name = names.subject(rejected.candidate)
        if name in taken and rejected.candidate != taken[name]:
            beside.setdefault(name, {}).setdefault(rejected.candidate, rejected.reason)
    for name, found in beside.items():
        first, reason = next(iter(found.items()))
        more = f"; {len(found) - 1} more certificates have it, too" if len(found) > 1 else ""
        yield on(first, codes.CHAIN_NAMESAKE, issuer=names.short(taken[name]), reason=f"{reason}{more}")


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
        codes.CHAIN_INCOMPLETE,
        missing=chain.missing_issuer or "",
        key_id=f" (key id {chain.missing_key_id})" if chain.missing_key_id else "",
        near=f"; one of that name is not it: {near.reason}" if near else "",
        url=f", or fetch it from {url}" if url else "",
    )
