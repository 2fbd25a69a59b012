"""Stands in for systemd: keeps the practice primary running as its unit says, and writes down what happens.

One process per started deployment. It ends with `stop`, when its main process ends for good, and by itself when its
folder is gone; it never leaves the primary behind.
"""

import json
import os
import signal
import sys
import time
import uuid

from wizard.sandbox.unitfile import UNIT, WANTED, Unit, behaviour

STATE = "run/unit.json"
JOURNAL = "var/log/journal.log"
MARK = ".practice-deployment.json"
OWNER = "run/owner"
"""Holds the process id of the session that a temporary deployment lives for."""

_TICK_S = 1.0


def package_folder() -> str:
    """The folder that holds the package `wizard`, for PYTHONPATH."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - as in unitfile


def own_command(verb: str, root: str) -> list[str]:
    """The command line that runs `serve` or `supervise` for *root* with the interpreter at hand."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "sandbox", verb, root]
    flags = ["-B", "-S"] if verb == "supervise" else ["-B"]
    module = {"supervise": "wizard.sandbox.supervisor", "squat": "wizard.sandbox.squatter"}.get(
        verb, "wizard.sandbox.serve"
    )
    return [sys.executable, *flags, "-m", module, root]


def read_state(root: str) -> dict[str, str]:
    """What the supervisor wrote last; a supervisor that was killed leaves nothing running, and is told as such."""
    try:
        with open(os.path.join(root, STATE), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as in unitfile
            state: dict[str, str] = json.load(stream)
    except (OSError, ValueError):
        return {}
    pid = int(state.get("Supervisor", "0"))
    if pid and not alive(pid):
        state |= {"Supervisor": "0", "MainPID": "0", "ActiveState": "failed", "SubState": "failed", "Result": "signal"}
    return state


def alive(pid: int) -> bool:
    """Whether a process of this id runs and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:  # noqa: PTH123 - as in unitfile
            return stream.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


class Supervisor:
    """Runs one deployment's primary; see the module."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._unit = Unit(root)
        self._restarts = 0
        self._starts: list[float] = []
        self._state: dict[str, str] = {}

    def run(self) -> None:
        """Keep the primary running until it is stopped or gives up."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
        if behaviour(self._root).get("squatter"):
            with open(os.path.join(self._root, WANTED), "w", encoding="ascii"):  # noqa: PTH118, PTH123 - as in unitfile
                pass
            self._spawn("squat")
            time.sleep(0.3)  # the other program must have the port first
        self._log(f"Starting {UNIT}.service...")
        if not self._unit.user_known(self._root):
            self._log(f"{UNIT}.service: Failed to determine user credentials: No such process")
            self._log(f"{UNIT}.service: Main process exited, code=exited, status=217/USER")
            self._end("failed", "failed", "exit-code", ExecMainStatus=217)
            return
        while True:
            pid = self._spawn("serve")
            begun = time.monotonic()
            self._write(
                ActiveState="active",
                SubState="running",
                Result="success",
                MainPID=pid,
                InvocationID=uuid.uuid4().hex,
                ExecMainStartTimestampMonotonic=int(begun * 1e6),
                ExecMainStatus=0,
            )
            self._log(f"Started {UNIT}.service.")
            code = self._watch(pid)
            if code is None:
                return
            if not self._again(code, begun):
                return

    def _watch(self, pid: int) -> int | None:
        """Wait for the main process: its exit code, or None when it was stopped on purpose."""
        while True:
            got = signal.sigtimedwait([signal.SIGCHLD, signal.SIGTERM], _TICK_S)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                how = f"code=exited, status={code}" if code >= 0 else f"code=killed, status={-code}"
                self._log(f"{UNIT}.service: Main process exited, {how}")
                return code
            gone = self._gone()
            if gone or (got is not None and got.si_signo == signal.SIGTERM):
                self._stop(pid)
                return None

    def _gone(self) -> bool:
        """Whether the folder is gone, or the session that it was made for: then the folder goes too."""
        owner = self._owner()
        if owner and not alive(owner):
            import shutil  # noqa: PLC0415 - only in a session that was killed

            shutil.rmtree(self._root, ignore_errors=True)
        return not os.path.exists(os.path.join(self._root, MARK))  # noqa: PTH110, PTH118 - as in unitfile

    def _owner(self) -> int:
        try:
            with open(os.path.join(self._root, OWNER), encoding="ascii") as stream:  # noqa: PTH118, PTH123 - as above
                return int(stream.read())
        except (OSError, ValueError):
            return 0

    def _stop(self, pid: int) -> None:
        self._write(ActiveState="deactivating", SubState="stop-sigterm")
        os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + self._unit.seconds("TimeoutStopSec", 5.0)
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self._log(f"Stopped {UNIT}.service.")
        self._end("inactive", "dead", "success")

    def _again(self, code: int, begun: float) -> bool:
        """After an exit: whether systemd would start it again (systemd.service(5), `Restart=`)."""
        policy = self._unit.settings.get("Restart", "no")
        result = "success" if code == 0 else "exit-code" if code > 0 else "signal"
        self._state["ExecMainStatus"] = str(abs(code))
        if policy == "no" or (policy == "on-failure" and code == 0):
            if code:
                self._log(f"{UNIT}.service: Failed with result '{result}'.")
            self._end("failed" if code else "inactive", "failed" if code else "dead", result)
            return False
        self._starts = [*self._starts, begun][-100:]
        span, burst = self._unit.seconds("StartLimitIntervalSec", 10.0), self._unit.number("StartLimitBurst", 5)
        if span and len([start for start in self._starts if begun - start < span]) >= burst:
            self._log(f"{UNIT}.service: Start request repeated too quickly.")
            self._log(f"{UNIT}.service: Failed with result 'start-limit-hit'.")
            self._end("failed", "failed", "start-limit-hit")
            return False
        self._write(ActiveState="activating", SubState="auto-restart", Result=result, MainPID=0)
        if self._pause(self._unit.seconds("RestartSec", 0.1)):
            self._end("inactive", "dead", "success")
            return False
        self._restarts += 1
        self._log(f"{UNIT}.service: Scheduled restart job, restart counter is at {self._restarts}.")
        return True

    def _pause(self, seconds: float) -> bool:
        """Wait; True when it was told to stop meanwhile, or the folder is gone."""
        got = signal.sigtimedwait([signal.SIGTERM], seconds)
        return got is not None or self._gone()

    def _end(self, active: str, sub: str, result: str, **more: int) -> None:
        self._write(ActiveState=active, SubState=sub, Result=result, MainPID=0, **(more | {"Supervisor": 0}))

    def _spawn(self, verb: str) -> int:
        command = own_command(verb, self._root)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": package_folder(),
            "LC_ALL": "C.UTF-8",
            "PRACTICE_PARENT": str(os.getpid()),
            **self._unit.environment,
        }
        journal = os.path.join(self._root, JOURNAL)  # noqa: PTH118 - as in unitfile
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        return os.posix_spawn(command[0], command, environment, file_actions=actions, setsigmask=[])

    def _write(self, **changes: str | int) -> None:
        self._state |= {"Supervisor": str(os.getpid()), "NRestarts": str(self._restarts)}
        self._state |= {name: str(value) for name, value in changes.items()}
        path = os.path.join(self._root, STATE)  # noqa: PTH118 - as in unitfile
        try:
            with open(path + ".new", "w", encoding="utf-8") as stream:  # noqa: PTH123 - as in unitfile
                json.dump(self._state, stream)
            os.replace(path + ".new", path)  # noqa: PTH105 - as in unitfile
        except OSError:
            pass  # the folder is gone: nobody is left to read it

    def _log(self, text: str) -> None:
        try:
            with open(os.path.join(self._root, JOURNAL), "a", encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                stream.write(text + "\n")
        except OSError:
            pass  # likewise


def main(root: str) -> None:
    """Run the supervisor for the deployment in *root*, in this process."""
    Supervisor(root).run()


if __name__ == "__main__":
    main(sys.argv[1])
