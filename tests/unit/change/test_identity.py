"""Which folder was reviewed: what counts within one boot, and what after it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import CONF, Scene
from wizard.change import plan_file
from wizard.change.engine import apply
from wizard.change.events import APPLIED, REFUSED
from wizard.change.journal import Manifest
from wizard.change.plan import Plan
from wizard.change.rollback import rollback
from wizard.change.store import Store
from wizard.host import directory

ANOTHER = 4242


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def remade(scene: Scene) -> Path:
    """The same folder with the same files, as a restored backup would make it: another inode."""
    conf = scene.machine.real(CONF).parent
    old = conf.with_name("conf.old")
    conf.rename(old)
    conf.mkdir()
    for path in old.iterdir():
        path.rename(conf / path.name)
    old.rmdir()
    return conf


def reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "boot_id", lambda: "the next boot")


def refusal(scene: Scene, plan: Plan) -> str:
    tree = scene.tree()
    ended = apply(plan, scene.context())
    assert ended.outcome == REFUSED
    assert ended.failure is not None
    assert scene.tree() == tree
    return f"{ended.failure.code} {ended.failure.message}"


def test_another_folder_with_the_same_files_is_refused_within_one_boot(scene: Scene) -> None:
    plan = scene.plan()
    remade(scene)
    said = refusal(scene, plan)
    assert said.startswith("change.folder-exchanged")
    assert f"{CONF.parent} is not the one that was reviewed: it is another folder" in said


def test_after_a_reboot_owner_and_mode_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = scene.plan()
    conf = remade(scene)
    reboot(monkeypatch)
    os.chown(conf, ANOTHER, -1)
    assert f"its owner is {ANOTHER}, not 0" in refusal(scene, plan)
    os.chown(conf, 0, -1)
    conf.chmod(0o775)
    assert "its mode is 0775" in refusal(scene, plan)
    conf.chmod(0o750)
    assert apply(plan, scene.context()).outcome == APPLIED


def test_after_a_reboot_a_link_is_none_the_less_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = scene.plan()
    conf = scene.machine.real(CONF).parent
    conf.rename(conf.with_name("elsewhere"))
    conf.symlink_to("elsewhere")
    reboot(monkeypatch)
    assert "the link leads elsewhere" in refusal(scene, plan)


def test_a_rollback_takes_a_folder_that_was_made_anew(scene: Scene) -> None:
    before = scene.tree()
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    remade(scene)
    assert rollback(None, scene.context()).outcome == APPLIED
    assert scene.tree() == before


def test_a_rollback_refuses_a_folder_of_another_account(scene: Scene) -> None:
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    os.chown(scene.machine.real(CONF).parent, ANOTHER, -1)
    os.chown(scene.machine.real(scene.machine.hcp_home), ANOTHER, -1)  # the service's, so no stranger's
    ended = rollback(None, scene.context())
    assert ended.failure is not None
    assert (ended.outcome, ended.failure.code) == (REFUSED, "change.folder-exchanged")


def test_plans_of_the_same_answers_do_not_differ_by_inode(scene: Scene) -> None:
    plan = scene.plan()
    remade(scene)
    again = scene.plan()
    assert [step.expect.folder for step in plan.file_steps] != [step.expect.folder for step in again.file_steps]
    assert again == plan
    assert again.digest == plan.digest


def test_a_plan_file_keeps_the_folders_and_an_older_one_is_read(scene: Scene) -> None:
    plan = scene.plan()
    kept = plan_file.load(plan_file.dump(plan))
    assert [step.expect.folder for step in kept.file_steps] == [step.expect.folder for step in plan.file_steps]
    body = json.loads(plan_file.dump(plan))
    del body["checksum"]
    for step in body["steps"]:
        step.pop("folder", None)
    body["checksum"] = plan_file._checksum(body)
    older = plan_file.load(json.dumps(body).encode())
    assert older == plan
    assert {step.expect.folder for step in older.file_steps} == {None}
    assert apply(older, scene.context()).outcome == APPLIED


def test_an_older_manifest_is_read(scene: Scene) -> None:
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    manifest = Store(scene.machine.state_dir).changes()[0].manifest()
    assert any(action.folder for action in manifest.actions)
    body = json.loads(manifest.dump())
    for action in body["actions"]:
        del action["folder"]
    older = Manifest.load(json.dumps(body).encode())
    assert older == replace(manifest, actions=tuple(replace(each, folder=None) for each in manifest.actions))
