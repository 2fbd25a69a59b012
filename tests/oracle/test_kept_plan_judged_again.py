"""A plan that was kept is judged again when it is applied: dates, clock, revocation, the other machines."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.test_ocsp_vs_openssl import PKI, Responder, leaves
from tests.support.exhaustive import exhaustive
from tests.support.practice import ROOT, Practice, company, practice
from tests.support.tls_servers import free_port
from wizard.change import plan_file
from wizard.sandbox.pki import pfx

LATER = """
import sys
from datetime import datetime, timedelta
from wizard.host import machine
from wizard.probing.revocation import fetch
fetch.may_ask = lambda _: True  # the responder of the test is on loopback
days = int(sys.argv.pop(1))
class Shifted(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=days)
machine.datetime = Shifted
from wizard.cli.main import entry
sys.exit(entry())
"""
STORE = ("--secret", "primary.keystore-password=file:secrets/primary")


def run_later(made: Practice, days: int, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the clock of another day."""
    command = [sys.executable, "-c", LATER, str(days), words[0], *made.options, *words[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=made.root, env=environment, input=""
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", start=False) as made:
        yield made


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A server with a kept plan, for tests in which nothing is changed."""
    with practice(tmp_path_factory.mktemp("kept") / "p", start=False) as made:
        planned(made)
        yield made


def planned(made: Practice, answers: str = "answers.toml") -> None:
    done = made.run("plan", "--answers", answers, "--out", "kept.plan")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("days", "codes"),
    [
        pytest.param(400, {"validity.leaf-expired"}, marks=exhaustive),
        (-400, {"validity.leaf-not-yet-valid", "validity.clock-behind"}),
    ],
)
def test_dates_and_clock_are_judged_again(kept: Practice, days: int, codes: set[str]) -> None:
    before = kept.tree()
    for more in ((), ("--dry-run",)):
        done = run_later(kept, days, "apply", "--plan", "kept.plan", "--yes", *STORE, "--json", *more)
        assert done.returncode == 1, done.stderr
        told = json.loads(done.stdout)
        assert told["outcome"] == "refused"
        assert codes <= {finding["code"] for finding in told["findings"]}
        assert all(code in done.stderr for code in codes)
    assert kept.tree() == before
    assert kept.json("history")["changes"] == []


def test_a_plan_of_today_goes_through(server: Practice) -> None:
    planned(server)
    server.start()
    done = server.run("apply", "--plan", "kept.plan", "--yes", *STORE)
    assert done.returncode == 0, done.stderr
    assert "Connection test in memory: gateway-host and the primary trust each other." in done.stderr
    assert "primary-host" in server.served()


@exhaustive
def test_the_chains_of_the_other_machines_are_judged_again(server: Practice) -> None:
    soon = company().reissued("gateway-host", days=(-360, 5))
    (server.root / "certificates/gateway-host.pfx").write_bytes(pfx(soon, "changeit"))
    planned(server)
    before = server.tree()
    done = run_later(server, 10, "apply", "--plan", "kept.plan", "--yes", *STORE)
    assert done.returncode == 1, done.stderr
    assert "rehearsal.dates" in done.stderr
    assert "gateway-host and the primary do not connect" in done.stderr
    assert server.tree() == before


def test_a_gateway_judges_its_plan_again(server: Practice) -> None:
    (server.root / "here.toml").write_text(
        'schema = 1\n[primary]\nkind = "elsewhere"\nhost = ""\n[[gateway]]\nhost = "gateway-host"\n'
        'chain = ["certificates/gateway-host.pfx"]\npassword = { file = "secrets/gateway" }\n'
        'keystore-password = { file = "secrets/gateway" }\nunattended-file = "unattended.conf"\n'
    )
    planned(server, "here.toml")
    before = (server.root / "unattended.conf").read_bytes()
    secret = ("--secret", "gateway.0.keystore-password=file:secrets/gateway")
    late = run_later(server, 400, "apply", "--plan", "kept.plan", "--yes", *secret)
    assert late.returncode == 1, late.stderr
    assert "validity.leaf-expired" in late.stderr
    assert (server.root / "unattended.conf").read_bytes() == before
    done = server.run("apply", "--plan", "kept.plan", "--yes", *secret)
    assert done.returncode == 0, done.stderr


@exhaustive
def test_revocation_is_asked_about_only_where_the_answers_allow_it(server: Practice, tmp_path: Path) -> None:
    port = free_port()
    made = leaves(port)
    (server.root / "revoked.pfx").write_bytes(made.revoked.pfx("changeit"))
    text = (server.root / "answers.toml").read_text()
    text = text[: text.index("[[gateway]]")].replace('host = "primary-host"', 'host = "revoked-host"')
    text = text.replace("certificates/primary-host.pfx", "revoked.pfx")
    for allowed in ("yes", "no"):
        (server.root / f"{allowed}.toml").write_text(f'{text}[account]\nocsp-probe = "{allowed}"\n')
    planned(server, "yes.toml")
    before = server.tree()
    responder = Responder(tmp_path / "files", PKI, made, PKI.intermediate, port)
    try:
        for words in (("--plan", "kept.plan", *STORE), ("--answers", "yes.toml")):
            done = run_later(server, 0, "apply", *words, "--yes")
            assert done.returncode == 1, done.stderr
            assert "revocation.revoked" in done.stderr
        planned(server, "no.toml")
        done = server.run("apply", "--plan", "kept.plan", "--yes", "--dry-run", *STORE)
        assert done.returncode == 0, done.stderr
    finally:
        responder.close()
    assert server.tree() == before


@exhaustive
def test_a_plan_of_an_older_version_cannot_be_judged_and_is_refused(server: Practice) -> None:
    planned(server)
    kept = server.root / "kept.plan"
    plan, basis = plan_file.load_with_basis(kept.read_bytes())
    assert list(basis.chains) == ["primary", "gateway.0", "client.0"]
    assert "changeit" not in basis.answers
    assert "secrets/" not in basis.answers
    kept.write_bytes(plan_file.dump(plan))
    done = server.run("apply", "--plan", "kept.plan", "--yes", *STORE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: change.plan-without-basis ")


def test_a_basis_that_was_altered_is_refused(kept: Practice) -> None:
    body = json.loads((kept.root / "kept.plan").read_text())
    body["basis"]["chains"][0][1] = body["basis"]["chains"][1][1]
    altered = kept.root / "altered.plan"
    altered.touch(0o600)
    altered.write_text(json.dumps(body))
    done = kept.run("apply", "--plan", "altered.plan", "--yes", *STORE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: change.plan-damaged ")
