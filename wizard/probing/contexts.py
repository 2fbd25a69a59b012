"""What a client brings into a handshake, and whose the presented certificate is."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from wizard import codes
from wizard.certificates import fields, hostnames
from wizard.certificates.model import Certificate, PrivateKey
from wizard.errors import WizardError
from wizard.probing.handshake import on_info, on_staple

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
    try:
        attributes = certificate.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except fields.NOT_PARSED:
        return ()
    return tuple(str(attribute.value) for attribute in attributes)


def covers(leaf: Certificate, name: str) -> bool:
    """Whether *leaf* is for the host name or address *name*: by its alternative names, else its common name."""
    if fields.extension(leaf, x509.SubjectAlternativeName) is not None:
        return fields.matches(leaf, name)
    return hostnames.matches(name, common_names(leaf), ())


def issued_by_name(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether *issuer* carries the name that *certificate* gives for its issuer."""
    try:
        return certificate.x509.issuer == issuer.x509.subject
    except fields.NOT_PARSED:
        return False


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

_VERSIONS: dict[str, int] = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: talk to servers without RFC 5746.


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The client certificate of the probe: a leaf, its key, and the issuers to send along (root not needed)."""

    leaf: Certificate
    key: PrivateKey
    issuers: tuple[Certificate, ...] = ()


def context(tls: Version | None = None, *, lowered: bool = False, client: ClientIdentity | None = None) -> SSL.Context:
    """A client context; the ones without a client certificate are made once and shared.

    Args:
        tls: this version only; None offers 1.2 and 1.3.
        lowered: offers TLS 1.0 upwards and accepts weak keys and hashes.
        client: presented when the server asks for a certificate.

    Raises:
        WizardError: `probe.client-unusable`.
    """
    if client is None:
        return _shared(tls, lowered)
    made = _new(tls, lowered=lowered)
    if not lowered:
        # Java accepts short keys of clients where OpenSSL would not even load them: the server shall decide.
        made.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    try:
        equip(made, client.leaf, client.key, client.issuers)
    except (SSL.Error, crypto.Error, TypeError, ValueError) as error:
        raise unusable(error) from error
    return made


def unusable(error: Exception) -> WizardError:
    """The refusal for a certificate and key that OpenSSL does not take."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    unfit = str(error) if isinstance(error, TypeError) else "key and certificate do not match"
    reason = next((str(entry[2]) for entry in queue if len(entry) == 3 and entry[2]), unfit)
    return WizardError(codes.PROBE_CLIENT_UNUSABLE, reason=reason)


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


@cache
def _shared(tls: Version | None, lowered: bool) -> SSL.Context:  # noqa: FBT001 - cached by position
    return _new(tls, lowered=lowered)


def _new(tls: Version | None, *, lowered: bool) -> SSL.Context:
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_verify(SSL.VERIFY_NONE)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_min_proto_version(_VERSIONS[tls] if tls else SSL.TLS1_VERSION if lowered else SSL.TLS1_2_VERSION)
    made.set_max_proto_version(_VERSIONS[tls] if tls else SSL.TLS1_3_VERSION)
    if lowered:
        made.set_cipher_list(b"ALL:@SECLEVEL=0")
        made.set_options(_LEGACY_SERVER_CONNECT)
    made.set_info_callback(on_info)
    made.set_ocsp_client_callback(on_staple)
    return made
