"""The same with the kernel's own calls: strace breaks the worker process from outside."""

import subprocess
from pathlib import Path

import pytest

from tests.crash.test_worker import PORTS, SECRETS
from tests.support.exhaustive import mostly_exhaustive
from tests.support.fake_host import PASSWORD, Scene, sha
from wizard import self_start
from wizard.change import watch
from wizard.change.context import Operator
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.change.job import APPLY, Job
from wizard.change.recover import recover

BASIS = Path(__file__).parents[2]

POINTS = [
    *(f"fsync:signal=KILL:when={number}" for number in (3, 9, 14, 18, 21, 25)),
    *(f"renameat:signal=KILL:when={number}" for number in (1, 2, 3, 4, 5)),
    *(f"fchmod:signal=KILL:when={number}" for number in (3, 5)),
    "fsync:error=EIO:when=17",
    "fsync:error=EIO:when=20+",
    "renameat:error=EACCES:when=3",
    "renameat:error=EROFS:when=4",
    "fchmod:error=EROFS:when=4",
    "fsetxattr:error=ENOSPC:when=1",
    "fsetxattr:signal=KILL:when=1",
    "ftruncate:error=EIO:when=1+",
]


def worker_under_strace(scene: Scene, inject: str) -> int:
    job = Job(APPLY, scene.machine, scene.plan(), secrets=SECRETS, who=Operator("tester"), ports=PORTS)
    call = inject.split(":", 1)[0]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={inject}"]
    argv = [*strace, *self_start.command(self_start.WORKER)]
    done = subprocess.run(argv, input=job.dump(), capture_output=True, cwd=BASIS, timeout=60, check=False)
    assert PASSWORD.encode() not in done.stdout + done.stderr
    return done.returncode


@pytest.mark.parametrize("inject", mostly_exhaustive(POINTS, POINTS[::4].__contains__))
def test_broken_from_outside(tmp_path: Path, inject: str) -> None:
    reference = Scene(tmp_path / "reference").build()
    old = reference.tree()
    assert apply(reference.plan(), reference.context()).outcome == APPLIED
    new = reference.tree()
    scene = Scene(tmp_path / "scene").build()
    code = worker_under_strace(scene, inject)
    if "KILL" in inject:
        assert code == -9
    assert watch.running(scene.machine) is None
    recover("auto", scene.context())
    tree = scene.tree()
    assert tree in (old, new)
    leaf = tree["opt/hcp/conf/primary-host.pfx"][3]
    assert isinstance(leaf, bytes)
    assert scene.served.read_text() == sha(leaf)
    if code == 0:
        assert tree == new
        assert inject.startswith("ftruncate"), "the fault did not hit"
    elif "KILL" not in inject:
        assert code in {2, 3, 4}
        assert tree == old
