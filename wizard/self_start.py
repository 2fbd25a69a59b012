"""How the program starts itself: installed, from a checkout, from a zip file, or frozen into one file.

The subcommands here are not for people: no help mentions them, and their arguments may change.
"""

import importlib
import os
import sys
from collections.abc import Sequence

WORKER = "_worker"
PRACTICE_SYSTEMCTL = "_practice-systemctl"
PRACTICE_SUPERVISOR = "_practice-supervisor"
PRACTICE_SERVER = "_practice-server"
PRACTICE_PORT_BLOCKER = "_practice-port-blocker"

_FUNCTIONS = {
    WORKER: "wizard.change.worker:main",
    PRACTICE_SYSTEMCTL: "wizard.sandbox.service.systemctl:main",
    PRACTICE_SUPERVISOR: "wizard.sandbox.service.supervisor:main",
    PRACTICE_SERVER: "wizard.sandbox.server.serve:main",
    PRACTICE_PORT_BLOCKER: "wizard.sandbox.service.port_blocker:main",
}
"""Subcommand to `module:function`; the function gets the arguments and returns the exit code."""


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


def run(arguments: Sequence[str]) -> int | None:
    """Run the subcommand that *arguments* begin with; its exit code, or None when it is none of these."""
    if not arguments or arguments[0] not in _FUNCTIONS:
        return None
    module, _, function = _FUNCTIONS[arguments[0]].partition(":")
    code: int = getattr(importlib.import_module(module), function)(list(arguments[1:]))
    return code
