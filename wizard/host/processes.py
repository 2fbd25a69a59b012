"""Run other programs: without a shell, without secrets on the command line, with a time limit."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable

# Java options of the login session change what keytool prints; pagers and colours do so for systemd.
_DROPPED = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "LANGUAGE", "JAVA_HOME")
_SET = {"LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "SYSTEMD_URLIFY": "0"}

_MOST = 16 * 1024 * 1024
"""Bytes of output that are kept."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended.

    Attributes:
        argv: what was started; never holds a secret.
        returncode: its exit code, or minus the signal that ended it.
        stdout: its output as text; bytes that are not UTF-8 are written as escapes.
        stderr: likewise.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.returncode == 0


def environment() -> dict[str, str]:
    """What a child process gets to see: ours, without what changes the output of tools, in English."""
    env = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    if "LD_LIBRARY_PATH_ORIG" in env:  # a one-file build puts its own libraries first; the child wants the system's
        env["LD_LIBRARY_PATH"] = env.pop("LD_LIBRARY_PATH_ORIG")
    return env | _SET


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    input: bytes | None = None,  # noqa: A002 - the name that subprocess uses for the same thing
) -> Completed:
    """Run a program to its end and return what it printed.

    It has its own session, so that Ctrl+C at the terminal does not end it half way.

    Args:
        argv: program and arguments. Never a secret: `ps` shows them to everybody.
        timeout_s: seconds after which its whole group is killed.
        input: bytes for its standard input; None gives an empty one.

    Raises:
        WizardError: program.missing, program.not-runnable, program.too-slow.
    """
    name = printable(argv[0])
    # Files, not pipes: a daemon that a restart command leaves behind would keep a pipe open, and we would wait.
    with memory_file(input or b"") as given, memory_file() as out, memory_file() as err:
        try:
            child = subprocess.Popen(
                list(argv), stdin=given, stdout=out, stderr=err, env=environment(), start_new_session=True
            )
        except FileNotFoundError:
            raise WizardError(codes.PROGRAM_MISSING, subject=name, program=name) from None
        except OSError as problem:
            raise WizardError(
                codes.PROGRAM_NOT_RUNNABLE, subject=name, program=name, reason=problem.strerror or str(problem)
            ) from None
        try:
            _wait(child, timeout_s)
        except subprocess.TimeoutExpired:
            _kill_group(child)
            raise WizardError(codes.PROGRAM_TOO_SLOW, subject=name, program=name, seconds=timeout_s) from None
        except BaseException:
            _kill_group(child)
            raise
        return Completed(tuple(argv), child.returncode, _text(out), _text(err))


def path_of(stream: BinaryIO) -> str:
    """A path under which another process of this user opens the file that *stream* is, while it is open here."""
    return f"/proc/{os.getpid()}/fd/{stream.fileno()}"


def memory_file(data: bytes = b"") -> BinaryIO:
    """A file without a name that holds *data*, read from its start; on disk where the kernel has none in memory.

    In memory, so that a full disk does not stop a rollback.
    """
    stream = _memory()
    stream.write(data)
    stream.seek(0)
    return stream


def _memory() -> BinaryIO:
    with contextlib.suppress(AttributeError, OSError):
        return open(os.memfd_create("output"), "w+b")  # noqa: PTH123 - of a descriptor; the caller closes it
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
