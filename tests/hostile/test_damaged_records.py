"""A damaged manifest, journal or lock: named with the place of the backups, everywhere, and it hides nothing else."""

import fcntl
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.damage import ANY_FILE, MANIFEST, Damage
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.fake_host import Scene, dying_at, in_child
from tests.support.line_by_line import talk
from tests.support.scene_commands import Run, changed_scene, commands_on
from wizard.change.engine import apply
from wizard.change.store import ChangeFolder, Store
from wizard.errors import RecoveryNeededError
from wizard.host.machine import Machine
from wizard.session.session import Session

SOME = {"truncated", "a list", "mode is a text", "path with dots", "backup elsewhere"}
"""The ways of damage that `make test` tries; `make test-all` tries all."""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Three applied changes; that in the middle is to be damaged."""
    return changed_scene(tmp_path)


@pytest.fixture
def run(scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands_on(scene, capsys, monkeypatch)


def second(scene: Scene) -> ChangeFolder:
    return Store(scene.machine.state_dir).changes()[1]


def damage(path: Path, how: Damage) -> None:
    path.write_bytes(how(path.read_bytes() if path.exists() else b""))


@pytest.mark.parametrize("how", mostly_exhaustive(MANIFEST, SOME.__contains__))
def test_a_damaged_manifest_is_named_and_the_other_changes_go_on(scene: Scene, run: Run, how: str) -> None:
    folder = second(scene)
    damage(folder.path / "manifest.json", MANIFEST[how])
    place = f"backups are in {folder.backups}"
    code, out, err = run("history")
    assert (code, out.count("applied"), out.count("unreadable")) == (0, 2, 1)
    assert place in err
    for words in (("rollback", "--yes", "2"), ("rollback", "--dry-run", "2")):
        code, _, err = run(*words)
        assert (code, err.split()[1]) == (2, "change.record-damaged")
        assert place in err
    # It has ended, so nothing waits for a recovery, and the newest change can still be undone.
    assert run("recover", "--dry-run")[:2] == (0, "No change waits for recovery.\n")
    assert run("rollback", "--yes", "3")[0] == 0
    # Without an id the damaged one is not passed over: what it did may still be there.
    code, _, err = run("rollback", "--yes")
    assert (code, err.split()[1]) == (2, "change.record-damaged")


@pytest.mark.parametrize("how", mostly_exhaustive(ANY_FILE, {"truncated"}.__contains__))
def test_a_damaged_journal_is_named_and_can_be_closed(scene: Scene, run: Run, how: str) -> None:
    folder = second(scene)
    damage(folder.journal, ANY_FILE[how])
    place = f"The backups of the change are in {folder.backups}"
    code, out, err = run("history")
    assert (code, out.count("applied"), out.count("unreadable")) == (4, 2, 1)
    assert place in err
    for words in (
        (
            "rollback",
            "--yes",
        ),
        ("rollback", "--yes", "3"),
        ("rollback", "--dry-run"),
        ("recover",),
        ("recover", "--dry-run"),
    ):
        code, _, err = run(*words)
        assert (code, err.split()[1]) == (4, "change.journal-damaged"), words
        assert place in err
    assert run("recover", "--keep")[0] == 0
    assert run("history")[0] == 0
    assert run("rollback", "--yes", "3")[0] == 0


@pytest.mark.parametrize("how", mostly_exhaustive(ANY_FILE, SOME.__contains__))
def test_a_damaged_lock_or_list_of_events_stops_nothing(scene: Scene, run: Run, how: str) -> None:
    damage(scene.machine.state_dir / "lock", ANY_FILE[how])
    damage(second(scene).events, ANY_FILE[how])
    code, out, err = run("history")
    assert (code, out.count("applied"), err) == (0, 3, "")
    assert run("rollback", "--dry-run")[0] == 0
    assert run("rollback", "--yes")[0] == 0


@pytest.mark.parametrize(
    "make",
    [pytest.param(Path.mkdir, marks=exhaustive), os.mkfifo, lambda path: path.symlink_to("/etc/passwd")],
)
def test_a_lock_that_is_no_file_is_refused_by_name(scene: Scene, run: Run, make: Callable[[Path], object]) -> None:
    lock = scene.machine.state_dir / "lock"
    lock.unlink()
    make(lock)
    for words in (
        ("history",),
        (
            "rollback",
            "--yes",
        ),
        ("rollback", "--dry-run"),
        ("recover",),
    ):
        code, _, err = run(*words)
        assert (code, err.split()[1]) == (2, "change.lock-unusable"), words
        assert str(lock) in err


def test_a_lock_that_lies_about_its_holder_is_held_by_somebody(scene: Scene, run: Run) -> None:
    with scene_locked(scene, b'{"pid": "x", "user": 5, "tty": [], "since": {}, "change": 1}'):
        code, _, err = run("rollback", "--yes")
    assert (code, err.split()[1]) == (5, "change.busy")
    assert "an unknown process" in err


def scene_locked(scene: Scene, content: bytes) -> io.FileIO:
    held = io.FileIO(scene.machine.state_dir / "lock", "r+")
    fcntl.flock(held, fcntl.LOCK_EX)
    os.ftruncate(held.fileno(), 0)
    os.pwrite(held.fileno(), content, 0)
    return held


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


MAKERS: list[Callable[[Path], object]] = [os.mkfifo, endless, Path.mkdir]
NO_FILES = [(make, name) for make in MAKERS for name in ("manifest.json", "journal.jsonl", "events.jsonl")]


@pytest.mark.parametrize(("make", "name"), mostly_exhaustive(NO_FILES, NO_FILES[:4].__contains__))
def test_a_record_that_is_no_file_is_damaged_and_not_waited_for(
    scene: Scene, run: Run, name: str, make: Callable[[Path], object]
) -> None:
    path = second(scene).path / name
    path.unlink()
    make(path)
    code, out, err = run("history")
    assert (code, out.count("applied")) == {
        "manifest.json": (0, 2),
        "journal.jsonl": (4, 2),
        "events.jsonl": (0, 3),
    }[name]
    assert ("backups" in err) is (name != "events.jsonl")


def test_what_is_no_folder_is_ignored_with_a_warning_and_never_followed(scene: Scene, run: Run, tmp_path: Path) -> None:
    changes = Store(scene.machine.state_dir).folder
    elsewhere, link = tmp_path / "elsewhere", second(scene).path
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    file = changes / "0009-20260101T000000Z"
    file.write_text("not a folder")
    (elsewhere / "journal.jsonl").write_bytes(b"damaged\n")
    code, out, err = run("history")
    assert (code, out.count("applied")) == (0, 2)
    for path in (link, file):
        assert f"warning: {path} is not the folder of a change. It was ignored." in err
    told = run("history", "--json")[1]
    assert str(link) in told
    assert run("rollback", "--yes", "9")[2].split()[1] == "change.unknown"
    assert run("rollback", "--dry-run")[0] == 0
    assert file.read_text() == "not a folder"
    assert "doctor.record-ignored" in run("doctor")[1]


def test_a_link_in_place_of_all_changes_is_not_followed(scene: Scene, run: Run, tmp_path: Path) -> None:
    changes = Store(scene.machine.state_dir).folder
    changes.rename(tmp_path / "moved")
    changes.symlink_to(tmp_path / "moved")
    code, _, err = run("history")
    assert (code, err.split()[1]) == (2, "change.state-unreadable")
    assert "sudo" not in err


@pytest.mark.parametrize("name", ["manifest.json", "journal.jsonl"])
def test_doctor_status_line_mode_and_first_page_name_it(scene: Scene, run: Run, name: str) -> None:
    folder = second(scene)
    damage(folder.path / name, ANY_FILE["binary"])
    assert "doctor.record-damaged" in run("doctor")[1]
    shown = run("doctor")[1].replace("\n    ", " ").replace("\n  ", " ")
    assert str(folder.backups) in shown
    assert f"backups are in {folder.backups}" in run("status")[1].replace("of the change ", "")
    machine = Machine(root=scene.root, state_dir=scene.machine.state_dir)
    assert str(folder.backups) in talk(Session(machine))[1]
    session = Session(machine)
    named = [str(line.text) for line in session.interrupted()] + [each.backups for each in session.overview().damaged]
    assert str(folder.backups) in " ".join(named)
    oldest = session.changes()[1]
    assert oldest.entry.id == folder.id
    assert str(folder.backups) in oldest.why


def test_an_open_change_with_a_damaged_manifest_can_only_be_kept(scene: Scene, run: Run) -> None:
    plan = scene.plan(keystore=b"store 4")
    assert in_child(lambda: apply(plan, scene.context(dying_at("restart")))) == 9
    folder = Store(scene.machine.state_dir).changes()[-1]
    damage(folder.path / "manifest.json", ANY_FILE["truncated"])
    assert run("history")[0] == 4
    assert str(folder.backups) in " ".join(line.text for line in Session(scene.machine).interrupted())
    code, _, err = run("recover")
    assert (code, "error: change.manifest-damaged " in err) == (4, True)
    assert "recover --keep" in err
    assert run("recover", "--keep")[0] == 0
    assert run("history")[0] == 0


def test_a_journal_that_lost_its_end_is_damaged_and_not_undone(scene: Scene) -> None:
    folder = second(scene)
    damage(folder.journal, lambda data: b"".join(data.splitlines(keepends=True)[:2]))
    with pytest.raises(RecoveryNeededError, match="lost its end"):
        folder.plan()
