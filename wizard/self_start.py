"""How the program starts itself: installed, from a checkout, from a zip file, or frozen into one file.

The subcommands here are not for people: no help mentions them, and their arguments may change.
"""

import gc
import importlib
import os
import sys

TYPE_CHECKING = False  # as mypy knows it; loading typing takes a quarter of a call of the practice systemctl
if TYPE_CHECKING:
    from typing import Any

WORKER = "_worker"
PRACTICE_SYSTEMCTL = "_practice-systemctl"
PRACTICE_SUPERVISOR = "_practice-supervisor"
PRACTICE_SERVER = "_practice-server"
PRACTICE_PORT_BLOCKER = "_practice-port-blocker"

COLLECTOR = (100_000, 50, 100)
"""Thresholds of Python's cycle collector (`gc.set_threshold`)."""

_FUNCTIONS = {
    WORKER: "wizard.change.worker:main",
    PRACTICE_SYSTEMCTL: "wizard.sandbox.service.systemctl:main",
    PRACTICE_SUPERVISOR: "wizard.sandbox.service.supervisor:main",
    PRACTICE_SERVER: "wizard.sandbox.server.serve:main",
    PRACTICE_PORT_BLOCKER: "wizard.sandbox.service.port_blocker:main",
}
"""Subcommand to `module:function`; the function gets the arguments and returns the exit code."""
_NO_CORE_DUMPS = "wizard.core_dumps:no_core_dumps"
LOADED_LATER = (*_FUNCTIONS.values(), _NO_CORE_DUMPS)
"""Resolved by a test."""


def command(name: str, *arguments: str) -> list[str]:
    """The command line that runs the subcommand *name* of this very program in another process.

    The other process finds modules where this one does and nowhere else: neither its current folder nor its
    environment adds any (`python -I`), so nothing of this needs to be in the environment that it hands on.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, name, *arguments]
    # Of a zip file this is the file itself; without pathlib, which the practice systemctl would have to load.
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    path = [home, *(entry for entry in sys.path if entry and entry != home)]
    start = f"import sys; sys.path[:] = {path!r}; from wizard.self_start import run; sys.exit(run(sys.argv[1:]))"
    return [sys.executable, "-I", "-S", "-c", start, name, *arguments]


def own_command() -> list[str]:
    """The command line that starts the program as an operator does, for other programs such as systemd."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # The one-file build, whatever its name is: the folder that it unpacks may be removed.
    one_file = getattr(getattr(sys.modules["__main__"], "__loader__", None), "archive", "")
    started = os.path.abspath(one_file or sys.argv[0])  # noqa: PTH100 - without pathlib, as above
    if one_file or os.path.basename(started).startswith("cloudstream-wizard"):  # noqa: PTH119 - likewise
        return [sys.executable, started]
    return [sys.executable, "-m", "wizard"]


def run(arguments: list[str]) -> int | None:
    """Run the subcommand that *arguments* begin with; its exit code, or None when it is none of these.

    Every process of the wizard begins here, so from here on none of them leaves its memory in a core dump. The practice
    systemctl has no secrets, and is started too often to load what that takes.
    """
    if arguments[:1] != [PRACTICE_SYSTEMCTL]:
        load(_NO_CORE_DUMPS)()
    # What starting makes lives as long as the program: the collector would walk it again and again for nothing.
    gc.set_threshold(*COLLECTOR)
    gc.enable()
    if not arguments or arguments[0] not in _FUNCTIONS:
        return None
    code: int = load(_FUNCTIONS[arguments[0]])(list(arguments[1:]))
    return code


def load(name: str) -> "Any":
    """What *name* (`module:function`) names; its module is imported now."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)
