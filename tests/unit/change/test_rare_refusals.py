"""Refusals that need a disk, a person or another program to interfere: what the operator is told, and what is left."""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.support.fake_host import CONF, KEYSTORE, Interrupting, Scene, dying_at, failing, in_child
from wizard import self_start
from wizard.change import lock, watch
from wizard.change.engine import apply
from wizard.change.events import REFUSED, ROLLED_BACK, STUCK, Outcome
from wizard.change.lock import Holder
from wizard.change.recover import recover
from wizard.change.store import STAGED, ChangeFolder, Store, history
from wizard.change.targets import find
from wizard.errors import ExitCode, RecoveryNeededError, WizardError
from wizard.host.directory import Directory

NOBODY = 65534


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def change_of(scene: Scene) -> ChangeFolder:
    return Store(scene.machine.state_dir).changes()[0]


def interrupted(scene: Scene) -> None:
    """Killed when every file is new and the service is about to be restarted."""
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9


def when(name: str, target: str, act: Callable[[], object], *, time: int = 1) -> Interrupting:
    """Calls that do *act* right before the *time*-th call of *name* on *target*."""
    seen: list[str] = []

    def gate(_count: int, called: str, on: str) -> None:
        if (called, on) == (name, target):
            seen.append(on)
            if len(seen) == time:
                act()

    return Interrupting(gate)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Another account than root; who is not root may be refused by modes as it is."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def no_value_shown(outcome: Outcome, secret: str) -> bool:
    return outcome.failure is not None and secret not in f"{outcome.failure.message}{outcome.failure.hint}"


@pytest.mark.parametrize(
    ("error", "code", "fact"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "change.system", "Too many open files"),
        (KeyError("a-secret-value"), "change.bug", "KeyError"),
    ],
    ids=["the system refuses", "a bug"],
)
def test_an_error_that_nobody_foresaw_is_undone_and_named(scene: Scene, error: Exception, code: str, fact: str) -> None:
    old = scene.tree()

    def fail() -> None:
        raise error

    outcome = apply(scene.plan(), scene.context(when("restart", "after", fail)))
    assert (outcome.outcome, outcome.exit_code) == (ROLLED_BACK, ExitCode.ROLLED_BACK)
    assert outcome.failure is not None
    assert outcome.failure.code == code
    assert fact in outcome.failure.message
    assert "test_rare_refusals:" in outcome.failure.message
    assert no_value_shown(outcome, "a-secret-value")
    assert scene.tree() == old


def test_a_file_that_another_program_writes_at_the_same_time_reads_back_differently(scene: Scene) -> None:
    real = scene.machine.real(CONF)
    old = scene.machine.real(KEYSTORE).read_bytes()
    calls = when("fsync", CONF.name, lambda: real.write_bytes(b"of a configuration manager\n"))
    outcome = apply(scene.plan(), scene.context(calls))
    assert outcome.outcome == STUCK
    page = Path(outcome.page).read_text()
    assert "change.read-back" in page
    assert str(CONF) in page
    assert real.read_bytes() == b"of a configuration manager\n"
    assert scene.machine.real(KEYSTORE).read_bytes() == old


def test_an_undo_whose_file_gets_another_attribute_meanwhile_says_so(scene: Scene) -> None:
    """A scanner labels the file right after it was restored; a second try takes that for the present state."""
    interrupted(scene)
    real = scene.machine.real(CONF)
    calls = when("fsync", CONF.name, lambda: os.setxattr(real, "user.scanned", b"today"))
    outcome = recover("auto", scene.context(calls))
    assert outcome.outcome == STUCK
    page = Path(outcome.page).read_text()
    assert "change.undo-differs" in page
    assert f"{CONF} has its old content again" in page
    assert b'"old"' in real.read_bytes()
    assert recover("auto", scene.context()).outcome == ROLLED_BACK


def test_a_damaged_manifest_is_named_and_nothing_is_written(scene: Scene) -> None:
    interrupted(scene)
    manifest = change_of(scene).path / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    tree = scene.tree()
    with pytest.raises(RecoveryNeededError) as refused:
        recover("auto", scene.context())
    assert (refused.value.code, refused.value.exit_code) == ("change.manifest-damaged", ExitCode.NEEDS_RECOVERY)
    assert str(manifest) in refused.value.message
    assert "recover --keep" in refused.value.hint
    assert scene.tree() == tree


def test_a_damaged_staged_file_is_not_installed(scene: Scene) -> None:
    old = scene.tree()
    calls = when("rename", CONF.name, lambda: os._exit(9))
    assert in_child(lambda: apply(scene.plan(), scene.context(calls))) == 9
    staged = change_of(scene).path / STAGED / "conf"
    staged.write_bytes(staged.read_bytes()[:-1])
    outcome = recover("finish", scene.context())
    assert outcome.outcome == ROLLED_BACK
    assert outcome.failure is not None
    assert outcome.failure.code == "change.staged-damaged"
    assert str(staged) in outcome.failure.message
    assert scene.tree() == old


def test_an_undo_whose_end_cannot_be_recorded_says_that_every_file_is_back(scene: Scene) -> None:
    old = scene.tree()
    counting = Interrupting()
    other = Scene(scene.root.parent / "other").build()
    assert apply(other.plan(keystore=b"BROKEN"), other.context(counting)).outcome == ROLLED_BACK
    last = max(n for n, name in enumerate(counting.names, start=1) if name == "write journal.jsonl")
    outcome = apply(scene.plan(keystore=b"BROKEN"), scene.context(failing(last, errno.ENOSPC)))
    assert outcome.outcome == STUCK
    page = Path(outcome.page).read_text()
    assert "change.record-not-written" in page
    assert f"{change_of(scene).journal} could not be written" in page
    assert scene.tree() == old
    assert recover("auto", scene.context()).outcome == ROLLED_BACK


def test_a_change_that_is_removed_while_changes_are_listed_does_not_hide_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(scene)
    names = Directory.names
    monkeypatch.setattr(Directory, "names", lambda folder: [*names(folder), "0002-20260101T000000Z"])
    assert [each.number for each in Store(scene.machine.state_dir).changes()] == [1]


def test_who_only_looks_at_the_lock_of_a_run_that_was_killed_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    killed = Holder(1, "somebody", change="0001-20260101T000000Z")
    path.write_text(json.dumps(asdict(killed)))
    watcher = os.open(path, os.O_RDONLY)
    fcntl.flock(watcher, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda _seconds: os.close(watcher))  # it has seen enough
    with lock.hold(lambda: Directory(tmp_path), path, Holder(2)):
        assert lock.holder_of(path) == Holder(2)


def test_another_account_learns_that_it_may_not_look(scene: Scene) -> None:
    interrupted(scene)
    closed = (scene.machine.state_dir, scene.machine.real(CONF).parent)
    for folder in closed:
        folder.chmod(0)
    with somebody_else():
        with pytest.raises(WizardError) as refused:
            Store(scene.machine.state_dir).changes()
        with pytest.raises(WizardError) as running:
            watch.running(scene.machine)
        with pytest.raises(WizardError) as file:
            find(scene.machine, CONF)
    for folder in closed:
        folder.chmod(0o700)
    for each in (refused, running):
        assert each.value.code == "change.state-unreadable"
        assert str(scene.machine.state_dir) in each.value.message
        assert "Permission denied" in each.value.message
    assert file.value.code == "change.target-unreadable"
    assert (file.value.subject, "Permission denied" in file.value.message) == (str(CONF), True)


def test_a_worker_for_which_there_is_no_memory_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, command = scene.tree(), self_start.command
    monkeypatch.setattr(self_start, "command", lambda *words: ["prlimit", "--as=8000000", *command(*words)])
    with pytest.raises(WizardError) as refused:
        watch.start(scene.machine, scene.plan(), {})
    assert refused.value.code == "change.worker-silent"
    assert "Nothing was changed" in refused.value.message
    assert scene.tree() == tree
    assert history(scene.machine) == ()


def test_a_worker_that_died_before_the_first_file_is_told(scene: Scene) -> None:
    calls = when("write", "journal.jsonl", lambda: os._exit(9))
    assert in_child(lambda: apply(scene.plan(), scene.context(calls))) == 9
    outcome = watch.outcome(scene.machine, change_of(scene).id)
    assert outcome.outcome == REFUSED
    assert outcome.failure is not None
    assert outcome.failure.code == "change.worker-silent"
    assert outcome.failure.message.startswith("Nothing was changed")
    assert change_of(scene).id in outcome.failure.message
