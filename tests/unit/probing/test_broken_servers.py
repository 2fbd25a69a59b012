"""Servers that are no TLS server, or not for long: each is told apart by code and phase."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from wizard.probing.probe import probe

ALERT = b"\x15\x03\x03\x00\x02\x02"


def hear(channel: socket.socket) -> None:
    channel.recv(65536)


def says(data: bytes) -> Callable[[socket.socket], None]:
    def act(channel: socket.socket) -> None:
        hear(channel)
        channel.sendall(data)

    return act


def greets(data: bytes) -> Callable[[socket.socket], None]:
    return lambda channel: channel.sendall(data)


def resets(channel: socket.socket) -> None:
    hear(channel)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def waits(channel: socket.socket) -> None:
    hear(channel)
    while channel.recv(4096):
        pass  # until the probe gives up


def drips(channel: socket.socket) -> None:
    hear(channel)
    with suppress(OSError):
        for byte in b"\x16\x03\x03\x40\x00" + bytes(3000):
            channel.sendall(bytes([byte]))
            time.sleep(0.1)


CASES = [
    ("ssh", greets(b"SSH-2.0-OpenSSH_9.2\r\n"), "probe.not-tls", "hello", None),
    ("smtp", greets(b"220 mail.example ESMTP\r\n"), "probe.not-tls", "hello", None),
    ("unknown bytes", says(b"\x00\x01\x02\x03\x04\x05\x06\x07"), "probe.not-tls", "hello", None),
    ("http", says(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"), "probe.http", "hello", None),
    ("proxy", says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "probe.proxy", "hello", None),
    ("closes", hear, "probe.closed", "hello", None),
    ("resets", resets, "probe.closed", "hello", None),
    ("silent", waits, "probe.silent", "hello", None),
    ("drips", drips, "probe.silent", "hello", None),
    ("internal error", says(ALERT + b"\x50"), "probe.alert", "hello", "internal_error"),
    ("unknown name", says(ALERT + b"\x70"), "probe.alert", "hello", "unrecognized_name"),
    ("no such alert", says(ALERT + b"\xfa"), "probe.alert", "hello", "alert_250"),
    ("cut record", says(b"\x16\x03\x03\x00\x7a\x02\x00"), "probe.closed", "hello", None),
    ("garbled hello", says(b"\x16\x03\x03\x00\x06\x02\x00\x00\x02\xff\xff"), "probe.handshake", "hello", None),
]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as made:
        yield made


def serve(listener: socket.socket, act: Callable[[socket.socket], None]) -> int:
    def loop() -> None:
        with suppress(OSError):
            while True:
                channel, _ = listener.accept()
                with channel, suppress(OSError):
                    act(channel)

    threading.Thread(target=loop, daemon=True).start()
    return int(listener.getsockname()[1])


@pytest.mark.parametrize(("act", "code", "phase", "alert"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_what_is_no_tls_server_is_told_apart(
    listener: socket.socket, act: Callable[[socket.socket], None], code: str, phase: str, alert: str | None
) -> None:
    timeout_s = 0.6 if code == "probe.silent" else 60.0
    result = probe("127.0.0.1", serve(listener, act), timeout_s=timeout_s)
    assert (result.error, result.phase, result.alert) == (code, phase, alert)
    assert result.reachable
    assert result.chain == ()
    assert [finding.code for finding in result.findings] == [code]
    result.as_json()


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = int(gone.getsockname()[1])
    result = probe("127.0.0.1", port, timeout_s=1)
    assert (result.error, result.phase, result.reachable) == ("probe.refused", "connect", False)
    assert result.client_auth == "unknown"


def test_a_full_backlog_times_out() -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = int(full.getsockname()[1])
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        result = probe("127.0.0.1", port, timeout_s=0.3)
        for one in crowd:
            one.close()
    assert (result.error, result.phase) == ("probe.connect-timeout", "connect")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
def test_a_name_without_address_is_unresolved(host: str) -> None:
    result = probe(host, 2560, timeout_s=5)
    assert (result.error, result.phase, result.reachable) == ("probe.unresolved", "resolve", False)


def test_the_banner_is_made_safe_to_show(listener: socket.socket) -> None:
    result = probe("127.0.0.1", serve(listener, greets(b"SSH-\x1b]0;evil\x07\n")), timeout_s=1)
    assert "\x1b" not in result.findings[0].message
    assert "\\x1b" in result.findings[0].message


def test_the_resolver_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        ended.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    result = probe("slow.example", 2560, timeout_s=0.2)
    ended.set()
    assert (result.error, result.phase) == ("probe.unresolved", "resolve")


def test_every_address_is_tried(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    port = serve(listener, hear)
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in ("127.0.0.9", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)
    result = probe("two.example", port, timeout_s=1)
    assert result.addresses == ("127.0.0.9", "127.0.0.1")
    assert (result.address, result.reachable) == ("127.0.0.1", True)
