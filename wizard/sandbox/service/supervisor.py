"""A substitute for systemd: run the practice primary as its unit says, and keep a journal.

One process per started deployment. It ends with `stop`, when its main process ends for good, and by itself when its
folder is gone; it never leaves the primary behind.
"""

import os
import signal
import time

from wizard import self_start
from wizard.sandbox.service.records import JOURNAL, RELOAD, RESET, RESTART, STATE, STOP, alive, read_state, write_record
from wizard.sandbox.service.unit_file import UNIT, WANTED, Unit

LOADS, RMTREE = "json:loads", "shutil:rmtree"
"""Loaded when they are needed: a supervisor is started for each practice server, and few need one of them."""
_BEHAVIOUR = "etc/practice.json"
MARK = ".practice-deployment.json"
OWNER = "run/owner"
"""Holds the process id of the session that a temporary deployment lives for."""

_TICK_S = 1.0
_BLOCKED_S = 20.0
"""The longest wait until the other program has the port."""
_QUICK_S = 0.05
"""A stop that is over by then shows no state of its own."""

_ASKED = {STOP: "stop", RESTART: "restart", RESET: "", RELOAD: ""}


def behaviour(root: str) -> dict[str, float]:
    """What a fault makes the service do.

    `start_delay`, `stop_delay`, `die_after` and `quit_after` seconds, `squatter` 1, `stale` 1.
    """
    try:
        with open(os.path.join(root, _BEHAVIOUR), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as in unitfile
            loaded = self_start.load(LOADS)(stream.read())
    except (OSError, ValueError):
        return {}
    return {str(name): float(value) for name, value in loaded.items()}


def _is_empty(path: str) -> bool:
    """Whether *path* is a file with nothing in it."""
    try:
        return os.stat(path).st_size == 0  # noqa: PTH116 - as in unitfile
    except OSError:
        return False


class Supervisor:
    """Runs one deployment's primary; see the module."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._unit = Unit(root, loaded=True)
        self._state = read_state(root)
        self._restarts = int(self._state.get("Kept", "0"))
        self._starts = [float(word) for word in self._state.get("Starts", "").split()]
        self._result = self._state.get("Result", "success")
        self._turn = int(self._state.get("Turn", "0"))

    def run(self) -> None:
        """Keep the primary running until it is stopped or gives up."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_ASKED})
        if behaviour(self._root).get("squatter"):
            wanted = os.path.join(self._root, WANTED)  # noqa: PTH118 - as in unitfile
            with open(wanted, "w", encoding="ascii"):  # noqa: PTH123 - as in unitfile
                pass
            self._spawn(self_start.PRACTICE_PORT_BLOCKER)
            limit = time.monotonic() + _BLOCKED_S
            while _is_empty(wanted) and time.monotonic() < limit:
                time.sleep(0.01)
        self._turn += 1
        while self._start():
            pid = int(self._state["MainPID"])
            asked = self._watch(pid)
            if asked:
                self._stop(pid)
                if asked == "stop":
                    self._end("inactive", "dead", "success")
                    return
                self._again("restart", 0)
            elif not self._ended():
                return

    def _start(self) -> bool:
        """Start the primary, unless something forbids it (systemd.unit(5))."""
        name = f"{UNIT}.service"
        needed, _ = self._unit.requirement(self._root)
        if needed:
            self._log(f"Dependency failed for {name}.")
            self._log(f"{name}: Job {name}/start failed with result 'dependency'.")
            return self._end("inactive", "dead", self._result, Refused="dependency")
        begun = time.monotonic()
        span, burst = self._unit.seconds("StartLimitIntervalSec", 10.0), self._unit.number("StartLimitBurst", 5)
        recent = [start for start in self._starts if begun - start < span]
        if span and len(recent) >= burst:
            result = "start-limit-hit" if self._result == "success" else self._result
            self._log(f"{name}: Start request repeated too quickly.")
            self._log(f"{name}: Failed with result '{result}'.")
            return self._end("failed", "failed", result, Refused="limit")
        self._starts = [*recent, begun][-100:]
        for kind in ("Condition", "Assert"):
            unmet = self._unit.unmet(self._root, kind)
            self._state |= {
                f"{kind}Result": "no" if unmet else "yes",
                f"{kind}TimestampMonotonic": f"{begun * 1e6:.0f}",
            }
            if unmet:
                self._log(f"{name} was skipped because of an unmet {kind.lower()} check ({unmet}).")
                return self._end("inactive", "dead", "success", Refused=kind.lower())
        self._log(f"Starting {name}...")
        if not self._unit.user_known(self._root):
            self._log(f"{name}: Failed to determine user credentials: No such process")
            self._log(f"{name}: Main process exited, code=exited, status=217/USER")
            return self._end("failed", "failed", "exit-code", ExecMainStatus=217)
        self._result = "success"
        self._write(
            ActiveState="active",
            SubState="running",
            Result="success",
            MainPID=self._spawn(self_start.PRACTICE_SERVER),
            InvocationID=os.urandom(16).hex(),
            ExecMainStartTimestampMonotonic=int(begun * 1e6),
            ExecMainStatus=0,
            Refused="",
        )
        self._log(f"Started {name}.")
        return True

    def _watch(self, pid: int) -> str:
        """Wait for the end of the main process; `stop` or `restart` when it shall be ended."""
        while True:
            asked = self._asked(_TICK_S)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                how = f"code=exited, status={code}" if code >= 0 else f"code=killed, status={-code}"
                self._log(f"{UNIT}.service: Main process exited, {how}")
                self._state["ExecMainStatus"] = str(abs(code))
                self._result = "success" if code == 0 else "exit-code" if code > 0 else "signal"
                return ""
            if asked or self._gone():
                return asked or "stop"

    def _asked(self, seconds: float) -> str:
        """Wait for a signal: `stop` and `restart` are for the caller, the count is reset and the unit read here."""
        got = signal.sigtimedwait({signal.SIGCHLD, *_ASKED}, seconds)
        if got is not None and got.si_signo == RESET:
            self._restarts, self._starts = 0, []
            self._write(Result="success")
        if got is not None and got.si_signo == RELOAD:
            self._unit = Unit(self._root, loaded=True)
        return _ASKED.get(got.si_signo, "") if got is not None else ""

    def _gone(self) -> bool:
        """Whether the folder is gone, or the session that it was made for: then the folder goes too."""
        owner = self._owner()
        if owner and not alive(owner):
            self_start.load(RMTREE)(self._root, ignore_errors=True)
        return not os.path.exists(os.path.join(self._root, MARK))  # noqa: PTH118 - as in unitfile

    def _owner(self) -> int:
        try:
            with open(os.path.join(self._root, OWNER), encoding="ascii") as stream:  # noqa: PTH118, PTH123 - as above
                return int(stream.read())
        except (OSError, ValueError):
            return 0

    def _stop(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)
        begun = time.monotonic()
        shown = False
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            waited = time.monotonic() - begun
            if waited > _QUICK_S and not shown:
                shown = True
                self._write(ActiveState="deactivating", SubState="stop-sigterm")
            if waited > self._unit.seconds("TimeoutStopSec", 90.0):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        self._log(f"Stopped {UNIT}.service.")

    def _ended(self) -> bool:
        """After an exit: whether systemd would start it again (systemd.service(5), `Restart=`)."""
        self._unit = Unit(self._root, loaded=True)
        policy = self._unit.settings.get("Restart", "no")
        failed = self._result != "success"
        if failed:
            self._log(f"{UNIT}.service: Failed with result '{self._result}'.")
        if policy == "no" or (policy == "on-failure" and not failed):
            word = "failed" if failed else "inactive"
            return self._end(word, "failed" if failed else "dead", self._result)
        self._write(ActiveState="activating", SubState="auto-restart", Result=self._result, MainPID=0)
        asked = self._pause()
        if asked == "stop":
            return self._end("inactive", "dead", self._result, Kept=self._restarts)
        if asked == "restart":
            return self._again("restart", self._restarts)
        self._log(f"{UNIT}.service: Scheduled restart job, restart counter is at {self._restarts + 1}.")
        return self._again("", self._restarts + 1)

    def _again(self, asked: str, restarts: int) -> bool:
        """Prepare the next start, with the unit as it was loaded last; one that was asked for is counted as such."""
        self._unit = Unit(self._root, loaded=True)
        self._restarts = restarts
        self._turn += bool(asked)
        return True

    def _pause(self) -> str:
        """Wait for `RestartSec=`, which a reload may change; `stop` or `restart` when that was asked for meanwhile."""
        begun = time.monotonic()
        while (left := begun + self._unit.seconds("RestartSec", 0.1) - time.monotonic()) > 0:
            asked = self._asked(left)
            if asked or self._gone():
                return asked or "stop"
        return ""

    def _end(self, active: str, sub: str, result: str, **more: str | int) -> bool:
        """Write the last state; False, because nothing goes on."""
        ending: dict[str, str | int] = {"Kept": 0, "Refused": "", **more, "Supervisor": 0}
        self._write(ActiveState=active, SubState=sub, Result=result, MainPID=0, **ending)
        return False

    def _spawn(self, name: str) -> int:
        command = self_start.command(name, self._root)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "PRACTICE_PARENT": str(os.getpid()),
            **self._unit.all_environment(self._root),
        }
        journal = os.path.join(self._root, JOURNAL)  # noqa: PTH118 - as in unitfile
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        return os.posix_spawn(command[0], command, environment, file_actions=actions, setsigmask=[])

    def _write(self, **changes: str | int) -> None:
        self._state |= {"Supervisor": str(os.getpid()), "NRestarts": str(self._restarts), "Turn": str(self._turn)}
        self._state["Starts"] = " ".join(f"{start:.3f}" for start in self._starts)
        self._state |= {name: str(value) for name, value in changes.items()}
        write_record(self._root, STATE, self._state)

    def _log(self, text: str) -> None:
        try:
            with open(os.path.join(self._root, JOURNAL), "a", encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                stream.write(text + "\n")
        except OSError:
            pass  # the folder is gone: nobody is left to read it


def main(arguments: list[str]) -> int:
    """Run the supervisor for the deployment in the folder that is the only argument, in this process."""
    Supervisor(arguments[0]).run()
    return 0
