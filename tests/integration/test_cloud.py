"""A primary in the vendor's cloud: the operator is told to ask first, and the packs hold what a gateway trusts."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.test_verify_script import server as openssl_server
from tests.support.jvm import run_java
from tests.support.pki import Entity
from tests.support.practice import Practice, company, practice
from wizard.questions.answers import Answers, CloudSupport, GatewayAnswers
from wizard.questions.answers_file import dump, load
from wizard.questions.flow import steps
from wizard.session.session import Session


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("cloud") / "p", java=None, start=False) as made:
        yield made


def answers(server: Practice, *more: str, host: str = "localhost", port: int = 2560) -> Path:
    path = Path(server.answers(kind='"cloud"', chain="[]", host=f'"{host}"', port=str(port)))
    text = path.read_text().replace("[primary]\n", "\n".join(["[primary]", *more]) + "\n")
    path.write_text(text)
    return path


def session(server: Practice, given: Answers) -> Session:
    return Session(server.deployment.machine, answers=given, base=server.root)


def cloud_problems(server: Practice, given: Answers) -> list[tuple[str, str]]:
    (step,) = [step for step in steps(given) if step.id == "cloud"]
    return [(problem.key, problem.error.code) for problem in session(server, given).check(step)]


def test_the_cloud_stops_until_somebody_says_to_go_on(server: Practice) -> None:
    given = load(answers(server).read_text())
    assert cloud_problems(server, given) == [("primary.cloud-support", "cloud.ask-vendor")]
    accepted = given.put("primary.cloud-support", CloudSupport.ACCEPTED)
    assert cloud_problems(server, accepted) == []
    assert cloud_problems(server, accepted.put("primary.host", "")) == [("primary.host", "answer.missing")]
    key = "primary.cloud-authorities"
    assert cloud_problems(server, accepted.put(key, ("certificates/Acme-CA-Root.cer",))) == []
    assert cloud_problems(server, accepted.put(key, ("gone.cer",)))[0][0] == key
    assert cloud_problems(server, accepted.put(key, ("README.txt",))) == [(key, "chain.no-authority")]


def test_a_script_is_told_and_goes_on(server: Practice) -> None:
    plan = server.json("plan", "--answers", str(answers(server)))
    assert [(finding["code"], finding["severity"]) for finding in plan["findings"]] == [("cloud.uncertain", "warning")]
    accepted = server.json("plan", "--answers", str(answers(server, 'cloud-support = "accepted"')))
    assert accepted["findings"] == []


def test_help_names_every_key_of_an_answers_file(server: Practice) -> None:
    told = server.run("plan", "--help").stdout
    words = {word.strip(",") for word in told[told.index("KEYS OF THE") :].split()}
    keys = {
        line.partition(" = ")[0] for line in dump(Answers(gateway=(GatewayAnswers(),))).splitlines() if " = " in line
    }
    assert keys - {"schema"} <= words
    assert all(len(line) <= 80 for line in told.splitlines())


def test_without_ca_files_the_pack_says_what_the_gateway_trusts(server: Practice) -> None:
    out = server.root / "plain"
    done = server.run("handoff", "--answers", str(answers(server, host="print.vendor.test")), "--out", str(out))
    assert done.returncode == 0, done.stderr
    page = (out / "gateway-host/CHECKLIST.md").read_text()
    assert "There is no trust store" in page
    assert "openssl s_client -connect print.vendor.test:2560" in page
    assert "HCP_DEFAULT_TRUSTSTORE" not in (out / "gateway-host/unattended-lines.conf").read_text()
    assert "/GATEWAYADDRESS=print.vendor.test" in (out / "pcclient-host/CHECKLIST.md").read_text()
    portal = (out / "portal/CHECKLIST.md").read_text()
    assert portal.index("Ask your vendor") < portal.index("Upload")


def test_with_ca_files_java_trusts_them_and_openssl_alone_can_tell(server: Practice, tmp_path: Path) -> None:
    pki = company()
    primary = pki.entities["primary-host"]
    entity = Entity(primary.certificate, primary.key)
    out = server.root / "trusting"
    with openssl_server(tmp_path, entity, above(server), "127.0.0.1") as port:
        path = answers(server, 'cloud-authorities = ["certificates/Acme-CA-Root.cer"]', port=port)
        done = server.run("handoff", "--answers", str(path), "--out", str(out))
        assert done.returncode == 0, done.stderr
        folder = out / "gateway-host"
        page = (folder / "CHECKLIST.md").read_text()
        start = page.index("openssl s_client")
        command = page[start : page.index("</dev/null", start) + len("</dev/null")]
        command = command.replace("/root/cloudstream-tls/gateway-host/", "")
        told = subprocess.run(
            ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=30
        )
        wrong = subprocess.run(
            ["sh", "-c", command.replace("-verify_hostname localhost", "-verify_hostname other")],
            cwd=folder, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    assert "Verify return code: 0 (ok)" in told.stdout, told.stdout + told.stderr
    assert "Verify return code: 0 (ok)" not in wrong.stdout
    lines = (folder / "unattended-lines.conf").read_text()
    (password,) = [line.split('"')[1] for line in lines.splitlines() if "TRUSTSTORE_PASSWORD" in line]
    report = run_java("StoreReport", stdin=f"{folder}/acme-ca.pfx\t{password}\n")
    assert report.stdout.split("\t")[0] == "acme-ca-root:cert", report.stderr


def above(server: Practice) -> list[str]:
    return ["-cert_chain", str(server.root / "certificates/Acme-CA-Intermediate.pem")]
