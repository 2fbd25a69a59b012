"""Certificates replaced: same paths, password kept or new; a change of the root told as the rollover that it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.jvm import run_java
from tests.support.practice import Practice, anchors_in, company, practice
from wizard.planning.snapshot import FILE_KEY, PASSWORD_KEY, MachineSnapshot
from wizard.questions.answers import Answers
from wizard.questions.answers_file import load
from wizard.questions.flow import steps
from wizard.sandbox.pki import Pki, make, new_key, pfx
from wizard.secret import Secret
from wizard.session.session import Session

STORE = "opt/hcp/conf/primary-host.pfx"
CONF = "opt/hcp/conf/application.conf"
CACERTS = "opt/hcp/jre/lib/security/cacerts"


@cache
def successor() -> Pki:
    """Another root of another name for the same hosts."""
    return make()


@contextmanager
def deployed(folder: Path, java: str | None) -> Iterator[Practice]:
    with practice(folder, java=java, configured=True) as made:
        renewed = company().reissued("primary-host", days=(-1, 200), key=new_key())
        (made.root / "renewed.pfx").write_bytes(pfx(renewed, "changeit", name="primary-host"))
        other = successor().entities["primary-host"]
        (made.root / "other-root.pfx").write_bytes(pfx(other, "changeit", name="primary-host"))
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with deployed(tmp_path_factory.mktemp("rekey") / "p", "17") as made:
        yield made


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Without Java, for changes that import no root."""
    with deployed(tmp_path_factory.mktemp("plain") / "p", None) as made:
        yield made


def answers(server: Practice, chain: str, password: str = "{ keep = true }") -> str:
    """For one change; those in phases are tried in test_root_phases.py."""
    path = server.answers(goal='"re-key"', chain=f'["{chain}"]', keystore_password=password)
    # The practice answers name other machines as well, whose certificates stay as they are.
    text = Path(path).read_text()
    text = text.replace("schema = 1\n", 'schema = 1\nphase = "at-once"\n', 1)
    Path(path).write_text(text[: text.index("[[gateway]]")])
    return path


def session(server: Practice, chain: str) -> Session:
    path = Path(answers(server, chain))
    return Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)


@pytest.mark.parametrize("home", ["/opt/hcp", "/opt/none"])
def test_of_several_hosts_the_installed_one_or_this_machine_is_meant(home: str, plain: Practice) -> None:
    machine = replace(plain.deployment.machine, hcp_home=PurePosixPath(home))
    folder, beside = ("certificates",), ("certificates/gateway-host.pem", "certificates/primary-host.pfx")
    for files, host, password, chosen in (
        (folder, "", "changeit", "primary-host"),
        (folder, "mistyped", "changeit", "primary-host"),
        (folder, "", "wrong", "primary-host"),
        (folder, "mistyped", "wrong", "primary-host"),
        (folder, "gateway-host", "changeit", "gateway-host"),
        (folder, "gateway-host", "wrong", "gateway-host"),
        (beside, "gateway-host", "changeit", "gateway-host"),  # without its key, which is reported
        (beside, "", "changeit", "primary-host"),
    ):
        answered = Answers().put("primary.chain", files).put("primary.host", host)
        opened = Session(machine, answers=answered, base=plain.root)
        opened.put_secret("primary.password", Secret(password))
        assert opened.inputs.judged("primary").suggested_host == chosen, (host, password)


def verdict(server: Practice, chain: str) -> str:
    opened = session(server, chain)
    (step,) = [step for step in steps(opened.answers) if step.id == "primary-verdict"]
    return "\n".join(line.text for line in opened.lines(step))


def changed(plan: dict[str, list[dict[str, object]]]) -> list[object]:
    return [step["id"] for step in plan["steps"] if step["changed"]]


def test_what_is_installed_needs_no_change(plain: Practice) -> None:
    chain = "certificates/primary-host.pfx"
    plan = plain.json("plan", "--answers", answers(plain, chain))
    assert plan["steps"] == []
    assert "This certificate is the one that is installed." in verdict(plain, chain)


@exhaustive
def test_a_renewed_leaf_changes_the_key_store_alone(server: Practice) -> None:
    before = server.tree()
    path = answers(server, "renewed.pfx")
    assert changed(server.json("plan", "--answers", path)) == ["keystore", "restart"]
    done = server.run("apply", "--answers", path, "--yes")
    assert done.returncode == 0, done.stderr
    after = server.tree()
    assert {name for name in after if after[name] != before.get(name)} == {STORE}
    assert after.keys() == before.keys()
    assert server.run("rollback", "--yes").returncode == 0
    assert server.tree() == before


def test_a_new_password_changes_the_settings_too(plain: Practice) -> None:
    before = plain.tree()
    path = answers(plain, "renewed.pfx", "{ generate = true }")
    assert changed(plain.json("plan", "--answers", path)) == ["keystore", "settings", "restart"]
    assert plain.run("apply", "--answers", path, "--yes").returncode == 0
    after = plain.tree()
    assert {name for name in after if after[name] != before.get(name)} == {STORE, CONF}
    machine = plain.deployment.machine
    document = MachineSnapshot(machine).document
    (place,), (password,) = document.find(FILE_KEY), document.find(PASSWORD_KEY)
    assert place.text == f"/{STORE}"
    assert len(password.text) == 24
    assert plain.run("rollback", "--yes").returncode == 0
    assert plain.tree() == before


@exhaustive
def test_old_and_new_are_shown_side_by_side(plain: Practice) -> None:
    told = verdict(plain, "renewed.pfx")
    rows = (
        "Installed and new certificate:",
        "  Subject same",
        "  Valid   old",
        "  Serial  old",
    )
    places = [told.index(words) for words in (*rows, "The key is new.")]
    assert places == sorted(places)
    assert "the root changes" not in told


def test_a_plan_compares_old_and_new_for_people_and_programs(plain: Practice) -> None:
    path = answers(plain, "renewed.pfx", "{ generate = true }")
    compared = plain.json("plan", "--answers", path)["comparison"]
    old, new = compared["installed"], compared["new"]
    assert (compared["same"], old["subject"], old["san"]) == (False, new["subject"], new["san"])
    assert all(old[name] != new[name] for name in ("serial", "sha256", "not_after"))
    assert compared["installed_root"] == compared["new_root"]
    told = plain.run("plan", "--answers", path).stdout
    for name in ("Subject", "Issuer", "Names", "Valid", "Serial", "SHA-256", "Root"):
        assert f"\n  {name} " in told
    assert f"  SHA-256 old  {old['sha256']}\n          new  {new['sha256']}" in told


@exhaustive
def test_a_new_root_is_told_as_a_rollover_and_the_old_one_stays(server: Practice) -> None:
    told = verdict(server, "other-root.pfx")
    assert "Warning: the root changes" in told
    (risk,) = session(server, "other-root.pfx").review().risks
    assert "goes offline" in risk, "repeated at the last question"
    assert session(server, "renewed.pfx").review().risks == ()
    flat = " ".join(told.split())
    first, second, third, last = (flat.index(f" {number}. ") for number in (1, 2, 3, 4))
    assert first < flat.index("portal, cacerts") < second < flat.index("new certificates on gateways") < third < last

    machine = server.deployment.machine
    before = anchors_in(machine.real(machine.cacerts))
    path = answers(server, "other-root.pfx")
    assert changed(server.json("plan", "--answers", path)) == ["keystore", "trust", "restart"]
    done = server.run("apply", "--answers", path, "--yes")
    assert done.returncode == 0, done.stderr
    after = anchors_in(machine.real(machine.cacerts))
    assert before.keys() < after.keys()
    assert len(after) == len(before) + 1
    assert server.run("rollback", "--yes").returncode == 0
    assert anchors_in(machine.real(machine.cacerts)) == before


def test_there_must_be_a_password_to_keep(plain: Practice) -> None:
    conf = plain.root / CONF
    kept = conf.read_bytes()
    conf.write_bytes(kept.replace(b'"changeit"', b'"another"'))
    try:
        done = plain.run("plan", "--answers", answers(plain, "renewed.pfx"))
    finally:
        conf.write_bytes(kept)
    assert done.returncode == 2
    assert done.stderr.startswith("error: rekey.nothing-to-keep ")


def test_the_configured_place_is_kept(plain: Practice) -> None:
    conf = plain.root / CONF
    kept = conf.read_bytes()
    elsewhere = plain.root / "opt/hcp/data/own-name.p12"
    elsewhere.write_bytes((plain.root / STORE).read_bytes())
    conf.write_bytes(kept.replace(b"/opt/hcp/conf/primary-host.pfx", b"/opt/hcp/data/own-name.p12"))
    try:
        plan = session(plain, "renewed.pfx").review().plan
        set_up = session(plain, "renewed.pfx")
        set_up.answers = replace(set_up.answers, goal=type(set_up.answers.goal)("set-up"))
        fresh = set_up.review().plan
    finally:
        conf.write_bytes(kept)
        elsewhere.unlink()
    assert str(plan.file_steps[0].path) == "/opt/hcp/data/own-name.p12"
    assert str(fresh.file_steps[0].path) == "/opt/hcp/conf/primary-host.pfx"


PORTAL = ("keep the old ones", "Leave these in place for now", "is still", "At the very end")


@exhaustive
def test_packs_of_a_rollover_trust_both_roots_before_and_after_it_is_applied(server: Practice) -> None:
    path = Path(answers(server, "other-root.pfx"))
    gateway = successor().entities["gateway-host"]
    (server.root / "gateway.pfx").write_bytes(pfx(gateway, "changeit", name="gateway-host"))
    (server.root / "pack-password").write_text("changeit")
    more = ['[[gateway]]\nhost = "gateway-host"', 'chain = ["gateway.pfx"]', 'password = { file = "pack-password" }']
    path.write_text(path.read_text() + "\n".join([*more, 'truststore-password = { file = "pack-password" }']) + "\n")

    def handed(name: str) -> Path:
        done = server.run("handoff", "--answers", str(path), "--out", str(server.root / name))
        assert done.returncode == 0, done.stderr
        return server.root / name

    before = handed("before")
    assert server.run("apply", "--answers", str(path), "--yes").returncode == 0
    opened = Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)
    left = "\n".join(line.text for step in steps(opened.answers)[-1:] for line in opened.lines(step))
    after = handed("after")
    assert server.run("rollback", "--yes").returncode == 0
    for folder in (before, after):
        report = run_java("StoreReport", stdin=f"{folder}/gateway-host/acme-ca-root.pfx\tchangeit\n")
        assert report.stdout.split("\t")[0].count(":cert") == 2, report.stdout + report.stderr
        page = (folder / "portal/CHECKLIST.md").read_text()
        assert [word for word in PORTAL if word not in page] == []
        assert "has both roots" in (folder / "gateway-host/CHECKLIST.md").read_text()
        assert "Order, step 4 of 4" in (folder / "README.md").read_text()
    assert "  1. " in left
    assert "the root changes" in left


@exhaustive
def test_a_new_root_is_a_warning_before_the_swap_and_a_new_leaf_is_none(server: Practice) -> None:
    told = {
        chain: [finding["code"] for finding in server.json("plan", "--answers", answers(server, chain))["findings"]]
        for chain in ("other-root.pfx", "renewed.pfx", "certificates/primary-host.pfx")
    }
    assert [chain for chain, codes in told.items() if "rollover.root-changes" in codes] == ["other-root.pfx"]


def test_going_back_over_the_packs_writes_them_once(plain: Practice) -> None:
    opened = session(plain, "renewed.pfx")
    opened.answers = opened.answers.put("packs", str(plain.root / "once")).put("primary.nodes", ("127.0.0.1", "gone"))
    (step,) = [step for step in steps(opened.answers) if step.id == "handoff-first"]
    assert opened.check(step) == []
    assert opened.check(step) == []
    opened.answers = opened.answers.put("primary.port", 1)
    assert [problem.error.code for problem in opened.check(step)] == ["handoff.folder-in-use"]


def test_the_review_tells_the_order(server: Practice) -> None:
    text = "\n".join(line.text for line in session(server, "other-root.pfx").review().lines)
    assert "Both are valid from" in text
    assert "Earliest: now. At the latest: " in text
    plain = "\n".join(line.text for line in session(server, "certificates/primary-host.pfx").review().lines)
    assert "Both are valid from" not in plain
