"""State folders that an older version left behind are still read: history, rollback, recover, resume."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.support.fake_host import CONF, KEYSTORE, PASSWORD, Scene
from wizard.change import watch
from wizard.change.events import APPLIED, ROLLED_BACK
from wizard.cli.main import main
from wizard.errors import ExitCode
from wizard.questions.answers import Goal
from wizard.secret import Secret
from wizard.session.session import Session

ARCHIVE = Path(__file__).parents[1] / "data" / "state" / "schema-1.tar.xz"
PORTS = "tests.support.fake_host:ports_for"
SECRETS = {"cacerts-password": Secret(PASSWORD)}
CHANGE = "0001-20261129T044350Z"
OLD_CONF = b'default-keystore-password = "old"\n'


def older(name: str, base: Path) -> Scene:
    """The machine *name* of the archive, its files owned by the account that runs the tests."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(base, filter="fully_trusted")
    scene = Scene(base / "state-1" / name)
    scene.machine.state_dir.chmod(0o700)
    for manifest in scene.machine.state_dir.glob("changes/*/manifest.json"):
        text = manifest.read_text()
        for key, own in (("uid", os.geteuid()), ("gid", os.getegid())):
            text = text.replace(f'"{key}": 0', f'"{key}": {own}')
        manifest.write_text(text)
    conf = scene.machine.real(CONF)
    if conf.exists():
        os.setxattr(conf, "user.label", b"kept")  # an archive does not carry it
    return scene


@pytest.mark.parametrize(("name", "outcome"), [("applied", "applied"), ("interrupted", "interrupted")])
def test_history_lists_it(name: str, outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = older(name, tmp_path)
    main(["--root", str(scene.root), "--state-dir", str(scene.machine.state_dir), "--json", "history"])
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(each["id"], each["outcome"]) for each in changes] == [(CHANGE, outcome)]


def test_rollback_restores_what_it_replaced(tmp_path: Path) -> None:
    scene = older("applied", tmp_path)
    run = watch.start_rollback(scene.machine, None, SECRETS, ports=PORTS)
    assert watch.outcome(scene.machine, run).outcome == APPLIED
    assert scene.machine.real(CONF).read_bytes() == OLD_CONF
    assert scene.machine.real(KEYSTORE).read_bytes().startswith(b"old key store")


@pytest.mark.parametrize(
    ("mode", "outcome", "exit_code", "conf"),
    [
        ("undo", ROLLED_BACK, ExitCode.ROLLED_BACK, OLD_CONF),
        ("finish", APPLIED, ExitCode.DONE, OLD_CONF.replace(b"old", PASSWORD.encode())),
    ],
)
def test_recover_settles_it(mode: str, outcome: str, exit_code: ExitCode, conf: bytes, tmp_path: Path) -> None:
    scene = older("interrupted", tmp_path)
    run = watch.start_recover(scene.machine, mode, SECRETS, ports=PORTS)
    end = watch.outcome(scene.machine, run)
    assert (end.outcome, end.exit_code) == (outcome, exit_code)
    assert scene.machine.real(CONF).read_bytes() == conf


def test_resume_takes_its_answers(tmp_path: Path) -> None:
    session = Session(older("saved", tmp_path).machine)
    run = session.saved()
    assert run is not None
    assert (run.who, run.step_id) == ("operator", "primary")
    assert session.resume() == "place", "there is no deployment here"
    assert session.answers.goal is Goal.RE_KEY
    assert [str(path) for path in session.answers.primary.chain] == ["primary-host.pfx"]
    assert session.answers.gateway[0].host == "gateway-host"
    assert session.base == Path("/srv/certificates")
