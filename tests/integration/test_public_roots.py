"""A private root that is in cacerts already is still private: uploaded, and put into every trust store."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.line_by_line import talk
from tests.support.pki import acme
from tests.support.practice import ROOT, Practice, company, practice
from tests.support.public_roots import listed
from wizard.certificates.roots import shipped
from wizard.questions.answers import Answers
from wizard.questions.answers_file import dump, load
from wizard.questions.flow import Ask, Step
from wizard.secret import Secret
from wizard.session.session import Session

SETTINGS = {
    "HCP_DEFAULT_KEYSTORE",
    "HCP_DEFAULT_KEYSTORE_PASSWORD",
    "HCP_DEFAULT_TRUSTSTORE",
    "HCP_DEFAULT_TRUSTSTORE_PASSWORD",
}
UNCLEAR = "root.public-or-private"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The company's root is in cacerts, under the alias of the manual's example."""
    with practice(tmp_path_factory.mktemp("roots") / "p", start=False) as made:
        imported(made, "acme-ca")
        yield made


def imported(made: Practice, alias: str) -> None:
    root = made.root / "certificates/Acme-CA-Root.cer"
    store = made.deployment.cacerts
    keytool = made.root / "opt/hcp/jre/bin/keytool"
    command = [str(keytool), "-importcert", "-noprompt", "-alias", alias, "-file", str(root), "-keystore", str(store)]
    subprocess.run([*command, "-storepass", "changeit"], check=True, capture_output=True, timeout=60)


def handed(made: Practice, name: str, answers: str = "answers.toml") -> tuple[Path, dict[str, Any]]:
    out = made.root / name
    return out, made.json("handoff", "--answers", answers, "--out", str(out))


def settings(file: Path) -> set[str]:
    return set(re.findall(r"^(HCP_\w+)=", file.read_text(), re.MULTILINE))


def saying(made: Practice, kind: str) -> str:
    """The answers with the root named as *kind*."""
    path = made.root / f"{kind}.toml"
    colons = ":".join(re.findall("..", fingerprint().upper()))
    path.write_text((made.root / "answers.toml").read_text() + f'{kind}-roots = ["{colons}"]\n')
    return str(path)


def fingerprint() -> str:
    return company().root.certificate.fingerprint(hashes.SHA256()).hex()


def codes(found: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in found["findings"]]


def test_the_root_of_the_company_is_uploaded_and_trusted_though_java_has_it(server: Practice) -> None:
    out, told = handed(server, "packs")
    assert {path.name for path in (out / "portal").iterdir()} == {
        "CHECKLIST.md",
        "Acme-CA-Root.cer",
        "Acme-CA-Intermediate.cer",
    }
    assert "Nothing to upload" not in (out / "portal/CHECKLIST.md").read_text()
    assert settings(out / "gateway-host/unattended.conf") >= SETTINGS
    report = run_java("StoreReport", stdin=f"{out / 'gateway-host/acme-ca.pfx'}\t{trust_password(out)}\n")
    assert report.stdout == "acme-ca-root:cert\t1\n", report.stdout + report.stderr
    assert codes(told).count(UNCLEAR) == 1
    listed = server.json("checklist", "--answers", "answers.toml")["items"]
    assert f"portal/ca/{fingerprint()}" in {item["id"] for item in listed}


def trust_password(out: Path) -> str:
    found = re.search(r'TRUSTSTORE_PASSWORD="(.*)"', (out / "gateway-host/unattended.conf").read_text())
    assert found is not None
    return found[1]


def test_nothing_is_imported_and_the_doubt_is_a_warning(server: Practice) -> None:
    plan = server.json("plan", "--answers", "answers.toml")
    assert [step["kind"] for step in plan["steps"]] == ["put_file", "edit_file", "restart", "probe"]
    (warning,) = [finding for finding in plan["findings"] if finding["code"] == UNCLEAR]
    assert warning["severity"] == "warning"
    assert warning["facts"]["sha256"] == fingerprint()
    secret = ("--secret", "password=file:secrets/gateway")
    for command in (["check", "--role", "gateway", *secret], ["inspect", *secret]):
        found = server.json(*command, "certificates/gateway-host.pfx")
        assert UNCLEAR in codes(found), command
        assert "usage.public-ca-drops-client-auth" not in codes(found), command


def test_a_gateway_on_its_own_machine_gets_its_trust_store(server: Practice) -> None:
    (server.root / "here.toml").write_text(
        'schema = 1\n[primary]\nkind = "elsewhere"\nhost = ""\nchain = ["certificates/Acme-CA-Root.cer"]\n'
        '[[gateway]]\nhost = "gateway-host"\nchain = ["certificates/gateway-host.pfx"]\n'
        'password = { file = "secrets/gateway" }\nunattended-file = "unattended.conf"\n'
    )
    plan = server.json("plan", "--answers", "here.toml")
    assert "truststore" in {step["id"] for step in plan["steps"]}
    assert UNCLEAR in codes(plan)
    (edit,) = [step for step in plan["steps"] if step["kind"] == "edit_file"]
    assert all(f"+{name}=" in edit["diff"] for name in SETTINGS)


@pytest.mark.parametrize(("kind", "uploads"), [("private", True), ("public", False)])
def test_whoever_says_what_the_root_is_hears_no_doubt(server: Practice, kind: str, uploads: bool) -> None:
    out, told = handed(server, f"packs-{kind}", saying(server, kind))
    assert UNCLEAR not in codes(told)
    assert (out / "portal/Acme-CA-Root.cer").exists() is uploads
    assert (settings(out / "gateway-host/unattended.conf") >= SETTINGS) is uploads


def test_a_fingerprint_that_is_none_is_refused(server: Practice) -> None:
    text = (server.root / "answers.toml").read_text() + 'public-roots = ["Acme-CA-Root"]\n'
    (server.root / "wrong.toml").write_text(text)
    done = server.run("plan", "--answers", "wrong.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: answers.unusable-value ")


@pytest.mark.parametrize(
    ("alias", "public", "unclear"),
    [("acme-ca [jdk]", True, False), pytest.param("mykey", False, False, marks=exhaustive)],
)
def test_what_the_alias_says(tmp_path: Path, alias: str, public: bool, unclear: bool) -> None:
    with practice(tmp_path / "p", start=False) as made:
        imported(made, alias)
        out, told = handed(made, "packs")
        assert (UNCLEAR in codes(told)) is unclear
        assert (out / "portal/Acme-CA-Root.cer").exists() is not public
        assert ("HCP_DEFAULT_TRUSTSTORE" in settings(out / "gateway-host/unattended.conf")) is not public


def verdict(session: Session) -> Step:
    return next(step for step in session.steps() if step.id == "primary-verdict")


def started(server: Practice) -> Session:
    answers = Answers().put("primary.chain", ("certificates/primary-host.pfx",)).put("primary.host", "primary-host")
    session = Session(server.deployment.machine, answers=answers, base=server.root)
    session.put_secret("primary.password", Secret("changeit"))
    return session


@pytest.mark.parametrize("kind", mostly_exhaustive(["private", "public"], {"private"}.__contains__))
def test_an_interactive_run_asks_once_and_keeps_the_answer(server: Practice, kind: str) -> None:
    session = started(server)
    step = verdict(session)
    assert [finding.code for finding in session.pending_warnings(step)] == [UNCLEAR]
    *_, question = session.asked(step)
    assert question.key == f"roots.{fingerprint()}"
    assert question.ask is Ask.CHOICE
    assert max(len(question.heading), len(question.why)) <= 76
    session.put(question, kind)
    assert UNCLEAR not in [finding.code for finding in session.pending_warnings(step)]
    assert session.value(question) == kind
    assert session.asked(step)[-1].key == question.key, "it can be answered otherwise later"
    assert session.inputs.judged("primary").public is (kind == "public")
    assert load(dump(session.answers)) == session.answers
    session.answers = session.answers.put("others.gateways", ("gateway-host",))
    others = next(each for each in session.steps() if each.id == "others-verdict")
    assert session.asked(others) == (), "the same root is not asked about twice"
    decided = "\n".join(line.text for line in session.review().decided)
    assert "Root Acme-CA-Root" in decided


def test_a_clear_root_is_not_asked_about(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False) as made:
        session = started(made)
        assert len(session.asked(verdict(session))) == 1


def test_line_mode_asks(server: Practice) -> None:
    session = started(server)
    _, said = talk(session, "", "", "", "", "changeit", "primary-host", "", "quit", "forget")
    assert "Is Acme-CA-Root the root of your own PKI?" in said
    assert session.answers.account.private_roots == (fingerprint(),)
    assert "Continue anyway?" not in said


def test_every_shipped_root_is_known_by_name_and_date() -> None:
    roots = shipped()
    assert len(roots) > 100
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in roots)
    for day, _, name in (each.partition(" ") for each in roots.values()):
        assert date.fromisoformat(day) > date(2026, 1, 1)
        assert name


def test_the_list_is_read_from_a_zip_too(tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", ROOT, "wizard")
    code = (
        f"import sys; sys.path.insert(0, {archive!r}); import wizard.certificates.roots as it; "
        "print('all.zip' in it.__file__, len(it.shipped()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    assert done.stdout == f"True {len(shipped())}\n"


def test_the_list_is_made_from_pem(tmp_path: Path) -> None:
    pem = acme().root.pem + acme().intermediate.pem
    (tmp_path / "root.pem").write_bytes(acme().root.pem)
    words = ["openssl", "x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256"]
    seen = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=20).stdout
    lines = listed(pem)
    sha256, end, name = lines[1].split(maxsplit=2)
    assert len(lines) == 2
    assert sha256 == seen.strip().partition("=")[2].replace(":", "").lower()
    assert (end, name) == (f"{acme().root.x509.not_valid_after_utc:%Y-%m-%d}", "Acme-CA-Root")
