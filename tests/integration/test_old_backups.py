"""Backups removed on the operator's word, and what a rollback checks and mentions beforehand."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.fake_host import CONF, KEYSTORE, Interrupting, Scene, dying_at, in_child
from tests.support.scene_commands import Run, changed_scene, commands_on
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.change.journal import BACKUP
from wizard.change.record import purge
from wizard.change.store import STAGED, ChangeFolder, Store, history
from wizard.session.session import Session


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return changed_scene(tmp_path)


@pytest.fixture
def run(scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands_on(scene, capsys, monkeypatch)


def folders(scene: Scene) -> list[ChangeFolder]:
    return Store(scene.machine.state_dir).changes()


def kept(folder: ChangeFolder) -> list[str]:
    return [*folder.open(BACKUP).names(), *folder.open(STAGED).names()]


def test_purging_removes_the_old_keys_and_is_told_everywhere(scene: Scene, run: Run) -> None:
    secret = b"store 1"
    assert any(secret in path.read_bytes() for path in folders(scene)[2].backups.iterdir())
    live = scene.tree()
    code, out, _ = run("history", "--purge", "3", "--yes")
    assert code == 0
    assert "can no longer be undone" in out
    assert (kept(folders(scene)[2]), scene.tree()) == ([], live)
    assert kept(folders(scene)[1])
    today = f"{datetime.now(UTC):%Y-%m-%d}T"
    assert f"(backups were removed on {today}" in run("history")[1]
    told = json.loads(run("history", "--json")[1])["changes"][2]
    assert (told["outcome"], told["backups"], told["backups_removed"][:11]) == ("applied", None, today)
    for words in (
        (
            "rollback",
            "--yes",
        ),
        ("rollback", "--yes", "3"),
        ("rollback", "--dry-run"),
    ):
        code, _, err = run(*words)
        assert (code, err.split()[1]) == (2, "change.backups-removed")
        assert f"its backups were removed on {today}" in err
    newest = Session(scene.machine).changes()[0]
    assert newest.entry.in_effect
    assert f"its backups were removed on {today}" in newest.why
    assert scene.tree() == live
    assert run("history", "--purge", "3", "--yes")[1].startswith("No backups to remove")


def test_old_backups_are_removed_by_age(scene: Scene, run: Run) -> None:
    for folder in folders(scene)[:2]:
        old = f"{folder.id[:4]}-20250101T000000Z"
        shutil.move(folder.path, folder.path.with_name(old))
    code, out, _ = run("history", "--older-than", "30", "--dry-run")
    assert (code, out.count("-20250101T000000Z ")) == (0, 2)
    assert all(kept(folder) for folder in folders(scene))
    told = json.loads(run("history", "--older-than", "30", "--yes", "--json")[1])
    assert [name[:4] for name in told["purged"]] == ["0001", "0002"]
    assert [bool(kept(folder)) for folder in folders(scene)] == [False, False, True]
    assert run("history", "--older-than", "30", "--yes")[1].startswith("No backups to remove")


def test_nothing_is_removed_without_a_confirmation(scene: Scene, run: Run) -> None:
    code, _, err = run("history", "--purge", "1")
    assert (code, err.split()[1]) == (2, "apply.not-confirmed")
    assert all(kept(folder) for folder in folders(scene))
    assert run("history", "--purge", "99", "--yes")[2].split()[1] == "change.unknown"


@pytest.mark.parametrize("words", [("--older-than", "x"), ("--older-than", "-1"), ("--older-than", "9" * 30)])
def test_a_number_of_days_that_is_none_is_refused(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        run("history", *words)
    assert refused.value.code == 2


@pytest.mark.parametrize("chosen", [("--purge", "3"), ("--purge", "4"), ("--older-than", "0")])
def test_nothing_is_removed_while_a_change_waits_for_its_recovery(
    scene: Scene, run: Run, chosen: tuple[str, ...]
) -> None:
    old = scene.tree()
    plan = scene.plan(keystore=b"store 4")
    assert in_child(lambda: apply(plan, scene.context(dying_at("restart")))) == 9
    code, _, err = run("history", *chosen, "--yes")
    assert (code, err.split()[1]) == (4, "change.interrupted")
    assert all(kept(folder) for folder in folders(scene))
    assert run("recover")[0] == 0
    assert scene.tree() == old


def test_a_removal_that_was_cut_off_is_completed_at_the_next_start(scene: Scene) -> None:
    folder, removed = folders(scene)[1], []

    def before_the_second_file(_count: int, name: str, target: str) -> None:
        removed.extend([target] if name == "unlink" else [])
        if len(removed) == 2:
            os._exit(9)

    calls = Interrupting(before_the_second_file)
    assert in_child(lambda: purge(folder.id, None, scene.context(calls))) == 9
    assert kept(folder)
    assert history(scene.machine)[1].backups_removed
    assert apply(scene.plan(keystore=b"store 4"), scene.context()).outcome == APPLIED
    assert kept(folder) == []


def test_a_change_with_a_damaged_manifest_can_be_purged(scene: Scene, run: Run) -> None:
    folder = folders(scene)[1]
    (folder.path / "manifest.json").write_text("{")
    assert run("history", "--purge", "2", "--yes")[0] == 0
    assert kept(folder) == []


def test_a_mode_changed_by_hand_is_mentioned_and_kept(scene: Scene, run: Run) -> None:
    scene.machine.real(KEYSTORE).chmod(0o644)
    words = f"{KEYSTORE} was changed later: its mode is 0644, not 0600"
    assert words in run("history")[1]
    told = json.loads(run("history", "--json")[1])["changes"]
    assert told[2]["changed_since"] == [{"path": str(KEYSTORE), "what": "its mode is 0644, not 0600"}]
    assert told[1]["changed_since"] == []
    mention = f"{KEYSTORE} was changed manually since then: its mode is 0644, not 0600. That is kept."
    assert mention in run("rollback", "--dry-run")[2]
    newest = Session(scene.machine).changes()[0]
    assert mention in " ".join(line.text for line in newest.lines)
    assert mention in run("rollback", "--yes")[2]
    assert scene.machine.real(KEYSTORE).stat().st_mode & 0o777 == 0o644


def spoiled_backup(scene: Scene) -> str:
    (folders(scene)[2].backups / "keystore").write_bytes(b"something else")
    return "change.backup-damaged"


def edited_since(scene: Scene) -> str:
    scene.machine.real(KEYSTORE).write_bytes(b"edited")
    return "change.changed-since"


def folder_for_all(scene: Scene) -> str:
    scene.machine.real(CONF).parent.chmod(0o777)
    return "change.folder-exchanged"


def interrupted(scene: Scene) -> str:
    plan = scene.plan(keystore=b"store 4")
    assert in_child(lambda: apply(plan, scene.context(dying_at("restart")))) == 9
    return "change.interrupted"


def link_instead(scene: Scene) -> str:
    real = scene.machine.real(KEYSTORE)
    real.unlink()
    real.mkdir()
    return "change.changed-since"


@pytest.mark.parametrize(
    "spoil",
    mostly_exhaustive(
        [spoiled_backup, edited_since, folder_for_all, interrupted, link_instead],
        {spoiled_backup, edited_since, interrupted}.__contains__,
    ),
)
def test_a_dry_run_refuses_whatever_the_real_one_refuses(scene: Scene, run: Run, spoil: Callable[[Scene], str]) -> None:
    code = spoil(scene)
    before = scene.tree()
    dry = run("rollback", "--dry-run")
    assert scene.tree() == before
    real = run("rollback", "--yes")
    assert scene.tree() == before
    assert dry[0] == real[0] != 0
    refused = [line for line in dry[2].splitlines() if line.startswith("error: ")]
    assert refused == [line for line in real[2].replace("Nothing was changed. ", "").splitlines() if "error: " in line]
    assert refused[0].split()[1] == code


def test_a_dry_run_of_a_rollback_writes_nothing_at_all(scene: Scene, run: Run) -> None:
    before = {path: path.stat() for path in sorted(scene.machine.state_dir.rglob("*"))}
    assert run("rollback", "--dry-run")[0] == 0
    after = {path: path.stat() for path in sorted(scene.machine.state_dir.rglob("*"))}
    assert {path: (seen.st_mtime_ns, seen.st_size) for path, seen in after.items()} == {
        path: (seen.st_mtime_ns, seen.st_size) for path, seen in before.items()
    }
