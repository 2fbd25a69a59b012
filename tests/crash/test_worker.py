"""The change in a process of its own: it outlives its face, and says how it ended even when it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.fake_host import PASSWORD, Scene, ports_for, sha, without_anchor
from wizard import self_start
from wizard.change import watch
from wizard.change.context import Ports
from wizard.change.events import APPLIED, NO_CHANGE, REFUSED, ROLLED_BACK, STUCK
from wizard.change.plan import Plan
from wizard.change.rollback import stores_without
from wizard.change.store import Store
from wizard.errors import BusyError, ExitCode, RecoveryNeededError, WizardError
from wizard.host.machine import Machine
from wizard.secret import Secret

PORTS = "tests.support.fake_host:ports_for"
SECRETS = {"cacerts-password": Secret(PASSWORD), "keystore": Secret(PASSWORD)}
BASIS = Path(__file__).parents[2]


def start(scene: Scene, *, slow: float = 0.0, plan: Plan | None = None) -> watch.ChangeRun:
    if slow:
        scene.served.with_name("slow").write_text(str(slow))
    return watch.start(scene.machine, plan or scene.plan(), SECRETS, ports=PORTS)


def wait_for(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.02)


def worker(scene: Scene) -> int:
    holder = watch.running(scene.machine)
    assert holder is not None
    return holder.pid


def told(scene: Scene, run: watch.ChangeRun) -> list[str]:
    return [event.step for event in watch.events(scene.machine, run, follow=False)]


def test_applies_and_can_be_watched_afterwards(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    run = start(scene)
    states = [(event.step, event.state) for event in watch.events(scene.machine, run)]
    assert states[0] == ("change", "started")
    assert states[-1] == ("change", "done")
    assert ("keystore", "done") in states
    outcome = watch.outcome(scene.machine, run.id)
    assert (outcome.outcome, outcome.exit_code, outcome.steps["probe"]) == (APPLIED, ExitCode.DONE, "done")
    assert watch.running(scene.machine) is None
    again = start(scene)
    assert again.id == ""
    assert [event.outcome for event in watch.events(scene.machine, again)] == [NO_CHANGE]


def test_a_failing_proof_is_undone_and_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    old = scene.tree()
    run = start(scene, plan=scene.plan(keystore=b"CRASH"))
    outcome = watch.outcome(scene.machine, run)
    assert (outcome.outcome, outcome.exit_code) == (ROLLED_BACK, ExitCode.ROLLED_BACK)
    assert outcome.failure is not None
    assert outcome.failure.code == "service.crash-loop"
    assert outcome.steps["keystore"] == "undone"
    assert scene.tree() == old


def test_hang_up_and_interrupt_do_not_stop_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    run = start(scene, slow=0.7)
    wait_for(lambda: "restart" in told(scene, run))
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        os.kill(worker(scene), number)
    assert os.getsid(worker(scene)) == worker(scene)
    assert watch.outcome(scene.machine, run).outcome == APPLIED


def test_term_stops_it_between_two_steps_and_undoes(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    old = scene.tree()
    run = start(scene, slow=0.7)
    wait_for(lambda: "restart" in told(scene, run))
    os.kill(worker(scene), signal.SIGTERM)
    outcome = watch.outcome(scene.machine, run)
    assert outcome.outcome == ROLLED_BACK
    assert outcome.failure is not None
    assert outcome.failure.code == "change.stopped"
    assert scene.tree() == old


def test_it_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    scene.served.with_name("slow").write_text("0.7")
    text = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.support.fake_host import Scene\n"
        "from tests.crash.test_worker import start\n"
        "print(start(Scene(Path(sys.argv[1]))).id, flush=True)\n"
        "time.sleep(60)\n"
    )
    face = subprocess.Popen(
        [sys.executable, "-c", text, str(tmp_path)], stdout=subprocess.PIPE, cwd=BASIS, start_new_session=True
    )
    assert face.stdout is not None
    change = face.stdout.readline().decode().strip()
    os.killpg(face.pid, signal.SIGKILL)
    face.wait()
    face.stdout.close()
    assert watch.outcome(scene.machine, change).outcome == APPLIED


STARTER = """
import os, sys, time
from pathlib import Path
from tests.support.fake_host import Scene
from tests.crash.test_worker import start
os.dup2(1, 77)
print(start(Scene(Path(sys.argv[1]))).id, flush=True)
time.sleep(60)
"""


def test_it_keeps_nothing_of_its_starter(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    scene.served.with_name("slow").write_text("0.7")
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=BASIS,
        env={**os.environ, "MINE": PASSWORD},
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        change = starter.stdout.readline().decode().strip()
        pid = worker(scene)
        proc = Path(f"/proc/{pid}")
        try:
            assert os.getsid(pid) == pid
            assert (proc / "cwd").readlink() == Path("/")
            assert self_start.WORKER.encode() in (proc / "cmdline").read_bytes().split(b"\0")
            opened = {}
            for entry in (proc / "fd").iterdir():
                with suppress(FileNotFoundError):  # it opens and closes files meanwhile
                    opened[entry.name] = str(entry.readlink())
            # A pipe of the starter that stayed open here would keep whoever reads it waiting.
            assert {name for name, place in opened.items() if place.startswith("pipe:")} <= {"0"}
            assert opened["1"] == opened["2"] == os.devnull
            assert PASSWORD.encode() not in (proc / "environ").read_bytes()
        finally:
            os.killpg(starter.pid, signal.SIGKILL)
    assert watch.outcome(scene.machine, change).outcome == APPLIED


def test_two_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    plan = scene.plan()
    run = start(scene, slow=0.7)
    with pytest.raises(BusyError) as refused:
        start(scene, plan=plan)
    assert refused.value.exit_code == ExitCode.BUSY
    assert f"process {worker(scene)} of " in refused.value.message
    assert run.id in refused.value.message
    assert watch.outcome(scene.machine, run).outcome == APPLIED
    assert len(Store(scene.machine.state_dir).changes()) == 1


def test_killed_worker_is_told_and_recovered(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    old = scene.tree()
    run = start(scene, slow=30)
    wait_for(lambda: "restart" in told(scene, run))
    assert scene.tree() != old
    os.kill(worker(scene), signal.SIGKILL)
    outcome = watch.outcome(scene.machine, run)
    assert outcome.outcome == STUCK
    scene.served.with_name("slow").unlink()
    with pytest.raises(RecoveryNeededError) as refused:
        watch.start_rollback(scene.machine, None, SECRETS, ports=PORTS)
    assert refused.value.code == "change.interrupted"
    again = watch.start_recover(scene.machine, "auto", SECRETS, ports=PORTS)
    assert (again.id, again.offset > 0) == (run.id, True)
    assert watch.outcome(scene.machine, again).outcome == ROLLED_BACK
    assert scene.tree() == old


def test_rollback_in_the_worker(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    old = scene.tree()
    assert watch.outcome(scene.machine, start(scene)).outcome == APPLIED
    run = watch.start_rollback(scene.machine, None, SECRETS, ports=PORTS)
    assert watch.outcome(scene.machine, run).outcome == APPLIED
    assert scene.tree() == old
    with pytest.raises(WizardError) as refused:
        watch.start_rollback(scene.machine, None, SECRETS, ports=PORTS)
    assert refused.value.code == "change.nothing-to-roll-back"


def test_rollback_in_the_worker_of_a_trust_store_that_others_changed(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    assert watch.outcome(scene.machine, start(scene)).outcome == APPLIED
    real = scene.machine.real(PurePosixPath("/etc/ssl/cacerts"))
    old = real.read_bytes()
    real.write_bytes(old + f"other {sha(b'other')}\n".encode())
    manifest = Store(scene.machine.state_dir).find("1").manifest()
    without = stores_without(scene.machine, manifest, without_anchor)
    run = watch.start_rollback(scene.machine, None, SECRETS, without=without, ports=PORTS)
    assert watch.outcome(scene.machine, run).outcome == APPLIED
    assert [line.split()[0] for line in real.read_text().splitlines()] == ["first", "other"]


def test_no_secret_leaves_the_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in argv, environment or open files of the worker, nor in journal, events and manifest."""
    monkeypatch.setenv("GATEWAY_PFX_PASSWORD", PASSWORD)
    scene = Scene(tmp_path).build()
    scene.journal = (f"the password {PASSWORD} is wrong",)
    run = start(scene, slow=0.7)
    wait_for(lambda: "restart" in told(scene, run))
    process = Path("/proc") / str(worker(scene))
    for name in ("cmdline", "environ"):
        assert PASSWORD.encode() not in (process / name).read_bytes()
    assert watch.outcome(scene.machine, run).outcome == APPLIED
    files = [path for path in scene.machine.state_dir.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        # The copy of the settings holds what the settings hold.
        copy = (path.parent.name, path.name) == ("staged", "conf")
        assert (PASSWORD.encode() in path.read_bytes()) is copy, path
        assert path.stat().st_mode & 0o077 == 0, path
    assert scene.machine.state_dir.stat().st_mode & 0o777 == 0o700


def test_the_state_folder_is_lost_while_it_runs(tmp_path: Path) -> None:
    """Whatever the journal can no longer say: the files go back, and the exit code asks for somebody to look."""
    scene = Scene(tmp_path).build()
    run = start(scene, slow=1.0, plan=scene.plan(keystore=b"CRASH"))
    wait_for(lambda: "restart" in told(scene, run))
    pid = worker(scene)
    scene.machine.state_dir.rename(tmp_path / "lost")
    wait_for(lambda: not Path(f"/proc/{pid}/exe").exists() or _is_zombie(pid))
    with pytest.raises(WizardError) as refused:
        watch.outcome(scene.machine, run)
    assert refused.value.code == "change.unknown"
    assert "state folder is lost" in refused.value.hint


def ports_that_die(machine: Machine) -> Ports:
    """As `ports_for`; the question for Java, which comes before anything is touched, is the end of the process."""
    return replace(ports_for(machine), java=lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_a_worker_that_is_killed_before_it_is_armed_changed_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    old = scene.tree()
    run = watch.start(scene.machine, scene.plan(), SECRETS, ports="tests.crash.test_worker:ports_that_die")
    outcome = watch.outcome(scene.machine, run)
    assert (outcome.outcome, outcome.exit_code) == (REFUSED, ExitCode.UNUSABLE)
    assert outcome.failure is not None
    assert outcome.failure.message.startswith("Nothing was changed: the process for change 0001-")
    assert scene.tree() == old
    assert watch.outcome(scene.machine, start(scene)).outcome == APPLIED


FULL = """
import json, os, subprocess, sys
from pathlib import Path
from tests.crash import test_worker
from tests.support.fake_host import Scene
scene = Scene(Path(sys.argv[1]))
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "none", scene.machine.state_dir], check=True)
if sys.argv[2] == "before":
    test_worker.fill(scene.machine.state_dir, int(sys.argv[3]))
run = test_worker.watch.start(
    scene.machine, scene.plan(keystore=b"CRASH"), test_worker.SECRETS, ports=f"tests.crash.test_worker:{sys.argv[4]}"
)
print(json.dumps(test_worker.watch.outcome(scene.machine, run).as_json()))
"""


def fill(folder: Path, left: int) -> None:
    """Take all room of the file system of *folder* but *left* bytes, which are whole blocks."""
    free = os.statvfs(folder)
    with (folder / "filler").open("wb") as stream:
        stream.write(bytes(free.f_bavail * free.f_bsize - left))


def ports_that_fill(machine: Machine) -> Ports:
    """As `ports_for`; at the restart the state disk is full, and the process ends without another word."""
    ports = ports_for(machine)

    def restart(timeout_s: float, say: Callable[[str], None]) -> None:
        say(f"{timeout_s:g} s are allowed")
        fill(machine.state_dir, 0)
        os.kill(os.getpid(), signal.SIGKILL)

    ports.service.restart = restart  # type: ignore[method-assign]
    return ports


@pytest.mark.parametrize(
    ("when", "left", "ports"),
    [
        ("before", 0, "ports_for"),
        pytest.param("before", 8192, "ports_for", marks=exhaustive),
        ("at the restart", 0, "ports_that_fill"),
    ],
)
def test_a_state_disk_that_is_really_full_is_named(tmp_path: Path, when: str, left: int, ports: str) -> None:
    """A file system of its own, which is gone with the process."""
    scene = Scene(tmp_path).build()
    scene.machine.state_dir.mkdir()
    old = scene.tree()
    words = [sys.executable, "-c", FULL, str(tmp_path), when, str(left), ports]
    own = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    done = subprocess.run([*own, *words], capture_output=True, text=True, cwd=BASIS, check=True)
    told = json.loads(done.stdout)
    assert f"mounted at {scene.machine.state_dir}" in told["error"]["message"]
    assert "Free space " in told["error"]["hint"]
    if when == "before":
        assert told["outcome"] == REFUSED
        assert told["error"]["message"].startswith("Nothing was changed")
        assert scene.tree() == old
    else:
        assert told["outcome"] == STUCK
        assert "ended from outside" not in told["error"]["message"]
        assert "recover --keep" in told["error"]["hint"]


def _is_zombie(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
