"""Chance as the tester: random plans, faults at random calls, again and again.

Every run tries the same forty seeds; `CRASH_SECONDS` adds others for so long.
"""

import errno
import os
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

from tests.support.exhaustive import exhaustive
from tests.support.fake_host import FOLDER, KEYSTORE, Interrupting, Scene, Tree, in_child, sha
from wizard.change.engine import apply
from wizard.change.events import KEPT, STUCK
from wizard.change.plan import FileStep, Plan, Probe, Restart
from wizard.change.recover import pending, recover
from wizard.change.rollback import rollback
from wizard.errors import WizardError

SECONDS = float(os.environ.get("CRASH_SECONDS", "0"))
LIVES = 40
NUMBERS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.ENOMEM)


def random_plan(scene: Scene, chance: random.Random) -> Plan:
    keystore = chance.choice([b"new ", b"newer ", b"BROKEN ", b"CRASH "]) + str(chance.random()).encode()
    plan = scene.plan(keystore=keystore, imports=chance.randint(0, 3))
    kept = [step for step in plan.file_steps if step.id == "keystore" or chance.random() < 0.7]
    chance.shuffle(kept)
    # A folder is made before the file in it, or was there.
    if not scene.machine.real(FOLDER).is_dir():
        kept = [step for step in kept if step.id not in {"folder", "inside"}]
        kept += [step for step in plan.file_steps if step.id in {"folder", "inside"}] if chance.random() < 0.6 else []
    return replace(plan, steps=(*kept, *(step for step in plan.steps if isinstance(step, Restart | Probe))))


def random_faults(chance: random.Random) -> Interrupting:
    """Dies at one call, or fails at a few."""
    at, deadly = chance.randint(1, 130), chance.random() < 0.6
    rate = chance.choice([0.0, 0.0, 0.02, 0.2])
    number = chance.choice(NUMBERS)

    def act(count: int, _name: str, _target: str) -> None:
        if deadly and count >= at:
            os._exit(9)
        if count == at or (count > at and chance.random() < rate):
            raise OSError(number, os.strerror(number))

    return Interrupting(act)


def one_life(base: Path, chance: random.Random) -> int:
    """One machine, several changes with faults; returns how many runs were broken."""
    scene = Scene(base).build()
    broken = 0
    for _ in range(chance.randint(1, 4)):
        before = scene.tree()
        after = _after(scene, chance)
        plan = after[1]
        code = in_child(lambda plan=plan: _run(scene, plan, random_faults(chance)))  # type: ignore[misc]
        assert code in {0, 9}, "an error that nobody foresaw"
        broken += code != 0
        while pending(scene.machine) and chance.random() < 0.5:
            mode = chance.choice(["auto", "undo", "finish"])
            code = in_child(lambda mode=mode: _recover(scene, mode, random_faults(chance)))  # type: ignore[misc]
            assert code in {0, 9}, "an error that nobody foresaw"
        assert recover("auto", scene.context()).outcome not in {STUCK, KEPT}
        assert pending(scene.machine) is None
        tree = scene.tree()
        assert tree in (before, after[0])
        leaf = tree[str(KEYSTORE)[1:]][3]
        assert isinstance(leaf, bytes)
        assert scene.served.read_text() == sha(leaf)
    return broken


def _after(scene: Scene, chance: random.Random) -> tuple[Tree, Plan | None]:
    """The tree as it will be when nothing goes wrong, made on a copy; a plan, or None for a rollback."""
    twin = Scene(scene.root.parent.with_name("twin"))
    shutil.rmtree(twin.root.parent, ignore_errors=True)
    shutil.copytree(scene.root.parent, twin.root.parent, symlinks=True)
    for path in scene.root.rglob("*"):
        status = path.lstat()
        os.chown(twin.root / path.relative_to(scene.root), status.st_uid, status.st_gid, follow_symlinks=False)
    plan = None if chance.random() < 0.4 else random_plan(scene, chance)
    _run(twin, plan and _for_a_copy(plan), Interrupting())
    return twin.tree(), plan


def _for_a_copy(plan: Plan) -> Plan:
    """The folders of a copy are not those that the plan was made for."""
    steps = [
        replace(step, expect=replace(step.expect, folder=None)) if isinstance(step, FileStep) else step
        for step in plan.steps
    ]
    return replace(plan, steps=tuple(steps))


def _run(scene: Scene, plan: Plan | None, calls: Interrupting) -> None:
    try:
        if plan is None:
            rollback(None, scene.context(calls))
        else:
            apply(plan, scene.context(calls))
    except WizardError:
        return


def _recover(scene: Scene, mode: str, calls: Interrupting) -> None:
    try:
        recover(mode, scene.context(calls))
    except WizardError:
        return


@exhaustive
def test_by_chance(tmp_path: Path) -> None:
    until = time.monotonic() + SECONDS
    lives = broken = 0
    while lives < LIVES or time.monotonic() < until:
        seed = lives if lives < LIVES else random.randrange(2**32)
        base = tmp_path / "machine"
        try:
            broken += one_life(base, random.Random(seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        lives += 1
        shutil.rmtree(base)
    assert broken > 0
