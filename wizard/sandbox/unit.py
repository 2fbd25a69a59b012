"""The stand-ins for systemctl and journalctl: the verbs that an operator and the wizard use, on the practice unit."""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable

from wizard.sandbox.supervisor import JOURNAL, STATE, alive, own_command, package_folder, read_state
from wizard.sandbox.unitfile import UNIT, WANTED, Unit

_TAKES_VALUE = {"-p", "--property", "-n", "--lines", "-o", "--output", "-u", "--unit", "-t", "--type", "-S", "--since"}
_START_S = 10.0


def systemctl(root: str, arguments: list[str]) -> int:
    """Do what `systemctl ARGUMENTS` would; returns its exit code (systemctl(1))."""
    words, options = _split(arguments)
    verb = words[0] if words else "status"
    name = (words[1] if len(words) > 1 else UNIT).removesuffix(".service")
    unit = Unit(root)
    if name != UNIT:
        unit.load, unit.settings = "not-found", {}
    if verb == "show":
        return _show(root, unit, name, options)
    if verb in {"daemon-reload", "enable", "disable"}:
        return 0
    if unit.load == "not-found":
        _say(f"Unit {name}.service could not be found.", error=True)
        return 4 if verb in {"status", "is-active"} else 5
    if verb in {"mask", "unmask"}:
        return _mask(root, on=verb == "mask")
    if verb == "is-enabled":
        _say("masked" if unit.load == "masked" else "enabled")
        return int(unit.load == "masked")
    if verb in {"is-active", "is-failed", "status"}:
        return _state_word(root, verb)
    if verb == "reset-failed":
        return 0
    if verb not in {"start", "stop", "restart", "try-restart"}:
        _say(f"Unknown command verb {verb}.", error=True)
        return 1
    if unit.load == "bad-setting" and verb != "stop":
        _say(f"Failed to {verb} {name}.service: Unit {name}.service has a bad unit file setting.", error=True)
        return 1
    if unit.load == "masked" and verb != "stop":
        _say(f"Failed to {verb} {name}.service: Unit {name}.service is masked.", error=True)
        return 1
    return _later(root, verb) if "--no-block" in options else _act(root, verb)


def journalctl(root: str, arguments: list[str]) -> int:
    """Print the last lines of the practice journal; `-n` is understood, every output form is that of `-o cat`."""
    words, options = _split(arguments)
    short = next((word[2:] for word in arguments if word.startswith("-n") and word[2:].isdigit()), "")
    text = short or options.get("-n") or options.get("--lines") or "1000000"
    name = (options.get("-u") or options.get("--unit") or UNIT).removesuffix(".service")
    if name != UNIT or words:
        return 0
    try:
        with open(os.path.join(root, JOURNAL), encoding="utf-8", errors="replace") as stream:  # noqa: PTH118, PTH123 - as in unitfile
            lines = stream.read().splitlines()
    except OSError:
        lines = []
    for line in lines[-int(text) :] if text.isdigit() and int(text) else []:
        _say(line)
    return 0


def _say(text: str, *, error: bool = False) -> None:
    (sys.stderr if error else sys.stdout).write(text + "\n")


def _split(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    options: dict[str, str] = {}
    waiting = iter(arguments)
    for word in waiting:
        if word.startswith("--") and "=" in word:
            key, _, value = word.partition("=")
            options[key] = value
        elif word in _TAKES_VALUE:
            options[word] = next(waiting, "")
        elif word.startswith("-"):
            options[word] = ""
        else:
            words.append(word)
    return words, options


def _show(root: str, unit: Unit, name: str, options: dict[str, str]) -> int:
    state = read_state(root) if unit.load != "not-found" else {}
    told = {
        "Type": unit.settings.get("Type", "simple"),
        "Restart": unit.settings.get("Restart", "no"),
        "MainPID": state.get("MainPID", "0"),
        "NRestarts": state.get("NRestarts", "0"),
        "Result": state.get("Result", "success"),
        "ExecMainStartTimestamp": "",
        "ExecMainStartTimestampMonotonic": state.get("ExecMainStartTimestampMonotonic", "0"),
        "ExecMainStatus": state.get("ExecMainStatus", "0"),
        "Environment": " ".join(f"{key}={value}" for key, value in unit.environment.items()),
        "EnvironmentFiles": unit.settings.get("EnvironmentFile", ""),
        "User": unit.settings.get("User", ""),
        "Group": unit.settings.get("Group", ""),
        "Id": f"{name}.service",
        "LoadState": unit.load,
        "ActiveState": state.get("ActiveState", "inactive"),
        "SubState": state.get("SubState", "dead"),
        "FragmentPath": unit.path if unit.load in {"loaded", "bad-setting"} else "",
        "UnitFileState": {"loaded": "enabled", "masked": "masked"}.get(unit.load, ""),
        "DropInPaths": "",
        "NeedDaemonReload": "no",
        "InvocationID": state.get("InvocationID", ""),
    }
    wanted = [key for key in (options.get("-p") or options.get("--property") or "").split(",") if key]
    for key, value in told.items():
        if not wanted or key in wanted:
            _say(value if "--value" in options else f"{key}={value}")
    return 0


def _state_word(root: str, verb: str) -> int:
    state = read_state(root)
    word = state.get("ActiveState", "inactive")
    if verb == "status":
        _say(f"* {UNIT}.service - Practice primary server\n   Active: {word} ({state.get('SubState', 'dead')})")
        journalctl(root, ["-n", "10"])
    else:
        _say(word)
    if verb == "is-failed":
        return 0 if word == "failed" else 1
    return 0 if word == "active" else 3


def _mask(root: str, *, on: bool) -> int:
    path = os.path.join(root, Unit(root).path.lstrip("/"))  # noqa: PTH118 - as in unitfile
    kept = path + ".kept"
    if on:
        os.replace(path, kept)  # noqa: PTH105 - as in unitfile
        os.symlink(os.devnull, path)  # noqa: PTH211 - as in unitfile
    elif os.path.exists(kept):  # noqa: PTH110 - as in unitfile
        os.replace(kept, path)  # noqa: PTH105 - as in unitfile
    return 0


def _later(root: str, verb: str) -> int:
    """Queue the job, as `--no-block` does: another process carries it out."""
    _spawn([*_self_command(), root, "systemctl", verb, UNIT])
    return 0


def _act(root: str, verb: str) -> int:
    with open(os.path.join(root, "run/jobs.lock"), "w", encoding="ascii") as lock:  # noqa: PTH118, PTH123 - as in unitfile
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = int(read_state(root).get("Supervisor", "0"))
        if verb == "try-restart" and not running:
            return 0
        if verb == "start" and running:
            return 0
        if running:
            os.kill(running, signal.SIGTERM)
            _until(lambda: not alive(running))
        if verb == "stop":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(root, WANTED))  # noqa: PTH108, PTH118 - as in unitfile
            return 0
        path = os.path.join(root, STATE)  # noqa: PTH118 - as in unitfile
        if os.path.exists(path):  # noqa: PTH110 - as in unitfile
            os.unlink(path)  # noqa: PTH108 - as in unitfile
        _spawn(own_command("supervise", root))
        # A service of type simple counts as started once its process exists.
        _until(lambda: os.path.exists(path))  # noqa: PTH110 - as in unitfile
        if not os.path.exists(path):  # noqa: PTH110 - as in unitfile
            _say(f"Job for {UNIT}.service failed.", error=True)
            return 1
    return 0


def _until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + _START_S
    while not done() and time.monotonic() < limit:
        time.sleep(0.005)


def _self_command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "sandbox", "stand-in"]
    return [sys.executable, "-B", "-S", "-m", "wizard.sandbox.unit"]


def _spawn(command: list[str]) -> None:
    """Start a process that belongs to nobody: in its own session, and reaped by init."""
    environment = {**os.environ, "PYTHONPATH": package_folder()}
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    child = os.fork()
    if child == 0:
        os.posix_spawn(command[0], command, environment, file_actions=null, setsid=True)
        os._exit(0)
    os.waitpid(child, 0)


def main(arguments: list[str]) -> int:
    """`DIR systemctl|journalctl ARGUMENTS`: what the two scripts of a deployment call."""
    root, program, *rest = [word for word in arguments if word != "--"]
    return systemctl(root, rest) if program == "systemctl" else journalctl(root, rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
