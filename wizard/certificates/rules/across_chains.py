"""Findings that need all chains of a set together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.rules.certificate import listed, on
from wizard.findings import Finding

MOST_FILES = 5


def check_together(chains: Iterable[Chain]) -> Iterator[Finding]:
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
            yield on(first, codes.PILE_SAME_SUBJECT, count=len(twins), files=listed(places, MOST_FILES))
