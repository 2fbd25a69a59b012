"""Standard input, output and error in any state: closed, full, or without a reader."""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from wizard import codes
from wizard.errors import ExitCode, WizardError
from wizard.printable import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READER_GONE = 141
"""Exit code when the reader has closed our output, as after SIGPIPE in a shell."""


class Kept(io.FileIO):
    """A descriptor whose first failure is kept and hides nothing: the command goes on and ends with its own result."""

    problem: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write *data*, or drop it once writing has failed."""
        if self.problem is None:
            try:
                return super().write(data)
            except OSError as error:
                self.problem = error
        return memoryview(data).nbytes


def prepare() -> Kept:
    """Make all three streams usable, and standard output and error such that a failing print stops no command.

    Returns:
        Standard output, which knows whether it failed.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Held by /dev/null, for reading: no file of ours gets the number, and writing fails and is noticed.
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115 - of a descriptor
    out, error = Kept(1, "w", closefd=False), Kept(2, "w", closefd=False)
    sys.stdout, sys.stderr = _text(out, sys.stdout), _text(error, sys.stderr)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, f"__{name}__") is None:
            setattr(sys, f"__{name}__", getattr(sys, name))
    return out


def _text(raw: Kept, like: TextIO | None) -> io.TextIOWrapper:
    encoding = like.encoding if like is not None else "utf-8"
    buffered = io.BufferedWriter(raw)
    # A letter that the locale does not have is shown as an escape: printing must not end a command.
    return io.TextIOWrapper(buffered, encoding, "backslashreplace", line_buffering=raw.isatty() or raw.fileno() == 2)


def finish(code: int, out: Kept, *, change: bool) -> int:
    """Write what is left, and say when results were lost.

    Args:
        code: with which the command ended.
        out: standard output.
        change: whether the command changes the machine: then *code* tells the outcome, whatever was printed.

    Returns:
        The exit code.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if out.problem is None:
        return code
    if out.problem.errno == errno.EPIPE:
        return code if change else code or READER_GONE
    told = failed(out.problem)
    print(f"error: {told.code} {told.message}", file=sys.stderr)
    if change:
        print(f"hint: The command ended with exit code {code}; `history` lists changes.", file=sys.stderr)
    else:
        print(f"hint: {told.hint}", file=sys.stderr)
    sys.stderr.flush()
    return code if change else code or int(ExitCode.UNUSABLE)


def failed(problem: OSError) -> WizardError:
    """The refusal for a standard output that failed with *problem*."""
    why = "it is closed" if problem.errno == errno.EBADF else printable(problem.strerror or "unknown").lower()
    return WizardError(codes.OUTPUT_FAILED, reason=why)
