"""The stand-ins for systemctl and journalctl: the verbs that an operator and the wizard use, on the practice unit."""

import fcntl
import os
import sys
import time

from wizard import self_start
from wizard.sandbox.service import timer
from wizard.sandbox.service.records import (
    JOURNAL,
    RELOAD,
    RESET,
    RESTART,
    STATE,
    STOP,
    alive,
    read_record,
    read_state,
    write_record,
)
from wizard.sandbox.service.unit_file import UNIT, WANTED, Unit, enable, forget

TYPE_CHECKING = False  # as mypy knows it: collections.abc would be loaded for its sake
if TYPE_CHECKING:
    from collections.abc import Callable

_TAKES_VALUE = {"-p", "--property", "-n", "--lines", "-o", "--output", "-u", "--unit", "-t", "--type", "-S", "--since"}
_START_S = 10.0
JOB = "run/job"
"""Holds the process that carries out a job which nobody waits for."""


def systemctl(root: str, arguments: list[str]) -> int:  # noqa: C901 - in the order in which systemctl checks
    """Do what `systemctl ARGUMENTS` would; returns its exit code (systemctl(1), and measured with systemd 252)."""
    words, options = _split(arguments)
    verb = words[0] if words else "status"
    if verb == "daemon-reload":
        return _reload(root)
    name = (words[1] if len(words) > 1 else UNIT).removesuffix(".service")
    unit = Unit(root, name, loaded=True)
    if verb == "show":
        return _show(root, unit, options)
    if verb in {"is-active", "is-failed", "status"}:
        return _state_word(root, unit, name, verb)
    if verb == "is-enabled":
        if unit.load == "not-found":
            return _fail(f"Failed to get unit file state for {name}.service: No such file or directory")
        _say(unit.enabled)
        return int(unit.enabled in {"masked", "disabled"})
    if verb not in {"start", "stop", "restart", "try-restart", "reset-failed", "mask", "unmask", "enable", "disable"}:
        return _fail(f"Unknown command verb {verb}.")
    if os.geteuid() not in {0, os.stat(root).st_uid}:  # noqa: PTH116 - as in unitfile
        return _fail(f"Failed to {verb} {name}.service: Interactive authentication required.")
    if unit.load == "not-found":
        known = "not loaded" if verb in {"stop", "reset-failed"} else "not found"
        _fail(f"Failed to {verb} {name}.service: Unit {name}.service {known}.")
        return 1 if verb == "reset-failed" else 5
    if verb in {"mask", "unmask", "enable", "disable"}:
        return _change_file(root, verb)
    if verb == "reset-failed":
        return _reset(root)
    needed, there = unit.requirement(root)
    if verb != "stop" and unit.load in {"bad-setting", "masked"}:
        why = "is masked" if unit.load == "masked" else "has a bad unit file setting"
        return _fail(f"Failed to {verb} {name}.service: Unit {name}.service {why}.")
    if verb != "stop" and not there:
        _fail(f"Failed to {verb} {name}.service: Unit {needed} not found.")
        return 5
    return _job(root, verb, wait="--no-block" not in options)


def timers(root: str, arguments: list[str]) -> int:
    """The same for `systemctl VERB NAME.timer`."""
    words, options = _split(arguments)
    code, lines = timer.systemctl(root, words[0], words[1], options)
    for line in lines:
        _say(line, error=code != 0)
    return code


def journalctl(root: str, arguments: list[str]) -> int:
    """Print the last lines of the practice journal; `-n` is understood, every output form is that of `-o cat`."""
    words, options = _split(arguments)
    short = next((word[2:] for word in arguments if word.startswith("-n") and word[2:].isdigit()), "")
    text = short or options.get("-n") or options.get("--lines") or "1000000"
    name = (options.get("-u") or options.get("--unit") or Unit(root, loaded=True).id).removesuffix(".service")
    if name != Unit(root, loaded=True).id or words:
        return 0  # the journal does not know an alias
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


def _fail(text: str) -> int:
    _say(text, error=True)
    return 1


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


def _show(root: str, unit: Unit, options: dict[str, str]) -> int:
    # Before the state: a job that ends in between would leave neither itself nor what it did.
    job = _pending(root)
    state = read_state(root) if unit.load != "not-found" else {}
    usable = unit.load == "loaded"
    settings = unit.settings if usable else {}
    user = settings.get("User", unit.id if settings.get("DynamicUser") == "yes" else "")
    zero = "MainPID NRestarts ExecMainStartTimestampMonotonic ExecMainStatus"
    zero += " ConditionTimestampMonotonic AssertTimestampMonotonic"
    first = {"Result": "success", "ActiveState": "inactive", "SubState": "dead", "InvocationID": ""}
    first |= {"ConditionResult": "no", "AssertResult": "no", **dict.fromkeys(zero.split(), "0")}
    properties = {
        **{key: state.get(key, value) for key, value in first.items()},
        **({"MainPID": "0"} if settings.get("GuessMainPID") == "no" else {}),
        "Type": settings.get("Type", "simple") if usable else "",
        "Restart": settings.get("Restart", "no"),
        "TimeoutStopUSec": _span(unit.seconds("TimeoutStopSec", 90.0)),
        "ExecMainStartTimestamp": "",
        "ExecStart": f"{{ path={settings['ExecStart'].split()[0]} ; argv[]={settings['ExecStart']} ; }}"
        if usable
        else None,
        "WorkingDirectory": settings.get("WorkingDirectory", ""),
        "ControlGroup": "",
        "Environment": " ".join(map(_quoted, unit.environment.items())) if usable else "",
        "EnvironmentFiles": [
            f"{path} (ignore_errors={'yes' if optional else 'no'})" for path, optional in unit.environment_files
        ],
        "User": user,
        "Group": settings.get("Group", ""),
        "DynamicUser": settings.get("DynamicUser", "no"),
        "Id": f"{unit.id}.service",
        "LoadState": unit.load,
        "LoadError": {
            "not-found": f'org.freedesktop.systemd1.NoSuchUnit "Unit {unit.id}.service not found."',
            "bad-setting": "org.freedesktop.systemd1.BadUnitSetting"
            f' "Unit {unit.id}.service has a bad unit file setting."',
        }.get(unit.load, ""),
        "FragmentPath": unit.path,
        "SourcePath": unit.unit.get("SourcePath", ""),
        "UnitFileState": unit.enabled,
        "DropInPaths": " ".join(unit.drop_ins),
        "NeedDaemonReload": "yes" if unit.needs_reload else "no",
        "Job": job,
    }
    wanted = [key for key in (options.get("-p") or options.get("--property") or "").split(",") if key]
    for key, value in properties.items():
        if not wanted or key in wanted:
            # A property without any value has no line at all.
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    _say(each if "--value" in options else f"{key}={each}")
    return 0


def _quoted(pair: tuple[str, str]) -> str:
    text = "=".join(pair)
    if not any(letter in text for letter in ' \t"\\'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _span(seconds: float) -> str:
    if seconds == float("inf"):
        return "infinity"
    minutes, rest = divmod(seconds, 60)
    return " ".join([f"{minutes:.0f}min"] * bool(minutes) + [f"{rest:g}s"] * bool(rest)) or "0"


def _state_word(root: str, unit: Unit, name: str, verb: str) -> int:
    state = read_state(root) if unit.load != "not-found" else {}
    word = state.get("ActiveState", "inactive")
    if verb == "status":
        if unit.load == "not-found":
            _fail(f"Unit {name}.service could not be found.")
            return 4
        _say(f"* {unit.id}.service - Practice primary server\n   Active: {word} ({state.get('SubState', 'dead')})")
        journalctl(root, ["-n", "10"])
    else:
        _say(word)
    if verb == "is-failed":
        return 0 if word == "failed" else 1
    return 0 if word == "active" else 3


def _change_file(root: str, verb: str) -> int:
    """Mask, unmask, enable, disable; systemctl has systemd read the unit files again after each."""
    path = os.path.join(root, Unit(root).path.lstrip("/"))  # noqa: PTH118 - as in unitfile
    kept = path + ".kept"
    if verb == "mask":
        os.replace(path, kept)  # noqa: PTH105 - as in unitfile
        os.symlink(os.devnull, path)  # noqa: PTH211 - as in unitfile
    elif verb == "unmask" and os.path.exists(kept):
        os.replace(kept, path)  # noqa: PTH105 - as in unitfile
    elif verb in {"enable", "disable"}:
        enable(root, on=verb == "enable")
    forget(root)
    return 0


def _reload(root: str) -> int:
    """Have the unit files read again, also by the supervisor."""
    forget(root)
    if running := int(read_state(root).get("Supervisor", "0")):
        _tell(running, RELOAD)
    return 0


def _reset(root: str) -> int:
    """Forget failures and what was counted."""
    state = read_state(root)
    running = int(state.get("Supervisor", "0"))
    if running:
        _tell(running, RESET)
        _until(lambda: not alive(running) or read_state(root).get("Starts") == "")
    elif state:
        if state.get("ActiveState") == "failed":
            state |= {"ActiveState": "inactive", "SubState": "dead"}
        state |= {"Result": "success", "NRestarts": "0", "Kept": "0", "Starts": ""}
        write_record(root, STATE, state)
    return 0


def _job(root: str, verb: str, *, wait: bool) -> int:
    """Do *verb*, in a process of its own with `--no-block`; meanwhile `show` tells of a pending job."""
    if wait:
        return _act(root, verb)
    child = os.fork()
    if child == 0:
        worker = os.fork()
        if worker:
            # Known before the caller hears that the job is queued.
            write_record(root, JOB, {"pid": str(worker)})
            os._exit(0)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        code = 1
        try:
            code = _act(root, verb)
        finally:
            os._exit(code)
    os.waitpid(child, 0)
    return 0


def _pending(root: str) -> str:
    """The number of the pending job, "" when there is none."""
    pid = read_record(root, JOB).get("pid", "")
    return pid if pid and alive(int(pid)) else ""


def _act(root: str, verb: str) -> int:
    with open(os.path.join(root, "run/jobs.lock"), "w", encoding="ascii") as lock:  # noqa: PTH118, PTH123 - as in unitfile
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = read_state(root)
        running, turn = int(state.get("Supervisor", "0")), state.get("Turn")
        if verb == "try-restart" and not running:
            return 0
        if verb == "start" and running:
            return 0
        limit_s = Unit(root, loaded=True).seconds("TimeoutStopSec", 90.0) + _START_S
        if running:
            _tell(running, STOP if verb == "stop" else RESTART)
            _until(lambda: not alive(running) or read_state(root).get("Turn") != turn, limit_s)
        if verb == "stop":
            wanted = os.path.join(root, WANTED)  # noqa: PTH118 - as in unitfile
            if os.path.exists(wanted):
                os.unlink(wanted)  # noqa: PTH108 - as in unitfile
            return 0
        if read_state(root).get("Turn") == turn:
            _spawn(self_start.command(self_start.PRACTICE_SUPERVISOR, root))
            # A service of type simple counts as started once its process exists.
            _until(lambda: read_state(root).get("Turn") != turn)
        if read_state(root).get("Refused") in {"limit", "dependency", "assert"}:
            return _fail(f"Job for {UNIT}.service failed.")
    return 0


def _tell(supervisor: int, number: int) -> None:
    """Send a signal to the supervisor, which may have ended since its state was read."""
    try:  # noqa: SIM105 - contextlib would be loaded for its sake
        os.kill(supervisor, number)
    except ProcessLookupError:
        pass


def _until(done: "Callable[[], bool]", seconds: float = _START_S) -> None:
    limit = time.monotonic() + seconds
    while not done() and time.monotonic() < limit:
        time.sleep(0.005)


def _spawn(command: list[str]) -> None:
    """Start a process that belongs to nobody: in its own session, and reaped by init."""
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    child = os.fork()
    if child == 0:
        os.posix_spawn(command[0], command, os.environ, file_actions=null, setsid=True)
        os._exit(0)
    os.waitpid(child, 0)


def main(arguments: list[str]) -> int:
    """`DIR systemctl|journalctl ARGUMENTS`: what the two scripts of a deployment call."""
    root, program, *rest = [word for word in arguments if word != "--"]
    if program != "systemctl":
        return journalctl(root, rest)
    return timers(root, rest) if any(word.endswith(".timer") for word in rest[1:]) else systemctl(root, rest)
