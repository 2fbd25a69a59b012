"""The one door to other programs: no shell, no secret on the command line, an end in time."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.printable import printable
from wizard.secret import Secret

# Java options of the login session change what keytool prints; pagers and colours do so for systemd.
_DROPPED = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "LANGUAGE", "JAVA_HOME")
_SET = {"LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "SYSTEMD_URLIFY": "0"}

_MOST = 16 * 1024 * 1024
"""Bytes of output that are kept."""

REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "program.missing",
        "A program is missing",
        "a program that the wizard needs is not on this machine",
        "The step that needs it cannot be made.",
        "Install the program, or name its path.",
    ),
    refusal(
        "program.not-runnable",
        "A program cannot be run",
        "a program is there, but this account may not run it, or it is made for another machine",
        "The step that needs it cannot be made.",
        "Check its mode, the mount option noexec and the processor type.",
    ),
    refusal(
        "program.too-slow",
        "A program did not end in time",
        "a program was stopped because it did not end in time",
        "Waiting for ever would leave the change half made.",
        "Look at the load of the machine, then try again.",
    ),
)


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended.

    Attributes:
        argv: what was started; never holds a secret.
        returncode: its exit code, or minus the signal that ended it.
        stdout: its output as text; bytes that are not UTF-8 are written as escapes.
        stderr: likewise.
        seconds: how long it ran.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.returncode == 0


def environment(secret_env: Mapping[str, Secret] | None = None) -> dict[str, str]:
    """What a child process gets to see: ours, without what changes the output of tools, in English, plus secrets."""
    env = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    if "LD_LIBRARY_PATH_ORIG" in env:  # a one-file build puts its own libraries first; the child wants the system's
        env["LD_LIBRARY_PATH"] = env.pop("LD_LIBRARY_PATH_ORIG")
    env |= _SET
    for name, secret in (secret_env or {}).items():
        env[name] = secret.reveal()
    return env


class Started:
    """A program that runs already and may be told later what to do.

    It has its own session, so Ctrl+C at the terminal does not tear it down half way.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        secret_env: Mapping[str, Secret] | None = None,
        given: bytes | None = None,
    ) -> None:
        """Start it.

        Args:
            argv: program and arguments. Never a secret: `ps` shows them to everybody.
            secret_env: secrets for the environment of this child alone.
            given: bytes for its standard input; None keeps that open for `end`.

        Raises:
            WizardError: program.missing, program.not-runnable.
        """
        self._argv = tuple(argv)
        self._begun = time.monotonic()
        name = printable(argv[0])
        try:
            # Files, not pipes: a daemon that a restart command leaves behind would keep a pipe open, and we would wait.
            with contextlib.ExitStack() as files, memory_file(given or b"") as now:
                self._out, self._err = (files.enter_context(memory_file()) for _ in range(2))
                self._child = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.PIPE if given is None else now,
                    stdout=self._out,
                    stderr=self._err,
                    env=environment(secret_env),
                    start_new_session=True,
                )
                self._files = files.pop_all()
        except FileNotFoundError:
            raise WizardError(
                "program.missing", f"the program {name} is not there", "Install it, or name its path.", name
            ) from None
        except OSError as problem:
            raise WizardError(
                "program.not-runnable",
                f"the program {name} cannot be run: {printable(problem.strerror or str(problem))}",
                "Check its mode, the mount option noexec and the processor type.",
                name,
            ) from None

    def end(self, timeout_s: float, data: bytes = b"") -> Completed:
        """Give it *data*, the rest of its standard input, and wait for its end.

        Args:
            timeout_s: seconds after which its whole group is killed.
            data: what it is to read.

        Raises:
            WizardError: program.too-slow.
        """
        with self._files:
            try:
                if self._child.stdin is not None:
                    with contextlib.suppress(BrokenPipeError), self._child.stdin:
                        self._child.stdin.write(data)
                _wait(self._child, timeout_s)
            except subprocess.TimeoutExpired:
                _kill_group(self._child)
                name = printable(self._argv[0])
                raise WizardError(
                    "program.too-slow",
                    f"{name} did not end within {timeout_s:g} seconds and was stopped",
                    "Look at the load of the machine, then try again.",
                    name,
                ) from None
            except BaseException:
                _kill_group(self._child)
                raise
            told = _text(self._out), _text(self._err)
        return Completed(self._argv, self._child.returncode, *told, time.monotonic() - self._begun)

    def drop(self) -> None:
        """End it at once: nobody needs it any more. After `end` this does nothing."""
        if self._child.returncode is None:
            _kill_group(self._child)
            self._files.close()
            if self._child.stdin is not None:
                self._child.stdin.close()


def run(
    argv: Sequence[str],
    *,
    secret_env: Mapping[str, Secret] | None = None,
    timeout_s: float,
    input: bytes | None = None,  # noqa: A002 - the name that subprocess uses for the same thing
) -> Completed:
    """Run a program to its end and return what it said.

    Args:
        argv: as for `Started`.
        secret_env: likewise.
        timeout_s: seconds after which it is killed.
        input: bytes for its standard input; None gives an empty one.

    Raises:
        WizardError: program.missing, program.not-runnable, program.too-slow.
    """
    return Started(argv, secret_env=secret_env, given=input or b"").end(timeout_s)


def memory_file(data: bytes = b"") -> BinaryIO:
    """A file without a name that holds *data*, read from its start; on disk where the kernel has none in memory.

    In memory, so that a full disk does not stop a rollback.
    """
    stream = _memory()
    stream.write(data)
    stream.seek(0)
    return stream


def _memory() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        try:
            return open(os.memfd_create("output"), "w+b")  # noqa: PTH123 - of a descriptor; the caller closes it
        except OSError:
            pass
    import tempfile  # noqa: PLC0415 - rarely needed, and it brings half a dozen modules of compression with it

    return cast("BinaryIO", tempfile.TemporaryFile())


def _wait(child: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Wait for the end at once and without polling, where the kernel has process descriptors (Linux 5.3)."""
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):
        child.wait(timeout_s)
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            raise subprocess.TimeoutExpired(child.args, timeout_s)
    finally:
        os.close(descriptor)
    child.wait()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        child.kill()
    child.wait()


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read(_MOST).decode("utf-8", errors="backslashreplace")
