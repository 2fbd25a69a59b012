"""A keytool that is started before it is known what it shall do: a JVM starts longer than it works."""

import contextlib
import os
import re
from pathlib import Path

from wizard.errors import WizardError
from wizard.host.jre import Jre, find, parse_version
from wizard.host.keytool import LEAN, Keytool
from wizard.host.machine import Machine
from wizard.host.processes import Completed, Started, memory_file
from wizard.secret import Secret

_DESCRIPTORS = Path("/proc/self/fd")
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")
"""Words that mean themselves in a file of options: no quotes, no `${...}`, no backslash, no space."""


class WaitingKeytool(Keytool):
    """A keytool whose Java starts at once and runs *one* command later; all others start Java anew, as ever.

    The option `-conf` (JDK 9 and newer) names a file with further options; here it is the standard input, which stays
    open until the options are known.
    """

    def __init__(self, jre: Jre, command: str, *, timeout_s: float = 60) -> None:
        """Start the keytool of *jre* for *command* (`-certreq`).

        Raises:
            WizardError: jre.no-keytool, program.not-runnable.
        """
        super().__init__(jre, timeout_s=timeout_s)
        self._command = command
        argv = [self._program, *LEAN, "-conf", str(_DESCRIPTORS / "0"), command]
        self._waiting: Started | None = Started(argv)

    @staticmethod
    def can_wait(jre: Jre) -> bool:
        """Whether this Java knows `-conf`, and this system can name an open file."""
        version = parse_version(jre.version)
        return version is not None and version[0] >= 9 and _DESCRIPTORS.is_dir() and hasattr(os, "memfd_create")

    def drop(self) -> None:
        """It is not needed any more."""
        if self._waiting is not None:
            self._waiting.drop()
            self._waiting = None

    def _run(self, argv: list[str], password: Secret | None, data: bytes | None) -> Completed:
        command, *options = argv
        waiting = self._waiting
        if password is None or waiting is None or command != self._command or not all(map(_PLAIN.fullmatch, options)):
            return super()._run(argv, password, data)
        self._waiting = None
        with memory_file(password.reveal().encode()) as secret, memory_file(data or b"") as given:
            words = [*options, "-storepass:file", named(secret.fileno())]
            words += ["-file", named(given.fileno())] if data is not None else []
            conf = f"keytool.{command.removeprefix('-')} = {' '.join(words)}\n"
            return waiting.end(self._timeout_s, conf.encode("ascii"))


def start_waiting(machine: Machine, *commands: str) -> dict[str, WaitingKeytool]:
    """A keytool for each of *commands* from the product's JRE; none where its Java cannot wait or does not start."""
    jre = find(machine, ask_java=False)
    started: dict[str, WaitingKeytool] = {}
    if jre is not None and jre.keytool is not None and WaitingKeytool.can_wait(jre):
        with contextlib.suppress(WizardError):
            for command in commands:
                started[command] = WaitingKeytool(jre, command)
    return started


def named(descriptor: int) -> str:
    """A path under which another process of this user can open a file that is open here."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"
