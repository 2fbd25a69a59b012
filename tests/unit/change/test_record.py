"""The state to expect: the newest change that stands, for each file and each trust anchor; what was undone is not."""

from pathlib import Path

import pytest

from tests.support.fake_host import CACERTS, CONF, KEYSTORE, Scene
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.change.record import Record, read_record
from wizard.change.rollback import rollback
from wizard.change.store import STAGED, Store


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def record(scene: Scene) -> Record:
    return read_record(Store(scene.machine.state_dir))


def left(scene: Scene) -> dict[str, str]:
    return {str(each.action.named): each.change[:4] for each in record(scene).files}


def test_each_file_and_anchor_has_its_newest_change_and_its_bytes(scene: Scene) -> None:
    assert record(scene) == Record()
    for number in range(2):
        assert apply(scene.plan(keystore=f"store {number}".encode()), scene.context()).outcome == APPLIED
    assert (left(scene)[str(KEYSTORE)], left(scene)[str(CONF)]) == ("0002", "0001")
    assert [(str(each.action.named), each.change[:4]) for each in record(scene).anchors] == [(str(CACERTS), "0001")]
    for each in record(scene).files:
        assert each.data() == scene.machine.real(each.action.path).read_bytes()


def test_what_was_undone_is_not_expected_until_the_undo_is_undone(scene: Scene) -> None:
    apply(scene.plan(keystore=b"first"), scene.context())
    apply(scene.plan(keystore=b"second"), scene.context())
    undone = rollback(None, scene.context())
    assert left(scene)[str(KEYSTORE)] == "0001"
    assert rollback(undone.change, scene.context()).outcome == APPLIED
    assert left(scene)[str(KEYSTORE)] == "0002"
    kept = record(scene).file(KEYSTORE)
    assert kept is not None
    assert kept.data() == b"second"
    rollback("2", scene.context())
    rollback("1", scene.context())
    assert (left(scene), record(scene).anchors) == ({}, ())


def test_a_copy_that_is_not_what_was_written_is_none(scene: Scene) -> None:
    apply(scene.plan(), scene.context())
    kept = record(scene).file(CONF)
    assert kept is not None
    (kept.folder.path / STAGED / kept.action.staged).write_bytes(b"something else")
    assert kept.data() is None
