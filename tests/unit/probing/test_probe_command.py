"""The command `probe` from its arguments to its exit code, against practice servers."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509

from tests.support.loopback import ask_loopback
from tests.support.pki import Acme, acme, authority, issue
from tests.support.tls_servers import PracticeServer, free_port
from tests.unit.probing.test_revocation_bytes import revocation_list
from wizard.certificates import names
from wizard.change import plan_file
from wizard.change.plan import Plan, Probe
from wizard.cli import main as cli
from wizard.cli import probe
from wizard.host.machine import Machine
from wizard.planning.judge import Reading, judge_role
from wizard.planning.snapshot import MachineSnapshot
from wizard.probing.probe import ProbeResult, Target, probe_many
from wizard.questions.answers import AccountAnswers, Answers, OcspProbe, PrimaryAnswers

PKI = acme()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    running = PracticeServer(tmp_path_factory.mktemp("server"), PKI, "required")
    yield running
    running.close()


@pytest.fixture(scope="module")
def fallback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    """Serves the built-in certificate, as a primary does that cannot use its key store."""
    builtin = issue("localhost", None, kind="rsa-2048")
    pki = Acme(PKI.root, PKI.intermediate, builtin, PKI.gateway, PKI.client)
    running = PracticeServer(tmp_path_factory.mktemp("fallback"), pki, "required")
    yield running
    running.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    foreign = issue("gateway-host", authority("Foreign-CA"))
    for name, data in (
        ("primary.pfx", PKI.primary.pfx("changeit")), ("primary.cer", PKI.primary.der), ("root.cer", PKI.root.der),
        ("chain.pem", PKI.primary.chain_pem), ("gateway.pfx", PKI.gateway.pfx("changeit")),
        ("foreign.pfx", foreign.pfx("changeit")), ("password", b"changeit\n"), ("wrong", b"nonsense\n"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
    steps = (Probe("probe", (("localhost", 2560),), "primary-host", PKI.primary.sha256),)
    (tmp_path / "change.plan").write_bytes(plan_file.dump(Plan("set up", steps)))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["probe", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


EXPECTATIONS = ["primary.pfx", "primary.cer", "chain.pem", "change.plan", "FINGERPRINT", "FINGER:PRINT"]


@pytest.mark.parametrize("expect", EXPECTATIONS)
def test_the_right_certificate_is_recognised_by_any_file(
    server: PracticeServer, files: Path, expect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = PKI.primary.sha256
    colons = ":".join(re.findall("..", plain)).upper()
    given = {"FINGERPRINT": plain, "FINGER:PRINT": colons}.get(expect, str(files / expect))
    code, out, err = run(
        capsys, f"127.0.0.1:{server.port}", "--servername", "primary-host", "--expect", given, "--json",
        "--secret", f"expect-password=file:{files / 'password'}",
    )  # fmt: skip
    answer = json.loads(out)
    assert (code, err, answer["schema"]) == (0, "", "cloudstream-wizard/probe/1")
    assert (answer["matches_expected"], answer["fallback"], answer["name_matches"]) == (True, False, True)
    assert (answer["client_auth"], answer["client_certificate"], answer["error"]) == ("required", "not_sent", None)
    assert answer["chain"][0]["sha256"] == plain


CONTRACT = {
    "host", "port", "servername", "reachable", "phase", "error", "protocol", "cipher", "chain", "fallback",
    "matches_expected", "name_matches", "client_auth", "acceptable_cas", "client_certificate", "alert", "findings",
}  # fmt: skip


def test_json_has_every_member_of_the_contract(server: PracticeServer, capsys: pytest.CaptureFixture[str]) -> None:
    for port in (server.port, free_port()):
        _, out, _ = run(capsys, f"127.0.0.1:{port}", "--json", "--timeout", "2")
        assert set(json.loads(out)) >= CONTRACT


def test_many_acceptable_authorities_are_counted_and_listed_on_request() -> None:
    """A server that trusts all public roots names 140 of them, before a verdict that nobody would see."""
    many = tuple(f"CN=Public Root {number}" for number in range(140))
    seen = ProbeResult("p", 2560, "p", client_auth="required", chain=(PKI.primary.certificate,), acceptable_cas=many)
    shown = [line.text.strip() for line in probe.human_lines(seen)]
    assert "names 140 CAs whose certificates it accepts" in shown
    assert "that of the presented certificate is not among them" in shown
    assert not any("Public Root" in line for line in shown)
    listed = [line.text.strip() for line in probe.human_lines(seen, listed=True)]
    assert [line for line in listed if line.startswith("accepts those of ")] == [
        f"accepts those of {name}" for name in many
    ]
    ours = replace(
        seen, acceptable_cas=(*many, names.issuer(PKI.primary.certificate)), client_issuer=frozenset({many[3]})
    )
    assert "that of the client certificate is among them" in [line.text.strip() for line in probe.human_lines(ours)]
    assert replace(ours, client_issuer=frozenset()).own_ca_named is True
    assert replace(seen, fallback=True).own_ca_named is None
    assert replace(seen, acceptable_cas=()).as_json()["own_ca_named"] is None
    assert "names no CA, so Java offers whatever certificate it has" in [
        line.text.strip() for line in probe.human_lines(replace(seen, acceptable_cas=()))
    ]


CLIENTS = [("gateway.pfx", 0, "accepted"), ("foreign.pfx", 1, "rejected")]


@pytest.mark.parametrize("case", CLIENTS, ids=lambda case: case[0])
def test_a_client_certificate_is_tried(
    server: PracticeServer, files: Path, case: tuple[str, int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client, code, verdict = case
    done = run(
        capsys, f"127.0.0.1:{server.port}", "--servername", "primary-host", "--client", str(files / client),
        "--secret", f"client-password=file:{files / 'password'}",
    )  # fmt: skip
    assert done[0] == code
    assert f"the offered one: {verdict}" in done[1]
    assert ("[probe.client-rejected]" in done[1]) is (verdict == "rejected")
    assert "accepts those of CN=Acme-CA-Root,O=Acme" in done[1]


def test_the_fallback_is_the_headline(fallback: PracticeServer, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, f"127.0.0.1:{fallback.port}", "--servername", "primary-host")
    assert code == 1
    assert "[probe.fallback-certificate]" in out
    assert "default-keystore-password" in out


def test_several_nodes_are_looked_at_with_progress(
    server: PracticeServer, fallback: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = free_port()
    nodes = [f"127.0.0.1:{port}" for port in (server.port, fallback.port, closed)]
    code, out, err = run(capsys, *nodes, "--servername", "primary-host", "--json")
    answers = json.loads(out)["endpoints"]
    assert code == 1
    assert [answer["port"] for answer in answers] == [server.port, fallback.port, closed]
    assert [answer["fallback"] for answer in answers] == [False, True, False]
    assert answers[2]["error"] == "probe.refused"
    assert sorted(re.findall(r"^(\d) of 3: ", err, re.MULTILINE)) == ["1", "2", "3"]


def test_the_dump_looks_like_s_client(server: PracticeServer, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, f"127.0.0.1:{server.port}", "--servername", "primary-host", "--plain-dump")
    assert code == 0
    assert out.startswith(f"CONNECTED(127.0.0.1:{server.port})\n---\nCertificate chain\n 0 s:CN=primary-host,O=Acme\n")
    assert "\nAcceptable client certificate CA names\nCN=Acme-CA-Intermediate,O=Acme\n" in out
    assert "alert from the server: certificate_required" in out
    _, refused, _ = run(capsys, f"127.0.0.1:{free_port()}", "--plain-dump")
    assert refused == "connect: nothing listens there\n"


REFUSED: list[tuple[list[str], str]] = [
    (["no-port"], "probe.bad-endpoint"),
    (["host:0"], "probe.bad-endpoint"),
    (["host:99999"], "probe.bad-endpoint"),
    (["::1:2560"], "probe.bad-endpoint"),
    (["localhost:1", "--servername", "two words"], "probe.bad-servername"),
    (["localhost:1", "--servername", "x" * 300], "probe.bad-servername"),
    (["localhost:1", "--expect", "FILES/missing"], "file.missing"),
    (["localhost:1", "--expect", "FILES/root.cer"], "probe.no-certificate-in-file"),
    (["localhost:1", "--expect", "FILES/password"], "probe.no-certificate-in-file"),
    (["localhost:1", "--client", "FILES/primary.cer"], "probe.no-client-key"),
    (["localhost:1", "--client", "FILES/gateway.pfx"], "secret.missing"),
    (["localhost:1", "--client", "FILES/gateway.pfx", "--secret", "client-password=file:FILES/wrong"], "reading.password-wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code"), REFUSED)
def test_unusable_input_is_refused_in_words(
    files: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, out, err = run(capsys, *(word.replace("FILES", str(files)) for word in words))
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"error: {code} ")
    assert "Traceback" not in err


@pytest.mark.parametrize("seconds", ["0", "-1", "abc", "601", "nan"])
def test_a_time_limit_is_a_number_of_seconds(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["probe", "localhost:1", f"--timeout={seconds}"])
    assert ended.value.code == 2
    assert "is not a number of seconds" in capsys.readouterr().err


def test_an_address_sends_no_server_name(server: PracticeServer, capsys: pytest.CaptureFixture[str]) -> None:
    def sent(*words: str) -> Any:
        return json.loads(run(capsys, *words, "--json")[1])["servername"]

    assert sent(f"127.0.0.1:{server.port}") is None
    assert sent(f"localhost:{server.port}") == "localhost"
    assert sent(f"localhost:{server.port}", "--servername", "") is None


def test_a_stopping_progress_stops_the_rest(server: PracticeServer) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int, result: ProbeResult) -> None:
        assert (done, total, result.reachable) == (1, 8, True)
        raise StopError

    with pytest.raises(StopError):
        probe_many([Target("127.0.0.1", server.port)] * 8, workers=1, progress=stop)
    assert probe_many([]) == ()


def test_revocation_is_asked_only_on_request(server: PracticeServer, capsys: pytest.CaptureFixture[str]) -> None:
    words = (f"127.0.0.1:{server.port}", "--servername", "primary-host")
    code, out, _ = run(capsys, *words, "--revocation")
    assert code == 0
    assert "CN=primary-host,O=Acme: names no responder" in out
    assert "[revocation.no-responder]" in out
    _, plain, _ = run(capsys, *words, "--json")
    _, asked, _ = run(capsys, *words, "--json", "--revocation")
    assert "revocation" not in json.loads(plain)
    answer = json.loads(asked)
    assert [one["status"] for one in answer["revocation"]] == ["unchecked", "unchecked"]
    assert answer["ocsp_advice"]["check"] == "off"


def test_a_revoked_certificate_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a revocation list, because the certificate names no responder."""
    ask_loopback(monkeypatch)
    with ListServer() as web:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(web.url)], None, None, None)
        gone = issue(
            "primary-host", PKI.intermediate, kind="rsa-2048", extensions=[(x509.CRLDistributionPoints([point]), False)]
        )
        web.body = revocation_list(gone, signer=PKI.intermediate)
        running = PracticeServer(tmp_path, Acme(PKI.root, PKI.intermediate, gone, PKI.gateway, PKI.client), "required")
        words = (f"127.0.0.1:{running.port}", "--servername", "primary-host", "--revocation")
        code, out, _ = run(capsys, *words)
        scripted, members, _ = run(capsys, *words, "--json")
        running.close()
        leaf = tmp_path / "gone.pem"
        leaf.write_bytes(gone.chain_pem + gone.key_pem())
        asked = cli.main(["check", "--role", "primary", "--host", "primary-host", "--ocsp", str(leaf)])
        told = capsys.readouterr().out
        unasked = cli.main(["check", "--role", "primary", "--host", "primary-host", str(leaf)])
        before_use = Answers(
            primary=PrimaryAnswers(chain=(str(leaf),)), account=AccountAnswers(ocsp_probe=OcspProbe.YES)
        )
        seen = MachineSnapshot(Machine(root=tmp_path, state_dir=tmp_path / "s"))
        judged = judge_role("primary", before_use, Reading(tmp_path, lambda: None), seen)
    assert (code, scripted, asked, unasked) == (1, 1, 1, 0)
    assert "[revocation.revoked]" in out
    assert "[revocation.revoked]" in told
    assert "revocation.revoked" in [each["code"] for each in json.loads(members)["findings"]]
    assert judged.findings[0].code == "revocation.revoked"


class ListServer:
    """One file over HTTP."""

    def __init__(self) -> None:
        self.body = b""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/list.crl"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
