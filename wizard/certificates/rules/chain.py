"""A chain as a whole: complete, signed, with its key, revocation and root; and several chains beside each other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Chain, Role
from wizard.certificates.rules.context import Context, on, on_chain
from wizard.certificates.signatures import signed_by
from wizard.findings import Finding

MOST_OTHERS = 3
MOST_SENT, MOST_SENT_BY_CLIENT = 10, 8
"""Most certificates that Java accepts from a server, and that Java 25 accepts from a client (older: 10)."""


def check_completeness(context: Context) -> Iterator[Finding]:
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


def check_private_key(context: Context) -> Iterator[Finding]:
    """Judge whether the leaf can be used."""
    chain = context.chain
    if chain.leaf is None:
        return
    if chain.key_matches is False:
        yield on(chain.leaf, codes.KEY_MISMATCH)
    elif chain.key_matches is None and context.role is not None:
        yield on(chain.leaf, codes.KEY_CLIENT_ELSEWHERE if context.role is Role.CLIENT else codes.KEY_MISSING)


def check_signature(context: Context) -> Iterator[Finding]:
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


def check_revocation(context: Context) -> Iterator[Finding]:
    """Only when OCSP is wanted: every certificate below the root needs a responder."""
    chain = context.chain
    for certificate in (chain.leaf, *chain.intermediates) if context.ocsp_wanted else ():
        if certificate is not None and not fields.responders(certificate):
            yield on(certificate, codes.OCSP_NO_RESPONDER)


def check_unclear_root(context: Context) -> Iterator[Finding]:
    """Ask for the word of the operator where it is needed."""
    root = context.chain.root
    if root is not None and root.sha256 in context.unclear_roots:
        yield on(root, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=root.sha256)


MOST_FILES = 5


def judge_pile(chains: Iterable[Chain]) -> Iterator[Finding]:
    """Compare the certificates of all chains with each other, in linear time."""
    chains = list(chains)
    leaves: dict[str, dict[str, Certificate]] = defaultdict(dict)
    numbers: dict[tuple[str, int], list[Certificate]] = defaultdict(list)
    seen: set[str] = set()
    extras: set[int] = set()
    for chain in chains:
        if chain.leaf is not None:
            leaves[names.subject(chain.leaf)][chain.leaf.sha256] = chain.leaf
        # Chains of one file share what came along beside them.
        beside = () if id(chain.extra) in extras else chain.extra
        extras.add(id(chain.extra))
        for certificate in (*chain.certificates, *beside):
            if certificate.sha256 in seen:
                continue
            seen.add(certificate.sha256)
            numbers[names.issuer(certificate), fields.serial(certificate)].append(certificate)
    for first, *others in numbers.values():
        if others:
            more = f"; {len(others) - 1} more have it, too" if len(others) > 1 else ""
            yield on(others[0], codes.PILE_SAME_SERIAL, other=names.short(first), more=more)
    for twins in leaves.values():
        if len(twins) > 1:
            first, *_ = twins.values()
            places = list(dict.fromkeys(each.origin or each.sha256[:16] for each in twins.values()))
            files = ", ".join(places[:MOST_FILES])
            files += f" and {len(places) - MOST_FILES} more" if len(places) > MOST_FILES else ""
            yield on(first, codes.PILE_SAME_SUBJECT, count=len(twins), files=files)
