"""Each refusal of the main job: a code, a sentence and a way on, the right exit code, and nothing changed."""

import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice, practice


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("refusals") / "p", java=None) as made:
        yield made


@dataclass(frozen=True)
class Case:
    name: str
    code: str
    exit_code: int
    chain: str = '["certificates/primary-host.pfx"]'
    host: str = '"primary-host"'
    password: str = '{ file = "secrets/primary" }'


EXERCISES = "certificates/exercises"
FILES = [
    Case("wrong password", "reading.password-wrong", 2, password='{ file = "secrets/other" }'),
    Case("password not given", "secret.missing", 2, password="{ prompt = true }"),
    Case("file missing", "file.missing", 2, chain='["nowhere.pfx"]'),
    Case("no files", "chain.no-certificate There is no file", 2, chain="[]"),
    Case("folder without anything", "chain.no-certificate", 2, chain='["var/lib"]'),
    Case("no certificate file", "chain.no-certificate", 2, chain=f'["{EXERCISES}/no-certificate.cer"]'),
    Case("CA files only", "chain.no-certificate", 2, chain='["certificates/Acme-CA-Root.cer"]'),
    Case("cut off", "reading.damaged", 2, chain=f'["{EXERCISES}/cut-off.pfx"]'),
    Case("no private key", "key.missing", 1, chain=f'["{EXERCISES}/no-key.pem"]'),
    Case("key of another", "key.mismatch", 1, chain=f'["{EXERCISES}/key-of-another.pem"]'),
    Case("expired", "validity.leaf-expired", 1, chain=f'["{EXERCISES}/expired.pfx"]'),
    Case("not yet valid", "validity.leaf-not-yet-valid", 1, chain=f'["{EXERCISES}/not-yet-valid.pfx"]'),
    Case("wrong host", "name.wrong-host", 1, chain=f'["{EXERCISES}/wrong-host.pfx"]'),
    Case("host not in the certificate", "name.wrong-host", 1, host='"other-host"'),
    Case("missing intermediate", "chain.incomplete", 1, chain=f'["{EXERCISES}/no-intermediate.pfx"]'),
    Case("client certificate", "usage.no-server-auth", 1, chain=f'["{EXERCISES}/client-only.pfx"]'),
]
AGAIN = {
    "no certificate file",
    "CA files only",
    "not yet valid",
    "host not in the certificate",
    "missing intermediate",
    "client certificate",
}
"""Of a code that another case has, or of a rule of certificates like that of another case."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(each, marks=exhaustive if each.name in AGAIN else ()) for each in FILES],
    ids=lambda case: case.name,
)
def test_files_that_do_not_fit(server: Practice, case: Case) -> None:
    (server.root / "secrets/other").write_text("another\n")
    before = server.tree()
    answers = server.answers(chain=case.chain, host=case.host, password=case.password)
    done = server.run("apply", "--answers", answers, "--yes")
    assert done.returncode == case.exit_code, done.stderr
    assert case.code in done.stderr
    assert "Traceback" not in done.stderr
    if case.exit_code == 2:
        assert done.stderr.startswith(f"error: {case.code} ")
        assert "\nhint: " in done.stderr
    assert server.tree() == before
    assert "localhost" in server.served()


def _replace(path: Path, data: bytes) -> Callable[[], None]:
    kept = path.read_bytes()
    mode = path.stat().st_mode
    path.write_bytes(data)

    def restore() -> None:
        path.write_bytes(kept)
        path.chmod(mode)

    return restore


CONF = {
    "without the keys": (b"hcp { a = 1 }\n", "conf.setting-missing"),
    "with the keys in two objects": (
        b'a { default-keystore-file = "", default-keystore-password = "" }\nb { default-keystore-file = "" }\n',
        "conf.setting-ambiguous",
    ),
    "with a brace missing": (b'a { default-keystore-file = ""\ndefault-keystore-password = ""\n', "hocon."),
    "as UTF-16": ('a.default-keystore-file = ""\n'.encode("utf-16"), ""),
}


@pytest.mark.parametrize(
    "name", mostly_exhaustive(CONF, {"without the keys", "with the keys in two objects"}.__contains__)
)
def test_an_application_conf_that_cannot_be_edited(server: Practice, name: str) -> None:
    data, code = CONF[name]
    restore = _replace(server.deployment.conf, data)
    try:
        done = server.run("apply", "--answers", "answers.toml", "--yes")
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"error: {code}")
        assert "application.conf" in done.stderr
        assert "hint: " in done.stderr
        assert server.deployment.conf.read_bytes() == data
    finally:
        restore()


def test_a_missing_application_conf(server: Practice) -> None:
    conf = server.deployment.conf
    conf.rename(conf.with_suffix(".away"))
    try:
        done = server.run("apply", "--answers", "answers.toml", "--yes")
    finally:
        conf.with_suffix(".away").rename(conf)
    assert done.returncode == 2
    assert done.stderr.startswith("error: conf.missing /opt/hcp/conf/application.conf")


@dataclass(frozen=True)
class Rights:
    name: str
    place: str
    mode: int
    code: str


RIGHTS = [
    Rights("a chain that may not be read", "certificates/primary-host.pfx", 0, "file.not-readable"),
    Rights("settings that may not be read", "opt/hcp/conf/application.conf", 0, "file.not-readable"),
    Rights("a password that may not be read", "secrets/primary", 0, "secret.source-unusable"),
    Rights("a folder that may not be written", "opt/hcp/conf", 0o555, "change.folder-not-writable"),
]
OFTEN = {"certificates/primary-host.pfx", "opt/hcp/conf"}


@pytest.mark.parametrize(
    "rights",
    [pytest.param(each, marks=() if each.place in OFTEN else exhaustive) for each in RIGHTS],
    ids=lambda rights: rights.name,
)
def test_somebody_without_the_rights(server: Practice, rights: Rights) -> None:
    before = server.tree()
    place = server.root / rights.place
    kept = place.stat().st_mode
    place.chmod(rights.mode)
    try:
        done = server.run("apply", "--answers", "answers.toml", "--yes", powerless=True)
    finally:
        place.chmod(kept)
    assert done.returncode == 2, done.stderr
    assert rights.code in done.stdout + done.stderr
    assert server.tree() == before
    assert "localhost" in server.served()


def test_nobody_says_yes(server: Practice) -> None:
    before = server.tree()
    done = server.run("apply", "--answers", "answers.toml")
    assert done.returncode == 2
    assert "error: apply.not-confirmed" in done.stderr
    assert server.tree() == before


def test_a_second_wizard_at_work(server: Practice) -> None:
    state = server.deployment.machine.state_dir
    server.run("history")
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = state / "lock"
    with lock.open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = server.run("apply", "--answers", "answers.toml", "--yes")
    assert done.returncode == 5, done.stderr
    assert "localhost" in server.served()


@pytest.mark.parametrize(
    "fault", mostly_exhaustive(["port-taken", "crash-loop", "masked"], {"crash-loop"}.__contains__)
)
def test_a_service_that_does_not_come_back(tmp_path: Path, fault: str) -> None:
    with practice(tmp_path / "p", java=None, start=False, faults=[fault], configured=False) as made:
        made.systemctl("start")
        before = made.tree()
        done = made.run("apply", "--answers", "answers.toml", "--yes", "--wait", "3")
        assert done.returncode == (3 if fault == "crash-loop" else 1), done.stdout + done.stderr
        assert made.tree() == before
        assert ("not to the service" if fault == "port-taken" else "hcp-server") in done.stdout + done.stderr
