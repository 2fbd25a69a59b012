"""The practice unit as the stand-in reads it: the few settings of a service unit that matter here.

Only the standard library, and little of it: `systemctl show` is asked often, so it must start fast.
"""

import os

from wizard.sandbox.service.records import read_record, write_record
from wizard.self_start import load

UNIT = "hcp-server"
_FOLDER = "etc/systemd/system"
_ENABLED = _FOLDER + "/multi-user.target.wants"
WANTED = "run/other-program"
"""While this file is there another program has the port of the primary, in a deployment with that fault."""
_SPLIT = "shlex:split"
"""For the few units that set variables; it would be a tenth of every call."""
_LOADED = "run/loaded"
"""What `daemon-reload` read: until the next one, changes on disk do not count."""

Files = dict[str, tuple[int, str]]
"""Path of a unit file or of a drop-in to its time of change in nanoseconds and its text."""


class Unit:
    """The unit of the deployment in *root*.

    Attributes:
        id: its own name, without `.service`; *name* may be an alias.
        load: `loaded`, `masked`, `bad-setting` or `not-found`, as systemd's LoadState.
        settings: of the `[Service]` section; a key given twice keeps its last value, `Environment` collects.
        unit: of the `[Unit]` section, likewise.
        environment: what `Environment=` sets.
        environment_files: path, and whether it may be missing.
        path: of the unit file, as inside the deployment; "" when there is none.
        drop_ins: paths of the files that add to it.
        enabled: `enabled`, `disabled`, `static` or `masked`, as systemd's UnitFileState.
        needs_reload: whether what is on disk is not what was loaded.
    """

    def __init__(self, root: str, name: str = UNIT, *, loaded: bool = False) -> None:
        """Read the unit file now; *loaded*: as `daemon-reload` or the first use found it."""
        self.id = _own_name(root, name)
        self.settings: dict[str, str] = {}
        self.unit: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.environment_files: list[tuple[str, bool]] = []
        ours = self.id == _own_name(root, UNIT)
        on_disk = _files(root, self.id) if ours else {}
        files = _kept(root, on_disk) if loaded and ours else on_disk
        self.needs_reload = files != on_disk
        first = next(iter(files), "")
        self.path = f"/{first}" if first else ""
        self.drop_ins = [f"/{path}" for path in list(files)[1:]]
        if not files:
            self.load, self.enabled = "not-found", ""
        elif not files[first][0]:
            self.load, self.enabled = "masked", "masked"
        else:
            installable = False
            for _, text in files.values():
                installable |= self._parse(text)
            # systemd refuses a service that says nothing about what to start.
            self.load = "loaded" if self.settings.get("ExecStart") else "bad-setting"
            wanted = os.path.lexists(os.path.join(root, _ENABLED, f"{self.id}.service"))  # noqa: PTH118 - pathlib would double the start-up time
            self.enabled = "enabled" if wanted else "disabled" if installable else "static"

    def _parse(self, text: str) -> bool:
        """Take over the settings; whether there is an `[Install]` section."""
        section, installable = "", False
        for line in text.splitlines():
            if line.startswith("["):
                section = line.strip().strip("[]")
                installable |= section == "Install"
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or line.startswith(("#", ";", "[")):
                continue
            if section == "Unit":
                self.unit[key] = value
            elif section == "Service":
                self.settings[key] = value
                if key == "Environment":
                    pairs = [word.partition("=") for word in load(_SPLIT)(value)]
                    self.environment |= {name: text for name, _, text in pairs}
                elif key == "EnvironmentFile":
                    self.environment_files.append((value.removeprefix("-"), value.startswith("-")))
        return installable

    def all_environment(self, root: str) -> dict[str, str]:
        """`Environment=`, then the files of `EnvironmentFile=`, of which the last one wins."""
        known = dict(self.environment)
        for path, _ in self.environment_files:
            try:
                with open(os.path.join(root, path.lstrip("/")), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                    pairs = [line.partition("=") for line in stream if "=" in line and not line.startswith(("#", ";"))]
            except OSError:
                continue
            known |= {name: " ".join(load(_SPLIT)(value)) for name, _, value in pairs}
        return known

    def user_known(self, root: str) -> bool:
        """Whether the deployment's own etc/passwd has the account of `User=`."""
        user = self.settings.get("User", "root")
        try:
            with open(os.path.join(root, "etc/passwd"), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                return any(line.startswith(user + ":") for line in stream)
        except OSError:
            return user == "root"

    def seconds(self, key: str, default: float) -> float:
        """A time span such as `100ms`, `5` or `2min` in seconds (systemd.time(7), single units only)."""
        # systemd ignores this one in [Service], where older versions had it under another name.
        text = (self.unit if key == "StartLimitIntervalSec" else self.settings).get(key, "")
        if text == "infinity":
            return float("inf")
        unit = next(each for each in ("ms", "sec", "s", "min", "") if text.endswith(each))
        try:
            return float(text.removesuffix(unit)) * {"ms": 0.001, "min": 60.0}.get(unit, 1.0)
        except ValueError:
            return default

    def number(self, key: str, default: int) -> int:
        """A whole number of either section: `StartLimitBurst` is known in both."""
        text = self.unit.get(key) or self.settings.get(key, "")
        return int(text) if text.isdigit() else default

    def unmet(self, root: str, kind: str) -> str:
        """The `ConditionPathExists=` or `AssertPathExists=` (by *kind*) that does not hold, "" when there is none."""
        wanted = self.unit.get(f"{kind}PathExists", "")
        path = wanted.removeprefix("!").lstrip("/")
        there = os.path.exists(os.path.join(root, path))  # noqa: PTH118 - as above
        return "" if not wanted or there != wanted.startswith("!") else f"{kind}PathExists={wanted}"

    def requirement(self, root: str) -> tuple[str, bool]:
        """The unit of `Requires=`, and whether it exists: there it is one that fails to start. ("", True): none."""
        name = self.unit.get("Requires", "")
        return name, not name or os.path.exists(os.path.join(root, _FOLDER, name))  # noqa: PTH118 - as above


def forget(root: str) -> None:
    """Have the next use read the unit file again, as `daemon-reload` does."""
    path = os.path.join(root, _LOADED)  # noqa: PTH118 - as above
    if os.path.exists(path):
        os.unlink(path)  # noqa: PTH108 - as above


def enable(root: str, *, on: bool) -> None:
    """Make or remove the link by which the unit starts with the machine."""
    name = f"{_own_name(root, UNIT)}.service"
    folder = os.path.join(root, _ENABLED)  # noqa: PTH118 - as above
    link = os.path.join(folder, name)  # noqa: PTH118 - as above
    if os.path.lexists(link):
        os.unlink(link)  # noqa: PTH108 - as above
    if on:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
        os.symlink(f"../{name}", link)  # noqa: PTH211 - as above


def _own_name(root: str, name: str) -> str:
    """A link to another unit file is an alias."""
    path = os.path.join(root, _FOLDER, f"{name}.service")  # noqa: PTH118 - as above
    for _ in range(5):
        if not os.path.islink(path) or os.readlink(path) == os.devnull:  # noqa: PTH114, PTH115 - as above
            break
        path = os.path.join(os.path.dirname(path), os.path.basename(os.readlink(path)))  # noqa: PTH115, PTH118, PTH119, PTH120 - as above
    return os.path.basename(path).removesuffix(".service")  # noqa: PTH119 - as above


def _files(root: str, name: str) -> Files:
    """What is on disk; a masked unit has the time 0."""
    path = f"{_FOLDER}/{name}.service"
    real = os.path.join(root, path)  # noqa: PTH118 - as above
    if os.path.islink(real):  # noqa: PTH114 - as above
        return {path: (0, "")}
    found: Files = {}
    try:
        drop_ins = sorted(each for each in os.listdir(f"{real}.d") if each.endswith(".conf"))  # noqa: PTH208 - as above
    except OSError:
        drop_ins = []
    for each in (path, *(f"{path}.d/{drop_in}" for drop_in in drop_ins)):
        try:
            with open(os.path.join(root, each), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                found[each] = (os.fstat(stream.fileno()).st_mtime_ns, stream.read())
        except OSError:
            break  # without the unit file its drop-ins are nothing
    return found


def _kept(root: str, on_disk: Files) -> Files:
    """What was loaded earlier, else what is on disk, which is then remembered."""
    kept = read_record(root, _LOADED)
    if kept:
        return {
            name: (int(moment), text) for name, (moment, _, text) in ((n, v.partition(" ")) for n, v in kept.items())
        }
    write_record(root, _LOADED, {name: f"{moment} {text}" for name, (moment, text) in on_disk.items()})
    return on_disk
