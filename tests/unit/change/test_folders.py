"""A folder that a change makes for its files: with its rights at once, gone after an undo, kept when others use it."""

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.support.fake_host import EXTRA, FOLDER, IN_FOLDER, Scene
from wizard.change.engine import apply
from wizard.change.events import APPLIED, REFUSED, ROLLED_BACK
from wizard.change.plan import ABSENT, MakeFolder, Plan, PutFile
from wizard.change.rollback import rollback


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def put(path: PurePosixPath) -> PutFile:
    return PutFile("inside", path, b"x", 0o600, ABSENT, "Add a file")


def folder(path: PurePosixPath, name: str = "folder") -> MakeFolder:
    return MakeFolder(name, path, 0o755, ABSENT, "Create the folder")


def test_folders_in_folders_and_back(scene: Scene) -> None:
    before = scene.tree()
    deep = PurePosixPath("/etc/a/b")
    plan = Plan("Deep", (folder(deep.parent, "a"), folder(deep, "b"), put(deep / "x")))
    old = os.umask(0o077)
    try:
        assert apply(plan, scene.context()).outcome == APPLIED
    finally:
        os.umask(old)
    made = scene.tree()
    assert [oct(int(str(made[name][0])) & 0o7777) for name in ("etc/a", "etc/a/b", "etc/a/b/x")] == [
        "0o755",
        "0o755",
        "0o600",
    ]
    assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree() == before
    assert rollback("2", scene.context()).outcome == APPLIED
    assert scene.tree() == made


def test_a_folder_that_others_use_stays(scene: Scene) -> None:
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    other = scene.machine.real(FOLDER) / "of-somebody-else"
    other.write_text("kept")
    scene.machine.real(FOLDER).chmod(0o750)
    assert rollback(None, scene.context()).outcome == APPLIED
    assert other.read_text() == "kept"
    assert not scene.machine.real(IN_FOLDER).exists()
    assert not scene.machine.real(EXTRA).exists()
    assert any("stays, because it contains other files" in event.text for event in scene.told)


def test_a_folder_that_others_use_does_not_stop_an_undo(scene: Scene) -> None:
    context = scene.context()
    other = scene.machine.real(FOLDER) / "of-somebody-else"

    def busy(seconds: float) -> None:
        scene.time += seconds + 0.001
        other.write_text("kept")

    ended = apply(scene.plan(keystore=b"BROKEN"), replace(context, sleep=busy))
    assert ended.outcome == ROLLED_BACK
    assert other.read_text() == "kept"
    assert not scene.machine.real(IN_FOLDER).exists()


@pytest.mark.parametrize("setgid", [False, True])
def test_the_group_is_the_one_that_the_folder_above_hands_down(scene: Scene, setgid: bool) -> None:
    above = scene.machine.real(FOLDER).parent
    if os.geteuid() == 0:
        os.chown(above, -1, 4711)
    above.chmod(0o2755 if setgid else 0o755)
    before = scene.tree()
    assert apply(Plan("One", (folder(FOLDER), put(IN_FOLDER))), scene.context()).outcome == APPLIED
    made = scene.machine.real(FOLDER).stat()
    assert made.st_gid == (above.stat().st_gid if setgid else os.getegid())
    assert made.st_mode & 0o7777 == 0o755
    assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree() == before


def test_only_a_folder_of_the_plan_is_made(scene: Scene) -> None:
    before = scene.tree()
    ended = apply(Plan("None", (put(PurePosixPath("/etc/none/x")),)), scene.context())
    assert ended.outcome == REFUSED
    assert ended.failure is not None
    assert ended.failure.code == "change.no-folder"
    assert scene.tree() == before


@pytest.mark.parametrize(("kind", "code"), [("file", "changed-since-review"), ("folder", "changed-since-review")])
def test_a_name_that_was_taken_meanwhile(scene: Scene, kind: str, code: str) -> None:
    plan = Plan("One", (folder(FOLDER), put(IN_FOLDER)))
    real = scene.machine.real(FOLDER)
    real.write_text("mine") if kind == "file" else real.mkdir()
    ended = apply(plan, scene.context())
    assert ended.outcome == REFUSED
    assert ended.failure is not None
    assert ended.failure.code == f"change.{code}"


def test_nothing_is_said_to_be_proven_without_a_proof(scene: Scene) -> None:
    assert apply(Plan("One", (folder(FOLDER),)), scene.context()).outcome == APPLIED
    (last,) = [event for event in scene.told if event.outcome]
    assert "proven" not in last.text
    assert scene.restarts == 0
