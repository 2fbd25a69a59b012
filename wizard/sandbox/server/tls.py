"""The practice primary's side of TLS: asks for client certificates and checks them as Java's JSSE does."""

import select
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from cryptography import x509
from OpenSSL import SSL, crypto

from wizard.printable import printable
from wizard.sandbox.server.stores import Identity

_HANDSHAKE_S = 10.0
_IDLE_S = 60.0

_NO_AUTO_CHAIN = 0x8
"""SSL_MODE_NO_AUTO_CHAIN: OpenSSL would complete the chain from what it trusts; Java sends what is in the key store."""

T = TypeVar("T")

# X509_V_ERR_... to the words of sun.security.validator (domain: JSSE of Java 17 and 21).
_JAVA_WORDS = {
    9: "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
    10: "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
    26: "Extended key usage does not permit use for TLS client authentication",
}
_UNKNOWN_PATH = (
    "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: "
    "unable to find valid certification path to requested target"
)


def context(
    identity: Identity, trusted: Iterable[x509.Certificate], client_authentication: str, protocols: Iterable[str]
) -> SSL.Context:
    """A server context that presents *identity* and asks clients for certificates of *trusted*."""
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    offered = set(protocols)
    made.set_min_proto_version(SSL.TLS1_2_VERSION if "TLSv1.2" in offered else SSL.TLS1_3_VERSION)
    made.set_max_proto_version(SSL.TLS1_3_VERSION if "TLSv1.3" in offered else SSL.TLS1_2_VERSION)
    # Java's defaults let RSA-1024 and SHA-1 of private CAs pass, so OpenSSL's stricter level must not decide.
    made.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_mode(_NO_AUTO_CHAIN)
    made.use_certificate(identity.chain[0])
    for issuer in identity.chain[1:]:
        made.add_extra_chain_cert(issuer)
    made.use_privatekey(identity.key)
    if client_authentication != "none":
        store = made.get_cert_store()
        assert store is not None  # noqa: S101 - a fresh context has one
        # Java takes any trusted certificate as the end of a chain, not only self-signed ones.
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        for authority in trusted:
            store.add_cert(crypto.X509.from_cryptography(authority))
            made.add_client_ca(authority)
        needed = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if client_authentication == "need" else 0
        made.set_verify(SSL.VERIFY_PEER | needed, _judged)
    return made


def converse(made: SSL.Context, channel: socket.socket, peer: str, log: Callable[[str, str], None]) -> None:
    """Shake hands, then read until the peer goes or is idle for a minute; every refusal is logged, nothing raised."""
    connection = SSL.Connection(made, channel)
    connection.set_app_data([])
    connection.set_accept_state()
    channel.setblocking(False)
    try:
        _patiently(connection.do_handshake, channel, _HANDSHAKE_S)
        shown = connection.get_peer_certificate(as_cryptography=True)
        who = printable(shown.subject.rfc4514_string(), limit=120) if shown else "no certificate"
        log("INFO", f"{peer} connected with {connection.get_protocol_version_name()}, {who}")
        while _patiently(lambda: connection.recv(4096), channel, _IDLE_S):
            pass
    except SSL.ZeroReturnError:
        pass
    except TimeoutError:
        log("INFO", f"{peer} was idle")
    except SSL.Error as problem:
        log("WARN", f"{peer} javax.net.ssl.SSLHandshakeException: {_words(connection, problem)}")
    except OSError:
        log("INFO", f"{peer} went away")
    finally:
        _bye(connection)
        channel.close()


def _patiently(act: Callable[[], T], channel: socket.socket, seconds: float) -> T:
    limit = time.monotonic() + seconds
    while True:
        try:
            return act()
        except SSL.WantReadError:
            readable: list[socket.socket] = [channel]
            writable: list[socket.socket] = []
        except SSL.WantWriteError:
            readable, writable = [], [channel]
        left = limit - time.monotonic()
        if left <= 0 or not any(select.select(readable, writable, [], left)):
            raise TimeoutError


def _bye(connection: SSL.Connection) -> None:
    with suppress(SSL.Error, OSError):  # a peer that is gone needs no farewell
        connection.shutdown()


def _judged(connection: SSL.Connection, _: object, error: int, __: int, ok: int) -> bool:
    if not ok:
        connection.get_app_data().append(error)
    return bool(ok)


def _words(connection: SSL.Connection, problem: SSL.Error) -> str:
    errors = connection.get_app_data()
    if errors:
        return _JAVA_WORDS.get(errors[0], _UNKNOWN_PATH)
    reasons = [entry[2] for entry in problem.args[0]] if problem.args and isinstance(problem.args[0], list) else []
    if "peer did not return a certificate" in reasons:
        return "Empty client certificate chain"
    return printable(reasons[0] if reasons else "Remote host terminated the handshake", limit=200)
