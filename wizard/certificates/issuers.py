"""Who may have issued whom, among the certificates at hand, and why others did not.

A candidate must carry the issuer's name. Where names and key identifiers leave one answer it is taken, and the rules
verify its signature (`chain.signature`); where they leave a choice, or there are no key identifiers, signatures decide
here. So a pile of ten thousand certificates costs no ten thousand signature checks.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from wizard.certificates import look, raw
from wizard.certificates.model import Certificate, Rejected
from wizard.certificates.outline import Outline, outline
from wizard.certificates.signatures import signed_by

MOST_CANDIDATES = 8
"""Issuers of one name that are tried for one certificate: a hostile pile must not cost the square of its size."""


class Link(NamedTuple):
    """The issuers found for a certificate, by their places in the pile, and the candidates that are none."""

    issuers: tuple[int, ...]
    rejected: tuple[Rejected, ...]


class _Namesakes(NamedTuple):
    """The certificates with one subject name: those that may issue, by key id, and the first few that may not."""

    able: tuple[int, ...]
    by_key_id: dict[bytes | None, list[int]]
    refused: tuple[Rejected, ...]


class Shelf:
    """A pile of different certificates, indexed by subject."""

    def __init__(self, certificates: Sequence[Certificate], now: datetime | None = None) -> None:
        self.certificates = certificates
        self.now = now
        self.outlines: list[Outline] = [outline(certificate) for certificate in certificates]
        self._by_subject: dict[bytes, list[int]] = defaultdict(list)
        for place, parts in enumerate(self.outlines):
            self._by_subject[parts.subject].append(place)
        self._links: dict[tuple[bytes, bytes | None], Link | None] = {}
        self._known: list[Link | None] = [None] * len(certificates)
        self._namesakes: dict[bytes, _Namesakes] = {}
        self._spellings: dict[bytes, list[bytes]] | None = None
        self._key_ids: dict[int, bytes | None] = {}
        self._by_key_id: dict[bytes, list[int]] | None = None

    def link(self, place: int) -> Link:
        """The issuers of the certificate at *place*: itself, when it is self-signed."""
        found = self._known[place]
        if found is None:
            found = self._known[place] = self._link(place)
        return found

    def _link(self, place: int) -> Link:
        parts = self.outlines[place]
        if self._is_self_issued(place):
            alone = len(self._by_subject[parts.subject]) == 1 and not parts.may_be_ca
            if alone or signed_by(self.certificates[place], self.certificates[place]):
                return Link((place,), ())
        key = (parts.issuer, parts.authority_key_id)
        if key not in self._links:
            self._links[key] = self._by_names(*key)
        return self._links[key] or self._by_signature(place)

    def able(self, place: int) -> bool:
        """Whether it may issue: a CA, or self-issued without basicConstraints as version 1 roots are."""
        parts = self.outlines[place]
        if parts.may_be_ca:
            return look.is_ca(self.certificates[place])
        return self._is_self_issued(place) and b"\x55\x1d\x13" not in self.certificates[place].der

    def _is_self_issued(self, place: int) -> bool:
        """Whether its subject and its issuer are the same name."""
        issuer, subject = self.outlines[place].issuer, self.outlines[place].subject
        # Only names of about the same length can be spellings of each other, and only CAs are worth the comparison.
        return issuer == subject or (self.outlines[place].may_be_ca and raw.canonical(issuer) == raw.canonical(subject))

    def key_id(self, place: int) -> bytes | None:
        """The subject key identifier."""
        if place not in self._key_ids:
            self._key_ids[place] = look.subject_key_id(self.certificates[place])
        return self._key_ids[place]

    def defect(self, place: int) -> str:
        """What makes a fitting issuer the worse choice: its dates, when the moment is known; "" when nothing does."""
        if self.now is None:
            return ""
        certificate = self.certificates[place]
        try:
            if look.not_after(certificate) < self.now:
                return f"it expired on {look.not_after(certificate):%Y-%m-%d}"
            if look.not_before(certificate) > self.now:
                return f"it is not valid before {look.not_before(certificate):%Y-%m-%d}"
        except look.NOT_PARSED:
            return "its dates cannot be read"
        return ""

    def _by_names(self, issuer: bytes, wanted: bytes | None) -> Link | None:
        """The answer for all certificates with this issuer and key id, or None when signatures must decide."""
        found = self._named(issuer)
        if not found.able:
            return Link((), (*found.refused, *self._same_key_id(issuer, wanted)))
        fitting = found.by_key_id.get(wanted, []) if wanted is not None else []
        if not fitting or found.by_key_id.get(None) or len({self.outlines[each].public_key for each in fitting}) > 1:
            return None
        others = [each for each in found.able if each not in fitting][:MOST_CANDIDATES]
        differ = [Rejected(self.certificates[each], self._differs(each, wanted)) for each in others]
        return Link(tuple(fitting), (*differ, *found.refused))

    def _by_signature(self, place: int) -> Link:
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
            differs = wanted is not None and self.key_id(candidate) not in {None, wanted}
            if count >= MOST_CANDIDATES:
                reason = f"not looked at: more than {MOST_CANDIDATES} certificates have this name"
                rejected.append(Rejected(other, reason))
            elif signed_by(certificate, other):
                (otherwise if differs else issuers).append(candidate)
            else:
                reason = "the signature does not verify with its key"
                rejected.append(Rejected(other, self._differs(candidate, wanted) if differs else reason))
        if issuers:
            note = "its key verifies the signature, but its key id is not the wanted one"
            rejected += [Rejected(self.certificates[each], note) for each in otherwise]
        return Link(tuple(issuers or otherwise), (*rejected, *found.refused))

    def _named(self, subject: bytes) -> _Namesakes:
        if subject not in self._namesakes:
            places = [place for name in self._spelled(subject) for place in self._by_subject[name]]
            able = tuple(place for place in places if self.able(place))
            by_key_id: dict[bytes | None, list[int]] = defaultdict(list)
            for place in able:
                by_key_id[self.key_id(place)].append(place)
            others = [place for place in places if not self.able(place)][:MOST_CANDIDATES]
            refused = tuple(Rejected(self.certificates[each], "it is not a CA certificate") for each in others)
            self._namesakes[subject] = _Namesakes(able, dict(by_key_id), refused)
        return self._namesakes[subject]

    def _spelled(self, name: bytes) -> list[bytes]:
        """The subjects in the pile that every peer takes for *name*, itself first."""
        if self._spellings is None:
            self._spellings = defaultdict(list)
            for subject in dict.fromkeys(each.subject for each in self.outlines if each.may_be_ca):
                self._spellings[raw.canonical(subject)].append(subject)
        others = self._spellings.get(raw.canonical(name), ())
        return list(dict.fromkeys([*([name] if name in self._by_subject else ()), *others]))

    def _differs(self, place: int, wanted: bytes | None) -> str:
        return f"its key id is {(self.key_id(place) or b'').hex()}, and {(wanted or b'').hex()} is wanted"

    def _same_key_id(self, issuer: bytes, wanted: bytes | None) -> list[Rejected]:
        if wanted is None:
            return []
        if self._by_key_id is None:
            self._by_key_id = defaultdict(list)
            for place, parts in enumerate(self.outlines):
                if parts.may_be_ca and (key_id := self.key_id(place)) is not None:
                    self._by_key_id[key_id].append(place)
        reason = "its key id is the wanted one, but its name is another"
        places = [each for each in self._by_key_id.get(wanted, ()) if self.outlines[each].subject != issuer]
        return [Rejected(self.certificates[each], reason) for each in places[:MOST_CANDIDATES]]
