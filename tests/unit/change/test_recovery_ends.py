"""A recovery comes to an end: repairs by hand stay, a doctor's repair is possible, and what changed nothing needs none."""

import errno
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from tests.support.exhaustive import points
from tests.support.fake_host import (
    CONF,
    KEYSTORE,
    Interrupting,
    Scene,
    Service,
    dying,
    dying_at,
    failing,
    in_child,
    sha,
)
from wizard.change.engine import apply
from wizard.change.events import APPLIED, KEPT, NO_CHANGE, REFUSED, ROLLED_BACK, STUCK, Failure, Outcome
from wizard.change.plan import Plan, Probe, PutFile, Restart
from wizard.change.recover import pending, recover
from wizard.change.rollback import rollback
from wizard.change.store import Store, history
from wizard.errors import ExitCode, RecoveryNeededError, WizardError


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


@pytest.fixture
def unreadable(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The service runs, and cannot start again: its account may not read application.conf, since before the change."""
    original = Service.restart

    def restart(self: Service, timeout_s: float, say: Callable[[str], None]) -> None:
        if not self.scene.machine.real(CONF).stat().st_mode & 0o004:
            self.scene.served.write_text("crashed")
            raise WizardError.recorded("service.crash-loop", "it cannot read application.conf", "Set its mode.")
        original(self, timeout_s, say)

    monkeypatch.setattr(Service, "restart", restart)
    scene.machine.real(CONF).chmod(0o600)
    return scene


def hints(outcome: Outcome) -> str:
    assert outcome.failure is not None
    return outcome.failure.hint


def mode(scene: Scene, path: PurePosixPath) -> int:
    return scene.machine.real(path).stat().st_mode & 0o7777


def repair(scene: Scene) -> Plan:
    """As the doctor makes it: the same content with another mode, and a restart for its own sake."""
    data = scene.machine.real(CONF).read_bytes()
    leaf = sha(scene.machine.real(KEYSTORE).read_bytes())
    steps = (
        PutFile("rights", CONF, data, 0o644, scene.expect(CONF), "Let the service read it"),
        Restart("restart", "hcp-server", 5, always=True),
        Probe("probe", (("localhost", 2560),), "primary-host", leaf, 5),
    )
    return Plan("Repair: rights", steps, "primary")


def test_a_fault_that_was_there_before_and_was_repaired_by_hand_stays_repaired(unreadable: Scene) -> None:
    old = unreadable.machine.real(CONF).read_bytes()
    for outcome in (apply(unreadable.plan(), unreadable.context()), recover("auto", unreadable.context())):
        assert (outcome.outcome, outcome.exit_code) == (STUCK, ExitCode.NEEDS_RECOVERY)
        assert outcome.failure is not None
        assert outcome.failure.message.startswith("Every file is restored, but the service does not work: ")
        assert "doctor --fix" in hints(outcome)
        assert "recover --keep" in hints(outcome)
    unreadable.machine.real(CONF).chmod(0o604)
    assert recover("auto", unreadable.context()).outcome == ROLLED_BACK
    assert mode(unreadable, CONF) == 0o604
    assert unreadable.machine.real(CONF).read_bytes() == old
    assert unreadable.served.read_text() == sha(unreadable.machine.real(KEYSTORE).read_bytes())
    assert pending(unreadable.machine) is None


def test_a_repair_is_possible_while_the_recovery_is_pending_and_ends_it(unreadable: Scene) -> None:
    assert apply(unreadable.plan(), unreadable.context()).outcome == STUCK
    with pytest.raises(RecoveryNeededError):
        apply(unreadable.plan(), unreadable.context())
    assert apply(repair(unreadable), unreadable.context()).outcome == APPLIED
    assert pending(unreadable.machine) is None
    assert [entry.outcome for entry in history(unreadable.machine)] == [ROLLED_BACK, APPLIED]
    assert not list(unreadable.machine.state_dir.glob("changes/*/RECOVERY.txt"))
    assert recover("auto", unreadable.context()).outcome == NO_CHANGE
    assert mode(unreadable, CONF) == 0o644
    assert apply(unreadable.plan(), unreadable.context()).outcome == APPLIED


def test_a_repair_waits_for_files_that_are_still_to_be_put_back(scene: Scene) -> None:
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    new = scene.tree()
    with pytest.raises(RecoveryNeededError) as refused:
        apply(repair(scene), scene.context())
    assert refused.value.code == "change.interrupted"
    assert "--keep" in refused.value.hint
    assert scene.tree() == new


def test_a_repair_also_clears_what_a_write_left_beside_a_file(scene: Scene) -> None:
    """Cut off between the temporary file and its rename: nothing is new, and one temporary file is left."""
    old = scene.tree()

    def before_the_rename(_count: int, name: str, target: str) -> None:
        if (name, target) == ("rename", KEYSTORE.name):
            os._exit(9)

    assert in_child(lambda: apply(scene.plan(), scene.context(Interrupting(before_the_rename)))) == 9
    assert scene.tree() != old
    scene.machine.real(CONF).chmod(0o640)
    assert apply(repair(scene), scene.context()).outcome == APPLIED
    assert set(scene.tree()) == set(old)


def test_owner_and_mode_that_were_set_since_stay_when_the_old_content_comes_back(scene: Scene) -> None:
    old = scene.machine.real(CONF).read_bytes()
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    assert scene.machine.real(CONF).read_bytes() != old
    scene.machine.real(CONF).chmod(0o640)
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.machine.real(CONF).read_bytes() == old
    assert mode(scene, CONF) == 0o640
    assert os.getxattr(scene.machine.real(CONF), "user.label") == b"kept"
    assert any("its owner and mode were changed later and are kept" in event.text for event in scene.told)


def test_a_rollback_keeps_them_too(scene: Scene) -> None:
    old = scene.machine.real(CONF).read_bytes()
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    scene.machine.real(CONF).chmod(0o640)
    assert rollback(None, scene.context()).outcome == APPLIED
    assert (scene.machine.real(CONF).read_bytes(), mode(scene, CONF)) == (old, 0o640)


def test_a_change_of_the_mode_alone_is_still_undone(scene: Scene) -> None:
    plan = repair(scene)
    scene.machine.real(CONF).chmod(0o600)
    plan = repair(scene)
    assert apply(plan, scene.context()).outcome == APPLIED
    assert mode(scene, CONF) == 0o644
    assert rollback(None, scene.context()).outcome == APPLIED
    assert mode(scene, CONF) == 0o600


def told(work: Callable[[], Outcome]) -> Outcome:
    """The outcome of *work*; one that was refused before the change had a folder is told in the same words."""
    try:
        return work()
    except WizardError as error:
        return Outcome(REFUSED if error.exit_code is ExitCode.UNUSABLE else STUCK, failure=Failure.of(error))


def first_write(scene: Scene) -> int:
    """The number of the first call that touches a file of the machine."""
    calls = Interrupting()
    apply(scene.plan(), scene.context(calls))
    return next(n for n, name in enumerate(calls.names, start=1) if name.startswith("create .#primary-host.pfx."))


@pytest.mark.parametrize("record", [1, 2], ids=["armed", "the first intent"])
def test_a_run_that_died_before_a_file_was_written_needs_no_recovery(scene: Scene, record: int) -> None:
    old, written = scene.tree(), []

    def before_the_record(_count: int, name: str, target: str) -> None:
        written.append((name, target))
        if written.count(("write", "journal.jsonl")) == record:
            os._exit(9)

    assert in_child(lambda: apply(scene.plan(), scene.context(Interrupting(before_the_record)))) == 9
    assert scene.tree() == old
    assert pending(scene.machine) is None
    assert history(scene.machine)[-1].outcome == REFUSED
    assert recover("auto", scene.context()).outcome == NO_CHANGE
    assert scene.restarts == 0
    assert apply(scene.plan(), scene.context()).outcome == APPLIED


def test_a_full_state_disk_before_the_first_file_is_told_as_nothing_changed(tmp_path: Path) -> None:
    for number in points(first_write(Scene(tmp_path / "other").build()) - 1, 4):
        scene = Scene(tmp_path / str(number)).build()
        old, calls = scene.tree(), failing(number, errno.ENOSPC, lasting=True)
        outcome = told(lambda: apply(scene.plan(), scene.context(calls)))  # noqa: B023 - called at once
        assert (outcome.outcome, outcome.exit_code) == (REFUSED, ExitCode.UNUSABLE), number
        assert outcome.failure is not None
        text = outcome.failure.message
        if not calls.names[number - 1].startswith("keytool "):
            assert "No space left on device (file system mounted at " in text, (calls.names[number - 1], text)
        assert not scene.told or scene.told[-1].text.startswith("Nothing was changed. "), number
        assert (scene.tree(), scene.restarts) == (old, 0)
        assert pending(scene.machine) is None
        assert apply(scene.plan(), scene.context()).outcome == APPLIED


def test_a_run_that_dies_while_it_sets_a_damaged_journal_aside_forgets_no_file(scene: Scene) -> None:
    old = scene.tree()
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    journal = Store(scene.machine.state_dir).changes()[0].journal
    journal.write_bytes(journal.read_bytes().replace(b"intent", b"1ntent", 1))
    damaged = journal.read_bytes()
    number = 1
    while journal.read_bytes() == damaged:
        assert in_child(lambda: recover("undo", scene.context(dying(number)))) == 9  # noqa: B023 - called at once
        number += 1
    # From here on the journal can be read again, and it names every file.
    assert number > 5
    assert scene.tree() != old
    assert recover("auto", scene.context()).outcome == ROLLED_BACK
    assert scene.tree() == old


def test_keep_ends_it_also_with_a_damaged_journal_and_manifest(scene: Scene) -> None:
    assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    folder = Store(scene.machine.state_dir).changes()[0]
    folder.journal.write_bytes(b"x\n" + folder.journal.read_bytes())
    (folder.path / "manifest.json").write_text("{")
    for wanted in ("auto", "undo"):
        with pytest.raises(RecoveryNeededError) as refused:
            recover(wanted, scene.context())
        assert "recover --keep" in refused.value.hint
    assert recover("keep", scene.context()).outcome == KEPT
    assert pending(scene.machine) is None
