"""The practice unit as the stand-in reads it: the few settings of a service unit that matter here.

Only the standard library, and little of it: `systemctl show` is asked often, so it must start fast.
"""

import json
import os
import re
import shlex

UNIT = "hcp-server"
_PATH = "etc/systemd/system/hcp-server.service"
_BEHAVIOUR = "etc/practice.json"
WANTED = "run/other-program"
"""While this file is there another program has the port of the primary, in a deployment with that fault."""


class Unit:
    """The unit file of the deployment in *root*, read now.

    Attributes:
        load: `loaded`, `masked`, `bad-setting` or `not-found`, as systemd's LoadState.
        settings: of the `[Service]` section; a key given twice keeps its last value, `Environment` collects.
        environment: what `Environment=` sets.
        path: of the unit file, as inside the deployment.
    """

    def __init__(self, root: str) -> None:
        self.path = "/" + _PATH
        self.settings: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        real = os.path.join(root, _PATH)  # noqa: PTH118 - pathlib would double the start-up time
        if os.path.islink(real) and os.readlink(real) == os.devnull:  # noqa: PTH114, PTH115 - likewise
            self.load = "masked"
            return
        try:
            with open(real, encoding="utf-8") as stream:  # noqa: PTH123 - likewise
                self._parse(stream.read())
        except OSError:
            self.load = "not-found"
        else:
            # systemd refuses a service that says nothing about what to start.
            self.load = "loaded" if self.settings.get("ExecStart") else "bad-setting"

    def _parse(self, text: str) -> None:
        for line in text.splitlines():
            key, equals, value = line.partition("=")
            if not equals or line.startswith(("#", ";")):
                continue
            self.settings[key.strip()] = value.strip()
            if key.strip() == "Environment":
                pairs = [word.partition("=") for word in shlex.split(value)]
                self.environment |= {name: text for name, _, text in pairs}

    def user_known(self, root: str) -> bool:
        """Whether the account of `User=` stands in the deployment's own table."""
        user = self.settings.get("User", "root")
        try:
            with open(os.path.join(root, "etc/passwd"), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
                return any(line.startswith(user + ":") for line in stream)
        except OSError:
            return user == "root"

    def seconds(self, key: str, default: float) -> float:
        """A time span such as `100ms`, `5` or `2min` in seconds (systemd.time(7), single units only)."""
        found = re.fullmatch(r"([\d.]+)\s*(ms|s|sec|min)?", self.settings.get(key, ""))
        if not found:
            return default
        return float(found[1]) * {"ms": 0.001, "min": 60.0}.get(found[2] or "s", 1.0)

    def number(self, key: str, default: int) -> int:
        """A whole number."""
        text = self.settings.get(key, "")
        return int(text) if text.isdigit() else default


def behaviour(root: str) -> dict[str, float]:
    """What a fault makes the service do.

    `start_delay` seconds, `die_after` and `quit_after` seconds, `squatter` 1, `stale` 1.
    """
    try:
        with open(os.path.join(root, _BEHAVIOUR), encoding="utf-8") as stream:  # noqa: PTH118, PTH123 - as above
            told = json.load(stream)
    except (OSError, ValueError):
        return {}
    return {str(name): float(value) for name, value in told.items()}
