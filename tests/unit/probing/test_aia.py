"""Missing issuers fetched from a real loopback HTTP server, with its bad habits."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.support.loopback import ask_loopback
from tests.support.pki import Entity, authority, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Chain, Format
from wizard.probing.revocation.fetch import MOST_BYTES, fetch_issuers


@pytest.fixture(autouse=True)
def servers_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_loopback(monkeypatch)


class CertificateIndex(BaseHTTPRequestHandler):
    """Serves what the test put into `pages`; `drip` never ends."""

    pages: dict[str, bytes]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200 if self.path in self.pages or self.path == "/drip" else 404)
        self.end_headers()
        if self.path == "/drip":
            for _ in range(100):
                time.sleep(0.05)
                self.wfile.write(b"x")
        self.wfile.write(self.pages.get(self.path, b""))

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    pages: dict[str, bytes] = {}
    asked: list[str] = []
    handler = type("Handler", (CertificateIndex,), {"pages": pages, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # we hang up on the dripping answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages, asked
    server.shutdown()
    server.server_close()
    thread.join()


Site = tuple[str, dict[str, bytes], list[str]]


def chain_and_bundle(leaf: Entity) -> tuple[Chain, Bundle]:
    bundle = Bundle(Format.PEM, (leaf.certificate,), (leaf.private_key,))
    return assemble(bundle)[0], bundle


def test_the_way_up_is_fetched_step_by_step(site: Site) -> None:
    base, pages, asked = site
    root = authority("Root")
    middle = authority("Middle", root, ca_issuers=f"{base}/root.p7c")
    leaf = issue("host", middle, ca_issuers=f"{base}/middle.cer")
    pages["/middle.cer"] = middle.der
    pages["/root.p7c"] = pkcs7.serialize_certificates([root.x509], Encoding.DER)
    chain, bundle = chain_and_bundle(leaf)
    bundles, problems = fetch_issuers([bundle], chain, timeout_s=5)
    assert problems == []
    whole = assemble(bundles)[0]
    assert whole.certificates == (leaf.certificate, middle.certificate, root.certificate)
    assert whole.key is not None
    assert asked == ["/middle.cer", "/root.p7c"]


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("/missing", None, "404"),
        ("/text", b"hello", "no certificate"),
        ("/large", b"x" * (MOST_BYTES + 1), "longer"),
        ("/drip", None, "no answer within"),
        ("/other", authority("Another").der, "not the issuer"),
    ],
)
def test_what_is_no_issuer_is_told(site: Site, path: str, content: bytes | None, reason: str) -> None:
    base, pages, _asked = site
    if content is not None:
        pages[path] = content
    chain, bundle = chain_and_bundle(issue("host", authority("Root"), ca_issuers=base + path))
    _bundles, problems = fetch_issuers([bundle], chain, timeout_s=0.5)
    assert [each.code for each in problems] == ["aia.not-fetched"]
    assert reason in problems[0].message


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "ldap://127.0.0.1/x", "file:///etc/passwd"])
def test_only_http_is_fetched(url: str) -> None:
    chain, bundle = chain_and_bundle(issue("host", authority("Root"), ca_issuers=url))
    bundles, problems = fetch_issuers([bundle], chain)
    assert bundles == [bundle]
    assert "not an http address" in problems[0].message


def test_a_certificate_without_address_or_a_complete_chain_asks_nobody(site: Site) -> None:
    _base, _pages, asked = site
    root = authority("Root")
    for leaf, chain in ((issue("host", root), None), (issue("host", root), "whole")):
        bundle = leaf.bundle if chain else chain_and_bundle(leaf)[1]
        assert fetch_issuers([bundle], assemble(bundle)[0]) == ([bundle], [])
    assert asked == []
