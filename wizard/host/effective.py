"""How the service's Java is started: read from the running process, the unit, and the files of the unit.

Options and variables of Java's start override application.conf. Every place is reported for the operator.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from wizard import codes
from wizard.configs import envfile, hocon, java_start
from wizard.configs.java_start import CONFIG_PLACES, READ_BY_SCRIPTS, JavaStart, Option
from wizard.errors import WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.host.systemd import UnitState, on_port, processes
from wizard.printable import printable, shell_words

_TRUST_STORE = "javax.net.ssl.trustStore"
_MOST = 256 * 1024
"""Bytes of a script or of an argument file that are read."""

_TOP = PurePosixPath("/")
_OPTION = re.compile(r"-D[A-Za-z][\w.-]*")


@dataclass(frozen=True, slots=True)
class Overruled:
    """Something outside application.conf that counts instead of it.

    Attributes:
        option: as it is written, without its value: `-Dconfig.file`, `CONFIG_FORCE_hcp_home`.
        value: what it is set to; may be a password.
        place: where it is set, for people: a line of a file, or a variable or the command line of a process.
    """

    option: str
    value: str = field(repr=False)
    place: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of Java, the one that happened or the one that would.

    Attributes:
        java: its options.
        pid: of the running process; 0 when this is what the unit says.
        certain: False for what a start script is given and may pass on or not.
        folder: in which it is started, logical.
    """

    java: JavaStart
    pid: int = 0
    certain: bool = True
    folder: PurePosixPath = _TOP


@dataclass(frozen=True, slots=True)
class Effective:
    """What is known of the start of the service's Java.

    Attributes:
        environment: of the service, as far as it is known; None when nothing of it is.
        starts: the running process first, then the unit.
        undetermined: what was seen where nobody can tell how Java is started; "" when it is known, or when there is
            nobody to ask.
        other_conf: what names another file than application.conf for the settings; None when nothing does.
        including: another file that is read in place of application.conf and includes it: its path and its text. What
            it sets itself may overrule application.conf.
        trust_store: that an option names in place of cacerts; "" when none does.
        files: logical paths of the files that can hold an option, those that count most first.
        machine: whose service it is.
    """

    environment: Mapping[str, str] | None = field(default=None, repr=False)
    starts: tuple[Start, ...] = ()
    undetermined: str = ""
    other_conf: Overruled | None = None
    including: tuple[PurePosixPath, hocon.Document] | None = None
    trust_store: str = ""
    files: tuple[str, ...] = ()
    machine: Machine = field(default_factory=Machine)

    def overruled(self, path: str) -> tuple[Overruled, ...]:
        """What wins over application.conf for the setting *path*, now and at the next start; empty when it counts."""
        keys = hocon.parse_path(path)
        options = [(start.java.overruling(keys), start) for start in self.starts if start.certain]
        found = [_named(option, start, self.files, self.machine) for option, start in options if option is not None]
        value = self.including[1].get(path) if self.including is not None else None
        if self.including is not None and value is not None and not value.source:
            found.append(Overruled(path, value.text, f"line {value.line} of {self.including[0]}"))
        return tuple(found)


def look(machine: Machine, unit: UnitState | None, port: int = 0) -> Effective:
    """Look at the running Java, then at the unit. Never raises.

    Args:
        machine: where the service is.
        unit: it; None when there is nobody to ask, then the process that listens on *port* is checked.
        port: TCP port of the primary, 0 when it is not known.
    """
    loaded = unit if unit is not None and unit.load == "loaded" else None
    given, unread = _unit_environment(machine, loaded) if loaded is not None else ({}, "")
    running = [start for pid in _pids(machine, loaded, port) if (start := _running(machine, pid)) is not None]
    environment = {**(_environ(running[0].pid) if running else {}), **given}
    files: tuple[str, ...] = ()
    undetermined = "" if running else unread
    starts = running
    if loaded is not None:
        words = _command(loaded, given)
        program = words[0] if words else ""
        folder = _TOP / (loaded.folder or "/")
        if PurePosixPath(program).name == "java":
            starts = [*running, Start(java_start.parse(words, given, _reader(machine, folder)), folder=folder)]
        else:
            starts = [*running, *_by_script(words, given)]
            if not running:
                undetermined = _seen(machine, program, words, given)
        files = (*reversed(loaded.environment_files), *reversed(loaded.drop_ins), loaded.fragment, loaded.source)
        files = tuple(path for path in (*files, program) if path.startswith("/"))
    other, including = _other_conf(machine, starts, files, environment)
    return Effective(
        environment if loaded is not None or running else None,
        tuple(starts),
        undetermined,
        other,
        including,
        _trust_store(machine, starts),
        files,
        machine,
    )


def _unit_environment(machine: Machine, unit: UnitState) -> tuple[dict[str, str], str]:
    """`Environment=`, then the environment files, of which the last one wins; and which file could not be read."""
    known, unread = dict(unit.environment), ""
    for path in unit.environment_files:
        try:
            document = envfile.parse(read_input(machine.real(path)))
        except WizardError as error:
            if error.code != codes.FILE_MISSING.code:
                unread = printable(f"{path} cannot be read", limit=300)
            continue
        known |= {name: value.text for name in document.names if (value := document.get(name)) is not None}
    return known, unread


def _pids(machine: Machine, unit: UnitState | None, port: int) -> list[int]:
    if unit is not None:
        return processes(unit)
    # Below another root the ports of this machine are somebody else's.
    if not port or str(machine.root) != "/":
        return []
    return [each.pid for each in on_port(port) if each.pid is not None]


def _running(machine: Machine, pid: int) -> Start | None:
    """The options of process *pid*; None when it is no Java, or this account may not see it."""
    argv = _nul_separated(pid, "cmdline")
    if not argv or not (PurePosixPath(argv[0]).name == "java" or _has_jvm(pid)):
        return None
    folder = _TOP
    with contextlib.suppress(OSError):
        folder = machine.logical(Path(f"/proc/{pid}/cwd").readlink())
    return Start(java_start.parse(argv, _environ(pid), _reader(machine, folder)), pid, folder=folder)


def _has_jvm(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/maps").open(encoding="utf-8", errors="replace") as lines:
            return any("/libjvm.so" in line for line in lines)  # an upgrade marks it as deleted
    except OSError:
        return False


def _environ(pid: int) -> dict[str, str]:
    return dict(word.split("=", 1) for word in _nul_separated(pid, "environ") if "=" in word)


def _nul_separated(pid: int, name: str) -> list[str]:
    try:
        data = Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return []
    return data.decode("utf-8", errors="replace").removesuffix("\0").split("\0") if data else []


def _reader(machine: Machine, folder: PurePosixPath) -> java_start.Reader:
    return lambda name: _text(machine, str(folder / name))


def _text(machine: Machine, path: str) -> str | None:
    """The first part of a text file; None when it is no plain file, or cannot be read."""
    try:
        real = machine.real(path)
        if not os.path.isfile(real):
            return None
        with real.open("rb") as stream:
            return stream.read(_MOST).decode("utf-8", errors="replace")
    except (OSError, ValueError):
        return None


def _command(unit: UnitState, environment: Mapping[str, str]) -> list[str]:
    """The words of `ExecStart=`; of several commands the one that starts Java, else the last."""
    commands = [found[1] for line in unit.command.splitlines() if (found := re.search(r"argv\[\]=(.*?)(?: ;|$)", line))]
    split = [java_start.expanded(shell_words(text) or text.split(), environment) for text in commands]
    java = [words for words in split if words and PurePosixPath(words[0]).name == "java"]
    return [*split, *java][-1] if split else []


def _by_script(words: list[str], environment: Mapping[str, str]) -> list[Start]:
    """What Java reads by itself, whatever a script does, and what scripts usually pass on."""

    def unread(_: str) -> None:
        return None

    passed_on = [word for name in READ_BY_SCRIPTS for word in java_start.split(environment.get(name, ""))]
    likely = ["java", *(word for word in words if word.startswith("-D")), *passed_on]
    return [
        Start(java_start.parse([], environment, unread)),
        Start(java_start.parse(likely, {}, unread), certain=False),
    ]


def _seen(machine: Machine, program: str, words: list[str], environment: Mapping[str, str]) -> str:
    """What is known of a start that is not Java's own command line."""
    if not program:
        return "the unit has no ExecStart"
    text = _text(machine, program) or ""
    what = "a script" if text.startswith("#!") else "not Java itself"
    options = _OPTION.findall(" ".join((*words[1:], *(environment.get(name, "") for name in READ_BY_SCRIPTS))))
    named = dict.fromkeys([*options, *(_OPTION.findall(text) if what == "a script" else [])])
    also = f", and {', '.join(list(named)[:4])} is seen there" if named else ""
    return printable(f"ExecStart runs {program}, which is {what}{also}", limit=300)


def _other_conf(
    machine: Machine, starts: list[Start], files: tuple[str, ...], environment: Mapping[str, str]
) -> tuple[Overruled | None, tuple[PurePosixPath, hocon.Document] | None]:
    """What names another file than application.conf, and that file instead when it includes application.conf."""
    for start in starts:
        for name in CONFIG_PLACES if start.certain else ():
            option = start.java.properties.get(name)
            if option is None or (
                name == "config.resource"  # the product's folder of settings is on its class path
                and PurePosixPath(option.value).name == machine.conf.name
            ):
                continue
            path = _file_of(name, option.value, start.folder)
            if path is not None and _same(machine, path):
                continue
            document = _including(machine, path, environment) if path is not None else None
            if path is None or document is None:
                return _named(option, start, files, machine), None
            return None, (path, document)
    return None, None


def _file_of(name: str, value: str, folder: PurePosixPath) -> PurePosixPath | None:
    """The file that such a property names; None when that is no file."""
    if name == "config.url":
        parts = urlsplit(value)
        value = unquote(parts.path) if parts.scheme == "file" else ""
    return folder / value if value and name != "config.resource" else None


def _same(machine: Machine, path: PurePosixPath) -> bool:
    """Whether *path* leads to application.conf."""
    try:
        return machine.real(path).samefile(machine.real(machine.conf))
    except (OSError, ValueError):
        return os.path.normpath(path) == str(machine.conf)


def _including(machine: Machine, path: PurePosixPath, environment: Mapping[str, str]) -> hocon.Document | None:
    """The file at *path* when it includes application.conf; None otherwise, or when it cannot be read."""
    included = False

    def include(kind: str, name: str) -> bytes | None:
        nonlocal included
        if kind not in {"file", "heuristic"}:
            return None
        included |= _same(machine, path.parent / name)
        try:
            return read_input(machine.real(path.parent / name))
        except WizardError:
            return None

    try:
        document = hocon.parse(read_input(machine.real(path)), includes=include, environment=environment)
        notes = document.includes  # asking for them reads them
    except WizardError:
        return None
    return document if notes and included else None


def _trust_store(machine: Machine, starts: list[Start]) -> str:
    for start in starts:
        option = start.java.properties.get(_TRUST_STORE)
        if option is not None and option.value and PurePosixPath(option.value) != machine.cacerts:
            return printable(option.value, limit=300)
    return ""


def _named(option: Option, start: Start, files: tuple[str, ...], machine: Machine) -> Overruled:
    return Overruled(printable(option.name, limit=200), option.value, _place(option, start, files, machine))


def _place(option: Option, start: Start, files: tuple[str, ...], machine: Machine) -> str:
    """Where *option* is set: the line of a file, where one has it; else where the running process has it from."""
    whole = re.compile(rf"{re.escape(option.name)}(?![\w.-])")
    argument_file = (str(start.folder / option.source[1:]),) if option.source.startswith("@") else ()
    for path in (*argument_file, *files):
        for number, line in enumerate((_text(machine, path) or "").splitlines(), start=1):
            if whole.search(line) and not line.lstrip().startswith(("#", ";")):
                return printable(f"line {number} of {path}", limit=300)
    where = f"the variable {option.source}" if option.source else "the command line"
    return printable(f"{where} of {f'process {start.pid}' if start.pid else 'the service'}", limit=300)
