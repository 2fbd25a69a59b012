"""The links of a chain: what is missing or too much, signatures and key identifiers, path lengths."""

from collections.abc import Iterator
from itertools import pairwise

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.certificates.signatures import signed_by
from wizard.findings import Finding

MOST_OTHERS = 3
MOST_SENT, MOST_SENT_BY_CLIENT = 10, 8
"""Most certificates that Java accepts from a server, and that Java 25 accepts from a client (older: 10)."""


def completeness(context: Context) -> Iterator[Finding]:
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


def signature(context: Context) -> Iterator[Finding]:
    """Verify each certificate against the next one up."""
    for lower, upper in pairwise(context.chain.certificates):
        verified = signed_by(lower, upper)
        if verified is None:
            yield on(lower, codes.SIGNATURE_NOT_VERIFIED, algorithm=fields.signature_label(lower))
        elif not verified:
            yield on(lower, codes.SIGNATURE_BROKEN, issuer=names.short(upper))
        wanted, found = fields.authority_key_id(lower), fields.subject_key_id(upper)
        if wanted and found and wanted != found:
            yield on(
                lower, codes.SIGNATURE_KEY_ID_DIFFERS, issuer=names.short(upper), wanted=wanted.hex(), found=found.hex()
            )
        number = fields.authority_serial(lower)
        if number is not None and number != fields.serial(upper):
            shown = {"wanted": f"{number:x}", "found": f"{fields.serial(upper):x}"}
            yield on(lower, codes.SIGNATURE_ISSUER_SERIAL_DIFFERS, issuer=names.short(upper), **shown)
    root = context.chain.root
    own = fields.subject_key_id(root) if root is not None else None
    if root is not None and (
        fields.authority_key_id(root) not in {None, own}
        or fields.authority_serial(root) not in {None, fields.serial(root)}
    ):
        yield on(root, codes.SIGNATURE_ROOT_NAMES_ANOTHER_ISSUER)


def basic_constraints(context: Context) -> Iterator[Finding]:
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
