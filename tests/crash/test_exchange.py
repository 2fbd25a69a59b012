"""Another account exchanges a folder while root works there: nothing outside the true folder is ever touched.

The process is stopped by strace after one of its calls on the folders, another uid renames the folder away and puts
a link, or a folder with the same content, in its place, and the process goes on. `make crash` stops at every call.
"""

import os
import random
import re
import shutil
import signal
import stat
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from tests.crash.test_worker import PORTS, SECRETS
from tests.support.exhaustive import EVERY, mostly_exhaustive
from tests.support.fake_host import CONF, FOLDER, Interrupting, Scene, Tree, dying_at, in_child
from wizard import self_start
from wizard.change.context import Operator
from wizard.change.engine import apply
from wizard.change.events import APPLIED, REFUSED, ROLLED_BACK, STUCK
from wizard.change.job import APPLY, RECOVER, ROLLBACK, Job
from wizard.change.recover import AUTO, recover
from wizard.change.rollback import rollback
from wizard.change.store import Store, history
from wizard.errors import WizardError
from wizard.handoff.build import write_files
from wizard.handoff.bundle import PackFile

BASIS = Path(__file__).parents[2]
NOBODY = 65534
CALLS = "%file,%desc"
TOLD = re.compile(
    "is not the one that was reviewed|changed since the plan was made|is not as change|can write to the folder"
    "|another folder is in its place|was changed by something else"
)
"""What the report says of an exchanged folder."""


Call = tuple[str, int]
"""The name of a system call, and which one of that name."""


@dataclass(frozen=True)
class Exchange:
    """One folder of the scene that another account owns together with the folder above.

    Attributes:
        true: the folder that is renamed away.
        with_link: a symbolic link to a place outside is put there, otherwise a folder with the same content.
    """

    true: PurePosixPath
    with_link: bool

    def __str__(self) -> str:
        return f"{'link' if self.with_link else 'folder'} for {self.true}"


EXCHANGES = [
    Exchange(place, with_link)
    for place in (CONF.parent, CONF.parents[1], FOLDER, PurePosixPath("/etc/ssl"))
    for with_link in (True, False)
]
OFTEN = mostly_exhaustive(EXCHANGES, lambda each: each.true == CONF.parent and each.with_link)


class Trap:
    """A scene in which *exchange* can be made at any moment, and what must not change then."""

    def __init__(self, base: Path, exchange: Exchange) -> None:
        self.scene = Scene(base).build()
        self.exchange = exchange
        self.true = self.scene.machine.real(exchange.true)
        self.hidden = self.true.with_name(f"{self.true.name}.true")
        self.outside = base / "outside"
        self.decoy = self.outside / "decoy" if exchange.with_link else self.true.with_name("decoy")
        self.made = False

    def give(self) -> None:
        """The folder, unless the change makes it, and the one above belong to the other account: the service's."""
        for folder in (self.true, self.true.parent, self.scene.machine.real(self.scene.machine.hcp_home)):
            if folder.exists():
                os.chown(folder, NOBODY, NOBODY)

    def set(self, owner: int) -> None:
        """Prepare the decoy, whose folders belong to *owner*; its files look just like those of the true folder."""
        self.outside.mkdir()
        if self.true.exists():
            shutil.copytree(self.true, self.decoy, symlinks=True)
            for path in (self.true, *self.true.rglob("*")):
                status = path.lstat()
                copy = self.decoy / path.relative_to(self.true)
                os.chown(copy, status.st_uid, status.st_gid, follow_symlinks=False)
        else:
            self.decoy.mkdir()
            (self.decoy / "store.pfx").write_bytes(b"somebody's own")
        for path in (self.decoy, *self.decoy.rglob("*")):
            if path.is_dir() and (owner != NOBODY or path == self.decoy):
                os.chown(path, owner, owner)
        self.before = self.places()

    def places(self) -> Tree:
        """Everything that must stay as it is: names, bytes, owner, mode, time of the last change."""
        now = self.decoy
        if self.made and not self.exchange.with_link:
            now = self.true
        found: Tree = {}
        for top in {self.outside, now}:
            for path in (top, *top.rglob("*")):
                status = path.lstat()
                name = str(path.relative_to(top)) if top == now else f"outside/{path.relative_to(top)}"
                if path == self.outside and not self.exchange.with_link:
                    continue
                content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
                found[name] = (status.st_mode, status.st_uid, status.st_gid, content, status.st_mtime_ns)
        return found

    def spring(self) -> None:
        """Exchange the folder, as the other account; a folder that is not there (yet) leaves nothing to rename."""
        assert not self.made
        self.made = self.true.is_dir() and not self.true.is_symlink()
        if self.made:
            assert in_child(self._rename) == 0

    def _rename(self) -> None:
        at = os.open(self.true.parent, os.O_RDONLY)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.rename(self.true.name, self.hidden.name, src_dir_fd=at, dst_dir_fd=at)
        if self.exchange.with_link:
            os.symlink(self.decoy, self.true.name, dir_fd=at)
        else:
            os.rename("decoy", self.true.name, src_dir_fd=at, dst_dir_fd=at)

    def tree(self) -> Tree:
        """The scene as if the true folder were under its path, without what the other account put there."""
        if self.made:
            if self.exchange.with_link:
                self.true.unlink()
            else:
                self.true.rename(self.decoy)
            self.hidden.rename(self.true)
            self.made = False
        decoy = str(self.decoy.relative_to(self.scene.root)) if not self.exchange.with_link else "/"
        return {name: each for name, each in self.scene.tree().items() if not (name + "/").startswith(decoy + "/")}


def folders(scene: Scene) -> list[str]:
    """Every path of the scene, for strace: a call counts when it names one, or uses a descriptor of one."""
    new = [scene.machine.real(path) for path in (FOLDER, FOLDER / "store.pfx", CONF.with_name("notes.txt"))]
    return [str(path) for path in (scene.root, *sorted(scene.root.rglob("*")), *new)]


def under_strace(trap: Trap, job: Job, at: Call | None) -> tuple[int, list[Call]]:
    """Run the worker, stopped once after the call *at*; the exit code, and the calls before the last look.

    The last look at the folder is the last call with its name. Who exchanges it after that is too late to be reported.
    """
    paths = [word for path in folders(trap.scene) for word in ("-P", path)]
    strace = ["strace", "-f", "-qq", *paths, "-e", "signal=SIGSTOP", "-e", f"trace={at[0] if at else CALLS}"]
    if at is not None:
        strace += ["-e", f"inject={at[0]}:signal=STOP:when={at[1]}"]  # strace counts each system call by itself
    reading, writing = os.pipe()
    argv = [*strace, "-o", f"/dev/fd/{writing}", *self_start.command(self_start.WORKER)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=BASIS, pass_fds=[writing]
    ) as child:
        os.close(writing)
        assert child.stdin is not None
        child.stdin.write(job.dump())
        child.stdin.close()
        calls: list[Call] = []
        last = 0
        counts: Counter[str] = Counter()
        with open(reading) as lines:  # noqa: PTH123 - a pipe
            for line in lines:
                if "stopped by SIGSTOP" in line:
                    # Another thread may come to its own call of that number: the exchange is made once.
                    if not trap.made:
                        trap.spring()
                    os.kill(int(line.split()[0]), signal.SIGCONT)
                elif found := re.match(r"(\d+ +(\w+))\(", line):
                    last = len(calls) if f'"{trap.true.name}"' in line else last
                    counts[found[1]] += 1
                    calls.append((found[2], counts[found[1]]))
        return child.wait(60), calls[:last]


def job_for(trap: Trap, kind: str) -> Job:
    plan = trap.scene.plan() if kind == APPLY else None
    return Job(kind, trap.scene.machine, plan, mode=AUTO, secrets=SECRETS, who=Operator("tester"), ports=PORTS)


def prepared(base: Path, kind: str, exchange: Exchange) -> Trap:
    """A scene in which a run of *kind* is next, with the trap set."""
    trap = Trap(base, exchange)
    scene = trap.scene
    trap.give()
    if kind == RECOVER:
        assert in_child(lambda: apply(scene.plan(), scene.context(dying_at("restart")))) == 9
    elif kind == ROLLBACK:
        assert apply(scene.plan(), scene.context()).outcome == APPLIED
    scene.told.clear()
    # A later rollback knows a folder by owner, mode and content alone: it may have been made anew since.
    trap.set(NOBODY if kind != ROLLBACK else NOBODY - 1)
    return trap


def run(kind: str, scene: Scene, calls: Interrupting) -> str:
    context = scene.context(calls)
    if kind == APPLY:
        return apply(scene.plan(), context).outcome
    return (rollback(None, context) if kind == ROLLBACK else recover(AUTO, context)).outcome


def reference(base: Path, kind: str, exchange: Exchange) -> tuple[Interrupting, Tree, Tree]:
    """An undisturbed run: its calls, and the scene before and after it."""
    trap, calls = prepared(base, kind, exchange), Interrupting()
    before = trap.tree()
    assert run(kind, trap.scene, calls) == (ROLLED_BACK if kind == RECOVER else APPLIED)
    return calls, before, trap.tree()


def judge(trap: Trap, kind: str, trees: tuple[Tree, Tree], outcome: str, where: str) -> None:
    """Nothing outside is touched, what was reported is so, and afterwards everything can be put in order."""
    assert trap.places() == trap.before, f"{where}: a place outside the folder was touched"
    before, after = trees
    exchanged, tree = trap.made, trap.tree()
    text = "".join(folder.events.read_text() for folder in Store(trap.scene.machine.state_dir).changes())
    if outcome == (ROLLED_BACK if kind == RECOVER else APPLIED):
        assert not exchanged, f"{where}: success was reported, and the files are not under their path"
        assert tree == after, where
        return
    assert exchanged, where
    assert TOLD.search(text), (where, outcome, text)
    assert outcome in ({STUCK} if kind == RECOVER else {REFUSED, ROLLED_BACK, STUCK}), where
    if kind != RECOVER and not (outcome == STUCK and trap.exchange.true == FOLDER):
        assert not [name for name in tree.keys() | before.keys() if tree.get(name) != before.get(name)], where
    if outcome == STUCK:
        assert recover(AUTO, trap.scene.context()).outcome == ROLLED_BACK, where
        assert trap.tree() == (after if kind == RECOVER else before), where


@pytest.mark.parametrize("kind", [APPLY, ROLLBACK, RECOVER])
@pytest.mark.parametrize("exchange", OFTEN, ids=str)
def test_exchanged_before_a_call_that_writes(tmp_path: Path, kind: str, exchange: Exchange) -> None:
    """The same without strace: fast enough for many calls, but it sees only those that write."""
    calls, *trees = reference(tmp_path / "reference", kind, exchange)
    # The last word of an undisturbed run is written after the last look: whoever exchanges a folder then is too late.
    last = len(calls.names) - calls.names[::-1].index("write journal.jsonl")
    if kind != RECOVER:
        last -= calls.names[:last][::-1].index("write journal.jsonl", 1)
    made = 0
    for at in range(1, last, 1 if EVERY else 16):
        trap = prepared(tmp_path / str(at), kind, exchange)

        def act(count: int, _name: str, _target: str, at: int = at, trap: Trap = trap) -> None:
            if count == at:
                trap.spring()

        outcome = run(kind, trap.scene, Interrupting(act))
        made += trap.made
        judge(trap, kind, (trees[0], trees[1]), outcome, f"before call {at}, {calls.names[at - 1]}")
    assert made


@pytest.mark.parametrize("kind", mostly_exhaustive([APPLY, ROLLBACK, RECOVER], {APPLY}.__contains__))
@pytest.mark.parametrize("exchange", OFTEN, ids=str)
def test_exchanged_after_any_call(tmp_path: Path, kind: str, exchange: Exchange) -> None:
    _, *trees = reference(tmp_path / "reference", kind, exchange)
    trap = prepared(tmp_path / "count", kind, exchange)
    _, calls = under_strace(trap, job_for(trap, kind), None)
    assert len(calls) > 100
    number = EXCHANGES.index(exchange)
    step = 1 if number < 2 else len(EXCHANGES)  # each call for the folder itself, every few for the others
    points = range(number % step, len(calls), step) if EVERY else [random.randrange(len(calls))]
    made = 0
    for at in points:
        trap = prepared(tmp_path / str(at), kind, exchange)
        code, _ = under_strace(trap, job_for(trap, kind), calls[at])
        made += trap.made
        outcome = history(trap.scene.machine)[-1].outcome
        assert code in {0, 2, 3, 4}, (at, code)
        judge(trap, kind, (trees[0], trees[1]), outcome, f"after call {at + 1} of {len(calls)}, {calls[at]}")
    assert made or not EVERY


class Swap:
    """A folder of root inside one of the other account, which exchanges it before call number *at*."""

    def __init__(self, base: Path, name: str, at: int, *, with_link: bool) -> None:
        self.true, self.hidden, self.decoy = base / name, base / f"{name}.true", base / "decoy"
        self.at, self.with_link, self.made = at, with_link, False
        self.decoy.mkdir()
        (self.decoy / "mine").write_text("kept")
        os.chown(base, NOBODY, NOBODY)
        self.before = self.places()

    def places(self) -> list[tuple[object, ...]]:
        top = self.true if self.made and not self.with_link else self.decoy
        seen = [(path, path.lstat()) for path in (top, *sorted(top.rglob("*")))]
        return [(str(path.relative_to(top)), each.st_mode, each.st_uid, each.st_mtime_ns) for path, each in seen]

    def act(self, count: int, _name: str, _target: str) -> None:
        if count == self.at and self.true.is_dir():
            self.made = True
            assert in_child(self._rename) == 0

    def _rename(self) -> None:
        at = os.open(self.true.parent, os.O_RDONLY)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.rename(self.true.name, self.hidden.name, src_dir_fd=at, dst_dir_fd=at)
        if self.with_link:
            os.symlink("decoy", self.true.name, dir_fd=at)
        else:
            os.rename("decoy", self.true.name, src_dir_fd=at, dst_dir_fd=at)


@pytest.mark.parametrize("with_link", [True, False])
def test_the_folder_for_bundles_is_exchanged(tmp_path: Path, with_link: bool) -> None:
    files = [PackFile("README.md", b"page"), PackFile("gateway/store.pfx", b"key", secret=True)]
    counting = Interrupting()
    write_files(tmp_path / "count", files, calls=counting)
    made = 0
    for at in range(1, counting.count + 1):
        base = tmp_path / str(at)
        base.mkdir()
        swap = Swap(base, "out", at, with_link=with_link)
        said = ""
        try:
            write_files(swap.true, files, calls=Interrupting(swap.act))
        except WizardError as error:
            said = f"{error.code} {error.message}"
        assert swap.places() == swap.before
        if swap.made:
            assert said.startswith("file.not-writable")
            assert str(swap.hidden) in said
        else:
            assert said == ""
            assert (swap.true / "gateway/store.pfx").read_bytes() == b"key"
        made += swap.made
    assert made > 5


@pytest.mark.parametrize("with_link", mostly_exhaustive([True, False], bool))
def test_the_state_folder_is_exchanged(tmp_path: Path, with_link: bool) -> None:
    """The change and its undo go on with the folder that was opened; the record is where that is now."""
    calls = reference(tmp_path / "reference", APPLY, EXCHANGES[0])[0]
    made = 0
    for at in range(1, calls.count + 1, 1 if EVERY else 5):
        scene = Scene(tmp_path / str(at)).build()
        old = scene.tree()
        swap = Swap(scene.root.parent, "state", at, with_link=with_link)
        store = b"new key store" if at % 2 else b"BROKEN"
        try:
            outcome = apply(scene.plan(keystore=store), scene.context(Interrupting(swap.act))).outcome
        except WizardError:
            outcome = REFUSED
        assert swap.places() == swap.before, at
        assert (scene.tree() == old) == (outcome != APPLIED), (at, outcome)
        assert outcome in {APPLIED, ROLLED_BACK, REFUSED}, at
        made += swap.made
    assert made > 5


def test_a_state_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    (tmp_path / "other").mkdir(mode=0o755)
    scene.machine.state_dir.symlink_to("other")
    with pytest.raises(WizardError) as refused:
        apply(scene.plan(), scene.context())
    assert refused.value.code == "change.state-unusable"
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o755
