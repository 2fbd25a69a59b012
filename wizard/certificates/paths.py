"""The best way from each issuer up to a root, when cross-signing and renewal leave several."""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from wizard.certificates import look
from wizard.certificates.issuers import Shelf
from wizard.certificates.model import Certificate

LONGEST = 32
"""Certificates in a path. Java's own limit is 10; this one only keeps hostile piles from filling the memory."""


class Cost(NamedTuple):
    """What makes one path worse than another, the weightiest first."""

    incomplete: bool
    defects: int
    length: int


class Tie(NamedTuple):
    """What decides between equal costs: the later expiry, then the fingerprint, so that the choice is repeatable."""

    expiry: float
    fingerprint: str


class Paths:
    """The best paths above the certificates of a shelf that were asked for."""

    def __init__(self, shelf: Shelf, starts: set[int]) -> None:
        """Find the best path for each certificate in *starts* and everything above them."""
        self._shelf = shelf
        self._above: dict[int, int] = {}
        self.cost: dict[int, Cost] = {}
        self.self_signed: set[int] = set()
        self._children: dict[int, list[int]] = {}
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
        none = Tie(0.0, "")
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
            # CAs that certify each other in a ring, or hang under a path that is too long.
            self.cost[place] = self._end_cost(place)

    def _end_cost(self, place: int) -> Cost:
        return Cost(place not in self.self_signed, int(bool(self._shelf.defect(place))), 1)

    def _step(self, cost: Cost, issuer: int, child: int) -> Cost:
        tight = look.path_length(self._shelf.certificates[issuer]) == 0
        return Cost(cost.incomplete, cost.defects + bool(self._shelf.defect(child)) + tight, cost.length + 1)

    def _tie(self, place: int) -> Tie:
        certificate = self._shelf.certificates[place]
        return Tie(-_expiry(certificate), certificate.sha256)

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
        while path[-1] in self._above:
            path.append(self._above[path[-1]])
        return tuple(path)

    def why_not(self, candidate: int, chosen: int, *, below_is_ca: bool) -> str:
        """Why *candidate*, which fits too, was left for *chosen*."""
        defect = self._shelf.defect(candidate)
        mine, other = self.cost[candidate], self.cost[chosen]
        if defect:
            return f"it fits, but {defect}"
        if below_is_ca and look.path_length(self._shelf.certificates[candidate]) == 0:
            return "it fits, but its path length does not allow the CA certificate below it"
        if mine.incomplete and not other.incomplete:
            return "it fits, but no root was found above it"
        if mine.defects > other.defects:
            return "it fits, but a certificate above it is outside its dates or its path length"
        if mine.length > other.length:
            return "it fits too; the other path to a root is shorter"
        return "it fits too; the other one is valid for longer"


def _expiry(certificate: Certificate) -> float:
    try:
        return look.not_after(certificate).timestamp()
    except look.NOT_PARSED:
        return 0.0
