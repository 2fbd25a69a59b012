"""How the program starts itself: installed, from a checkout, from a zip file, or frozen into one file.

The subcommands here are not for people: no help mentions them, and their arguments may change.
"""

import ctypes
import gc
import importlib
import os
import resource
import sys
from collections.abc import Sequence

TYPE_CHECKING = False  # as mypy knows it; loading typing takes a quarter of a call of the practice systemctl
if TYPE_CHECKING:
    from typing import Any

WORKER = "_worker"
_PR_SET_DUMPABLE, _CAP_SYS_PTRACE = 4, 19
"""Of <linux/prctl.h> and <linux/capability.h>."""
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
LOADED_LATER = tuple(_FUNCTIONS.values())
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


def no_core_dumps() -> None:
    """Keep the secrets in this process out of core dumps; the programs that it starts inherit the limit.

    A process that may not be dumped also closes /proc/PID/fd to others, and keytool opens the files with its password
    and its store there. Only who has CAP_SYS_PTRACE, as root mostly does, still can: without it the limit alone counts.
    """
    # The hard limit stays: a server that a restart command starts may want core dumps of its own.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - without pathlib, as below
            capabilities = next((int(line.split()[1], 16) for line in status if line.startswith(b"CapEff:")), 0)
    except OSError:
        return
    if capabilities >> _CAP_SYS_PTRACE & 1:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def run(arguments: Sequence[str]) -> int | None:
    """Run the subcommand that *arguments* begin with; its exit code, or None when it is none of these.

    Every process of the wizard begins here, so from here on none of them leaves its memory in a core dump.
    """
    no_core_dumps()
    # What starting makes lives as long as the program: the collector would walk it again and again for nothing.
    gc.set_threshold(*COLLECTOR)
    if not arguments or arguments[0] not in _FUNCTIONS:
        return None
    code: int = load(_FUNCTIONS[arguments[0]])(list(arguments[1:]))
    return code


def load(name: str) -> "Any":
    """What *name* (`module:function`) names; its module is imported now."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)
