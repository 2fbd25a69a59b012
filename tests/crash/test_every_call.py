"""A fault at every system call that writes: afterwards the machine is as before, or as planned, and nothing between."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive, points
from tests.support.fake_host import (
    CACERTS,
    ERRORS,
    EXTRA,
    KEYSTORE,
    Interrupting,
    Scene,
    Torn,
    Tree,
    dying,
    failing,
    in_child,
    sha,
)
from wizard.change.engine import apply
from wizard.change.events import APPLIED, NO_CHANGE, REFUSED, ROLLED_BACK, STUCK
from wizard.change.recover import pending, recover
from wizard.change.rollback import rollback
from wizard.change.store import Store, entries, history
from wizard.errors import WizardError

SHARDS = 8
ONCE, LASTING = (mostly_exhaustive(ERRORS, {each}.__contains__) for each in (errno.ENOSPC, errno.EROFS))


def calls_of(run: Callable[[Scene, Interrupting], object], base: Path, prepare: Callable[[Scene], object]) -> int:
    scene = Scene(base).build()
    prepare(scene)
    counting = Interrupting()
    run(scene, counting)
    return counting.count


def both_trees(base: Path) -> tuple[Tree, Tree]:
    scene = Scene(base).build()
    old = scene.tree()
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    return old, scene.tree()


def settled(scene: Scene, old: Tree, new: Tree, where: str) -> str:
    """Recover, and say which of the two states the machine is in; fail for any other."""
    recover("auto", scene.context())
    assert pending(scene.machine) is None, where
    tree = scene.tree()
    assert tree in (old, new), (where, _difference(tree, old), _difference(tree, new))
    text = scene.served.read_text()
    leaf = tree[str(KEYSTORE)[1:]][3]
    assert isinstance(leaf, bytes)
    assert text == sha(leaf), f"{where}: the service does not serve what is on disk"
    store = Store(scene.machine.state_dir)
    for entry in entries(store):
        folder = store.find(entry.id)
        found = {path.name for path in (folder.path / "staged").glob("*")}
        kept = entry.outcome == APPLIED and not entry.rolls_back
        # Only of an applied change the new bytes stay: they tell what to expect, and what to write again.
        wanted = {action.staged for action in folder.manifest().actions if action.staged} if kept else set()
        assert found == wanted, f"{where}: {found} in {folder.path}"
    return "new" if tree == new else "old"


def _difference(tree: Tree, other: Tree) -> list[str]:
    return [name for name in tree.keys() | other.keys() if tree.get(name) != other.get(name)]


def do_apply(scene: Scene, calls: Interrupting) -> object:
    return apply(scene.plan(), scene.context(calls))


def do_rollback(scene: Scene, calls: Interrupting) -> object:
    return rollback(None, scene.context(calls))


def do_recover(scene: Scene, calls: Interrupting) -> object:
    return recover("auto", scene.context(calls))


def nothing(_scene: Scene) -> None:
    pass


def applied(scene: Scene) -> None:
    assert apply(scene.plan(), scene.context()).outcome == APPLIED


@pytest.mark.parametrize("shard", mostly_exhaustive(range(SHARDS), {0}.__contains__))
def test_killed_before_any_call(tmp_path: Path, shard: int) -> None:
    old, new = both_trees(tmp_path / "both")
    total = calls_of(do_apply, tmp_path / "count", nothing)
    assert total > 80
    seen: set[str] = set()
    for at in points(total, 6, first=1 + shard, every=SHARDS):
        scene = Scene(tmp_path / f"kill-{at}").build()
        assert in_child(lambda scene=scene, at=at: do_apply(scene, dying(at))) == 9  # type: ignore[misc]
        seen.add(settled(scene, old, new, f"killed before call {at}"))
        assert apply(scene.plan(), scene.context()).outcome in {APPLIED, NO_CHANGE}, at
        assert scene.tree() == new
    assert "old" in seen


def test_killed_in_the_middle_of_a_write(tmp_path: Path) -> None:
    old, new = both_trees(tmp_path / "both")
    counting = Torn(0)
    scene = Scene(tmp_path / "count").build()
    apply(scene.plan(), scene.context(counting))
    assert counting.count > 20
    for at in points(counting.count, 6):
        scene = Scene(tmp_path / f"torn-{at}").build()
        assert in_child(lambda scene=scene, at=at: apply(scene.plan(), scene.context(Torn(at)))) == 9  # type: ignore[misc]
        settled(scene, old, new, f"torn in write {at}")


@pytest.mark.parametrize("number", ONCE, ids=os.strerror)
def test_one_call_fails(tmp_path: Path, number: int) -> None:
    """A call that fails once: the run itself puts everything back, or was through already."""
    old, new = both_trees(tmp_path / "both")
    total = calls_of(do_apply, tmp_path / "count", nothing)
    for at in points(total, 4):
        scene = Scene(tmp_path / f"fail-{at}").build()
        try:
            outcome = apply(scene.plan(), scene.context(failing(at, number))).outcome
        except WizardError:
            outcome = REFUSED
        assert outcome in {APPLIED, ROLLED_BACK, REFUSED}, at
        assert scene.tree() == (new if outcome == APPLIED else old), (at, outcome)
        settled(scene, old, new, f"call {at} failed")


@pytest.mark.parametrize("number", LASTING, ids=os.strerror)
def test_every_call_fails_from_one_on(tmp_path: Path, number: int) -> None:
    """A disk that stays full or read-only: what cannot be undone now is undone by `recover` when it works again."""
    old, new = both_trees(tmp_path / "both")
    total = calls_of(do_apply, tmp_path / "count", nothing)
    stuck = 0
    for at in points(total, 6, every=2):
        scene = Scene(tmp_path / f"fail-{at}").build()
        try:
            outcome = apply(scene.plan(), scene.context(failing(at, number, lasting=True))).outcome
        except WizardError:
            outcome = REFUSED
        stuck += outcome == STUCK
        if outcome == REFUSED:
            assert scene.tree() == old, at
        settled(scene, old, new, f"every call from {at} on failed")
    assert stuck > 10


def test_killed_during_rollback(tmp_path: Path) -> None:
    old, new = both_trees(tmp_path / "both")
    total = calls_of(do_rollback, tmp_path / "count", applied)
    for at in points(total, 16):
        scene = Scene(tmp_path / f"kill-{at}").build()
        applied(scene)
        assert in_child(lambda scene=scene, at=at: do_rollback(scene, dying(at))) == 9  # type: ignore[misc]
        settled(scene, old, new, f"rollback killed before call {at}")


def test_killed_during_recovery(tmp_path: Path) -> None:
    """Killed while it was made, killed while it was undone, and then recovered."""
    old, new = both_trees(tmp_path / "both")
    counting = Interrupting()
    do_apply(Scene(tmp_path / "count").build(), counting)
    # Some calls before the last line; the text for a ticket comes after it.
    first = next(number for number, name in enumerate(counting.names) if "EVIDENCE" in name) - 8

    def interrupted(scene: Scene) -> None:
        assert in_child(lambda: do_apply(scene, dying(first))) == 9

    total = calls_of(do_recover, tmp_path / "count-2", interrupted)
    assert total > 20
    for at in points(total, 8):
        scene = Scene(tmp_path / f"kill-{at}").build()
        interrupted(scene)
        assert in_child(lambda scene=scene, at=at: do_recover(scene, dying(at))) == 9  # type: ignore[misc]
        assert settled(scene, old, new, f"recovery killed before call {at}") == "old"


def test_finish_completes_what_was_interrupted(tmp_path: Path) -> None:
    old, new = both_trees(tmp_path / "both")
    total = calls_of(do_apply, tmp_path / "count", nothing)
    ends: set[str] = set()
    for at in points(total, 9, every=3):
        scene = Scene(tmp_path / f"kill-{at}").build()
        assert in_child(lambda scene=scene, at=at: do_apply(scene, dying(at))) == 9  # type: ignore[misc]
        waiting = pending(scene.machine)
        outcome = recover("finish", scene.context())
        tree = scene.tree()
        assert tree == (new if waiting else old) or history(scene.machine)[-1].outcome == APPLIED, at
        ends.add(outcome.outcome)
        assert tree in (old, new)
    assert ends == {NO_CHANGE, APPLIED}


def test_the_order_of_what_reaches_the_disk(tmp_path: Path) -> None:
    """What a power cut would show: intent before the file, bytes before the name, the name before the next record."""
    scene = Scene(tmp_path).build()
    calls = Interrupting()
    apply(scene.plan(), scene.context(calls))
    record = ["write journal.jsonl", "fsync journal.jsonl"]
    for name in ("primary-host.pfx", "notes.txt", "application.conf", "cacerts"):
        begin = next(at for at, call in enumerate(calls.names) if call.startswith(f"create .#{name}."))
        end = calls.names.index(f"rename {name}")
        assert calls.names[begin - 2 : begin] == record, "the intent is on disk"
        assert calls.names[end - 1].startswith(f"fsync .#{name}."), "the bytes are on disk, and nothing follows them"
        assert calls.names[end + 1 : end + 4] == [f"fsync {name}", *record], "the name is on disk before it is said"
    first = calls.names.index(next(call for call in calls.names if call.startswith("create .#primary-host.pfx.")))
    manifest = calls.names.index("rename manifest.json")
    assert calls.names[manifest + 1 : manifest + 4] == ["fsync manifest.json", *record]
    assert {"fsync staged", "fsync backup"} <= set(calls.names[:manifest])
    assert manifest < first
    assert calls.names.index("restart before") > calls.names.index("rename cacerts")


def test_the_scene_shows_differences(tmp_path: Path) -> None:
    """The comparison above sees bytes, mode, owner, attributes, links and leftovers."""
    scene = Scene(tmp_path).build()
    tree = scene.tree()
    for change in (
        lambda: scene.machine.real(KEYSTORE).write_bytes(b"x"),
        lambda: scene.machine.real(KEYSTORE).chmod(0o777),
        lambda: os.setxattr(scene.machine.real(KEYSTORE), "user.a", b"b"),
        lambda: scene.machine.real(EXTRA).write_bytes(b""),
        lambda: scene.machine.real(CACERTS).unlink(),
    ):
        change()
        assert scene.tree() != tree
        tree = scene.tree()
