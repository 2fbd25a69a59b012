"""Build chains from any set of certificates and keys: leaf first, root last, with the reasons for what is missing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from wizard.certificates import fields, names, raw
from wizard.certificates.formats.der import DerError
from wizard.certificates.model import Bundle, Certificate, Chain, PrivateKey, Rejected


@lru_cache(maxsize=1024)
def signed_by(certificate: Certificate, issuer: Certificate) -> bool | None:
    """True or False by the signature alone (names are not compared); None when the algorithm is not known here.

    `x509.Certificate.verify_directly_issued_by` refuses MD5 and SHA-1, which old private PKIs still use and Java
    accepts; therefore the signature is checked with the key itself. Answers are kept for a while, because many chains
    share their upper certificates.
    """
    parsed = certificate.x509
    key = fields.public_key(issuer)
    try:
        how = parsed.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey):
            # The library names no padding for MD5, which is only ever used with PKCS #1 v1.5.
            scheme = padding.PKCS1v15() if how is None else how
            if not isinstance(scheme, padding.PKCS1v15 | padding.PSS):
                return False
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return None
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, scheme, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(how, ec.ECDSA):
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, how)
        elif isinstance(key, dsa.DSAPublicKey):
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(parsed.signature, parsed.tbs_certificate_bytes)
        else:
            return None
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True


class Outline(NamedTuple):
    """The parts of one certificate, as encoded, by which its issuer is found."""

    issuer: bytes
    subject: bytes
    public_key: bytes
    authority_key_id: bytes | None
    key_id: bytes | None
    is_ca: bool


def outline(certificate: Certificate) -> Outline:
    """The parts of *certificate*; those that are malformed are as the library reads them."""
    try:
        issuer, subject, key, _ = raw.fields(certificate.der)
    except DerError:
        issuer, subject, key = _parsed(certificate)
    key_ids = fields.authority_key_id(certificate), fields.subject_key_id(certificate)
    return Outline(issuer, subject, key, *key_ids, fields.is_ca(certificate))


def _parsed(certificate: Certificate) -> tuple[bytes, bytes, bytes]:
    """Names and key by way of `cryptography`; unreadable names become empty, which fit no other certificate's."""
    issuer, subject = fields.issuer_name(certificate), fields.subject_name(certificate)
    try:
        key = certificate.public_key_der
    except Exception:  # noqa: BLE001 - each unsupported or malformed key has its own exception
        key = b""
    if issuer is None or subject is None:
        return b"", certificate.der, key
    return issuer.public_bytes(), subject.public_bytes(), key


MOST_CANDIDATES = 8
"""Issuers of one name that are tried for one certificate: a hostile set must not cost the square of its size."""


class IssuerCandidate(NamedTuple):
    """The issuers found for a certificate, by their places in the set, and the candidates that are none."""

    issuers: tuple[int, ...]
    rejected: tuple[Rejected, ...]


class _Namesakes(NamedTuple):
    """The certificates with one subject name: those that may issue, by key id, and the first few that may not."""

    able: tuple[int, ...]
    by_key_id: dict[bytes | None, list[int]]
    refused: tuple[Rejected, ...]


class CertificateIndex:
    """A set of different certificates, indexed by subject."""

    def __init__(self, certificates: Sequence[Certificate], now: datetime | None = None) -> None:
        self.certificates = certificates
        self.now = now
        self.outlines: list[Outline] = [outline(certificate) for certificate in certificates]
        self._by_subject: dict[bytes, list[int]] = defaultdict(list)
        self._by_key_id: dict[bytes | None, list[int]] = defaultdict(list)
        self._spellings: dict[bytes, dict[bytes, None]] = defaultdict(dict)
        for place, parts in enumerate(self.outlines):
            self._by_subject[parts.subject].append(place)
            if parts.is_ca:
                self._by_key_id[parts.key_id].append(place)
                self._spellings[raw.canonical(parts.subject)][parts.subject] = None
        self._links: dict[tuple[bytes, bytes | None], IssuerCandidate | None] = {}
        self._known: list[IssuerCandidate | None] = [None] * len(certificates)
        self._namesakes: dict[bytes, _Namesakes] = {}

    def link(self, place: int) -> IssuerCandidate:
        """The issuers of the certificate at *place*: itself, when it is self-signed."""
        found = self._known[place]
        if found is None:
            found = self._known[place] = self._link(place)
        return found

    def _link(self, place: int) -> IssuerCandidate:
        parts = self.outlines[place]
        if self._is_self_issued(place):
            alone = len(self._by_subject[parts.subject]) == 1 and not parts.is_ca
            if alone or signed_by(self.certificates[place], self.certificates[place]):
                return IssuerCandidate((place,), ())
        key = (parts.issuer, parts.authority_key_id)
        if key not in self._links:
            self._links[key] = self._by_names(*key)
        return self._links[key] or self._by_signature(place)

    def able(self, place: int) -> bool:
        """Whether it may issue: a CA, or self-issued without basicConstraints as version 1 roots are."""
        if self.outlines[place].is_ca:
            return True
        return self._is_self_issued(place) and b"\x55\x1d\x13" not in self.certificates[place].der

    def _is_self_issued(self, place: int) -> bool:
        """Whether its subject and its issuer are the same name."""
        issuer, subject = self.outlines[place].issuer, self.outlines[place].subject
        # Only names of about the same length can be spellings of each other, and only CAs are worth the comparison.
        return issuer == subject or (self.outlines[place].is_ca and raw.canonical(issuer) == raw.canonical(subject))

    def defect(self, place: int) -> str:
        """What makes a fitting issuer the worse choice: its dates, when the moment is known; "" when nothing does."""
        if self.now is None:
            return ""
        certificate = self.certificates[place]
        try:
            if fields.not_after(certificate) < self.now:
                return f"it expired on {fields.not_after(certificate):%Y-%m-%d}"
            if fields.not_before(certificate) > self.now:
                return f"it is not valid before {fields.not_before(certificate):%Y-%m-%d}"
        except fields.NOT_PARSED:
            return "its dates cannot be read"
        return ""

    def _by_names(self, issuer: bytes, wanted: bytes | None) -> IssuerCandidate | None:
        """The answer for all certificates with this issuer and key id, or None when signatures must decide."""
        found = self._named(issuer)
        if not found.able:
            return IssuerCandidate((), (*found.refused, *self._same_key_id(issuer, wanted)))
        fitting = found.by_key_id.get(wanted, []) if wanted is not None else []
        if not fitting or found.by_key_id.get(None) or len({self.outlines[each].public_key for each in fitting}) > 1:
            return None
        alike = set(fitting)
        others = [each for each in found.able if each not in alike][:MOST_CANDIDATES]
        differ = [Rejected(self.certificates[each], self._differs(each, wanted)) for each in others]
        # Of many certificates of one CA a root that is valid comes first: it ends every path.
        fitting = sorted(fitting, key=lambda each: (not self._is_self_issued(each), self.defect(each)))
        return IssuerCandidate(tuple(fitting[:MOST_CANDIDATES]), (*differ, *found.refused))

    def _by_signature(self, place: int) -> IssuerCandidate:
        certificate, parts = self.certificates[place], self.outlines[place]
        wanted, found = parts.authority_key_id, self._named(parts.issuer)
        # Those with the wanted key id first, so that the limit never hides the right one.
        likely = [] if wanted is None else [*found.by_key_id.get(wanted, ()), *found.by_key_id.get(None, ())]
        ordered = dict.fromkeys((*likely[:MOST_CANDIDATES], *found.able[: 2 * MOST_CANDIDATES]))
        issuers: list[int] = []
        otherwise: list[int] = []
        rejected: list[Rejected] = []
        for count, candidate in enumerate(ordered):
            other = self.certificates[candidate]
            differs = wanted is not None and self.outlines[candidate].key_id not in {None, wanted}
            if count >= MOST_CANDIDATES:
                reason = f"not checked: more than {MOST_CANDIDATES} certificates have this name"
                rejected.append(Rejected(other, reason))
            elif signed_by(certificate, other):
                (otherwise if differs else issuers).append(candidate)
            else:
                reason = "the signature does not verify with its key"
                rejected.append(Rejected(other, self._differs(candidate, wanted) if differs else reason))
        if issuers:
            note = "its key verifies the signature, but its key id is wrong"
            rejected += [Rejected(self.certificates[each], note) for each in otherwise]
        return IssuerCandidate(tuple(issuers or otherwise), (*rejected, *found.refused))

    def _named(self, subject: bytes) -> _Namesakes:
        if subject not in self._namesakes:
            places = [place for name in self._spelled(subject) for place in self._by_subject[name]]
            able = tuple(place for place in places if self.able(place))
            by_key_id: dict[bytes | None, list[int]] = defaultdict(list)
            for place in able:
                by_key_id[self.outlines[place].key_id].append(place)
            others = [place for place in places if not self.able(place)][:MOST_CANDIDATES]
            refused = tuple(Rejected(self.certificates[each], "it is not a CA certificate") for each in others)
            self._namesakes[subject] = _Namesakes(able, dict(by_key_id), refused)
        return self._namesakes[subject]

    def _spelled(self, name: bytes) -> list[bytes]:
        """The subjects in the set that every peer takes for *name*, itself first."""
        others = self._spellings.get(raw.canonical(name), ())
        return list(dict.fromkeys([*([name] if name in self._by_subject else ()), *others]))

    def _differs(self, place: int, wanted: bytes | None) -> str:
        return f"its key id is {(self.outlines[place].key_id or b'').hex()}, but {(wanted or b'').hex()} is required"

    def _same_key_id(self, issuer: bytes, wanted: bytes | None) -> list[Rejected]:
        if wanted is None:
            return []
        reason = "its key id is right, but its name is not"
        places = [each for each in self._by_key_id.get(wanted, ()) if self.outlines[each].subject != issuer]
        return [Rejected(self.certificates[each], reason) for each in places[:MOST_CANDIDATES]]


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
