"""One plan whichever face made it; a cluster with a silent node; a primary in the cloud."""

import json
from collections.abc import Iterator

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, practice
from wizard.questions.answers import Answers
from wizard.questions.answers_file import load
from wizard.questions.flow import Ask, steps
from wizard.secret import Secret
from wizard.session.saved_run import NAME
from wizard.session.session import LAST, Session


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("faces") / "p", java=None) as made:
        yield made


def test_answers_that_an_interactive_run_kept_give_the_same_plan(server: Practice) -> None:
    machine = server.deployment.machine
    port = server.deployment.endpoint.rsplit(":", 1)[1]
    start = load((server.root / "answers.toml").read_text())
    start = Answers(primary=type(start.primary)(port=int(port), nodes=("127.0.0.1",)))
    session = Session(machine, answers=start, base=server.root)
    typed = {
        "goal": "set-up",
        "primary.kind": "on-premise",
        "primary.chain": str(server.root / "certificates/primary-host.pfx"),
        "primary.host": "primary-host",
        "primary.endpoints": f"127.0.0.1:{port}",
        "primary.keystore-password": "prompt",
        "primary.import-root": "auto",
        "others.gateways": "gateway-host",
        "others.clients": "",
        "others.chain": str(server.root / "certificates"),
        "account.ocsp-check": "off",
        "account.ocsp-url": "",
        "account.ocsp-probe": "no",
    }
    passwords = {"primary.password": "changeit", "primary.keystore-password": "Acme-2026-store"}
    done: set[str] = set()
    while step := next((step for step in session.steps() if step.id not in done), None):
        done.add(step.id)
        if step.id in {"confirm", "apply", "handoff", "handoff-first"}:
            continue
        for question in step.questions:
            if question.ask in {Ask.SECRET, Ask.NEW_SECRET}:
                if question.key in passwords:
                    session.put_secret(question.key, Secret(passwords[question.key]))
            else:
                session.put(question, typed[question.key])
        assert session.check(step) == [], step.id
        if step.id == LAST:
            break
        assert session.lines(step) is not None
        session.save(step.id)
    digest = session.review().plan.digest
    assert "others-verdict" in done

    # The last step forgets them: nothing is left to go on with.
    kept = machine.state_dir / NAME
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not any(password in kept.read_text() for password in passwords.values())
    (server.root / "pw").write_text("changeit")
    (server.root / "store-pw").write_text("Acme-2026-store")
    secrets = [
        f"primary.password=file:{server.root}/pw",
        f"primary.keystore-password=file:{server.root}/store-pw",
        f"gateway.0.password=file:{server.root}/pw",
    ]
    words = [word for secret in secrets for word in ("--secret", secret)]
    assert server.json("plan", "--answers", str(kept), *words)["digest"] == digest

    again = Session(machine)
    assert again.resume() == "primary-files", "its password was not saved"
    assert again.answers == session.answers
    for key, password in passwords.items():
        again.put_secret(key, Secret(password))
    assert again.review().plan.digest == digest
    again.forget()
    assert again.saved() is None


@exhaustive
def test_a_gateway_on_itself_gives_the_same_plan_too(server: Practice) -> None:
    machine = server.deployment.machine
    session = Session(machine, base=server.root)
    typed = {
        "goal": "set-up",
        "primary.kind": "elsewhere",
        "gateway.0.chain": str(server.root / "certificates/gateway-host.pfx"),
        "gateway.0.host": "gateway-host",
        "primary.host": "127.0.0.1",
        "primary.port": server.deployment.endpoint.rsplit(":", 1)[1],
        "primary.import-root": "auto",
        "primary.chain": str(server.root / "certificates/Acme-CA-Root.cer"),
        "gateway.0.unattended-file": str(server.root / "unattended.conf"),
        "gateway.0.keystore-path": "",
        "gateway.0.truststore-path": "/etc/own/trust.pfx",
        "gateway.0.keystore-password": "prompt",
    }
    passwords = {"gateway.0.password": "changeit", "gateway.0.keystore-password": "Acme-2026-store"}
    done: list[str] = []
    while step := next((step for step in session.steps() if step.id not in done), None):
        done.append(step.id)
        for question in step.questions:
            if question.ask in {Ask.SECRET, Ask.NEW_SECRET}:
                session.put_secret(question.key, Secret(passwords[question.key]))
            else:
                session.put(question, typed[question.key])
        assert session.check(step) == [], step.id
        if step.id == LAST:
            break
        if step.id != "apply":
            assert session.lines(step) is not None
        session.save(step.id)
    assert done == [
        "goal", "place", "gateway-files", "gateway-verdict", "gateway-primary", "gateway-trust", "gateway-unattended",
        "gateway-stores", "gateway-store-password", "review", "confirm", "apply", "elsewhere",
    ]  # fmt: skip
    digest = session.review().plan.digest

    kept = machine.state_dir / NAME
    assert load(kept.read_text()) == session.answers
    assert not any(password in kept.read_text() for password in passwords.values())
    words = []
    for key, password in passwords.items():
        (server.root / key).write_text(password)
        words += ["--secret", f"{key}=file:{server.root / key}"]
    assert server.json("plan", "--answers", str(kept), *words)["digest"] == digest

    again = Session(machine)
    assert again.resume() == "gateway-files", "its password was not saved"
    for key, password in passwords.items():
        again.put_secret(key, Secret(password))
    assert again.review().plan.digest == digest
    again.forget()


def test_every_step_is_known_to_the_one_who_types(server: Practice) -> None:
    ids = [step.id for step in steps(Answers())]
    assert ids[0] == "goal"
    assert ids[-1] == "elsewhere"
    assert len(ids) == len(set(ids))


@exhaustive
def test_a_silent_node_is_told_before_the_change(server: Practice) -> None:
    answers = server.answers(nodes='["127.0.0.1", "127.0.0.2"]')
    plan = server.json("plan", "--answers", answers)
    silent = [finding for finding in plan["findings"] if finding["code"] == "node.silent"]
    port = server.deployment.endpoint.rsplit(":", 1)[1]
    assert [finding["facts"]["node"] for finding in silent] == [f"127.0.0.2:{port}"]
    assert silent[0]["severity"] == "warning"
    (probe,) = [step for step in plan["steps"] if step["kind"] == "probe"]
    assert "127.0.0.2" in probe["target"]
    alone = server.json("plan", "--answers", "answers.toml")
    assert "node.silent" not in {finding["code"] for finding in alone["findings"]}


@pytest.mark.parametrize("chain", ["[]", '["certificates/primary-host.pfx"]'])
def test_nothing_is_changed_here_for_a_primary_in_the_cloud(server: Practice, chain: str) -> None:
    before = server.tree()
    answers = server.answers(kind='"cloud"', chain=chain)
    shown = server.run("plan", "--answers", answers)
    assert shown.returncode == 0, shown.stderr
    assert "the primary runs in the vendor's cloud" in shown.stdout
    assert server.json("plan", "--answers", answers)["steps"] == []
    done = server.run("apply", "--answers", answers, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "nothing_to_do"
    assert server.tree() == before


def test_a_gateway_of_a_cloud_primary_trusts_what_java_trusts(server: Practice) -> None:
    answers = server.answers(kind='"cloud"', chain="[]")
    out = server.root / "cloud-packs"
    done = server.run("handoff", "--answers", answers, "--out", str(out))
    assert done.returncode == 0, done.stderr
    lines = (out / "gateway-host/unattended-lines.conf").read_text()
    assert "HCP_DEFAULT_KEYSTORE=" in lines
    assert "TRUSTSTORE" not in lines
    assert not (out / "gateway-host/verify.sh").exists()
