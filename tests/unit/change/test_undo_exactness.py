"""Corners of the undo that a wrong order, a forgotten attribute or a trusted journal would pass over."""

import os
import struct
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.support.fake_host import CONF, KEYSTORE, Interrupting, Scene, dying_at, in_child, sha
from wizard.change.engine import apply
from wizard.change.events import APPLIED, ROLLED_BACK
from wizard.change.plan import Plan, Probe, PutFile
from wizard.change.recover import recover
from wizard.change.rollback import rollback
from wizard.change.store import Store

NOBODY = 0xFFFFFFFF
ENTRIES = [(1, 6, NOBODY), (2, 4, 4711), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)]
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in ENTRIES)
"""user::rw- user:4711:r-- group::r-- mask::r-- other::--- as Linux keeps it."""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


@pytest.mark.parametrize("fails", [False, True])
def test_an_access_list_that_the_change_dropped_comes_back(scene: Scene, fails: bool) -> None:
    os.setxattr(scene.machine.real(KEYSTORE), "system.posix_acl_access", ACL)
    old = scene.tree()
    outcome = apply(scene.plan(keystore=b"BROKEN" if fails else b"new"), scene.context())
    assert outcome.outcome == (ROLLED_BACK if fails else APPLIED)
    if not fails:
        assert scene.tree() != old
        assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree() == old


def test_after_a_crash_the_service_is_restarted_although_nobody_can_look(scene: Scene) -> None:
    """Without a probe nothing shows that the service came up by itself with the new files."""
    plan = scene.plan()
    plan = replace(plan, steps=tuple(step for step in plan.steps if not isinstance(step, Probe)))

    def after_the_last_file(_count: int, name: str, target: str) -> None:
        if (name, target) == ("fsync", "cacerts"):
            os._exit(9)

    assert in_child(lambda: apply(plan, scene.context(Interrupting(after_the_last_file)))) == 9
    scene.served.write_text(sha(b"new key store"))
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.restarts >= 1
    assert scene.served.read_text() == sha(scene.machine.real(KEYSTORE).read_bytes())


def test_verified_on_paper_but_taken_back_on_disk(scene: Scene) -> None:
    """The record of an undo could not be written: the files decide, not the journal."""
    old = scene.tree()
    previous = scene.machine.real(CONF).read_bytes()
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    folder = Store(scene.machine.state_dir).changes()[0]
    folder.journal.write_bytes(b"".join(folder.journal.read_bytes().splitlines(keepends=True)[:-1]))
    real = scene.machine.real(CONF)
    real.write_bytes(previous)
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old


def test_several_imports_are_undone_last_first(scene: Scene) -> None:
    old = scene.tree()
    assert apply(scene.plan(keystore=b"BROKEN", imports=3), scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old
    undone = [event.step for event in scene.told if event.state == "undone"]
    assert undone[:8] == ["import-2", "import-1", "import-0", "conf", "extra", "inside", "folder", "keystore"]


def test_several_imports_are_undone_again_when_their_undo_was_cut_off(scene: Scene) -> None:
    """The first undo has restored the oldest state of the trust store and died before the end was recorded."""
    old = scene.tree()
    undoing = False

    def before_the_service(_count: int, name: str, _target: str) -> None:
        nonlocal undoing
        undoing = undoing or name == "restart"
        if undoing and scene.tree() == old:
            os._exit(9)

    broken = scene.plan(keystore=b"BROKEN", imports=3)
    assert in_child(lambda: apply(broken, scene.context(Interrupting(before_the_service)))) == 9
    assert scene.tree() == old
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old


def test_several_imports_can_be_finished(scene: Scene) -> None:
    assert apply(scene.plan(imports=3), scene.context()).outcome == APPLIED
    new = scene.tree()
    assert rollback(None, scene.context()).outcome == APPLIED
    assert in_child(lambda: apply(scene.plan(imports=3), scene.context(dying_at("restart")))) == 9
    assert recover("finish", scene.context()).outcome == APPLIED
    assert scene.tree() == new


def test_what_a_folder_hands_down_does_not_come_with_a_rollback(scene: Scene) -> None:
    """A file that a rollback makes again has its own attributes, not those of the folder's default access list."""
    path = PurePosixPath("/opt/hcp/conf/notes.txt")
    scene.machine.real(path).write_bytes(b"old notes\n")
    old = scene.tree()
    expect = scene.expect(path)
    assert apply(Plan("x", (PutFile("n", path, b"new", 0o600, expect, "x"),)), scene.context()).outcome == APPLIED
    scene.machine.real(path).unlink()
    folder = scene.machine.real(path).parent
    os.setxattr(folder, "system.posix_acl_default", ACL)
    outcome = rollback(None, scene.context())
    assert outcome.failure is not None  # it is gone: somebody else's decision
    assert outcome.failure.code == "change.changed-since"
    scene.machine.real(path).write_bytes(b"new")
    os.removexattr(scene.machine.real(path), "system.posix_acl_access")
    scene.machine.real(path).chmod(0o600)
    assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree()[str(path)[1:]] == old[str(path)[1:]]
