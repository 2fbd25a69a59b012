"""Revocation against `openssl ocsp` as responder and `openssl crl` as judge, on loopback."""

import http.server
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509

from tests.support.loopback import ask_loopback
from tests.support.pki import NOW, Acme, Entity, acme, authority, issue
from tests.support.tls_servers import free_port, wait_for_port
from wizard.host.machine import now_utc
from wizard.probing.probe import probe
from wizard.probing.revocation.check import Revocation, advice, check_revocation, revocation_findings
from wizard.probing.revocation.fetch import fetch

OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
PKI = acme()


@pytest.fixture(autouse=True)
def servers_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_loopback(monkeypatch)


class Leaves(NamedTuple):
    good: Entity
    revoked: Entity
    unknown: Entity


class Responder:
    """`openssl ocsp` with an index of certificates; signed by *signer*."""

    def __init__(self, folder: Path, pki: Acme, leaves: Leaves, signer: Entity, port: int) -> None:
        folder.mkdir()
        for name, entity in (("signer", signer), ("issuer", pki.intermediate)):
            (folder / f"{name}.pem").write_bytes(entity.pem)
            (folder / f"{name}.key").write_bytes(entity.key_pem())
        stamp, gone = f"{NOW:%y%m%d%H%M%SZ}", "350101000000Z"
        index = [
            f"V\t{gone}\t\t{serial(leaves.good)}\tunknown\t/CN=good",
            f"R\t{gone}\t{stamp},keyCompromise\t{serial(leaves.revoked)}\tunknown\t/CN=revoked",
        ]
        (folder / "index.txt").write_text("\n".join(index) + "\n")
        (folder / "index.txt.attr").write_text("unique_subject = no\n")
        self.port = port
        command = [
            "openssl", "ocsp", "-index", "index.txt", "-port", str(port), "-rsigner", "signer.pem", "-rkey",
            "signer.key", "-CA", "issuer.pem", "-nmin", "5",
        ]  # fmt: skip
        # A try connection would keep this responder busy for ever, so its own word is waited for.
        self._process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "waiting for OCSP client connections" in line:
                break

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=5)


def serial(entity: Entity) -> str:
    text = f"{entity.x509.serial_number:X}"
    return text.zfill(len(text) + len(text) % 2)


def leaves(port: int) -> Leaves:
    url = f"http://127.0.0.1:{port}/"
    return Leaves(*(issue(f"{name}-host", PKI.intermediate, ocsp=url) for name in Leaves._fields))


SIGNERS = {
    "issuer": PKI.intermediate,
    "delegate": issue("Acme-OCSP", PKI.intermediate, eku=(OCSP_SIGNING,), kind="rsa-2048"),
    "not a responder": issue("Acme-Web", PKI.intermediate, kind="rsa-2048"),
    "stranger": issue("Stranger", authority("Stranger-CA"), eku=(OCSP_SIGNING,), kind="rsa-2048"),
}


@pytest.fixture(scope="module", params=list(SIGNERS))
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Leaves]]:
    port = free_port()
    made = leaves(port)
    responder = Responder(tmp_path_factory.mktemp("ocsp") / "files", PKI, made, SIGNERS[request.param], port)
    yield request.param, made
    responder.close()


def ask(entity: Entity) -> Revocation:
    return check_revocation([entity.certificate], [PKI.intermediate.certificate], timeout_s=5)[0]


def test_each_answer_is_what_the_responder_holds(asked: tuple[str, Leaves]) -> None:
    signer, made = asked
    found = {name: ask(entity) for name, entity in made._asdict().items()}
    if signer in {"issuer", "delegate"}:
        assert {name: one.status for name, one in found.items()} == {
            "good": "good",
            "revoked": "revoked",
            "unknown": "unknown",
        }
        good = found["good"].ocsp
        assert good is not None
        assert good.nonce is True
        assert good.delegated is (signer == "delegate")
        assert "key_compromise" in str(found["revoked"].as_json()) or "keyCompromise" in str(found["revoked"].as_json())
    else:
        assert {one.status for one in found.values()} == {"unusable"}


def test_openssl_reads_the_same(asked: tuple[str, Leaves], tmp_path: Path) -> None:
    signer, made = asked
    for name, entity in (("issuer", PKI.intermediate), ("good", made.good), ("revoked", made.revoked)):
        (tmp_path / f"{name}.pem").write_bytes(entity.pem)
    (tmp_path / "ca.pem").write_bytes(PKI.intermediate.chain_pem)
    for name, entity in (("good", made.good), ("revoked", made.revoked)):
        url = ask(entity).responder
        command = ["openssl", "ocsp", "-issuer", "issuer.pem", "-cert", f"{name}.pem", "-url", url, "-CAfile", "ca.pem"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=20)
        believed = "Response verify OK" in done.stderr
        assert believed is (signer in {"issuer", "delegate"}), done.stderr
        assert (ask(entity).status == name) is believed


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[int, dict[str, Any]]]:
    """A small web server: path to (status, headers, body), or a callable that writes what it likes."""
    pages: dict[str, Any] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages[self.path]
            if callable(page):
                page(self)
                return
            status, headers, body = page
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, pages
    server.shutdown()
    server.server_close()


def listed(*points: str, ocsp: str | None = None, name: str = "listed-host") -> Entity:
    names = [x509.UniformResourceIdentifier(point) for point in points]
    point = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
    return issue(name, PKI.intermediate, ocsp=ocsp, extensions=[(point, False)])


def revocation_list(folder: Path, *revoked: Entity, signer: Entity = PKI.intermediate, days: int = 30) -> bytes:
    """Made by `openssl ca -gencrl`."""
    (folder / "ca.pem").write_bytes(signer.pem)
    (folder / "ca.key").write_bytes(signer.key_pem())
    lines = [f"R\t350101000000Z\t{NOW:%y%m%d%H%M%SZ},keyCompromise\t{serial(one)}\tunknown\t/CN=x" for one in revoked]
    (folder / "index.txt").write_text("".join(line + "\n" for line in lines))
    (folder / "crlnumber").write_text("01\n")
    (folder / "ca.conf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ncertificate=ca.pem\nprivate_key=ca.key\n"
        "default_md=sha256\n"
    )
    command = ["openssl", "ca", "-gencrl", "-config", "ca.conf", "-crldays", str(days), "-out", "list.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=20)
    return (folder / "list.pem").read_bytes()


def test_a_list_answers_where_no_responder_does(web: tuple[int, dict[str, Any]], tmp_path: Path) -> None:
    port, pages = web
    url = f"http://127.0.0.1:{port}/list.crl"
    closed = f"http://127.0.0.1:{free_port()}/"
    good, gone = listed(url, ocsp=closed), listed(url, name="gone-host")
    pages["/list.crl"] = (200, {}, revocation_list(tmp_path, gone))
    found = check_revocation([good.certificate, gone.certificate], PKI.primary.chain)
    assert [one.status for one in found] == ["good", "revoked"]
    assert found[0].ocsp is not None
    assert found[0].ocsp.status == "unreachable"
    assert found[1].ocsp is None
    assert [finding.code for finding in revocation_findings(found)] == ["revocation.revoked"]
    assert "keyCompromise" in revocation_findings(found)[0].message


def test_a_list_of_another_authority_is_not_believed(web: tuple[int, dict[str, Any]], tmp_path: Path) -> None:
    port, pages = web
    forged = issue(PKI.intermediate.x509.subject, None, ca=True, slot="forged", kind="rsa-2048")
    for place, signer in (("/other.crl", PKI.root), ("/forged.crl", forged)):
        pages[place] = (200, {}, revocation_list(tmp_path, signer=signer))
        one = check_revocation([listed(f"http://127.0.0.1:{port}{place}").certificate], PKI.primary.chain)[0]
        assert one.status == "unusable"


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(40):
            handler.wfile.write(b"X-Drip: 1\r\n")
            handler.wfile.flush()
            time.sleep(0.1)


BAD_ANSWERS: list[tuple[str, Any, str, str]] = [
    ("not found", (404, {}, b""), "revocation.unreachable", "HTTP status 404"),
    ("too long", (200, {}, bytes(70_000)), "revocation.unreachable", "longer than 65536"),
    ("rubbish", (200, {}, b"hello"), "revocation.unusable", "the answer is not an OCSP response"),
    ("try later", (200, {}, bytes.fromhex("30030a0103")), "revocation.unusable", "try later"),
    ("unauthorised", (200, {}, bytes.fromhex("30030a0106")), "revocation.unusable", "unauthorized"),
    ("redirect to https", (302, {"Location": "https://x/"}, b""), "revocation.unreachable", "not an http address"),
    ("redirect for ever", (302, {"Location": "SELF"}, b""), "revocation.unreachable", "too many redirects"),
    ("drip", drip, "revocation.unreachable", "no answer within"),
]


@pytest.mark.parametrize(("page", "code", "detail"), [pytest.param(*case[1:], id=case[0]) for case in BAD_ANSWERS])
def test_bad_answers_are_told_apart(web: tuple[int, dict[str, Any]], page: Any, code: str, detail: str) -> None:
    port, pages = web
    url = f"http://127.0.0.1:{port}/bad"
    if isinstance(page, tuple) and page[1].get("Location") == "SELF":
        page = (302, {"Location": url}, b"")
    pages["/bad"] = page
    one = check_revocation([issue("bad-host", PKI.intermediate, ocsp=url).certificate], PKI.primary.chain, timeout_s=1)[
        0
    ]
    assert one.ocsp is not None
    assert f"revocation.{one.status}" == f"revocation.{one.ocsp.status}" == code
    assert detail in one.ocsp.detail
    (found,) = revocation_findings([one])
    assert (found.code, found.subject.sha256) == (code, one.certificate.sha256)
    assert "CN=bad-host" in found.message
    assert f"127.0.0.1:{port}" in found.message
    assert detail in found.message


def test_an_answer_to_another_question_is_not_believed(
    asked: tuple[str, Leaves], web: tuple[int, dict[str, Any]]
) -> None:
    """A replay: the answer about the good certificate is given to everybody."""
    signer, made = asked
    if signer != "issuer":
        assert ask(made.good).status in {"good", "unusable"}
        return
    from wizard.probing.revocation import ocsp  # noqa: PLC0415 - only this case builds requests by hand

    question = ocsp.request(made.good.certificate, PKI.intermediate.certificate, b"n" * 16)
    answer = fetch(ask(made.good).responder, body=question, limit=65536, timeout_s=5)
    judged = ocsp.judge(answer, made.good.certificate, PKI.intermediate.certificate, now_utc(), b"m" * 16)
    assert (judged.status, "nonce differs" in judged.detail) == ("unusable", True)
    other = ocsp.judge(answer, made.revoked.certificate, PKI.intermediate.certificate, now_utc())
    assert (other.status, other.detail) == ("unusable", "the response is about another certificate")
    late = ocsp.judge(answer, made.good.certificate, PKI.intermediate.certificate, now_utc().replace(year=2040))
    early = ocsp.judge(answer, made.good.certificate, PKI.intermediate.certificate, now_utc().replace(year=2020))
    assert ("out of date" in late.detail, "from the future" in early.detail) == (True, True)


def test_the_staple_of_a_server_is_read(asked: tuple[str, Leaves], tmp_path: Path) -> None:
    signer, made = asked
    from wizard.probing.revocation import ocsp  # noqa: PLC0415 - as above

    for name in ("good", "revoked"):
        entity: Entity = getattr(made, name)
        question = ocsp.request(entity.certificate, PKI.intermediate.certificate, b"n" * 16)
        (tmp_path / "staple.der").write_bytes(fetch(ask(entity).responder, body=question, limit=65536, timeout_s=5))
        (tmp_path / "chain.pem").write_bytes(b"".join(one.pem for one in (entity, PKI.intermediate)))
        (tmp_path / "key.pem").write_bytes(entity.key_pem())
        port = free_port()
        command = [
            "openssl", "s_server", "-accept", str(port), "-cert", "chain.pem", "-key", "key.pem", "-cert_chain",
            "chain.pem", "-status_file", "staple.der", "-quiet",
        ]  # fmt: skip
        with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            wait_for_port(port)
            result = probe("127.0.0.1", port, servername=f"{name}-host", timeout_s=5)
            server.terminate()
        assert result.staple is not None
        believed = signer in {"issuer", "delegate"}
        assert result.staple.status == (name if believed else "unusable")
        bad = any(finding.code == "probe.staple-bad" for finding in result.findings)
        assert bad is (not believed or name == "revoked")


def test_advice_follows_the_evidence(asked: tuple[str, Leaves]) -> None:
    signer, made = asked
    silent = issue("silent-host", PKI.intermediate)
    chain = [PKI.intermediate.certificate, PKI.root.certificate]
    good = check_revocation([made.good.certificate], chain)
    mute = check_revocation([silent.certificate], chain)
    unknown = check_revocation([made.unknown.certificate], chain)
    own = check_revocation([made.good.certificate, silent.certificate], chain, responder=good[0].responder)
    believed = signer in {"issuer", "delegate"}
    told = [(each.code, "CN=unknown-host" in each.message) for each in revocation_findings(unknown)]
    assert told == [("revocation.unknown" if believed else "revocation.unusable", True)]
    assert advice([]).check == "unchanged"
    assert advice(good).check == ("on" if believed else "unchanged")
    assert advice(mute).check == "off"
    assert advice([*good, *mute]).check == "off"
    assert advice([*good, *unknown]).check == ("off" if believed else "unchanged")
    assert own[1].own_address is False
    # The responder does not know the certificate that names none.
    assert advice(own).check == ("off" if believed else "unchanged")
