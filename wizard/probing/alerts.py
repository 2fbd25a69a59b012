"""Explain TLS alerts (RFC 8446, section 6) and OpenSSL's error reasons in words."""

from dataclasses import dataclass

from OpenSSL import SSL

from wizard import codes


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert description.

    Attributes:
        number: as on the wire.
        name: as in the RFC, with underscores.
        words: what the peer says by it, to follow "the server".
    """

    number: int
    name: str
    words: str


ALERTS: dict[int, Alert] = {
    alert.number: alert
    for alert in (
        Alert(0, "close_notify", "closed the connection normally"),
        Alert(10, "unexpected_message", "received a message out of order"),
        Alert(20, "bad_record_mac", "could not decrypt what it received"),
        Alert(21, "decryption_failed", "could not decrypt what it received"),
        Alert(22, "record_overflow", "received a record that is too long"),
        Alert(30, "decompression_failure", "could not unpack what it received"),
        Alert(40, "handshake_failure", "found no acceptable parameters, or requires a client certificate"),
        Alert(41, "no_certificate", "requires a client certificate"),
        Alert(42, "bad_certificate", "refuses the client certificate, or requires one"),
        Alert(43, "unsupported_certificate", "does not accept a client certificate of this type"),
        Alert(44, "certificate_revoked", "treats the client certificate as revoked"),
        Alert(45, "certificate_expired", "finds that the client certificate is not valid now"),
        Alert(46, "certificate_unknown", "refuses the client certificate or its chain"),
        Alert(47, "illegal_parameter", "received a value that is out of range"),
        Alert(48, "unknown_ca", "does not trust the CA of the client certificate"),
        Alert(49, "access_denied", "knows the client certificate but denies access"),
        Alert(50, "decode_error", "could not parse a message"),
        Alert(51, "decrypt_error", "could not verify a signature or a finished message"),
        Alert(60, "export_restriction", "refuses because of an export rule"),
        Alert(70, "protocol_version", "accepts none of the offered TLS versions"),
        Alert(71, "insufficient_security", "requires stronger parameters than were offered"),
        Alert(80, "internal_error", "failed for a reason of its own"),
        Alert(86, "inappropriate_fallback", "refuses an unnecessary older TLS version"),
        Alert(90, "user_canceled", "was cancelled by its user"),
        Alert(100, "no_renegotiation", "does not negotiate again"),
        Alert(109, "missing_extension", "requires an extension that is missing"),
        Alert(110, "unsupported_extension", "received an extension that it did not request"),
        Alert(111, "certificate_unobtainable", "could not fetch the certificate"),
        Alert(112, "unrecognized_name", "does not know the server name that was sent"),
        Alert(113, "bad_certificate_status_response", "did not accept the OCSP staple"),
        Alert(114, "bad_certificate_hash_value", "found another certificate than announced"),
        Alert(115, "unknown_psk_identity", "does not know the shared key"),
        Alert(116, "certificate_required", "requires a client certificate"),
        Alert(120, "no_application_protocol", "accepts none of the offered application protocols"),
    )
}


def alert_of(number: int) -> Alert:
    """The entry for an alert *number*; an unknown one gets a name made of its number."""
    return ALERTS.get(number) or Alert(number, f"alert_{number}", f"sent the alert {number}")


REASONS: dict[str, tuple[str, str]] = {
    # OpenSSL's reason: (error code of the probe, words)
    "unsupported protocol": (codes.PROBE_OLD_PROTOCOL_ONLY.code, "the server accepts only TLS 1.1 or older"),
    "wrong version number": (codes.PROBE_NOT_TLS.code, "the answer is not TLS"),
    "packet length too long": (codes.PROBE_NOT_TLS.code, "the answer is not TLS"),
    "http request": (codes.PROBE_HTTP.code, "the answer is HTTP without TLS"),
    "record layer failure": (codes.PROBE_NOT_TLS.code, "the answer is not TLS"),
    "dh key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY.code, "the server's Diffie-Hellman key is too short"),
    "ee key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY.code, "a certificate's key is too short"),
    "ca key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY.code, "the key of a CA certificate is too short"),
    "ca md too weak": (codes.PROBE_WEAK_PARAMETERS_ONLY.code, "a CA certificate is signed with a weak hash"),
    "bad ecpoint": (codes.PROBE_HANDSHAKE.code, "the server sent a broken elliptic-curve point"),
    "wrong curve": (codes.PROBE_HANDSHAKE.code, "the server uses an elliptic curve that was not offered"),
    "wrong signature type": (
        codes.PROBE_WEAK_PARAMETERS_ONLY.code,
        "the server signs with a method that was not offered",
    ),
    "legacy sigalg disallowed or unsupported": (codes.PROBE_WEAK_PARAMETERS_ONLY.code, "the server signs with SHA-1"),
    "bad signature": (codes.PROBE_WRONG_KEY.code, "the server's signature does not match its certificate"),
    "unsafe legacy renegotiation disabled": (
        codes.PROBE_WEAK_PARAMETERS_ONLY.code,
        "the server lacks secure renegotiation",
    ),
    "no ciphers available": (codes.PROBE_HANDSHAKE.code, "no cipher is left to offer"),
    "no protocols available": (codes.PROBE_HANDSHAKE.code, "no TLS version is left to offer"),
    "wrong cipher returned": (codes.PROBE_HANDSHAKE.code, "the server chose a cipher that was not offered"),
    "unexpected message": (codes.PROBE_HANDSHAKE.code, "the server sent a message out of order"),
    "length mismatch": (codes.PROBE_HANDSHAKE.code, "a message of the server has a wrong length"),
    "decode error": (codes.PROBE_HANDSHAKE.code, "a message of the server cannot be parsed"),
    "digest check failed": (codes.PROBE_HANDSHAKE.code, "the finished messages of the two sides differ"),
    "decryption failed or bad record mac": (codes.PROBE_HANDSHAKE.code, "a record of the server cannot be decrypted"),
    "unexpected eof while reading": (codes.PROBE_CLOSED.code, "the server closed the connection without an alert"),
}
"""The one table of OpenSSL's reasons (texts of `openssl errstr`, versions 3 and 4)."""

LOWERED_HELPS = frozenset({codes.PROBE_OLD_PROTOCOL_ONLY.code, codes.PROBE_WEAK_PARAMETERS_ONLY.code})
"""Error codes after which a second try with old protocols and weak parameters may still show the certificate."""


def reason_of(error: SSL.Error) -> str:
    """OpenSSL's reason text of *error*, the first in its queue that says something; "" when there is none."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    texts = [str(entry[2]) for entry in queue if len(entry) == 3 and entry[2]]
    known = [text for text in texts if text in REASONS]
    return (known or texts or [""])[0]


def explain(reason: str) -> tuple[str, str]:
    """The probe's error code and the words for an OpenSSL *reason*."""
    return REASONS.get(reason) or (codes.PROBE_HANDSHAKE.code, f"the handshake failed: {reason or 'no reason given'}")
