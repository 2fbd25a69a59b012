"""`rollback`, `history` and `recover` from the command line, on a small machine of files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.fake_host import KEYSTORE, PASSWORD, Scene, dying_at, in_child
from tests.support.scene_commands import use_ports_of_scenes
from wizard.change import job
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.cli.main import main


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    use_ports_of_scenes(monkeypatch)
    assert job.Job("apply", Scene(tmp_path).machine).ports.startswith("wizard.change")
    return Scene(tmp_path).build()


def options(scene: Scene) -> list[str]:
    secret = scene.root.parent / "secret"
    secret.write_text(PASSWORD + "\n")
    where = ["--root", str(scene.root), "--state-dir", str(scene.machine.state_dir), "--settle", "0"]
    return [*where, "--secret", f"cacerts-password=file:{secret}"]


def run(scene: Scene, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main([*words, *options(scene)])
    done = capsys.readouterr()
    assert PASSWORD not in done.out + done.err
    return code, done.out, done.err


def members(text: str) -> Any:
    return json.loads(text)


def applied(scene: Scene) -> None:
    assert apply(scene.plan(), scene.context()).outcome == APPLIED


def test_nothing_on_record(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(scene, capsys, "history")
    assert (code, "No change is on record" in out) == (0, True)
    assert run(scene, capsys, "recover")[0] == 0
    code, _, err = run(scene, capsys, "rollback", "--yes")
    assert code == 2
    assert err.startswith("error: change.nothing-to-roll-back ")
    assert "\nhint: " in err


def test_there_and_back(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    old = scene.tree()
    applied(scene)
    new = scene.tree()
    code, out, _ = run(scene, capsys, "rollback", "--dry-run")
    assert (code, scene.tree()) == (0, new)
    assert str(KEYSTORE) in out
    code, out, err = run(scene, capsys, "rollback", "--yes", "--json")
    assert (code, scene.tree()) == (0, old)
    told = members(out)
    assert (told["schema"], told["outcome"]) == ("cloudstream-wizard/rollback/1", "applied")
    assert {"id": "keystore", "state": "done"} in told["steps"]
    assert "  keystore: started Restore /opt/hcp/conf/primary-host.pfx" in err.splitlines()
    code, out, _ = run(scene, capsys, "history", "--json")
    changes = members(out)["changes"]
    assert [change["outcome"] for change in changes] == ["applied", "applied"]
    assert changes[0]["rolled_back_by"] == changes[1]["id"]
    assert run(scene, capsys, "rollback", "--yes", "1")[0] == 2
    assert run(scene, capsys, "rollback", "--yes", "2")[0] == 0
    assert scene.tree() == new
    assert "undone by" in run(scene, capsys, "history")[1]


def test_interrupted(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    old = scene.tree()
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    new = scene.tree()
    assert new != old
    code, out, err = run(scene, capsys, "history")
    assert (code, "interrupted" in out, "recover" in err) == (4, True, True)
    code, _, err = run(scene, capsys, "rollback", "--yes")
    assert (code, err.split()[1]) == (4, "change.interrupted")
    code, out, _ = run(scene, capsys, "recover", "--dry-run", "--json")
    assert (code, members(out)["change"]["outcome"], scene.tree()) == (0, "interrupted", new)
    code, out, _ = run(scene, capsys, "recover", "--json")
    assert (code, members(out)["outcome"], scene.tree()) == (0, "rolled_back", old)
    assert run(scene, capsys, "recover")[0] == 0


def test_finish(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    code, out, _ = run(scene, capsys, "recover", "--finish", "--json")
    assert (code, members(out)["outcome"]) == (0, "applied")
    assert scene.machine.real(KEYSTORE).read_bytes() == b"new key store"


def test_finish_that_fails_is_told_by_its_exit_code(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    old = scene.tree()
    plan = scene.plan(keystore=b"BROKEN")
    assert in_child(lambda: apply(plan, scene.context(dying_at("restart")))) == 9
    code, _, err = run(scene, capsys, "recover", "--finish")
    assert (code, scene.tree()) == (3, old)
    assert "error: change.fallback-leaf " in err


def test_incomplete_undo(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    scene.machine.real("/opt/hcp/conf/application.conf").write_text("somebody else's\n")
    code, out, err = run(scene, capsys, "recover", "--json")
    assert (code, members(out)["outcome"]) == (4, "recovery_needed")
    assert Path(members(out)["page"]).read_text().startswith("Change 0001-")
    assert "State of each file: " in err
    assert run(scene, capsys, "recover", "--keep")[0] == 0
    assert run(scene, capsys, "history")[0] == 0


@pytest.mark.parametrize("command", mostly_exhaustive(["rollback", "history", "recover"], {"rollback"}.__contains__))
def test_help_has_examples_and_exit_codes(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wizard", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "EXAMPLES\n" in done.stdout
    assert "EXIT CODES\n" in done.stdout
    assert max(map(len, done.stdout.split("options", 1)[0].splitlines())) <= 80
