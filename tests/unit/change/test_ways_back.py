"""Rollback, recovery, retention: what is put back, what is left alone, and what is said."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.fake_host import (
    ANCHOR,
    CONF,
    EXTRA,
    KEYSTORE,
    Scene,
    dying_at,
    failing,
    in_child,
    sha,
    without_anchor,
)
from wizard.change import engine, staging
from wizard.change.context import Context
from wizard.change.engine import apply
from wizard.change.events import APPLIED, KEPT, NO_CHANGE, REFUSED, ROLLED_BACK, STUCK
from wizard.change.plan import Plan, PutFile
from wizard.change.recover import pending, recover
from wizard.change.rollback import rollback, stores_without
from wizard.change.store import Store, history, secret_names
from wizard.errors import BusyError, ExitCode, RecoveryNeededError, WizardError


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def stuck(scene: Scene) -> None:
    """A change whose undo is not complete: its service fails, and the disk is full from then on."""
    calls = failing(10**9, 28)
    context = scene.context(calls)
    original = context.ports.service.restart

    def restart_and_fill(timeout_s: float, say: object) -> None:
        original(timeout_s, print)
        calls.act = failing(0, 28, lasting=True).act

    context.ports.service.restart = restart_and_fill  # type: ignore[method-assign]
    assert apply(scene.plan(keystore=b"CRASH"), context).outcome == STUCK


def interrupted(scene: Scene) -> None:
    """Killed when every file is new and the service is about to be restarted."""
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    assert pending(scene.machine)


def test_several_steps_back_and_forth(scene: Scene) -> None:
    trees = [scene.tree()]
    for number in range(3):
        assert apply(scene.plan(keystore=f"store {number}".encode()), scene.context()).outcome == APPLIED
        trees.append(scene.tree())
    for expected in reversed(trees[:-1]):
        assert rollback(None, scene.context()).outcome == APPLIED
        assert scene.tree() == expected
    with pytest.raises(WizardError) as refused:
        rollback(None, scene.context())
    assert refused.value.code == "change.nothing-to-roll-back"
    assert rollback("6", scene.context()).outcome == APPLIED  # the rollback of the first change
    assert scene.tree() == trees[1]
    entries = history(scene.machine)
    assert [entry.in_effect for entry in entries] == [True, False, False, True, True, False, True]
    assert entries[5].rolled_back_by == entries[6].id
    with pytest.raises(WizardError) as refused:
        rollback("2", scene.context())
    assert refused.value.code == "change.not-standing"


def test_an_older_change_is_not_taken_from_under_a_newer(scene: Scene) -> None:
    apply(scene.plan(keystore=b"one"), scene.context())
    apply(scene.plan(keystore=b"two"), scene.context())
    tree = scene.tree()
    outcome = rollback("1", scene.context())
    assert outcome.outcome == REFUSED
    assert outcome.failure is not None
    assert outcome.failure.code == "change.changed-since"
    assert "rollback 0002-" in outcome.failure.hint
    assert scene.tree() == tree


def planned_undo(scene: Scene) -> Context:
    """A run that knows what the trust store is without the anchors of the first change."""
    manifest = Store(scene.machine.state_dir).find("1").manifest()
    return replace(scene.context(), without=stores_without(scene.machine, manifest, without_anchor))


def test_undo_of_an_import_removes_exactly_what_was_added(scene: Scene) -> None:
    """Somebody added another anchor since: it stays, ours goes."""
    apply(scene.plan(imports=2), scene.context())
    real = scene.machine.real("/etc/ssl/cacerts")
    real.write_text(real.read_text() + f"other {sha(b'other')}\n")
    context = planned_undo(scene)
    text = real.read_text()
    real.write_text(text + f"late {sha(b'late')}\n")
    for refused in (rollback(None, context), rollback(None, scene.context())):
        assert refused.failure is not None
        assert (refused.outcome, refused.failure.code) == (REFUSED, "change.changed-since-review")
    real.write_text(text)
    assert rollback("1", context).outcome == APPLIED
    assert real.read_text() == f"first {sha(b'first')}\nother {sha(b'other')}\n"
    assert scene.machine.real(KEYSTORE).read_bytes().startswith(b"old")


def test_undo_of_an_import_into_a_replaced_store(scene: Scene) -> None:
    """A new JRE brought a store of its own: nothing of ours is in it, so nothing is done to it."""
    apply(scene.plan(), scene.context())
    scene.machine.real("/etc/ssl/cacerts").write_text(f"fresh {sha(b'fresh')}\n")
    assert rollback(None, planned_undo(scene)).outcome == APPLIED
    assert scene.machine.real("/etc/ssl/cacerts").read_text() == f"fresh {sha(b'fresh')}\n"
    assert secret_names(scene.machine) == ("cacerts-password",)


def test_failed_change_removes_its_anchor_from_a_store_that_changed_meanwhile(scene: Scene) -> None:
    interrupted(scene)
    real = scene.machine.real("/etc/ssl/cacerts")
    assert sha(ANCHOR + b"0") in real.read_text()
    real.write_text(real.read_text() + f"other {sha(b'other')}\n")
    unplanned = recover("auto", scene.context())
    assert unplanned.outcome == STUCK
    assert "change.foreign-edit" in Path(unplanned.page).read_text()
    assert sha(ANCHOR + b"0") in real.read_text()
    assert recover("auto", planned_undo(scene)).outcome == ROLLED_BACK
    assert real.read_text() == f"first {sha(b'first')}\nother {sha(b'other')}\n"


def test_a_damaged_backup_is_noticed_and_not_used(scene: Scene) -> None:
    apply(scene.plan(), scene.context())
    tree = scene.tree()
    backup = Store(scene.machine.state_dir).changes()[0].backups / "conf"
    backup.write_bytes(backup.read_bytes()[:-1] + b"X")
    outcome = rollback(None, scene.context())
    assert outcome.outcome == REFUSED
    assert outcome.failure is not None
    assert outcome.failure.code == "change.backup-damaged"
    assert str(backup) in outcome.failure.message
    assert scene.tree() == tree
    backup.unlink()
    again = rollback(None, scene.context()).failure
    assert again is not None
    assert "it is gone" in again.message


def test_a_lost_state_folder_is_said(scene: Scene) -> None:
    apply(scene.plan(), scene.context())
    scene.machine.state_dir.rename(scene.machine.state_dir.with_name("lost"))
    assert history(scene.machine) == ()
    assert recover("auto", scene.context()).outcome == NO_CHANGE
    with pytest.raises(WizardError) as refused:
        rollback("1", scene.context())
    assert "state folder is lost" in refused.value.hint
    assert str(scene.machine.state_dir) in refused.value.message


def test_a_clock_set_back_does_not_mix_the_order(scene: Scene) -> None:
    trees = [scene.tree()]
    for number, year in enumerate((2030, 2020, 1999)):
        context = replace(scene.context(), now=lambda year=year: datetime(year, 1, 1, tzinfo=UTC))  # type: ignore[misc]
        assert apply(scene.plan(keystore=str(number).encode()), context).outcome == APPLIED
        trees.append(scene.tree())
    assert [entry.id for entry in history(scene.machine)] == [
        "0001-20300101T000000Z",
        "0002-20200101T000000Z",
        "0003-19990101T000000Z",
    ]
    assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree() == trees[2]


def test_retention_keeps_the_last_and_the_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "KEEP", 3)
    for number in range(6):
        apply(scene.plan(keystore=str(number).encode()), scene.context())
        apply(replace(scene.plan(), java=None), scene.context())
    outcomes = [(entry.id[:4], entry.outcome) for entry in history(scene.machine)]
    # The first one stays as well: what it did to the settings and to the trust store is still the state to expect.
    assert [number for number, outcome in outcomes if outcome == APPLIED] == ["0001", "0007", "0009", "0011"]
    assert outcomes[-1] == ("0012", REFUSED)
    for _ in range(3):
        assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.machine.real(KEYSTORE).read_bytes() == b"2"


def test_stuck_says_exactly_what_is_where(scene: Scene) -> None:
    old = scene.tree()
    stuck(scene)
    page = next(scene.machine.state_dir.glob("changes/*/RECOVERY.txt"), None)
    assert page is None  # the disk was full for the page as well
    outcome = recover("auto", scene.context(failing(1, 30, lasting=True)))
    assert (outcome.outcome, outcome.exit_code) == (STUCK, ExitCode.NEEDS_RECOVERY)
    damaged = Store(scene.machine.state_dir).changes()[0].backups / "conf"
    good = damaged.read_bytes()
    damaged.write_bytes(b"")
    outcome = recover("auto", scene.context())
    assert outcome.outcome == STUCK
    assert outcome.failure is not None
    assert "change.backup-damaged" in Path(outcome.page).read_text()
    text = Path(outcome.page).read_text()
    assert f"  {CONF}\n    state   NEW" in text
    assert f"  {KEYSTORE}\n    state   OLD" in text
    assert str(damaged) in text
    assert "install -m 0644" in text
    assert history(scene.machine)[-1].outcome == STUCK
    damaged.write_bytes(good)
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old
    assert not Path(outcome.page).exists()


def test_a_foreign_edit_is_never_overwritten(scene: Scene) -> None:
    interrupted(scene)
    scene.machine.real(CONF).write_bytes(b"edited by hand\n")
    outcome = recover("auto", scene.context())
    assert outcome.outcome == STUCK
    assert "change.foreign-edit" in Path(outcome.page).read_text()
    assert f"{CONF}\n    state   FOREIGN" in Path(outcome.page).read_text()
    assert scene.machine.real(CONF).read_bytes() == b"edited by hand\n"
    assert scene.machine.real(KEYSTORE).read_bytes().startswith(b"old")
    assert recover("keep", scene.context()).outcome == KEPT
    assert scene.machine.real(CONF).read_bytes() == b"edited by hand\n"
    assert pending(scene.machine) is None
    assert apply(scene.plan(), scene.context()).outcome == APPLIED


def test_nothing_starts_while_a_change_waits(scene: Scene) -> None:
    interrupted(scene)
    with pytest.raises(RecoveryNeededError) as refused:
        apply(scene.plan(), scene.context())
    assert (refused.value.code, refused.value.exit_code) == ("change.interrupted", ExitCode.NEEDS_RECOVERY)
    assert "recover" in refused.value.hint
    with pytest.raises(RecoveryNeededError):
        rollback(None, scene.context())


def test_finish_is_refused_once_the_undo_has_begun(scene: Scene) -> None:
    stuck(scene)
    assert recover("auto", scene.context(failing(8, 28, lasting=True))).outcome == STUCK
    with pytest.raises(WizardError) as refused:
        recover("finish", scene.context())
    assert refused.value.code == "change.cannot-finish"


def test_a_damaged_journal_asks_first(scene: Scene) -> None:
    old = scene.tree()
    interrupted(scene)
    journal = Store(scene.machine.state_dir).changes()[0].journal
    journal.write_bytes(journal.read_bytes().replace(b"intent", b"1ntent", 1))
    with pytest.raises(RecoveryNeededError) as refused:
        recover("auto", scene.context())
    assert "recover --undo" in refused.value.hint
    assert history(scene.machine)[0].outcome == "unreadable"
    assert recover("undo", scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old
    assert journal.with_name("journal.jsonl.damaged").exists()


def test_only_the_last_line_was_missing(scene: Scene) -> None:
    apply(scene.plan(), scene.context())
    journal = Store(scene.machine.state_dir).changes()[0].journal
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    assert pending(scene.machine)
    assert recover("auto", scene.context()).outcome == APPLIED
    assert history(scene.machine)[0].outcome == APPLIED


@pytest.mark.parametrize("what", ["content", "mode", "gone", "kind", "link"])
def test_refused_when_a_file_changed_since_the_review(scene: Scene, what: str) -> None:
    plan = scene.plan()
    real = scene.machine.real(CONF)
    if what == "content":
        real.write_bytes(b"other")
    elif what == "mode":
        real.chmod(0o600)
    else:
        real.unlink()
        if what == "kind":
            real.mkdir()
        elif what == "link":
            real.symlink_to("notes")
    tree = scene.tree()
    outcome = apply(plan, scene.context())
    assert (outcome.outcome, outcome.exit_code) == (REFUSED, ExitCode.UNUSABLE)
    assert outcome.failure is not None
    assert outcome.failure.code == "change.changed-since-review"
    assert str(CONF) in outcome.failure.message
    assert scene.tree() == tree


def test_an_unchanged_plan_is_nothing_to_do(scene: Scene) -> None:
    plan = scene.plan()
    assert apply(plan, scene.context()).outcome == APPLIED
    tree = scene.tree()
    again = scene.plan()
    assert again.is_empty
    outcome = apply(again, scene.context())
    assert (outcome.outcome, outcome.exit_code, set(outcome.steps.values())) == (NO_CHANGE, ExitCode.DONE, {"skipped"})
    assert scene.tree() == tree
    assert len(history(scene.machine)) == 1
    assert scene.restarts == 1


def test_the_lock_within_one_process(scene: Scene) -> None:
    context = scene.context()
    seen: list[WizardError] = []

    def second(_change: str) -> None:
        with pytest.raises(BusyError) as refused:
            apply(scene.plan(), scene.context())
        seen.append(refused.value)

    apply(scene.plan(), replace(context, announce=second))
    assert "operator on pts/7" in seen[0].message


def test_a_state_folder_of_somebody_else_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(scene.machine.state_dir).ensure()
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(WizardError) as refused:
        apply(scene.plan(), scene.context())
    assert refused.value.code == "change.state-unusable"


def test_an_open_state_folder_is_closed(scene: Scene) -> None:
    scene.machine.state_dir.mkdir(mode=0o755)
    apply(scene.plan(), scene.context())
    assert scene.machine.state_dir.stat().st_mode & 0o777 == 0o700


def test_who_is_not_root_keeps_to_what_he_owns(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    step = PutFile("extra", EXTRA, b"x", 0o640, scene.expect(EXTRA), "A file of root", uid=0, gid=0)
    accounts = SimpleNamespace(geteuid=lambda: 4242, getegid=os.getegid, getgroups=os.getgroups)
    monkeypatch.setattr(staging, "os", accounts)
    outcome = apply(Plan("A file", (step,)), scene.context())
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == (REFUSED, "change.owner-needs-root")
