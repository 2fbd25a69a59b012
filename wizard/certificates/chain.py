"""Build chains from any set of certificates and keys: leaf first, root last, with the reasons for what is missing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from wizard.certificates import fields, names, raw
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
    """The parts of *certificate*."""
    parts = raw.fields(certificate.der)
    key_ids = fields.authority_key_id(certificate), fields.subject_key_id(certificate)
    return Outline(parts.issuer, parts.subject, parts.key, *key_ids, fields.is_ca(certificate))


MOST_CANDIDATES = 8
"""Issuers of one name that are tried for one certificate: a hostile set must not cost the square of its size."""
LONGEST = 32
"""CA certificates in a path. Java's own limit is 10; this one only keeps hostile sets from filling the memory."""


class Issuers(NamedTuple):
    """The issuers found for a certificate, by their places in the pool, and the candidates that are none.

    A self-signed certificate has itself.
    """

    found: tuple[int, ...]
    rejected: tuple[Rejected, ...]


class Cost(NamedTuple):
    """What makes one path worse than another, the weightiest first."""

    incomplete: bool
    defects: int
    length: int


Bundles = Bundle | Iterable[Bundle]
"""What was read from one file, or from many."""


def assemble(bundles: Bundles, *, host: str | None = None, now: datetime | None = None) -> list[Chain]:
    """Build one chain for each end-entity certificate among the bundles.

    A CA certificate counts as an end-entity when its private key is there and it issued none of the others. CA
    certificates that no chain needs are the `extra` of the chains whose leaf came in the same file; when they came in
    files of their own, they make chains without a leaf.

    Args:
        bundles: what `reading.read` returned.
        host: chains whose leaf carries this name come first.
        now: when given, certificates that are valid at that moment are preferred.

    Returns:
        Chains for the host first, then those with a private key, then complete ones, then in the order of the files.
        The same set in another order gives the same chains.
    """
    found = [bundles] if isinstance(bundles, Bundle) else list(bundles)
    pool = dict.fromkeys(certificate for bundle in found for certificate in bundle.certificates)
    keys = [key for bundle in found for key in bundle.keys]
    return _Assembly(list(pool), keys, now).chains(host)


def host_chains(bundles: Bundles, *, host: str | None = None, now: datetime | None = None) -> list[Chain]:
    """The chains of `assemble` that begin with the certificate of a host; for most purposes the first one counts."""
    return [chain for chain in assemble(bundles, host=host, now=now) if chain.leaf is not None]


def host_chain(bundles: Bundles, *, now: datetime | None = None) -> Chain | None:
    """The first of `host_chains`; None when there is none."""
    return next(iter(host_chains(bundles, now=now)), None)


class _Assembly:
    """Different certificates, each named by its place in the pool, and the chains that they make."""

    def __init__(self, pool: list[Certificate], keys: list[PrivateKey], now: datetime | None) -> None:
        self.pool = pool
        self.now = now
        self.outlines = [outline(certificate) for certificate in pool]
        self.able: dict[bytes, list[int]] = defaultdict(list)
        """Places of those that may issue, by subject, in the form in which every peer compares names."""
        self.unable: dict[bytes, list[int]] = defaultdict(list)
        self.by_key_id: dict[bytes | None, list[int]] = defaultdict(list)
        for place, parts in enumerate(self.outlines):
            (self.able if self._able(place) else self.unable)[raw.canonical(parts.subject)].append(place)
            if parts.is_ca:
                self.by_key_id[parts.key_id].append(place)
        self.known: dict[tuple[bytes, bytes | None], Issuers | None] = {}
        self.issuers = [self._issuers(place) for place in range(len(pool))]
        self.key_of = self._pair(keys)
        paired = {id(key) for key in self.key_of.values()}
        self.without_key = False if any(id(key) not in paired for key in keys) else None
        self.authorities, self.leaves = self._parted()
        self.cost: dict[int, Cost] = {}
        self._costs()

    def _issuers(self, place: int) -> Issuers:
        certificate, parts = self.pool[place], self.outlines[place]
        name, wanted = raw.canonical(parts.issuer), parts.authority_key_id
        if self._self_issued(place):
            alone = not parts.is_ca and len(self.able[name]) + len(self.unable[name]) == 1
            if alone or signed_by(certificate, certificate):
                return Issuers((place,), ())
        if (name, wanted) not in self.known:
            self.known[name, wanted] = self._by_names(name, wanted)
        return self.known[name, wanted] or self._by_signature(place, name, wanted)

    def _by_names(self, name: bytes, wanted: bytes | None) -> Issuers | None:
        """The answer for all certificates with this issuer and key id, or None when signatures must decide."""
        able, refused = self.able[name], self._rejected(self.unable[name], "it is not a CA certificate")
        if not able:
            alike = self.by_key_id.get(wanted, []) if wanted is not None else []
            renamed = [each for each in alike if raw.canonical(self.outlines[each].subject) != name]
            return Issuers((), (*refused, *self._rejected(renamed, "its key id is right, but its name is not")))
        key_ids = {each: self.outlines[each].key_id for each in able}
        fitting = [each for each in able if wanted is not None and key_ids[each] == wanted]
        keys = {self.outlines[each].public_key for each in fitting}
        if len(keys) != 1 or None in key_ids.values():
            return None
        differ = [each for each in able if key_ids[each] != wanted][:MOST_CANDIDATES]
        rejected = [Rejected(self.pool[each], self._differs(each, wanted)) for each in differ]
        # Of many certificates of one CA a root that is valid comes first: it ends every path.
        fitting.sort(key=lambda each: (not self._self_issued(each), self._defect(each)))
        return Issuers(tuple(fitting[:MOST_CANDIDATES]), (*rejected, *refused))

    def _by_signature(self, place: int, name: bytes, wanted: bytes | None) -> Issuers:
        able = self.able[name]
        # Those with the wanted key id first, so that the limit never hides the right one.
        ids = (wanted, None) if wanted is not None else ()
        likely = [each for key_id in ids for each in able if self.outlines[each].key_id == key_id][:MOST_CANDIDATES]
        candidates = dict.fromkeys((*likely, *able[: 2 * MOST_CANDIDATES]))
        issuers: list[int] = []
        otherwise: list[int] = []
        rejected: list[Rejected] = []
        for count, candidate in enumerate(candidates):
            other = self.pool[candidate]
            differs = wanted is not None and self.outlines[candidate].key_id not in {None, wanted}
            if count >= MOST_CANDIDATES:
                reason = f"not checked: more than {MOST_CANDIDATES} certificates have this name"
                rejected.append(Rejected(other, reason))
            elif signed_by(self.pool[place], other):
                (otherwise if differs else issuers).append(candidate)
            else:
                reason = "the signature does not verify with its key"
                rejected.append(Rejected(other, self._differs(candidate, wanted) if differs else reason))
        if issuers:
            note = "its key verifies the signature, but its key id is wrong"
            rejected += [Rejected(self.pool[each], note) for each in otherwise]
        refused = self._rejected(self.unable[name], "it is not a CA certificate")
        return Issuers(tuple(issuers or otherwise), (*rejected, *refused))

    def _able(self, place: int) -> bool:
        """Whether it may issue: a CA, or self-issued without basicConstraints as version 1 roots are."""
        named = b"\x55\x1d\x13" in self.pool[place].der
        return self.outlines[place].is_ca or (self._self_issued(place) and not named)

    def _self_issued(self, place: int) -> bool:
        return raw.canonical(self.outlines[place].issuer) == raw.canonical(self.outlines[place].subject)

    def _differs(self, place: int, wanted: bytes | None) -> str:
        return f"its key id is {(self.outlines[place].key_id or b'').hex()}, but {(wanted or b'').hex()} is required"

    def _rejected(self, places: Sequence[int], reason: str) -> list[Rejected]:
        return [Rejected(self.pool[each], reason) for each in places[:MOST_CANDIDATES]]

    def _defect(self, place: int) -> str:
        """What makes a fitting issuer the worse choice: its dates, when the moment is known; "" when nothing does."""
        certificate, now = self.pool[place], self.now
        if now is not None and fields.not_after(certificate) < now:
            return f"it expired on {fields.not_after(certificate):%Y-%m-%d}"
        if now is not None and fields.not_before(certificate) > now:
            return f"it is not valid before {fields.not_before(certificate):%Y-%m-%d}"
        return ""

    def _pair(self, keys: list[PrivateKey]) -> dict[int, PrivateKey]:
        """Which certificate has which key: by the bytes of the public key, then by its parsed form."""
        by_public = {key.public_key_der: key for key in reversed(keys)}
        outlines = self.outlines if keys else ()
        pairs = {
            place: by_public[each.public_key] for place, each in enumerate(outlines) if each.public_key in by_public
        }
        left = by_public.keys() - {key.public_key_der for key in pairs.values()}
        for place, certificate in enumerate(self.pool if left else ()):
            with suppress(Exception):  # a key that does not parse belongs to none of ours
                if certificate.public_key_der in left:
                    pairs[place] = by_public[certificate.public_key_der]
        return pairs

    def _parted(self) -> tuple[set[int], list[int]]:
        """The places of CA certificates, and those of the leaves in order."""
        authorities = {place for place, each in enumerate(self.outlines) if each.is_ca}
        mistaken = self.key_of.keys() & authorities
        if mistaken:
            authorities -= mistaken - self._above(range(len(self.pool)))
        # A root of version 1 has no basicConstraints; as it issued something, it is no leaf.
        authorities |= self._above(place for place in range(len(self.pool)) if place not in authorities)
        return authorities, [place for place in range(len(self.pool)) if place not in authorities]

    def _above(self, places: Iterable[int]) -> set[int]:
        return {issuer for place in places for issuer in self.issuers[place].found if issuer != place}

    def _costs(self) -> None:
        """Find the cost of the best path above each CA certificate, itself included, where that has an end."""
        ends = [place for place in self.authorities if self.issuers[place].found in {(), (place,)}]
        self.cost |= {place: self._cost(place) for place in ends}
        others = self.authorities - self.cost.keys()
        for _length in range(1, LONGEST):
            better = {}
            for place in others:
                if above := [each for each in self.issuers[place].found if each in self.cost]:
                    best = min(self._rank(each, below_is_ca=True) for each in above)[0]
                    cost = Cost(best.incomplete, best.defects + bool(self._defect(place)), best.length + 1)
                    if place not in self.cost or cost < self.cost[place]:
                        better[place] = cost
            if not better:
                return
            self.cost |= better

    def _cost(self, place: int) -> Cost:
        """The cost of the best path; for one without an end, that of the certificate alone."""
        alone = Cost(place not in self.issuers[place].found, int(bool(self._defect(place))), 1)
        return self.cost.get(place, alone)

    def _rank(self, issuer: int, *, below_is_ca: bool) -> tuple[Cost, float, str]:
        """What decides between issuers: the path above, the later expiry, and the fingerprint, to be repeatable."""
        certificate, cost = self.pool[issuer], self._cost(issuer)
        tight = below_is_ca and fields.path_length(certificate) == 0
        return (
            cost._replace(defects=cost.defects + tight),
            -fields.not_after(certificate).timestamp(),
            certificate.sha256,
        )

    def _path(self, start: int) -> list[int]:
        """The places from *start* upwards, itself first."""
        path = [start]
        while len(path) < LONGEST + (start not in self.authorities):
            issuers = [each for each in self.issuers[path[-1]].found if each not in path]
            if not issuers:
                break
            below_is_ca = path[-1] in self.authorities
            path.append(min(issuers, key=lambda each: self._rank(each, below_is_ca=below_is_ca)))
        return path

    def chains(self, host: str | None) -> list[Chain]:
        """See `assemble`."""
        paths = [self._path(place) for place in self.leaves]
        unused = sorted(self.authorities.difference(*paths))
        homes = {self.pool[place].origin for place in self.leaves}
        extra: dict[str, tuple[Certificate, ...]] = dict.fromkeys(homes, ())
        for place in unused:
            if self.pool[place].origin in homes:
                extra[self.pool[place].origin] += (self.pool[place],)
        made = [self._chain(path, extra[self.pool[path[0]].origin]) for path in paths]
        # CA certificates that came without any leaf, from the lowest ones upwards.
        others = [self._path(place) for place in unused if self.pool[place].origin not in homes]
        below = {path[1] for path in others if path[0] in self.cost and len(path) > 1}
        made += [self._chain(path) for path in others if path[0] not in below]
        return sorted(made, key=lambda chain: self._order(chain, host))

    def _chain(self, path: list[int], extra: tuple[Certificate, ...] = ()) -> Chain:
        """The chain of *path*, which begins with a leaf or with a CA certificate of a chain without one."""
        rejected: list[Rejected] = []
        for place, chosen in zip_longest(path, path[1:]):
            issuers = self.issuers[place]
            if chosen is not None:
                others = [each for each in issuers.found if each != chosen]
                rejected += [Rejected(self.pool[each], self._why_not(each, chosen, place)) for each in others]
            rejected += issuers.rejected
        certificates = [self.pool[place] for place in path]
        leaf = certificates.pop(0) if path[0] not in self.authorities else None
        key = self.key_of.get(path[0]) if leaf is not None else None
        top, above = self.pool[path[-1]], self.issuers[path[-1]].found
        rooted = path[-1] in above
        return Chain(
            leaf,
            root=certificates.pop() if rooted and certificates else None,
            intermediates=tuple(certificates),
            key=key,
            key_matches=True if key is not None else self.without_key,
            missing_issuer=None if rooted else names.issuer(top),
            missing_key_id="" if rooted else (fields.authority_key_id(top) or b"").hex(),
            rejected=tuple(rejected),
            extra=extra,
            cut="" if rooted or not above else "ring" if set(above) <= set(path) else "long",
        )

    def _why_not(self, candidate: int, chosen: int, below: int) -> str:
        """Why *chosen* was preferred to *candidate*, which matches the certificate at *below* too."""
        mine, other = self._cost(candidate), self._cost(chosen)
        if defect := self._defect(candidate):
            return f"it matches, but {defect}"
        if below in self.authorities and fields.path_length(self.pool[candidate]) == 0:
            return "it matches, but its path length does not allow the CA certificate below it"
        if mine.incomplete and not other.incomplete:
            return "it matches, but no root was found above it"
        if mine.defects > other.defects:
            return "it matches, but a certificate above it is not valid now or breaks a path length"
        if mine.length > other.length:
            return "it matches too, but the other path to a root is shorter"
        return "it matches too, but the other one is valid for longer"

    def _order(self, chain: Chain, host: str | None) -> tuple[bool, bool, bool, bool, bool, float]:
        leaf = chain.leaf
        fits = host is not None and leaf is not None and fields.matches(leaf, host)
        expired, newest = False, 0.0
        if leaf is not None and (fits or chain.key is not None):
            expired = self.now is not None and not fields.not_before(leaf) <= self.now <= fields.not_after(leaf)
            newest = -fields.not_after(leaf).timestamp()
        return not fits, chain.key is None, leaf is None, expired, not chain.complete, newest
