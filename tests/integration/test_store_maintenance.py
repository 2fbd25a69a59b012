"""The installed stores changed: password, alias, built-in certificate, expired CAs; judged by keytool and openssl."""

import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import jre
from tests.support.practice import Practice, company, practice
from wizard.host.machine import now_utc
from wizard.planning.snapshot import MachineSnapshot
from wizard.sandbox import pki, truststore
from wizard.session.undo import undoable

CONF = "opt/hcp/conf/application.conf"
STORE = "opt/hcp/conf/primary-host.pfx"
CACERTS = "opt/hcp/jre/lib/security/cacerts"
CHANGES = {
    "password": (("store", "password"), {CONF, STORE}),
    "typed password": (("store", "password", "--secret", "primary.keystore-password=env:NEW"), {CONF, STORE}),
    "alias": (("store", "alias", "other.name-1"), {STORE}),
    "built-in": (("store", "built-in"), {CONF}),
    "remove-ca": (("store", "remove-ca"), {CACERTS}),
}
NEW = {"NEW": "A-new-Password-9"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("stores") / "p", configured=True) as made:
        for name, days in (("Old-Root", 400), ("Foreign-Root", 400), ("Young-Root", 1)):
            began = now_utc() - timedelta(4000 if days > 1 else 1)
            entity = pki.authority(name, pki.new_key(), None, began)
            ours = "" if name == "Foreign-Root" else "cloudstream-"
            truststore.add(made.deployment.cacerts, entity.certificate, f"{ours}{name}".lower(), "changeit")
        truststore.add(made.deployment.cacerts, company().root.certificate, "cloudstream-acme", "changeit")
        yield made


def keytool(server: Practice, *words: str, store: str = CACERTS, password: str = "changeit") -> str:
    done = subprocess.run(
        [str(jre("17") / "bin/keytool"), *words, "-keystore", str(server.root / store), "-storepass", password],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def password(server: Practice) -> str:
    machine = server.deployment.machine
    return MachineSnapshot(machine).password_setting.text or ""


@pytest.mark.parametrize("case", mostly_exhaustive(CHANGES, {"alias"}.__contains__))
def test_each_changes_its_files_alone_is_proven_and_undone(server: Practice, case: str) -> None:
    words, files = CHANGES[case]
    before = server.tree()
    shown = server.run(*words, "--dry-run", env=NEW)
    assert shown.returncode == 0, shown.stderr
    assert "dry run" in shown.stdout
    assert server.tree() == before
    former = password(server)
    refused = server.run(*words, env=NEW)
    assert (refused.returncode, refused.stderr.split("error: ")[1].split()[0]) == (2, "apply.not-confirmed")
    done = server.run(*words, "--yes", "--json", env=NEW)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["schema"], told["outcome"]) == ("cloudstream-wizard/store/1", "applied")
    after = server.tree()
    assert {name for name in after if after[name] != before[name]} == files
    assert after.keys() == before.keys()
    assert all(after[name][1:] == before[name][1:] for name in after), "owner and mode stay"
    assert (password(server) == former) is (case in {"alias", "remove-ca"})
    looks_right(server, case)
    again = server.run(*words, "--yes", env=NEW)
    if case != "password":  # which is another one each time
        assert again.returncode == 0
        assert "Nothing to do" in again.stdout
    else:
        assert server.run("rollback", "--yes").returncode == 0
    assert server.run("rollback", "--yes").returncode == 0
    assert server.tree() == before
    assert "primary-host" in server.served()


def looks_right(server: Practice, case: str) -> None:
    """What keytool, openssl and the doctor see after the change."""
    match case:
        case "password" | "typed password":
            if case == "typed password":
                assert password(server) == NEW["NEW"]
            assert "PrivateKeyEntry" in keytool(server, "-list", store=STORE, password=password(server))
        case "alias":
            assert "other.name-1, " in keytool(server, "-list", store=STORE, password=password(server))
        case "built-in":
            assert server.served() in {"subject=CN = localhost", "subject=CN=localhost"}
            assert "doctor.not-set-up" in server.run("doctor").stdout
            assert server.json("doctor")["root_causes"] == ["doctor.not-set-up"]
            return
        case _:
            listed = keytool(server, "-list").lower()
            assert "cloudstream-old-root" not in listed
            assert "cloudstream-young-root" in listed
            assert "foreign-root" in listed, "what others imported stays"
    assert "primary-host" in server.served()
    assert server.run("doctor").returncode == 0
    # An expired CA certificate of ours is critical as long as it is there.
    assert server.run("status").returncode == (0 if case == "remove-ca" else 2)


@exhaustive
def test_what_was_removed_is_in_the_evidence_and_is_not_missed(server: Practice) -> None:
    before = server.tree()
    assert server.run("store", "remove-ca", "--yes").returncode == 0
    evidence = server.run("history", server.json("history")["changes"][-1]["id"]).stdout
    assert "Old-Root" in evidence
    assert not server.json("doctor")["root_causes"]
    shown = [line.text for each in undoable(server.deployment.machine)[:1] for line in each.lines]
    assert any("Add cloudstream-old-root to /opt/hcp/jre/lib/security/cacerts again" in line for line in shown)
    assert server.run("rollback", "--yes").returncode == 0
    assert server.tree() == before


def test_an_expired_ca_that_is_in_use_stays(server: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    later = now_utc() + timedelta(4000)
    monkeypatch.setattr("wizard.doctor.maintenance.now_utc", lambda: later)
    done = server.run("store", "remove-ca", "--dry-run")
    assert "maintain.ca-in-use" in done.stderr
    assert "Remove Acme-CA-Root" not in done.stderr
    assert "maintain.ca-removed" in done.stderr
    assert "Remove Young-Root from cacerts" in done.stderr


def test_the_built_in_certificate_needs_the_policy_first(server: Practice) -> None:
    assert "maintain.policy-first" in server.run("store", "built-in", "--dry-run").stderr


REFUSED = {
    "an empty alias": (("store", "alias", ""), "store.alias-unfit"),
    "an alias with a blank": (("store", "alias", "a b"), "store.alias-unfit"),
    "a password that Java cannot read": (("store", "password", "--secret", "primary.keystore-password=env:BAD"), "password.unfit"),
    "no action": (("store",), "usage"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(server: Practice, case: str) -> None:
    words, code = REFUSED[case]
    done = server.run(*words, env={"BAD": "Schlüssel-9"})
    assert done.returncode == 2
    assert code in done.stderr


def test_a_store_that_is_not_there_or_does_not_open(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False, configured=True) as made:
        (made.root / STORE).write_bytes(b"damaged")
        assert "maintain.no-store" in made.run("store", "alias", "x").stderr
        assert made.run("store", "built-in", "--dry-run").returncode == 0
    with practice(tmp_path / "q", java=None, start=False) as made:
        done = made.run("store", "password")
        assert (done.returncode, done.stderr.split()[1]) == (2, "maintain.no-store")


@exhaustive
def test_the_same_by_an_answers_file_and_by_a_kept_plan(server: Practice) -> None:
    (server.root / "alias.toml").write_text(
        'schema = 1\ngoal = "maintain-stores"\nmaintenance = "alias"\n[primary]\nalias = "kept-plan"\n'
    )
    before = server.tree()
    kept = server.run("plan", "--answers", "alias.toml", "--out", "alias.plan")
    assert (kept.returncode, "generated password" in kept.stderr) == (0, False)
    assert server.run("apply", "--plan", "alias.plan", "--yes").returncode == 0
    assert "kept-plan, " in keytool(server, "-list", store=STORE, password=password(server))
    assert server.run("rollback", "--yes").returncode == 0
    (server.root / "ca.toml").write_text('schema = 1\ngoal = "maintain-stores"\nmaintenance = "remove-ca"\n')
    planned = server.json("plan", "--answers", "ca.toml", "--out", "ca.plan")
    assert [step["kind"] for step in planned["steps"]] == ["remove_trust", "restart", "probe"]
    assert server.run("apply", "--plan", "ca.plan", "--yes").returncode == 0
    assert server.run("rollback", "--yes").returncode == 0
    (server.root / "back.toml").write_text('schema = 1\ngoal = "maintain-stores"\nmaintenance = "built-in"\n')
    assert server.run("plan", "--answers", "back.toml", "--out", "back.plan").returncode == 0
    assert server.run("apply", "--plan", "back.plan", "--yes").returncode == 0
    assert server.run("rollback", "--yes").returncode == 0
    assert server.tree() == before


@exhaustive
def test_an_alias_is_chosen_at_the_set_up_too(server: Practice) -> None:
    path = Path(server.answers(goal='"re-key"', keystore_password="{ keep = true }"))
    path.write_text(path.read_text().replace("port =", 'alias = "set-up-alias"\nport =', 1))
    assert server.run("apply", "--answers", str(path), "--yes").returncode == 0
    assert "set-up-alias, " in keytool(server, "-list", store=STORE, password=password(server))
    assert [step for step in server.json("plan", "--answers", str(path))["steps"] if step["changed"]] == []
    assert server.run("rollback", "--yes").returncode == 0
