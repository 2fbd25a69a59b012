"""Servers on this machine that really present a chain: what the probe says of it, and of whom."""

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support import asn1
from tests.support.pki import END, START, Acme, Entity, acme, authority, issue, name
from tests.support.tls_servers import OpenSslServer, PracticeServer
from wizard.cli.main import main
from wizard.host.machine import now_utc
from wizard.probing.probe import probe
from wizard.probing.trust import ClientIdentity

PKI = acme("p256")
LEAF, MIDDLE, ROOT = PKI.primary, PKI.intermediate, PKI.root
STRANGER = issue("stranger", authority("Stranger-CA"))
TODAY = now_utc()
EXPIRED = issue("primary-host", MIDDLE, end=TODAY - timedelta(days=2))
FUTURE = issue("primary-host", MIDDLE, start=TODAY + timedelta(days=2), end=TODAY + timedelta(days=9))


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def in_month_13() -> bytes:
    """LEAF with a date that OpenSSL leaves as it is and that is none, signed again."""
    der, body = LEAF.der, LEAF.x509.tbs_certificate_bytes
    date = re.search(rb"\x17\x0d(\d{12}Z)", body)
    assert date is not None
    body = body.replace(date[1], date[1][:2] + b"13" + date[1][4:], 1)
    signature = MIDDLE.key.sign(body, ec.ECDSA(SHA256()))
    algorithm = asn1.parse(der).children[1].encoded
    return asn1.seq(body, algorithm, asn1.tlv(0x03, b"\0" + signature))


@contextmanager
def serving(folder: Path, key: bytes, chain: Sequence[bytes], trusted: bytes) -> Iterator[int]:
    """A server that presents *chain* as it is, in that order, and demands a certificate of *trusted* (b"": none)."""
    (folder / "chain.pem").write_bytes(b"".join(chain))
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    if trusted:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=trusted.decode())
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    channel, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), context.wrap_socket(channel, server_side=True) as made:
                    made.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Case:
    """What is presented, how it is probed, and what is said: a code, and what its message names."""

    name: str
    chain: Sequence[bytes]
    found: dict[str, tuple[str, ...]]
    server: Entity = LEAF
    trusted: bytes = STRANGER.chain_pem
    asked: tuple[tuple[str, Any], ...] = ()


CASES = [
    Case("as it should be", [LEAF.pem, MIDDLE.pem], {}),
    Case(
        "out of order",
        [LEAF.pem, ROOT.pem, MIDDLE.pem],
        {"probe.chain-disordered": (), "probe.root-sent": ("CN=Acme-CA-Root",)},
    ),
    Case("a stranger", [LEAF.pem, MIDDLE.pem, STRANGER.pem], {"probe.chain-extra": ("CN=stranger",)}),
    Case("the leaf twice", [LEAF.pem, LEAF.pem, MIDDLE.pem], {"probe.chain-extra": ("CN=primary-host",)}),
    Case("with its root", [LEAF.pem, MIDDLE.pem, ROOT.pem], {"probe.root-sent": ("CN=Acme-CA-Root",)}),
    Case("the leaf alone", [LEAF.pem], {"probe.leaf-only": ("CN=Acme-CA-Intermediate",)}),
    Case(
        "the leaf alone, and the chain is known",
        [LEAF.pem],
        {"probe.chain-incomplete": ("CN=Acme-CA-Intermediate", "CN=primary-host")},
        asked=(("expected_chain", LEAF.chain),),
    ),
    Case(
        "expired",
        [EXPIRED.pem, MIDDLE.pem],
        {"probe.expired": ("CN=primary-host", f"{TODAY - timedelta(days=2):%Y-%m-%d}")},
        server=EXPIRED,
    ),
    Case(
        "not valid yet",
        [FUTURE.pem, MIDDLE.pem],
        {"probe.not-yet-valid": ("CN=primary-host", f"{TODAY + timedelta(days=2):%Y-%m-%d}")},
        server=FUTURE,
    ),
    Case("no certificate asked for", [LEAF.pem, MIDDLE.pem], {"probe.client-auth-none": ()}, trusted=b""),
    Case("in month 13", [pem(in_month_13()), MIDDLE.pem], {"probe.certificate-unreadable": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_chain_that_is_really_presented(case: Case, tmp_path: Path) -> None:
    with serving(tmp_path, case.server.key_pem(), case.chain, case.trusted) as port:
        result = probe("127.0.0.1", port, servername="primary-host", timeout_s=5, **dict(case.asked))
    found = {finding.code: finding for finding in result.findings}
    assert set(found) == set(case.found)
    for code, facts in case.found.items():
        message = found[code].message
        assert [fact for fact in (f"127.0.0.1:{port}", *facts) if fact not in message] == [], message


def test_a_server_that_accepts_other_authorities_names_them(tmp_path: Path) -> None:
    gateway = ClientIdentity(PKI.gateway.certificate, PKI.gateway.private_key, (MIDDLE.certificate,))
    other = STRANGER.issuer
    assert other is not None
    server = PracticeServer(tmp_path, Acme(other, other, PKI.primary, PKI.gateway, PKI.client), "required")
    try:
        result = probe("127.0.0.1", server.port, servername="primary-host", client=gateway, timeout_s=5)
    finally:
        server.close()
    found = {finding.code: finding.message for finding in result.findings}
    assert set(found) == {"probe.client-authority-unlisted", "probe.client-rejected"}
    assert "CN=Acme-CA-" in found["probe.client-authority-unlisted"]
    assert set(result.acceptable_cas) == {"CN=Stranger-CA,O=Acme"}


def test_a_server_that_does_not_know_the_name_says_so(tmp_path: Path) -> None:
    """It is a warning of TLS 1.2; a server of TLS 1.3 cannot give one."""
    server = OpenSslServer(tmp_path / "server", acme(), "required")
    try:
        result = probe("127.0.0.1", server.port, servername="other-host", tls="1.2", timeout_s=5)
    finally:
        server.close()
    found = {finding.code: finding.message for finding in result.findings}
    assert "other-host" in found["probe.name-unknown"]
    assert f"127.0.0.1:{server.port}" in found["probe.name-unknown"]


def test_an_address_that_no_route_leads_to() -> None:
    """Linux refuses a TCP connection to the broadcast address without a packet."""
    result = probe("255.255.255.255", 2560, timeout_s=5)
    assert (result.error, result.phase, result.reachable) == ("probe.no-route", "connect", False)
    (found,) = result.findings
    assert "255.255.255.255:2560" in found.message
    assert "unreachable" in found.message


def test_a_client_key_that_only_agrees_on_keys_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = x25519.X25519PrivateKey.generate()
    builder = x509.CertificateBuilder(name("Acme-CA-Intermediate"), name("gateway-host"), key.public_key(), 77)
    made = builder.not_valid_before(START).not_valid_after(END).sign(MIDDLE.key, SHA256())
    client = tmp_path / "client.pem"
    client.write_bytes(Entity(made, key, MIDDLE).key_pem() + Entity(made, key, MIDDLE).chain_pem)
    with serving(tmp_path, LEAF.key_pem(), [LEAF.pem, MIDDLE.pem], PKI.intermediate.chain_pem) as port:
        assert main(["probe", f"127.0.0.1:{port}", "--client", str(client)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: probe.client-unusable ")
    assert "a key of this kind" in err
