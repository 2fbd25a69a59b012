"""Bytes of a server, cut, flipped and made up: the probe's side never raises and always ends."""

import socket
import threading
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from tests.support.pki import acme
from wizard.probing.handshake import Outcome, do_handshake
from wizard.probing.trust import context

PKI = acme("p256")


SERVER_KEY_EXCHANGE = 12


def server_context(version: int) -> SSL.Context:
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(version)
    made.set_max_proto_version(version)
    made.use_certificate(PKI.primary.x509)
    made.add_extra_chain_cert(PKI.intermediate.x509)
    made.use_privatekey(PKI.primary.key)
    made.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    return made


def answer(channel: socket.socket, place: int, change: int, cut: int, version: int) -> None:
    """A real server, one byte of whose answer is changed or after which the rest is missing."""
    server = SSL.Connection(server_context(version), None)
    server.set_accept_state()
    sent = 0
    with channel, suppress(SSL.Error, OSError):
        while True:
            data = channel.recv(65536)
            if not data:
                return
            server.bio_write(data)
            with suppress(SSL.WantReadError):
                server.do_handshake()
            with suppress(SSL.WantReadError):
                flight = bytearray(server.bio_read(1 << 16))
                if sent <= place < sent + len(flight):
                    flight[place - sent] ^= change
                channel.sendall(flight[: max(0, cut - sent)])
                sent += len(flight)
                if sent >= cut:
                    return


def meet(speak: threading.Thread, ours: socket.socket) -> Outcome:
    speak.start()
    ours.setblocking(False)
    with ours:
        outcome = do_handshake(ours, context(), "primary-host", 2.0)
    speak.join(5)
    assert not speak.is_alive()
    return outcome


@given(
    place=st.integers(0, 1500),
    change=st.integers(0, 255),
    cut=st.integers(0, 4000),
    version=st.sampled_from([SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION]),
)
def test_a_damaged_flight_ends_in_an_outcome(place: int, change: int, cut: int, version: int) -> None:
    ours, theirs = socket.socketpair()
    outcome = meet(threading.Thread(target=answer, args=(theirs, place, change, cut, version)), ours)
    through = outcome.trace.finished
    assert through or outcome.error is not None or outcome.trace.alert is not None
    assert not (through and change and 11 <= place < 43), "another server random went through"


@given(data=st.binary(max_size=300))
def test_made_up_bytes_end_in_an_error(data: bytes) -> None:
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs, suppress(OSError):
            theirs.recv(65536)
            theirs.sendall(data)

    outcome = meet(threading.Thread(target=speak), ours)
    assert not outcome.trace.finished
    assert outcome.error is not None or outcome.trace.alert is not None


def test_a_key_of_another_certificate_is_named() -> None:
    """The signature over the key exchange of TLS 1.2 is spoilt, as by a server that holds another key."""
    made = server_context(SSL.TLS1_2_VERSION)
    server = SSL.Connection(made, None)
    server.set_accept_state()
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs, suppress(SSL.Error, OSError):
            server.bio_write(theirs.recv(65536))
            with suppress(SSL.WantReadError):
                server.do_handshake()
            flight = bytearray(server.bio_read(1 << 16))
            start = 0
            while flight[start + 5] != SERVER_KEY_EXCHANGE:
                start += 5 + int.from_bytes(flight[start + 3 : start + 5])
            flight[start + 4 + int.from_bytes(flight[start + 3 : start + 5])] ^= 1
            theirs.sendall(flight)
            theirs.recv(65536)

    outcome = meet(threading.Thread(target=speak), ours)
    assert (outcome.error, outcome.trace.certificate) == ("probe.wrong-key", True)
