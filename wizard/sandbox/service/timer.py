"""The timers of a practice deployment, as its systemctl handles them: they are never due."""

import os

_FOLDER = "etc/systemd/system"
_ENABLED = _FOLDER + "/timers.target.wants"
_CALENDAR = {"minutely", "hourly", "daily", "weekly", "monthly", "yearly"}


def systemctl(root: str, verb: str, name: str, options: dict[str, str]) -> tuple[int, list[str]]:
    """Do *verb* with the timer *name* of the deployment in *root*.

    Returns:
        The exit code, and the lines to print: to standard error unless the code is 0.
    """
    load = _load(root, name)
    if verb == "show":
        return 0, _properties(root, name, load, options)
    if os.geteuid() not in {0, os.stat(root).st_uid}:  # noqa: PTH116 - as in unitfile
        return 1, [f"Failed to {verb} {name}: Interactive authentication required."]
    link, started = _link(root, name), _mark(root, name)
    if verb in {"disable", "stop"}:
        if verb == "disable" or "--now" in options:
            _remove(link)
        if verb == "stop" or "--now" in options:
            _remove(started)
        return (0, []) if load == "loaded" else (1, [f"Failed to {verb} {name}: Unit {name} not loaded."])
    if verb not in {"enable", "start", "restart"}:
        return 1, [f"Unknown command verb {verb}."]
    if load != "loaded":
        why = "not found" if load == "not-found" else "has a bad unit file setting"
        return 5 if load == "not-found" else 1, [f"Failed to {verb} {name}: Unit {name} {why}."]
    if verb == "enable":
        os.makedirs(os.path.dirname(link), exist_ok=True)  # noqa: PTH103, PTH120 - as in unitfile
        _remove(link)
        os.symlink(f"/{_FOLDER}/{name}", link)  # noqa: PTH211 - as in unitfile
    if verb != "enable" or "--now" in options:
        with open(started, "w", encoding="ascii"):  # noqa: PTH123 - as in unitfile
            pass
    return 0, []


def _load(root: str, name: str) -> str:
    """Systemd's LoadState."""
    try:
        with open(os.path.join(root, _FOLDER, name), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as in unitfile
            lines = stream.read().splitlines()
    except OSError:
        return "not-found"
    # systemd loads a timer whose only time it cannot read as one without any, and that is a bad setting.
    return "loaded" if any(_is_time(line.partition("OnCalendar=")) for line in lines) else "bad-setting"


def _is_time(line: tuple[str, str, str]) -> bool:
    before, found, value = line
    return bool(found) and not before and (value in _CALENDAR or any(sign in "*0123456789" for sign in value))


def _properties(root: str, name: str, load: str, options: dict[str, str]) -> list[str]:
    active = os.path.exists(_mark(root, name))
    enabled = os.path.lexists(_link(root, name))
    properties = {
        "Id": name,
        "LoadState": load,
        "ActiveState": "active" if active else "inactive",
        "SubState": "waiting" if active else "dead",
        "Result": "success",
        "FragmentPath": "" if load == "not-found" else f"/{_FOLDER}/{name}",
        "UnitFileState": "" if load == "not-found" else "enabled" if enabled else "disabled",
        "NeedDaemonReload": "no",
    }
    wanted = [key for key in (options.get("-p") or options.get("--property") or "").split(",") if key]
    return [f"{key}={value}" for key, value in properties.items() if not wanted or key in wanted]


def _link(root: str, name: str) -> str:
    return os.path.join(root, _ENABLED, name)  # noqa: PTH118 - as in unitfile


def _mark(root: str, name: str) -> str:
    """Is there while the timer is started."""
    return os.path.join(root, "run", name)  # noqa: PTH118 - as in unitfile


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)  # noqa: PTH108 - as in unitfile
