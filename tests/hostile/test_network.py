"""Addresses in certificates lead to strangers: what responders, lists and issuers may do to this machine, and say.

One table of behaviours of a real server on loopback; each is met by OCSP, by CRL and by the search for an issuer.
"""

import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.support.loopback import ask_loopback
from tests.support.pki import Entity, acme, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Format
from wizard.findings import Finding
from wizard.probing.revocation import check, fetch
from wizard.probing.revocation.check import advice, check_revocation, revocation_findings

PKI = acme("p256")
WAIT_S, LONG_S = 0.6, 60.0
"""The limit for servers that never end, and for those that do."""
MOST = 50_000
"""The longest answer in these tests, in bytes."""
DRIPS, TOO_MUCH = 400, 20_000_000
"""A server ends its answer after so many drips, or bytes."""

Act = Callable[["Server", socket.socket, str], None]


class Server:
    """Acts on each connection as it is told; `asked` holds the paths, `sent` counts bytes."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.asked: list[str] = []
        self.sent = 0
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                channel, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(channel,), daemon=True).start()

    def _answer(self, channel: socket.socket) -> None:
        with channel, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = channel.recv(65536)
                if not data:
                    return
                head += data
            path = head.split()[1].decode()
            self.asked.append(path)
            self.act(self, channel, path)
            channel.shutdown(socket.SHUT_WR)
            channel.settimeout(5)
            while channel.recv(65536):  # the rest of the question, so that the answer is not cut by a reset
                pass

    def send(self, channel: socket.socket, data: bytes) -> None:
        channel.sendall(data)
        self.sent += len(data)

    def close(self) -> None:
        self.ended.set()
        self._listener.close()


def says(*parts: bytes) -> Act:
    def act(server: Server, channel: socket.socket, _: str) -> None:
        for part in parts:
            server.send(channel, part)

    return act


def repeats(start: bytes, again: bytes, pause_s: float = 0.0) -> Act:
    """Goes on until the other side hangs up; one that never does, because its bound counts anew, is told otherwise."""

    def act(server: Server, channel: socket.socket, _: str) -> None:
        server.send(channel, start)
        for _time in range(DRIPS) if pause_s else itertools.count():
            if server.ended.wait(pause_s) or server.sent > TOO_MUCH:
                break
            server.send(channel, again)

    return act


def leads(place: str, status: int = 302) -> Act:
    return says(f"HTTP/1.1 {status} Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BEHAVIOURS: dict[str, tuple[Act, str]] = {
    "drips in the head": (repeats(OK, b"X-A: 1\r\n", 0.05), "no answer within"),
    "drips in the body": (repeats(OK + b"Content-Length: 9999\r\n\r\n", b"x", 0.05), "no answer within"),
    "drips in chunks": (repeats(CHUNKED, b"1\r\nx\r\n", 0.05), "no answer within"),
    "drips without any length": (repeats(OK + b"\r\n", b"x", 0.05), "no answer within"),
    "says nothing": (repeats(b"", b"", 0.05), "no answer within"),
    "goes on for ever": (repeats(OK + b"\r\n", b"x" * 4096), f"longer than {MOST} bytes"),
    "chunks for ever": (repeats(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), f"longer than {MOST} bytes"),
    "one chunk of a terabyte": (repeats(CHUNKED + b"fffffffffff\r\n", b"x" * 4096), f"longer than {MOST} bytes"),
    "heads for ever": (repeats(OK, b"X-A: 1\r\n"), "not HTTP"),
    "one head line for ever": (repeats(OK + b"X-A: ", b"x" * 4096), "not HTTP"),
    "continues for ever": (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer within"),
    "compresses": (says(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"x" * 10_000_000)), "compressed"),
    "ends in the body": (says(OK + b"Content-Length: 100\r\n\r\nabc"), "ends too early"),
    "ends in a chunk": (says(CHUNKED + b"64\r\nabc"), "ends too early"),
    "a chunk without a size": (says(CHUNKED + b"zz\r\nabc"), "ends too early"),
    "speaks SSH": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
    "hangs up": (says(), "not HTTP"),
    "is broken": (says(b"HTTP/1.1 500 Oh\r\n\r\n"), "HTTP status 500"),
    "leads round in a circle": (leads("/again"), "too many redirects"),
    "leads to another host": (leads("http://other.test/x"), "redirects to another host, other.test"),
    "leads to this machine": (leads("http://localhost/x"), "redirects to another host, localhost"),
    "leads to a cloud's data": (leads("http://169.254.169.254/latest"), "another host, 169.254.169.254"),
    "leads to another port": (leads("http://127.0.0.1:1/x"), "redirects to another host"),
    "leads to another host without scheme": (leads("//other.test/x"), "redirects to another host, other.test"),
    "leads to https": (leads("https://127.0.0.1/x"), "not an http address"),
    "leads to a file": (leads("file:///etc/passwd"), "not an http address"),
    "leads to no address": (leads("http://[/x"), "not an http address"),
    "leads to a port that is none": (leads("http://127.0.0.1:99999/x"), "not an http address"),
}
RUBBISH = says(OK + b"\r\n<html>hello</html>")

NOT_WORDS = (
    "Error",
    "error parsing",
    "ParseError",
    "asn1",
    "Exception",
    "invalid literal",
    "b'",
    "0x",
    "IncompleteRead",
)
"""What a parser says, and a person should not have to read."""


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((check, "MOST_OCSP"), (check, "MOST_CRL"), (fetch, "MOST_BYTES")):
        monkeypatch.setattr(module, name, MOST)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Act], Server]]:
    ask_loopback(monkeypatch)
    servers: list[Server] = []

    def start(act: Act) -> Server:
        servers.append(Server(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def by_ocsp(url: str, wait_s: float) -> Finding:
    asked = check_revocation(
        [issue("host", PKI.intermediate, ocsp=url).certificate], PKI.primary.chain, timeout_s=wait_s
    )
    assert advice(asked).check == "unchanged"
    (finding,) = revocation_findings(asked)
    return finding


def by_list(url: str, wait_s: float) -> Finding:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    named = issue("host", PKI.intermediate, extensions=[(x509.CRLDistributionPoints([point]), False)])
    (finding,) = revocation_findings(check_revocation([named.certificate], PKI.primary.chain, timeout_s=wait_s))
    return finding


def by_issuer(url: str, wait_s: float) -> Finding:
    leaf = issue("host", PKI.intermediate, ca_issuers=url)
    bundle = Bundle(Format.PEM, (leaf.certificate,), (leaf.private_key,))
    bundles, (finding,) = fetch.fetch_issuers([bundle], assemble(bundle)[0], timeout_s=wait_s)
    assert bundles == [bundle]
    return finding


WAYS = {"OCSP": by_ocsp, "CRL": by_list, "issuer": by_issuer}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_hostile_server_is_bounded_and_told_in_words(
    behaviour: str, way: str, serve: Callable[[Act], Server]
) -> None:
    act, reason = BEHAVIOURS[behaviour]
    server = serve(act)
    wait_s = WAIT_S if reason == "no answer within" else LONG_S
    finding = WAYS[way](f"http://127.0.0.1:{server.port}/first", wait_s)
    assert finding.code == ("aia.not-fetched" if way == "issuer" else "revocation.unreachable")
    assert reason in finding.message
    text = f"{finding.message} {finding.fix}"
    assert not [word for word in NOT_WORDS if word in text]
    assert "clock" not in text
    assert "OCSP off" not in text
    assert len(server.asked) <= 4
    assert server.sent < TOO_MUCH, "what the buffers of the kernel take, and no more"


@pytest.mark.parametrize("way", WAYS)
def test_rubbish_is_told_in_words(way: str, serve: Callable[[Act], Server]) -> None:
    finding = WAYS[way](f"http://127.0.0.1:{serve(RUBBISH).port}/", LONG_S)
    words = {
        "OCSP": "the answer is not an OCSP response",
        "CRL": "the answer is not a revocation list",
        "issuer": "certificate",
    }
    assert words[way] in finding.message
    assert not [word for word in NOT_WORDS if word in finding.message + finding.fix]
    assert "clock" not in finding.fix


@pytest.mark.parametrize(
    "place", ["/there", "there", "../there", "http://127.0.0.1:{port}/there", "//127.0.0.1:{port}/there"]
)
def test_a_redirect_on_the_same_host_is_followed(place: str, serve: Callable[[Act], Server]) -> None:
    body = OK + b"\r\n" + PKI.intermediate.der

    def act(server: Server, channel: socket.socket, path: str) -> None:
        (says(body) if path == "/there" else leads(place.format(port=server.port), 307))(server, channel, path)

    server = serve(act)
    got = fetch.fetch(f"http://127.0.0.1:{server.port}/first?x=1", limit=MOST, timeout_s=5)
    assert got == PKI.intermediate.der
    assert server.asked == ["/first?x=1", "/there"]


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
        *("169.254.169.254", "[fe80::1]", "224.0.0.1"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_this_machine_is_never_asked(host: str, way: str) -> None:
    """Without the permission that the tests give to their servers."""
    server = Server(RUBBISH)
    finding = WAYS[way](f"http://{host}:{server.port}/", LONG_S)
    server.close()
    assert "is a loopback or link-local address, which is not asked" in finding.message
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("10.1.2.3", True),
        ("192.168.0.1", True),
        ("203.0.113.7", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("::ffff:169.254.1.1", False),
    ],
)
def test_private_networks_are_asked(address: str, asked: bool) -> None:
    assert fetch.may_ask(address) is asked


NOW = datetime.now(UTC)


def response(leaf: Entity, signer: Entity, since: timedelta, until: timedelta) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.x509, PKI.intermediate.x509, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, NOW + since, NOW + until, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.x509)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(signer: Entity, since: timedelta, until: timedelta) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(PKI.intermediate.x509.subject)
    made = builder.last_update(NOW + since).next_update(NOW + until).sign(signer.key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


DAY = timedelta(days=1)
UNBELIEVED = {
    "wrong signature": (PKI.gateway, -DAY, DAY, "not signed by the issuer", False),
    "old": (PKI.intermediate, -9 * DAY, -2 * DAY, "out of date", True),
    "from the future": (PKI.intermediate, 2 * DAY, 9 * DAY, "from the future", True),
}


@pytest.mark.parametrize(("case", "kind"), [*itertools.product(UNBELIEVED, ("OCSP", "CRL"))])
def test_the_clock_is_named_only_where_a_date_decides(case: str, kind: str, serve: Callable[[Act], Server]) -> None:
    signer, since, until, reason, clock = UNBELIEVED[case]
    told: list[bytes] = []
    server = serve(lambda server, channel, _: server.send(channel, OK + b"\r\n" + told[0]))
    url = f"http://127.0.0.1:{server.port}/"
    point = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]
    )
    leaf = issue("host", PKI.intermediate, **({"ocsp": url} if kind == "OCSP" else {"extensions": [(point, False)]}))
    told.append(response(leaf, signer, since, until) if kind == "OCSP" else revocation_list(signer, since, until))
    asked = check_revocation([leaf.certificate], PKI.primary.chain, timeout_s=5)
    (finding,) = revocation_findings(asked)
    assert finding.code == "revocation.unusable"
    assert reason in finding.message
    assert ("clock" in finding.fix) is clock
    assert advice(asked).check == ("unchanged" if kind == "OCSP" else "off"), "a list is no responder"


@pytest.mark.parametrize(("case", "word"), [("fails", "unchanged"), ("names none", "off")])
def test_only_what_the_certificates_say_switches_it_off(case: str, word: str, serve: Callable[[Act], Server]) -> None:
    server = serve(says(b"HTTP/1.1 503 Busy\r\n\r\n"))
    url = f"http://127.0.0.1:{server.port}/"
    named, mute = issue("named", PKI.intermediate, ocsp=url), issue("mute", PKI.intermediate)
    chain = [named.certificate, *([mute.certificate] if case == "names none" else [])]
    assert advice(check_revocation(chain, PKI.primary.chain, timeout_s=5)).check == word
