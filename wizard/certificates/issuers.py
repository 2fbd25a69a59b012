"""Whether a certificate's signature was made with another's key. It does not check algorithms: rules do."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from wizard.certificates import fields, raw
from wizard.certificates.formats.der import DerError
from wizard.certificates.model import Certificate, Rejected


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
