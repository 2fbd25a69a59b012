"""Build chains from any set of certificates and keys: leaf first, root last, with the reasons for what is missing."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from wizard.certificates import fields, names
from wizard.certificates.issuers import CertificateIndex, IssuerCandidate
from wizard.certificates.model import Bundle, Certificate, Chain, PrivateKey, Rejected

LONGEST = 32
"""Certificates in a path. Java's own limit is 10; this one only keeps hostile sets from filling the memory."""


class Cost(NamedTuple):
    """What makes one path worse than another, the weightiest first."""

    incomplete: bool
    defects: int
    length: int


class TieBreaker(NamedTuple):
    """What decides between equal costs: the later expiry, then the fingerprint, so that the choice is repeatable."""

    expiry: float
    fingerprint: str


class Paths:
    """The best paths above the requested certificates of an index."""

    def __init__(self, shelf: CertificateIndex, starts: set[int]) -> None:
        """Find the best path for each certificate in *starts* and everything above them."""
        self._shelf = shelf
        self._above: dict[int, int] = {}
        self.cost: dict[int, Cost] = {}
        self.self_signed: set[int] = set()
        self._children: dict[int, list[int]] = {}
        self._stuck: set[int] = set()
        """Places with issuers and without a path to an end: the CAs certify each other, or the path is too long."""
        self._search(self._ends(starts))

    def _ends(self, starts: set[int]) -> list[int]:
        """Walk up from *starts*, note who issued whom, and return the places where paths end."""
        waiting, seen, ends = sorted(starts), set(starts), []
        while waiting:
            place = waiting.pop()
            issuers = self._shelf.link(place).issuers
            if place in issuers:
                self.self_signed.add(place)
            if not issuers or place in issuers:
                ends.append(place)
                continue
            for issuer in issuers:
                self._children.setdefault(issuer, []).append(place)
                if issuer not in seen:
                    seen.add(issuer)
                    waiting.append(issuer)
        self._seen = seen
        return ends

    def _search(self, ends: list[int]) -> None:
        """Dijkstra's search from the ends downwards: the cost only grows along a path."""
        none = TieBreaker(0.0, "")
        heap = [(self._end_cost(place), none, place, -1) for place in ends]
        heapify(heap)
        while heap:
            cost, _, place, above = heappop(heap)
            if place in self.cost:
                continue
            self.cost[place] = cost
            if above >= 0:
                self._above[place] = above
            if cost.length >= LONGEST:
                continue
            tie = self._tie(place)
            for child in self._children.get(place, ()):
                if child not in self.cost:
                    heappush(heap, (self._step(cost, place, child), tie, child, place))
        for place in self._seen - self.cost.keys():
            self._stuck.add(place)
            self.cost[place] = self._end_cost(place)

    def _end_cost(self, place: int) -> Cost:
        return Cost(place not in self.self_signed, int(bool(self._shelf.defect(place))), 1)

    def _step(self, cost: Cost, issuer: int, child: int) -> Cost:
        tight = fields.path_length(self._shelf.certificates[issuer]) == 0
        return Cost(cost.incomplete, cost.defects + bool(self._shelf.defect(child)) + tight, cost.length + 1)

    def _tie(self, place: int) -> TieBreaker:
        certificate = self._shelf.certificates[place]
        return TieBreaker(-_expiry(certificate), certificate.sha256)

    def best(self, issuers: tuple[int, ...]) -> int:
        """The issuer with the best path above it."""
        if len(issuers) == 1:
            return issuers[0]
        return min(issuers, key=lambda place: (self.cost[place], self._tie(place)))

    def above(self, place: int) -> int | None:
        """The chosen issuer of the certificate at *place*; None at the end of the path."""
        return self._above.get(place)

    def places(self, place: int) -> tuple[int, ...]:
        """The path from *place* upwards, itself first."""
        path = [place]
        while len(path) < LONGEST:
            above = self._above.get(path[-1])
            if above is None and path[-1] in self._stuck:
                above = next((each for each in self._shelf.link(path[-1]).issuers if each not in path), None)
            if above is None:
                break
            path.append(above)
        return tuple(path)

    def cut(self, path: tuple[int, ...]) -> str:
        """Why *path* ends although issuers of its last certificate are there: `long`, `ring`, "" when none are."""
        if path[-1] in self.self_signed or not self._shelf.link(path[-1]).issuers:
            return ""
        return "ring" if all(each in path for each in self._shelf.link(path[-1]).issuers) else "long"

    def why_not(self, candidate: int, chosen: int, *, below_is_ca: bool) -> str:
        """Why *chosen* was preferred to *candidate*, which matches too."""
        defect = self._shelf.defect(candidate)
        mine, other = self.cost[candidate], self.cost[chosen]
        if defect:
            return f"it matches, but {defect}"
        if below_is_ca and fields.path_length(self._shelf.certificates[candidate]) == 0:
            return "it matches, but its path length does not allow the CA certificate below it"
        if mine.incomplete and not other.incomplete:
            return "it matches, but no root was found above it"
        if mine.defects > other.defects:
            return "it matches, but a certificate above it is not valid now or breaks a path length"
        if mine.length > other.length:
            return "it matches too, but the other path to a root is shorter"
        return "it matches too, but the other one is valid for longer"


def _expiry(certificate: Certificate) -> float:
    try:
        return fields.not_after(certificate).timestamp()
    except fields.NOT_PARSED:
        return 0.0


def assemble(
    bundle_or_bundles: Bundle | Iterable[Bundle], *, host: str | None = None, now: datetime | None = None
) -> list[Chain]:
    """Build one chain for each end-entity certificate among the bundles.

    A CA certificate counts as an end-entity when its private key is there and it issued none of the others. CA
    certificates that no chain needs are the `extra` of the chains whose leaf came in the same file; when they came in
    files of their own, they make chains without a leaf.

    Args:
        bundle_or_bundles: what `reading.read` returned, for one file or for many.
        host: chains whose leaf carries this name come first.
        now: when given, certificates that are valid at that moment are preferred.

    Returns:
        Chains for the host first, then those with a private key, then complete ones, then in the order of the files.
        The same set in another order gives the same chains.
    """
    bundles = [bundle_or_bundles] if isinstance(bundle_or_bundles, Bundle) else list(bundle_or_bundles)
    pool: dict[bytes, Certificate] = {}
    for bundle in bundles:
        for certificate in bundle.certificates:
            pool.setdefault(certificate.der, certificate)
    keys = [key for bundle in bundles for key in bundle.keys]
    return _Assembly(list(pool.values()), keys, now).chains(host)


def host_chains(
    bundle_or_bundles: Bundle | Iterable[Bundle], *, host: str | None = None, now: datetime | None = None
) -> list[Chain]:
    """The chains of `assemble` that begin with the certificate of a host; for most purposes the first one counts."""
    return [chain for chain in assemble(bundle_or_bundles, host=host, now=now) if chain.leaf is not None]


def host_chain(
    bundle_or_bundles: Bundle | Iterable[Bundle], *, host: str | None = None, now: datetime | None = None
) -> Chain | None:
    """The first of `host_chains`; None when there is none."""
    return next(iter(host_chains(bundle_or_bundles, host=host, now=now)), None)


class _Tail(NamedTuple):
    """What all leaves under one issuer share."""

    intermediates: tuple[Certificate, ...]
    root: Certificate | None
    missing_issuer: str | None
    missing_key_id: str
    rejected: tuple[Rejected, ...]
    cut: str


class _Assembly:
    def __init__(self, pool: list[Certificate], keys: list[PrivateKey], now: datetime | None) -> None:
        self.pool = pool
        self.now = now
        self.shelf = CertificateIndex(pool, now)
        self.key_of = self._pair(keys)
        paired = {id(key) for key in self.key_of.values()}
        self.without_key = False if any(id(key) not in paired for key in keys) else None
        self.tails: dict[int, _Tail] = {}

    def _pair(self, keys: list[PrivateKey]) -> dict[int, PrivateKey]:
        """Which certificate has which key: by the bytes of the public key, then by its parsed form."""
        by_public = {key.public_key_der: key for key in reversed(keys)}
        outlines = self.shelf.outlines if keys else ()
        pairs = {
            place: by_public[each.public_key] for place, each in enumerate(outlines) if each.public_key in by_public
        }
        left = by_public.keys() - {key.public_key_der for key in pairs.values()}
        for place, certificate in enumerate(self.pool if left else ()):
            with suppress(Exception):  # a key that does not parse belongs to none of ours
                if certificate.public_key_der in left:
                    pairs[place] = by_public[certificate.public_key_der]
        return pairs

    def chains(self, host: str | None) -> list[Chain]:
        authorities, leaves = self._parted()
        paths = Paths(self.shelf, self._issuers(leaves))
        used = {each for start in self._chosen(leaves, paths) for each in paths.places(start)}
        unused = sorted(authorities - used)
        homes = {self.pool[place].origin for place in leaves}
        extra: dict[str, list[Certificate]] = defaultdict(list)
        for place in unused:
            if self.pool[place].origin in homes:
                extra[self.pool[place].origin].append(self.pool[place])
        shared = {origin: tuple(certificates) for origin, certificates in extra.items()}
        made = [self._chain(place, paths) for place in leaves]
        if shared:
            made = [replace(each, extra=shared.get(each.leaf.origin, ())) if each.leaf else each for each in made]
        made += self._headless([place for place in unused if self.pool[place].origin not in homes])
        return sorted(made, key=lambda chain: self._rank(chain, host))

    def _parted(self) -> tuple[set[int], list[int]]:
        """The places of CA certificates, and those of the leaves in order."""
        authorities = {place for place, each in enumerate(self.shelf.outlines) if each.is_ca}
        leaves = [place for place in range(len(self.pool)) if place not in authorities]
        doubtful = self.key_of.keys() & authorities
        if doubtful:
            mistaken = doubtful - self._issuers(range(len(self.pool)))
            leaves, authorities = sorted({*leaves, *mistaken}), authorities - mistaken
        # A root of version 1 has no basicConstraints; as it issued something, it is no leaf.
        old_roots = self._issuers(leaves) - authorities
        return authorities | old_roots, [place for place in leaves if place not in old_roots]

    def _issuers(self, places: Iterable[int]) -> set[int]:
        return {issuer for place in places for issuer in self.shelf.link(place).issuers if issuer != place}

    def _chosen(self, leaves: list[int], paths: Paths) -> set[int]:
        links = {issuers for place in leaves if (issuers := self.shelf.link(place).issuers) and place not in issuers}
        return {paths.best(issuers) for issuers in links}

    def _chain(self, place: int, paths: Paths) -> Chain:
        leaf, link = self.pool[place], self.shelf.link(place)
        key = self.key_of.get(place)
        matches = True if key is not None else self.without_key
        if place in link.issuers:
            return Chain(leaf, key=key, key_matches=matches, rejected=link.rejected)
        if not link.issuers:
            return Chain(leaf, (), None, key, matches, *self._missing(place), link.rejected)
        chosen = paths.best(link.issuers)
        between, root, missing, key_id, above, cut = self._tail(chosen, paths)
        rejected = (*self._left(link, chosen, paths, below_is_ca=False), *link.rejected, *above)
        return Chain(leaf, between, root, key, matches, missing, key_id, rejected, cut=cut)

    def _tail(self, start: int, paths: Paths) -> _Tail:
        if start not in self.tails:
            places = paths.places(start)
            path = tuple(self.pool[place] for place in places)
            rejected: list[Rejected] = []
            for place in places:
                above = paths.above(place)
                if above is not None:
                    rejected += self._left(self.shelf.link(place), above, paths, below_is_ca=True)
                if place not in paths.self_signed:
                    rejected += self.shelf.link(place).rejected
            rooted, cut = places[-1] in paths.self_signed, paths.cut(places)
            missing, key_id = (None, "") if rooted else self._missing(places[-1])
            root = path[-1] if rooted else None
            self.tails[start] = _Tail(path[:-1] if rooted else path, root, missing, key_id, tuple(rejected), cut)
        return self.tails[start]

    def _left(self, link: IssuerCandidate, chosen: int, paths: Paths, *, below_is_ca: bool) -> tuple[Rejected, ...]:
        """The other issuers that match, with the reason why *chosen* was preferred."""
        return tuple(
            Rejected(self.pool[each], paths.why_not(each, chosen, below_is_ca=below_is_ca))
            for each in link.issuers
            if each != chosen
        )

    def _missing(self, place: int) -> tuple[str, str]:
        parts = self.shelf.outlines[place]
        return names.issuer(self.pool[place]), (parts.authority_key_id or b"").hex()

    def _headless(self, places: list[int]) -> list[Chain]:
        """Chains of CA certificates that came without any leaf, from the lowest ones upwards."""
        paths = Paths(self.shelf, set(places))
        below = {above for place in places if (above := paths.above(place)) is not None}
        tails = [self._tail(place, paths) for place in places if place not in below]
        return [
            Chain(None, tail.intermediates, tail.root, None, self.without_key, *tail[2:5], cut=tail.cut)
            for tail in tails
        ]

    def _rank(self, chain: Chain, host: str | None) -> tuple[bool, bool, bool, bool, bool, float]:
        fits = host is not None and chain.leaf is not None and fields.matches(chain.leaf, host)
        expired, newest = False, 0.0
        if chain.leaf is not None and (fits or chain.key is not None):
            with suppress(*fields.NOT_PARSED):
                expired = self.now is not None and not (
                    fields.not_before(chain.leaf) <= self.now <= fields.not_after(chain.leaf)
                )
                newest = -fields.not_after(chain.leaf).timestamp()
        return not fits, chain.key is None, chain.leaf is None, expired, not chain.complete, newest
