"""What OpenSSL tells while a handshake runs: states, alerts, the staple. One per connection."""

from OpenSSL import SSL

PHASES = ("resolve", "connect", "hello", "certificate", "client-auth", "application")
"""The stretches of a probe, in order."""


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
        closing: it said close_notify.
        staple: the OCSP response that came with the handshake, DER; b"" when there was none.
    """

    __slots__ = (
        "alert",
        "certificate",
        "closing",
        "finished",
        "proved",
        "request",
        "server_hello",
        "staple",
        "ticket",
        "warned",
    )

    def __init__(self) -> None:
        self.server_hello = False
        self.certificate = False
        self.request = False
        self.proved = False
        self.finished = False
        self.ticket = False
        self.closing = False
        self.alert: int | None = None
        self.warned: int | None = None
        self.staple = b""

    @property
    def phase(self) -> str:
        """Where the handshake stands."""
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
    """The info callback of every context of this room."""
    trace = connection.get_app_data()
    if where & SSL.SSL_CB_LOOP:
        member = _STATES.get(connection.get_state_string())
        if member is not None:
            setattr(trace, member, True)
    elif where & SSL.SSL_CB_HANDSHAKE_DONE:
        trace.finished = True
    elif where & SSL.SSL_CB_ALERT and where & SSL.SSL_CB_READ:
        number = value & 0xFF
        if number == 0:
            trace.closing = True
        elif value >> 8 == _FATAL or (number != _CANCELED and connection.get_protocol_version() == SSL.TLS1_3_VERSION):
            trace.alert = number
        else:
            trace.warned = number


def on_staple(connection: SSL.Connection, response: bytes, _data: object) -> bool:
    """The OCSP callback: keeps the response, refuses nothing."""
    connection.get_app_data().staple = response
    return True
