"""The command `doctor` as scripts and people use it: JSON, replay, logs, the support bundle, exit codes."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.doctor_runs import NAME, Call, settle
from tests.support.practice import Practice, company, practice
from wizard.doctor.collect.run import collect
from wizard.questions.answers import Answers, Goal
from wizard.sandbox.pki import pfx
from wizard.session.overview import State, facts, overview

CANARY = "c4nary-Passw0rd#1"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A primary whose password in application.conf is wrong; a canary stands where it counts."""
    folder = tmp_path_factory.mktemp("doctor") / "x"
    with practice(folder, java=None, start=False, configured=True) as made:
        conf = made.deployment.conf
        conf.write_text(conf.read_text().replace('"changeit"', f'"{CANARY}"'))
        journal = made.deployment.journal
        settle(made)
        with journal.open("a") as stream:
            stream.write(f"login with {CANARY} failed\n")
        yield made


def test_json_holds_what_the_contract_names(broken: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    told = Call(broken, capsys).json("doctor", "--servername", NAME)
    assert told["schema"] == "cloudstream-wizard/doctor/1"
    assert told["root_causes"] == ["doctor.password-wrong"]
    assert {outcome["outcome"] for outcome in told["outcomes"]} <= {"pass", "found", "not_applicable", "not_run"}
    (finding,) = [finding for finding in told["findings"] if finding["code"] == "doctor.fallback-served"]
    assert finding["caused_by"] == "doctor.password-wrong"
    assert {"code", "severity", "subject", "message", "why", "fix", "facts", "caused_by"} == set(finding)
    assert told["facts"]["port"] == int(broken.deployment.endpoint.rsplit(":", 1)[1])
    assert told["repairs"][0]["automatic"]


def test_people_read_the_headline_first(broken: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = Call(broken, capsys)("doctor", "--servername", NAME)
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith("Error: the configured password does not open the key store")
    assert "It opens with the default password of the manual" in " ".join(out.split())
    assert f"--root {broken.root}" in out
    assert "doctor --fix doctor.password-wrong" in out
    assert err == ""


def test_saved_facts_give_the_same_diagnosis(
    broken: Practice, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    call = Call(broken, capsys)
    told = call.json("doctor", "--servername", NAME)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(told))
    assert call.json("doctor", "--facts", str(path)) == told
    path.write_text(json.dumps(told["facts"]))
    assert call.json("doctor", "--facts", str(path)) == told
    path.write_text("{}")
    code, _, err = call("doctor", "--facts", str(path))
    assert (code, err.split()[1]) == (2, "doctor.facts-unusable")
    code, _, err = call("doctor", "--facts", str(path), "--fix", "x")
    assert (code, err.split()[1]) == (2, "doctor.facts-only")


def test_no_secret_in_facts_text_or_bundle(
    broken: Practice, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "support.tar.gz"
    call = Call(broken, capsys)
    code, out, err = call("doctor", "--servername", NAME, "--bundle", str(target))
    assert code == 1
    assert target.stat().st_mode & 0o777 == 0o600
    key = broken.deployment.keystore.read_bytes()
    with tarfile.open(target) as archive:
        members = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        texts = {name: stream.read() for name, stream in members.items() if stream is not None}
    assert len(texts) == 6
    seen = [out.encode(), err.encode(), *texts.values(), call("doctor", "--json")[1].encode()]
    for text in seen:
        for form in (CANARY, json.dumps(CANARY)[1:-1], "PRIVATE KEY", 'changeit"'):
            assert form.encode() not in text
        assert key[:64] not in text
    facts = json.loads(next(text for name, text in texts.items() if name.endswith("facts.json")))
    assert any("********" in line for line in facts["journal"])
    versions = json.loads(next(text for name, text in texts.items() if name.endswith("versions.json")))
    assert {"wizard", "python", "cryptography"} <= set(versions)


def test_a_log_is_explained(broken: Practice, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call = Call(broken, capsys)
    code, out, _ = call("doctor", "--log", str(broken.deployment.journal))
    assert code == 1
    assert "[doctor.log-password]" in out
    windows = tmp_path / "hcpclientcore.log"
    windows.write_bytes("12:00 ERROR invalid peer certificate: UnknownIssuer\r\n".encode("utf-16"))
    assert [each["code"] for each in call.json("doctor", "--log", str(windows))["findings"]] == ["doctor.log-no-path"]
    code, _, err = call("doctor", "--log", str(tmp_path / "missing.log"))
    assert (code, err.split()[1]) == (2, "file.missing")


def test_a_log_on_standard_input(broken: Practice) -> None:
    done = broken.run("doctor", "--log", "-", stdin="java.net.BindException: Address already in use\n")
    assert done.returncode == 1
    assert "[doctor.log-port]" in done.stdout
    quiet = broken.run("doctor", "--log", "-", stdin="Started hcp-server.service.\n")
    assert quiet.returncode == 0
    assert quiet.stdout == "The wizard knows none of its lines.\n"


def test_without_yes_and_terminal_nothing_is_changed(broken: Practice) -> None:
    before = broken.tree()
    done = broken.run("doctor", "--servername", NAME, "--fix", "doctor.password-wrong")
    assert done.returncode == 2
    assert "apply.not-confirmed" in done.stderr
    assert "default-keystore-password = ********" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    dry = broken.run("doctor", "--servername", NAME, "--fix", "doctor.password-wrong", "--dry-run")
    assert dry.returncode == 0
    assert broken.tree() == before


def test_a_password_that_nobody_wrote_down_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        made.deployment.keystore.write_bytes(pfx(company().entities["primary-host"], "only-in-my-head"))
        settle(made)
        call = Call(made, capsys)
        fix = ("doctor", "--servername", NAME, "--fix", "doctor.password-wrong", "--yes")
        code, _, err = call(*fix)
        assert (code, err.split()[1]) == (2, "secret.missing")
        assert "--secret primary.keystore-password=file:PATH" in err
        wrong, right = tmp_path / "wrong", tmp_path / "right"
        wrong.write_text("nonsense\n")
        right.write_text("only-in-my-head\n")
        code, _, err = call(*fix, "--secret", f"primary.keystore-password=file:{wrong}")
        assert (code, err.split()[1]) == (2, "reading.password-wrong")
        told = call.json(*fix, "--secret", f"primary.keystore-password=file:{right}")
        assert told["outcome"] == "applied"
        assert call("doctor", "--servername", NAME)[0] == 0
        # A repair is a change like any other, so it can be taken back.
        assert call("rollback", "--yes")[0] == 0
        assert call.json("doctor", "--servername", NAME)["root_causes"] == ["doctor.password-wrong"]


def test_who_may_not_read_is_told_so(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        (made.root / "opt/hcp/conf").chmod(0o700)
        for path in (made.deployment.conf, made.deployment.keystore):
            path.chmod(0)
        done = made.run("doctor", "--json", powerless=True)
        told = json.loads(done.stdout)
        not_run = [each for each in told["outcomes"] if each["outcome"] == "not_run"]
        assert {"doctor.conf-syntax", "doctor.setting-missing"} <= {each["rule"] for each in not_run}
        assert all(each["reason"] for each in not_run)
        assert not [each for each in told["outcomes"] if each["outcome"] == "broken"]


def test_what_is_in_a_closed_folder_is_not_called_missing(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        for closed in ("opt/hcp/jre", "opt/hcp"):
            mode = (made.root / closed).stat().st_mode
            (made.root / closed).chmod(0)
            told = json.loads(made.run("doctor", "--json", powerless=True).stdout)
            (made.root / closed).chmod(mode)
            assert not [each for each in told["findings"] if each["code"].endswith("-missing")]
            assert "doctor.jre" in {each["rule"] for each in told["outcomes"] if each["outcome"] == "not_run"}


@pytest.mark.parametrize(
    ("fault", "state", "store"),
    [
        ("wrong-path", State.FALLBACK, "/opt/hcp/conf/primary-hots.pfx"),
        (
            "commented-out",
            State.FALLBACK,
            "not known: /opt/hcp/conf/application.conf has no setting default-keystore-file.",
        ),
        ("cacerts-password", State.UNKNOWN, "/opt/hcp/conf/primary-host.pfx"),
    ],
)
def test_the_first_page_of_a_broken_primary(fault: str, state: State, store: str, tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, configured=True, faults=(fault,)) as made:
        seen = overview(made.deployment.machine, Answers().put("primary.port", made.deployment.port))
        assert seen.presented is not None
        assert (seen.presented.state, seen.goal) == (state, Goal.RESCUE)
        assert store in {fact.words for fact in facts(seen)}


def test_a_variable_from_an_environment_file_counts(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        conf, root = made.deployment.conf, made.root
        line = 'default-keystore-file = "/opt/hcp/conf/primary-host.pfx"'
        conf.write_text(conf.read_text().replace(line, line + "\n      default-keystore-file = ${?HCP_STORE}"))
        (root / "etc/hcp.env").write_text('HCP_STORE="/srv/from-a-file.pfx"\n')
        with made.deployment.unit_file.open("a") as stream:
            stream.write("\n[Service]\nEnvironmentFile=/etc/hcp.env\n")
        setting = collect(made.deployment.machine).conf
        assert setting is not None
        assert setting.store_file is not None
        assert setting.store_file.text == "/srv/from-a-file.pfx"
        assert [place.text for place in setting.store_file.shadowed] == ["/opt/hcp/conf/primary-host.pfx"]
