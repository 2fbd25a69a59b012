"""What a client brings into a handshake, whose the presented certificate is, and whether a peer trusts its chain."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from wizard import codes
from wizard.certificates import fields, hostnames, names, raw
from wizard.certificates.chain import signed_by
from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.model import Certificate, PrivateKey
from wizard.certificates.rules.chain import MOST_SENT, MOST_SENT_BY_CLIENT
from wizard.errors import WizardError
from wizard.findings import Code
from wizard.printable import printable
from wizard.probing.handshake import on_info, on_staple, queued

FALLBACK_NAME = "localhost"
"""The name in the certificate that the product presents when it cannot use its key store (manual)."""


def names_of(leaf: Certificate) -> list[str]:
    """The host names and addresses that *leaf* is for.

    The common name counts only when there is no subject alternative name at all, as in Java's HTTPS check (RFC 2818,
    section 3.1).
    """
    if fields.extension(leaf, x509.SubjectAlternativeName) is not None:
        return fields.names(leaf)
    return list(common_names(leaf))


def common_names(certificate: Certificate) -> tuple[str, ...]:
    """The common names of the subject, in the order of the certificate."""
    subject = fields.parsed(certificate).subject
    attributes = subject.get_attributes_for_oid(NameOID.COMMON_NAME) if subject is not None else ()
    return tuple(str(attribute.value) for attribute in attributes)


def covers(leaf: Certificate, name: str) -> bool:
    """Whether *leaf* is for the host name or address *name*: by its alternative names, else its common name."""
    if fields.extension(leaf, x509.SubjectAlternativeName) is not None:
        return fields.matches(leaf, name)
    return hostnames.matches(name, common_names(leaf), ())


def issued_by_name(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether *issuer* carries the name that *certificate* gives for its issuer."""
    name = fields.parsed(certificate).issuer
    return name is not None and name == fields.parsed(issuer).subject


def upwards(chain: Sequence[Certificate], issued: Callable[[Certificate, Certificate], bool]) -> list[Certificate]:
    """The path from the first of *chain* upwards, as far as it has an issuer for which *issued* is true."""
    path = [chain[0]]
    while not fields.self_issued(path[-1]):
        above = next((one for one in chain if one not in path and issued(path[-1], one)), None)
        if above is None:
            break
        path.append(above)
    return path


def is_fallback(leaf: Certificate, expect: Collection[str], name: str) -> bool:
    """Whether *leaf* is the product's built-in certificate and not one that somebody installed.

    Its common name is `localhost`, and it is none of the expected certificates. Where nothing is expected it must be
    self-issued, or be for another name than the one that was asked for.

    Args:
        leaf: as presented.
        expect: SHA-256 fingerprints of what should be presented; empty when unknown.
        name: the server name that was sent, else the connection host name.
    """
    if FALLBACK_NAME not in {common.lower() for common in common_names(leaf)} or leaf.sha256 in expect:
        return False
    return bool(expect) or fields.self_issued(leaf) or not covers(leaf, name)


Version = Literal["1.2", "1.3"]

VERSIONS: dict[Version, int] = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: talk to servers without RFC 5746.


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The client certificate of the probe: a leaf, its key, and the issuers to send along (root not needed)."""

    leaf: Certificate
    key: PrivateKey
    issuers: tuple[Certificate, ...] = ()


def context(tls: Version | None = None, *, lowered: bool = False, client: ClientIdentity | None = None) -> SSL.Context:
    """A client context.

    Args:
        tls: this version only; None offers 1.2 and 1.3.
        lowered: offers TLS 1.0 upwards and accepts weak keys and hashes.
        client: presented when the server asks for a certificate.

    Raises:
        WizardError: `probe.client-unusable`.
    """
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_verify(SSL.VERIFY_NONE)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_min_proto_version(VERSIONS[tls] if tls else SSL.TLS1_VERSION if lowered else SSL.TLS1_2_VERSION)
    made.set_max_proto_version(VERSIONS[tls] if tls else SSL.TLS1_3_VERSION)
    made.set_info_callback(on_info)
    made.set_ocsp_client_callback(on_staple)
    if lowered:
        made.set_cipher_list(b"ALL:@SECLEVEL=0")
        made.set_options(_LEGACY_SERVER_CONNECT)
    elif client is not None:
        # Java accepts short keys of clients where OpenSSL would not even load them: the server shall decide.
        made.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    if client is not None:
        try:
            equip(made, client.leaf, client.key, client.issuers)
        except (SSL.Error, crypto.Error, TypeError, ValueError) as error:
            raise unusable(error) from error
    return made


def unusable(error: Exception) -> WizardError:
    """The refusal for a certificate and key that OpenSSL does not take."""
    unfit = str(error) if isinstance(error, TypeError) else "key and certificate do not match"
    return WizardError(codes.PROBE_CLIENT_UNUSABLE, reason=(queued(error) or [unfit])[0])


def equip(made: SSL.Context, leaf: Certificate, key: PrivateKey, issuers: tuple[Certificate, ...]) -> None:
    """Give context *made* an identity."""
    private = key.key
    if not isinstance(
        private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    ):
        raise TypeError("TLS does not sign with a key of this kind")
    made.use_certificate(leaf.x509)
    made.use_privatekey(private)
    for issuer in issuers:
        made.add_extra_chain_cert(issuer.x509)
    made.check_privatekey()


SYSTEM_ROOTS = "roots of this system"
"""Name of the trust set of this system's programs, whoever is in it: a private PKI mostly is not, and that is no fault.
Whether a root is public is decided by `wizard.certificates.roots`, never by this set."""

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Red Hat, SUSE, and Alpine or macOS keep the roots that the programs of the system trust."""

_WORDS = {
    2: "the issuer {issuer} is missing",
    7: "the signature does not match the issuer's key",
    9: "{subject} is not valid yet",
    10: "{subject} has expired",
    18: "it is self-signed and not trusted",
    19: "it ends in {subject}, which is not trusted",
    20: "the issuer {issuer} is neither sent nor trusted",
    21: "the issuer {issuer} is neither sent nor trusted",
    23: "{subject} is revoked",
    24: "{subject} is used as a CA but is not one",
    25: "{subject} must not have so many CAs below it",
    32: "{subject} is used as a CA, but its key usage forbids signing certificates",
    34: "{subject} has an unknown critical extension",
    47: "a name constraint of a CA forbids the name in {subject}",
    48: "a name constraint of a CA forbids the name in {subject}",
    79: "{subject} is used as a CA but is not one",
}
"""OpenSSL's verification codes (`openssl verify` manual) in words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain is trusted.

    Attributes:
        ok: a path to a trust anchor was found, with dates, signatures and constraints in order.
        reason: words, "" when ok.
        path: the certificates used, the leaf first, the trust anchor last; empty when not ok.
    """

    ok: bool
    reason: str = ""
    path: tuple[Certificate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "ok": self.ok,
            "reason": printable(self.reason),
            "path": [certificate.sha256 for certificate in self.path],
        }


class TrustSet:
    """Trust anchors that are asked often: the OpenSSL store is built on first use and kept.

    Every certificate counts as an anchor, self-issued or not, as in Java's trust stores.
    """

    def __init__(self, certificates: Iterable[Certificate], *, now: datetime | None = None) -> None:
        """Take the anchors.

        Args:
            certificates: the anchors.
            now: aware; the moment for which to check, None for the moment of the question.
        """
        self.certificates = tuple(dict.fromkeys(certificates))
        self._now = now

    def verdict(self, chain: Sequence[Certificate]) -> Verdict:
        """Check *chain* (the leaf first; the others in any order help to build the path)."""
        if not chain:
            return Verdict(ok=False, reason="no certificate was sent")
        untrusted = [crypto.X509.from_cryptography(certificate.x509) for certificate in chain[1:]]
        asked = crypto.X509StoreContext(self._store, crypto.X509.from_cryptography(chain[0].x509), untrusted)
        try:
            path = asked.get_verified_chain()
        except crypto.X509StoreContextError as error:
            code = int(error.errors[0])
            at = from_openssl(error.certificate)
            words = _WORDS.get(code, str(error.errors[2]))
            reason = words.format(subject=names.subject(at), issuer=names.issuer(at))
            return Verdict(ok=False, reason=reason)
        return Verdict(ok=True, path=tuple(from_openssl(one) for one in path))

    def __len__(self) -> int:
        return len(self.certificates)

    @cached_property
    def _store(self) -> crypto.X509Store:
        store = crypto.X509Store()
        # An intermediate in a trust store is an anchor for Java.
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        if self._now is not None:
            store.set_time(self._now)
        for certificate in self.certificates:
            try:
                store.add_cert(crypto.X509.from_cryptography(certificate.x509))
            except (crypto.Error, ValueError):
                continue  # OpenSSL cannot parse it; as an anchor it would be useless.
        return store


def from_openssl(certificate: crypto.X509) -> Certificate:
    """OpenSSL's certificate as the model's, without the library's warnings about odd ones."""
    with odd_certificates_allowed():
        return Certificate(certificate.to_cryptography())


@cache
def system_roots() -> TrustSet:
    """The CAs that the programs of this system trust; empty when it has no bundle of them. Read once."""
    for path in _BUNDLES:
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        # Some bundled roots have odd serial numbers or names; that is their authors' business.
        with odd_certificates_allowed():
            try:
                return TrustSet(Certificate(parsed, origin=path) for parsed in x509.load_pem_x509_certificates(data))
            except ValueError:
                continue
    return TrustSet(())


_SERVER_USAGES = frozenset({fields.SERVER_AUTH, fields.ANY_USAGE, "1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"})
_CLIENT_USAGES = frozenset({fields.CLIENT_AUTH, fields.ANY_USAGE})


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason for which Java ends the handshake.

    Attributes:
        spec: the code of the finding.
        words: what is wrong, naming the certificate.
        java: the text by which Java's log says it.
    """

    spec: Code
    words: str
    java: str


def _untrusted(words: str, java: str) -> Objection:
    return Objection(codes.REHEARSAL_UNTRUSTED, words, java)


def trust_errors(
    chain: Sequence[Certificate],
    anchors: Sequence[Certificate],
    *,
    as_server: bool,
    connect_name: str | None,
    now: datetime,
) -> list[Objection]:
    """Everything that a Java peer with *anchors* as its trust store has against *chain*.

    Args:
        chain: as sent on the wire, the leaf first.
        anchors: the certificates of the trust store that Java sees as trusted.
        as_server: whether the chain is a server's (checked by a client) or a client's.
        connect_name: the host name that the client connects to; None skips the check of names.
        now: aware.
    """
    found = [*_length(chain, as_server=as_server), *_unreadable(chain), *_path_errors(chain, anchors, now)]
    leaf = chain[0]
    found += _usage(leaf, as_server=as_server)
    if as_server and connect_name is not None and not covers(leaf, connect_name):
        found.append(_name(leaf, connect_name))
    return found


def _path_errors(chain: Sequence[Certificate], anchors: Sequence[Certificate], now: datetime) -> Iterator[Objection]:
    if not anchors:
        words = "the trust store contains no trusted certificate"
        yield Objection(codes.REHEARSAL_EMPTY_TRUST, words, "the trustAnchors parameter must be non-empty")
        return
    if chain[0] in anchors:
        return  # Java checks nothing else of a leaf that is itself trusted, not even its dates.
    paths = list(_paths(chain, anchors))
    if not paths:
        java = "PKIX path building failed: unable to find valid certification path to requested target"
        yield _untrusted(_why_no_path(chain, anchors), java)
        return
    # Java takes any path that holds: the one with the fewest errors explains best.
    yield from min((list(_along(path, now)) for path in paths), key=len)


def _length(chain: Sequence[Certificate], *, as_server: bool) -> Iterator[Objection]:
    """The limits of the newest Java, because an update of it must not end the connection."""
    limit = MOST_SENT if as_server else MOST_SENT_BY_CLIENT
    if len(chain) > limit:
        words = f"the chain has {len(chain)} certificates, but Java accepts only {limit}"
        java = f"The certificate chain length ({len(chain)}) exceeds the maximum allowed length ({limit})"
        yield Objection(codes.REHEARSAL_LENGTH, words, java)


def _unreadable(chain: Sequence[Certificate]) -> Iterator[Objection]:
    """Objections to certificates that Java cannot parse, and to key types that this wizard's key store cannot hold."""
    for certificate in chain:
        if why := fields.java_refuses(certificate):
            words = f"Java cannot read {names.subject(certificate)}: {why}"
            yield Objection(codes.REHEARSAL_UNREADABLE, words, "CertificateParsingException")
    if fields.key_encoding(chain[0]) == "rsa-pss":
        words = f"the key of {names.subject(chain[0])} is of the kind RSASSA-PSS, which is written as plain RSA"
        yield Objection(codes.REHEARSAL_UNREADABLE, words, "No available authentication scheme")


_MOST_PATHS = 16
_MOST_STEPS = 2_000
"""Certificates that are tried as issuers: CAs that all certify each other have paths without end."""


def _paths(chain: Sequence[Certificate], anchors: Sequence[Certificate]) -> Iterator[tuple[Certificate, ...]]:
    """Paths from the leaf to an anchor through the certificates that were sent; the anchor comes last."""
    found = steps = 0

    def climb(path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        nonlocal found, steps
        top = path[-1]
        for anchor in anchors:
            if found < _MOST_PATHS and _issued(top, anchor):
                found += 1
                yield (*path, anchor)
        for sent in chain[1:]:
            steps += 1
            if steps > _MOST_STEPS or found >= _MOST_PATHS:
                return
            if sent not in path and sent not in anchors and len(path) <= len(chain) and _issued(top, sent):
                yield from climb((*path, sent))

    yield from climb((chain[0],))


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    above, below = raw.fields(issuer.der).subject, raw.fields(certificate.der).issuer
    same = above == below or raw.canonical(above) == raw.canonical(below)
    wanted, own = fields.authority_key_id(certificate), fields.subject_key_id(issuer)
    # Java's path builder passes over an issuer whose key identifier is another one, though the key would fit.
    fits = wanted is None or own is None or wanted == own
    return same and fits and signed_by(certificate, issuer) is not False


def _why_no_path(chain: Sequence[Certificate], anchors: Sequence[Certificate]) -> str:
    top = upwards(chain, _issued)[-1]
    if fields.self_issued(top):
        same = any(anchor.x509.subject == top.x509.subject for anchor in anchors)
        note = "; a trusted certificate with the same name has another key" if same else ""
        return f"the chain ends in {names.subject(top)}, which is not trusted{note}"
    return f"{names.issuer(top)}, the issuer of {names.subject(top)}, is neither sent nor trusted"


def _along(path: Sequence[Certificate], now: datetime) -> Iterator[Objection]:
    """The errors that PKIX finds in *path*; the anchor itself is trusted without these checks."""
    anchor = path[-1]
    if not fields.is_version_1(anchor) and not fields.is_ca(anchor):
        words = f"the trusted {names.subject(anchor)} is used as a CA but is not a CA certificate"
        yield _untrusted(words, "TrustAnchor is not a CA certificate")
    anchored = fields.extension(anchor, x509.KeyUsage)
    if anchored is not None and not anchored.key_cert_sign:
        words = f"the key usage of the trusted {names.subject(anchor)} does not allow signing certificates"
        yield _untrusted(words, "TrustAnchor does not have keyCertSign bit set in KeyUsage extension")
    for place, certificate in enumerate(path[:-1]):
        subject = names.subject(certificate)
        if place > 0:
            yield from _authority(certificate, subject, place - 1)
        if fields.not_after(certificate) < now:
            words = f"{subject} expired on {fields.not_after(certificate):%Y-%m-%d}"
            yield Objection(codes.REHEARSAL_DATES, words, f"{_VALIDITY} (NotAfter)")
        elif fields.not_before(certificate) > now:
            words = f"{subject} is valid only from {fields.not_before(certificate):%Y-%m-%d}"
            yield Objection(codes.REHEARSAL_DATES, words, f"{_VALIDITY} (NotBefore)")
        weak = _weak(certificate)
        if weak:
            yield Objection(codes.REHEARSAL_ALGORITHM, f"{subject} has {weak}", "Algorithm constraints check failed")
    yield from _constrained(path)


def _authority(certificate: Certificate, subject: str, below: int) -> Iterator[Objection]:
    length = fields.path_length(certificate)
    usage = fields.extension(certificate, x509.KeyUsage)
    if not fields.is_ca(certificate):
        words = f"{subject} is used as a CA but is not a CA certificate"
        yield _untrusted(words, "basic constraints check failed: this is not a CA certificate")
    elif length is not None and below > length:
        words = f"{subject} must not have so many CAs below it"
        yield _untrusted(words, "basic constraints check failed: pathLenConstraint violated")
    if usage is not None and not usage.key_cert_sign:
        words = f"the key usage of {subject} does not allow signing certificates"
        yield _untrusted(words, "CA key usage check failed: keyCertSign bit is not set")


def _weak(certificate: Certificate) -> str:
    """What `jdk.certpath.disabledAlgorithms` refuses in every supported JDK; "" when nothing."""
    digest = fields.signature_label(certificate)
    if digest in {"md5", "md2"}:
        return f"a signature with {digest.upper()}"
    key = fields.public_key(certificate)
    if key is None:
        return "a key of an unknown kind"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey) and key.key_size < 1024:
        return f"a key of {key.key_size} bits"
    return f"a key of {key.key_size} bits" if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 224 else ""


_VALIDITY = "PKIX path validation failed: validity check failed"
_CONSTRAINT_CODES = frozenset({34, 47, 48, 49, 50, 51, 52, 53})
"""OpenSSL's codes for name constraints and for critical extensions that it does not know."""
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: dates are checked above, the anchor's not at all.


def _constrained(path: Sequence[Certificate]) -> Iterator[Objection]:
    """Check name constraints and critical extensions by OpenSSL, which applies the same rules of RFC 5280 as Java.

    Java ignores those of the trust anchor, so the certificate below it is the anchor here.
    """
    path = path[:-1]
    if not any(fields.extension(one, x509.NameConstraints) or _critical_unknown(one) for one in path):
        return
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | _NO_CHECK_TIME)
    store.add_cert(crypto.X509.from_cryptography(path[-1].x509))
    between = [crypto.X509.from_cryptography(one.x509) for one in path[1:-1]]
    try:
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(path[0].x509), between).verify_certificate()
    except crypto.X509StoreContextError as error:
        if int(error.errors[0]) in _CONSTRAINT_CODES:
            at = names.subject(from_openssl(error.certificate))
            words = f"{at}: {error.errors[2]}"
            yield _untrusted(words, "PKIX path validation failed: name constraints check failed")


def _critical_unknown(certificate: Certificate) -> bool:
    kinds = fields.parsed(certificate).extensions
    return any(each.critical and isinstance(each.value, x509.UnrecognizedExtension) for each in kinds)


def _usage(leaf: Certificate, *, as_server: bool) -> Iterable[Objection]:
    role = "server" if as_server else "client"
    usages, subject = fields.usages(leaf), names.subject(leaf)
    if usages is not None and not set(usages) & (_SERVER_USAGES if as_server else _CLIENT_USAGES):
        listed = ", ".join(fields.usage_names(leaf) or []) or "nothing"
        words = f"the extended key usage of {subject} allows {listed}, not {role}Auth"
        java = f"Extended key usage does not permit use for TLS {role} authentication"
        yield Objection(codes.REHEARSAL_USAGE, words, java)
    usage = fields.extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        words = f"the key usage of {subject} lacks digitalSignature"
        yield Objection(codes.REHEARSAL_USAGE, words, "KeyUsage does not allow digital signatures")


def _name(leaf: Certificate, connect_name: str) -> Objection:
    carried = ", ".join(names_of(leaf)[:5]) or ", ".join(common_names(leaf)) or "no name"
    words = f"{names.subject(leaf)} is for {carried} and not for {connect_name}"
    return Objection(codes.REHEARSAL_NAME, words, f"No subject alternative DNS name matching {connect_name} found")
