"""One connection to a server: names to addresses, the handshake over one socket, and its alerts in words."""

import select
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from OpenSSL import SSL

from wizard import codes
from wizard.certificates import hostnames
from wizard.errors import WizardError
from wizard.findings import Code
from wizard.printable import printable


class Alert(NamedTuple):
    """One alert description: its name as in the RFC, with underscores, and words that follow "the server"."""

    name: str
    words: str


ALERTS = {
    0: Alert("close_notify", "closed the connection normally"),
    10: Alert("unexpected_message", "received a message out of order"),
    20: Alert("bad_record_mac", "could not decrypt what it received"),
    21: Alert("decryption_failed", "could not decrypt what it received"),
    22: Alert("record_overflow", "received a record that is too long"),
    30: Alert("decompression_failure", "could not unpack what it received"),
    40: Alert("handshake_failure", "found no acceptable parameters, or requires a client certificate"),
    41: Alert("no_certificate", "requires a client certificate"),
    42: Alert("bad_certificate", "refuses the client certificate, or requires one"),
    43: Alert("unsupported_certificate", "does not accept a client certificate of this type"),
    44: Alert("certificate_revoked", "treats the client certificate as revoked"),
    45: Alert("certificate_expired", "finds that the client certificate is not valid now"),
    46: Alert("certificate_unknown", "refuses the client certificate or its chain"),
    47: Alert("illegal_parameter", "received a value that is out of range"),
    48: Alert("unknown_ca", "does not trust the CA of the client certificate"),
    49: Alert("access_denied", "knows the client certificate but denies access"),
    50: Alert("decode_error", "could not parse a message"),
    51: Alert("decrypt_error", "could not verify a signature or a finished message"),
    60: Alert("export_restriction", "refuses because of an export rule"),
    70: Alert("protocol_version", "accepts none of the offered TLS versions"),
    71: Alert("insufficient_security", "requires stronger parameters than were offered"),
    80: Alert("internal_error", "failed for a reason of its own"),
    86: Alert("inappropriate_fallback", "refuses an unnecessary older TLS version"),
    90: Alert("user_canceled", "was cancelled by its user"),
    100: Alert("no_renegotiation", "does not negotiate again"),
    109: Alert("missing_extension", "requires an extension that is missing"),
    110: Alert("unsupported_extension", "received an extension that it did not request"),
    111: Alert("certificate_unobtainable", "could not fetch the certificate"),
    112: Alert("unrecognized_name", "does not know the server name that was sent"),
    113: Alert("bad_certificate_status_response", "did not accept the OCSP staple"),
    114: Alert("bad_certificate_hash_value", "found another certificate than announced"),
    115: Alert("unknown_psk_identity", "does not know the shared key"),
    116: Alert("certificate_required", "requires a client certificate"),
    120: Alert("no_application_protocol", "accepts none of the offered application protocols"),
}
"""By the number on the wire."""


def alert_of(number: int) -> Alert:
    """The entry for an alert *number*; an unknown one gets a name made of its number."""
    return ALERTS.get(number) or Alert(f"alert_{number}", f"sent the alert {number}")


REASONS: dict[str, tuple[Code, str]] = {
    # OpenSSL's reason: (error code of the probe, words)
    "unsupported protocol": (codes.PROBE_OLD_PROTOCOL_ONLY, "the server accepts only TLS 1.1 or older"),
    "wrong version number": (codes.PROBE_NOT_TLS, "the answer is not TLS"),
    "packet length too long": (codes.PROBE_NOT_TLS, "the answer is not TLS"),
    "http request": (codes.PROBE_HTTP, "the answer is HTTP without TLS"),
    "record layer failure": (codes.PROBE_NOT_TLS, "the answer is not TLS"),
    "dh key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY, "the server's Diffie-Hellman key is too short"),
    "ee key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY, "a certificate's key is too short"),
    "ca key too small": (codes.PROBE_WEAK_PARAMETERS_ONLY, "the key of a CA certificate is too short"),
    "ca md too weak": (codes.PROBE_WEAK_PARAMETERS_ONLY, "a CA certificate is signed with a weak hash"),
    "bad ecpoint": (codes.PROBE_HANDSHAKE, "the server sent a broken elliptic-curve point"),
    "wrong curve": (codes.PROBE_HANDSHAKE, "the server uses an elliptic curve that was not offered"),
    "wrong signature type": (codes.PROBE_WEAK_PARAMETERS_ONLY, "the server signs with a method that was not offered"),
    "legacy sigalg disallowed or unsupported": (codes.PROBE_WEAK_PARAMETERS_ONLY, "the server signs with SHA-1"),
    "bad signature": (codes.PROBE_WRONG_KEY, "the server's signature does not match its certificate"),
    "unsafe legacy renegotiation disabled": (codes.PROBE_WEAK_PARAMETERS_ONLY, "the server lacks secure renegotiation"),
    "no ciphers available": (codes.PROBE_HANDSHAKE, "no cipher is left to offer"),
    "no protocols available": (codes.PROBE_HANDSHAKE, "no TLS version is left to offer"),
    "wrong cipher returned": (codes.PROBE_HANDSHAKE, "the server chose a cipher that was not offered"),
    "unexpected message": (codes.PROBE_HANDSHAKE, "the server sent a message out of order"),
    "length mismatch": (codes.PROBE_HANDSHAKE, "a message of the server has a wrong length"),
    "decode error": (codes.PROBE_HANDSHAKE, "a message of the server cannot be parsed"),
    "digest check failed": (codes.PROBE_HANDSHAKE, "the finished messages of the two sides differ"),
    "decryption failed or bad record mac": (codes.PROBE_HANDSHAKE, "a record of the server cannot be decrypted"),
    "unexpected eof while reading": (codes.PROBE_CLOSED, "the server closed the connection without an alert"),
}
"""The one table of OpenSSL's reasons (texts of `openssl errstr`, versions 3 and 4)."""

LOWERED_HELPS = frozenset({codes.PROBE_OLD_PROTOCOL_ONLY.code, codes.PROBE_WEAK_PARAMETERS_ONLY.code})
"""Error codes after which a second try with old protocols and weak parameters may still show the certificate."""


def reason_of(error: SSL.Error) -> str:
    """OpenSSL's reason text of *error*, the first in its queue that says something; "" when there is none."""
    texts = queued(error)
    known = [text for text in texts if text in REASONS]
    return (known or texts or [""])[0]


def queued(error: Exception) -> list[str]:
    """The reasons in OpenSSL's queue that came with *error*."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return [str(entry[2]) for entry in queue if len(entry) == 3 and entry[2]]


def explain(reason: str) -> tuple[str, str]:
    """The probe's error code and the words for an OpenSSL *reason*."""
    spec, words = REASONS.get(reason) or (codes.PROBE_HANDSHAKE, f"the handshake failed: {reason or 'no reason given'}")
    return spec.code, words


LONGEST_NAME = 253
"""The longest DNS name in characters (RFC 1035)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect: what `socket.socket` and `connect` want, and the text to show."""

    family: int
    sockaddr: tuple[str | int, ...]
    text: str


def require_server_name(name: str | None) -> bytes:
    """The bytes that SNI carries for *name* (RFC 6066: ASCII, other letters as IDNA); b"" for None.

    Raises:
        WizardError: `probe.bad-servername`.
    """
    if name is None:
        return b""
    try:
        data = name.encode() if name.isascii() else name.encode("idna")
    except UnicodeError:
        data = b""
    if not 0 < len(data) <= LONGEST_NAME or any(byte <= 0x20 or byte == 0x7F for byte in data):
        raise WizardError(codes.PROBE_BAD_SERVERNAME, subject=name, name=printable(name, limit=60))
    return data


def resolve(host: str, port: int, timeout_s: float) -> tuple[Address, ...]:
    """All addresses of *host*, in the resolver's order, each once.

    Raises:
        OSError: the name is unknown (`socket.gaierror`), or no answer came within *timeout_s* (`TimeoutError`).
    """
    if hostnames.address(host) is not None:
        return _distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    found: list[tuple[Address, ...]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.append(_distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except UnicodeError:
            failed.append(socket.gaierror(socket.EAI_NONAME, "not a host name"))
        except OSError as error:
            failed.append(error)

    # The C resolver cannot be interrupted: a daemon thread is left behind when it takes too long.
    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError(f"the resolver did not answer within {timeout_s:g} s")
    return found[0]


def is_here(host: str, timeout_s: float) -> bool:
    """Whether *host* is this machine: one of its addresses can be bound. Nothing is sent; False when unknown."""
    try:
        found = resolve(host, 0, timeout_s)
    except OSError:
        return False
    for address in found:
        with socket.socket(address.family, socket.SOCK_DGRAM) as own, suppress(OSError):
            own.bind(address.sockaddr)
            return True
    return False


def _distinct(infos: Iterable[tuple[socket.AddressFamily, Any, int, str, tuple[Any, ...]]]) -> tuple[Address, ...]:
    addresses: dict[str, Address] = {}
    for family, _kind, _protocol, _name, sockaddr in infos:
        text = str(sockaddr[0])
        addresses.setdefault(text, Address(family, sockaddr, text))
    return tuple(addresses.values())


@dataclass(slots=True, eq=False)
class Trace:
    """Fills itself through the callbacks of the context; read it at any moment.

    Attributes:
        server_hello: the server answered in TLS.
        certificate: its certificate arrived.
        request: it asked for a client certificate (works for TLS 1.2 and 1.3, also without any CA names).
        proved: a client certificate was really sent, with its proof of possession.
        finished: the handshake is complete on our side.
        ticket: a session ticket arrived; in TLS 1.3 a server sends it after it accepted the client.
        alert: number of the last fatal alert that the server sent.
        warned: number of the last alert that was only a warning (TLS 1.2: a server name that it does not know).
        staple: the OCSP response that came with the handshake, DER; b"" when there was none.
    """

    server_hello: bool = False
    certificate: bool = False
    request: bool = False
    proved: bool = False
    finished: bool = False
    ticket: bool = False
    alert: int | None = None
    warned: int | None = None
    staple: bytes = b""

    @property
    def phase(self) -> str:
        """The phase that the handshake has reached."""
        if self.finished:
            return "application"
        if self.certificate:
            return "client-auth"
        return "certificate" if self.server_hello else "hello"


_STATES = {
    b"SSLv3/TLS read server hello": "server_hello",
    b"SSLv3/TLS read server certificate": "certificate",
    b"SSLv3/TLS read server certificate request": "request",
    b"SSLv3/TLS write certificate verify": "proved",
    b"SSLv3/TLS read server session ticket": "ticket",
}
"""State texts of OpenSSL (the same in 1.1.1, 3 and 4) to members of `Trace`."""


_FATAL = 2  # The level of an alert, RFC 5246, section 7.2; TLS 1.3 ignores it.
_CANCELED = 90


def on_info(connection: SSL.Connection, where: int, value: int) -> None:
    """The OpenSSL info callback of every context in this package."""
    trace = connection.get_app_data()
    if where & SSL.SSL_CB_LOOP:
        member = _STATES.get(connection.get_state_string())
        if member is not None:
            setattr(trace, member, True)
    elif where & SSL.SSL_CB_HANDSHAKE_DONE:
        trace.finished = True
    elif where & SSL.SSL_CB_ALERT and where & SSL.SSL_CB_READ and (number := value & 0xFF):  # 0: it only closes
        if value >> 8 == _FATAL or (number != _CANCELED and connection.get_protocol_version() == SSL.TLS1_3_VERSION):
            trace.alert = number
        else:
            trace.warned = number


def on_staple(connection: SSL.Connection, response: bytes, _data: object) -> bool:
    """The OCSP callback: keeps the response, refuses nothing."""
    connection.get_app_data().staple = response
    return True


LATE_S = 2.0
"""How long a server may take to reject a client after a complete TLS 1.3 handshake, in seconds."""

_AFTER_DATA_S = 0.3
"""How long a rejection is waited for after the server has sent data, in seconds."""

_CHUNK = 65536


@dataclass(slots=True)
class Outcome:
    """The result of a handshake.

    Attributes:
        trace: states, alerts and staple.
        connection: OpenSSL's view; chain, cipher and CA names are read from it.
        error: the probe's error code; None when the handshake went through or ended with an alert.
        detail: words for the error.
        reason: OpenSSL's own text, "" when it had none.
        closed: the server ended the connection (end of file or reset).
        first: the first bytes that the server sent.
        settled: after the handshake the server spoke (data, a ticket) or closed in order before the time was over.
        seconds: duration of each phase that was entered.
    """

    trace: Trace
    connection: SSL.Connection
    error: str | None = None
    detail: str = ""
    reason: str = ""
    closed: bool = False
    first: bytes = b""
    settled: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


class _Closed(Exception):  # noqa: N818 - never leaves this file
    """The server ended the connection."""


def connect(address: Address, timeout_s: float) -> socket.socket:
    """A connected socket with this time limit.

    Raises:
        OSError: refused, unreachable, or `TimeoutError`.
    """
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect(address.sockaddr)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def do_handshake(sock: socket.socket, made: SSL.Context, servername: str | None, timeout_s: float) -> Outcome:
    """Run a handshake on *sock* and, where a client certificate was asked for, read on to see a late rejection.

    Never raises for what the server does. The socket is left open; close it.
    """
    sock.setblocking(False)
    trace = Trace()
    connection = SSL.Connection(made, None)
    connection.set_app_data(trace)
    connection.set_connect_state()
    if servername is not None:
        connection.set_tlsext_host_name(require_server_name(servername))
    connection.request_ocsp()
    outcome = Outcome(trace, connection)
    pump = _BioTransport(sock, outcome, timeout_s)
    try:
        pump.until_done()
        trace.finished = True
        pump.read_late()
    except SSL.Error as error:
        pump.flush_quietly()
        outcome.reason = reason_of(error)
        if trace.alert is None:
            outcome.error, outcome.detail = explain(outcome.reason)
    except _Closed:
        outcome.closed = True
        if trace.alert is None and not trace.finished:
            outcome.error, outcome.detail = codes.PROBE_CLOSED.code, "the server closed the connection without an alert"
    except TimeoutError:
        outcome.error = codes.PROBE_SILENT.code
        outcome.detail = f"the server did not continue within {timeout_s:g} s"
    pump.note_phase()
    if trace.finished and trace.alert is None:
        with suppress(SSL.Error):
            connection.shutdown()
            pump.flush_quietly()
    return outcome


class _BioTransport:
    """Moves bytes between socket and BIO; each phase has its own deadline."""

    def __init__(self, sock: socket.socket, outcome: Outcome, timeout_s: float) -> None:
        self.sock = sock
        self.outcome = outcome
        self.timeout_s = timeout_s
        self.phase = outcome.trace.phase
        self.since = time.monotonic()
        self.deadline = self.since + timeout_s

    def until_done(self) -> None:
        connection = self.outcome.connection
        done = False
        while not done:
            with suppress(SSL.WantReadError):
                connection.do_handshake()
                done = True
            self.flush()
            self.note_phase()
            if not done:
                self.feed()

    def read_late(self) -> None:
        trace, connection = self.outcome.trace, self.outcome.connection
        # Without a request there is nothing to reject; in TLS 1.2 the server's finished message was the verdict.
        if not trace.request or connection.get_protocol_version_name() != "TLSv1.3":
            self.outcome.settled = True
            return
        self.deadline = time.monotonic() + min(LATE_S, self.timeout_s)
        while True:
            try:
                connection.recv(_CHUNK)
            except SSL.WantReadError:
                if trace.ticket:
                    break
                try:
                    self.feed()
                except TimeoutError:
                    return
            except SSL.ZeroReturnError:
                break
            else:
                self.outcome.settled = True
                # A server may send data before it has checked the client's certificate (RFC 8446, section 4.4.4).
                self.deadline = min(self.deadline, time.monotonic() + _AFTER_DATA_S)
                if time.monotonic() >= self.deadline:
                    break
        self.outcome.settled = True

    def note_phase(self) -> None:
        phase = self.outcome.trace.phase
        now = time.monotonic()
        seconds = self.outcome.seconds
        seconds[self.phase] = seconds.get(self.phase, 0.0) + now - self.since
        self.since = now
        if phase != self.phase:
            self.phase = phase
            self.deadline = now + self.timeout_s

    def flush(self) -> None:
        connection = self.outcome.connection
        while True:
            try:
                data = connection.bio_read(_CHUNK)
            except SSL.WantReadError:
                return
            self._send(data)

    def flush_quietly(self) -> None:
        with suppress(OSError, SSL.Error, _Closed):
            self.flush()

    def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                self._wait(writing=True)
            except OSError:
                # The server may have sent an alert that can still be read; the read then reports the end.
                return

    def feed(self) -> None:
        while True:
            try:
                data = self.sock.recv(_CHUNK)
            except BlockingIOError:
                self._wait()
                continue
            except OSError as error:
                raise _Closed from error
            if not data:
                raise _Closed
            if len(self.outcome.first) < 512:
                self.outcome.first += data[:512]
            self.outcome.connection.bio_write(data)
            return

    def _wait(self, *, writing: bool = False) -> None:
        left = self.deadline - time.monotonic()
        # Not select(): it cannot watch descriptors above 1023, and hundreds of probes run at once.
        poller = select.poll()
        poller.register(self.sock, select.POLLOUT if writing else select.POLLIN)
        if left <= 0 or not poller.poll(left * 1000):
            raise TimeoutError


_BANNERS: tuple[tuple[bytes, str], ...] = (
    (b"SSH-", "an SSH server"),
    (b"220", "a mail or FTP server"),
    (b"+OK", "a POP3 server"),
    (b"* OK", "an IMAP server"),
    (b"RFB ", "a VNC server"),
    (b"<", "a server that sends HTML or XML without TLS"),
)
_PROXY_MARKS = (b"proxy", b"squid", b"via:", b" 407 ", b"zscaler", b"blue coat", b"bluecoat", b"forcepoint")


def recognise(first: bytes) -> tuple[str, str]:
    """The probe's error code and words for an answer that starts with *first* and is not TLS."""
    line = first.split(b"\n", 1)[0].decode("latin-1").rstrip("\r")
    shown = printable(line, limit=60)
    if first.startswith(b"HTTP/"):
        if any(mark in first.lower() for mark in _PROXY_MARKS):
            return codes.PROBE_PROXY.code, f"a proxy answered in HTTP: {shown}"
        return codes.PROBE_HTTP.code, f"the answer is HTTP without TLS: {shown}"
    kind = next((words for start, words in _BANNERS if first.startswith(start)), None)
    return codes.PROBE_NOT_TLS.code, f"it is {kind}: {shown}" if kind else f"the answer is not TLS: {shown}"
