"""A change of a timer: files are removed and restored, and systemd follows them forwards and backwards."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.support.fake_host import CONF, Scene, dying_at, in_child
from wizard.change.engine import apply
from wizard.change.events import APPLIED, REFUSED, ROLLED_BACK, STUCK
from wizard.change.plan import ABSENT, LoadTimer, Plan, PutFile, RemoveFile
from wizard.change.recover import recover
from wizard.change.rollback import check, rollback

TIMER = "a.timer"
UNIT = PurePosixPath("/etc/a.timer")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def removal(scene: Scene) -> Plan:
    """The file has an owner and attributes of its own."""
    return Plan("Remove", (RemoveFile("conf", CONF, scene.expect(CONF), "Remove it"), LoadTimer("load", TIMER)))


def test_a_removed_file_comes_back_as_it_was(scene: Scene) -> None:
    before = scene.tree()
    assert apply(removal(scene), scene.context()).outcome == APPLIED
    assert not scene.machine.real(CONF).exists()
    assert (scene.followed, scene.restarts) == ([TIMER], 0)
    check(None, scene.context())
    assert rollback(None, scene.context()).outcome == APPLIED
    assert (scene.tree(), scene.followed) == (before, [TIMER] * 2)
    assert rollback("2", scene.context()).outcome == APPLIED
    assert not scene.machine.real(CONF).exists()


def test_a_file_that_was_changed_since_the_review_is_not_removed(scene: Scene) -> None:
    plan = removal(scene)
    scene.machine.real(CONF).write_text("somebody else's\n")
    ended = apply(plan, scene.context())
    assert ended.outcome == REFUSED
    assert ended.failure is not None
    assert ended.failure.code == "change.changed-since-review"
    assert scene.machine.real(CONF).read_text() == "somebody else's\n"


def test_what_systemd_does_not_follow_is_undone(scene: Scene) -> None:
    before = scene.tree()
    scene.unfollowed = 1
    ended = apply(removal(scene), scene.context())
    assert ended.outcome == ROLLED_BACK
    assert ended.failure is not None
    assert ended.failure.code == "service.unit-broken"
    assert (scene.tree(), scene.followed) == (before, [TIMER] * 2)


def test_an_undo_that_systemd_does_not_follow_waits_for_recovery(scene: Scene) -> None:
    before = scene.tree()
    scene.unfollowed = 2
    ended = apply(removal(scene), scene.context())
    assert ended.outcome == STUCK
    assert f"systemctl daemon-reload; systemctl status {TIMER}" in Path(ended.page).read_text()
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert (scene.tree(), len(scene.followed)) == (before, 3)


def test_a_run_that_died_is_undone_and_systemd_follows(scene: Scene) -> None:
    before = scene.tree()
    put = PutFile("timer", UNIT, b"[Timer]\n", 0o644, ABSENT, "Write it")
    plan = Plan("Install", (put, LoadTimer("load", TIMER)))
    assert in_child(lambda: apply(plan, scene.context(dying_at("follow")))) == 9
    assert scene.machine.real(UNIT).exists()
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert (scene.tree(), scene.followed) == (before, [TIMER])


def test_without_a_change_of_files_the_timer_is_loaded_when_that_is_wanted(scene: Scene) -> None:
    plan = Plan("Again", (LoadTimer("load", TIMER),))
    assert plan.is_empty
    again = replace(plan, steps=(LoadTimer("load", TIMER, always=True),))
    assert apply(again, scene.context()).outcome == APPLIED
    assert scene.followed == [TIMER]
