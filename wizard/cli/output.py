"""The streams in any state, closed, full or without a reader; how commands print results, and what is for people."""

import difflib
import errno
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from wizard import codes
from wizard.errors import ExitCode, WizardError
from wizard.printable import printable
from wizard.reports.lines import Line
from wizard.secret import DUMPS
from wizard.self_start import load

READER_GONE = 141
"""Exit code when the reader has closed our output, as after SIGPIPE in a shell."""


class Kept(io.FileIO):
    """A descriptor whose first failure is kept and hides nothing: the command goes on and ends with its own result."""

    problem: OSError | None = None

    def write(self, data: Any, /) -> int:
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


def print_json(command: str, members: Mapping[str, Any]) -> None:
    """One JSON object with the schema of *command* first; what is no plain value has a method `as_json`."""
    whole = {"schema": f"cloudstream-wizard/{command}/1", **members}
    print(load(DUMPS)(whole, ensure_ascii=False, indent=2, default=lambda each: each.as_json()))


def print_lines(lines: Iterable[Line], *, people: bool = False) -> None:
    """The words of *lines*; *people* sends them to standard error because a result goes to standard output."""
    stream = sys.stderr if people else sys.stdout
    for line in lines:
        print(line.text, file=stream)


MANY = 25
"""From so many machines on it is shown, ten times in each phase."""


def show_progress(what: str, done: int, total: int) -> None:
    """One line at each tenth: `bundles made: 300 of 1000`."""
    if total >= MANY and (done == total or done % (total // 10) == 0):
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def confirm(word: str = "apply") -> None:
    """Ask the operator to type *word*.

    Raises:
        WizardError: `apply.not-confirmed`: something else was typed, or there is no terminal.
    """
    if not sys.stdin.isatty():
        raise WizardError(codes.APPLY_NOT_CONFIRMED, case="nobody")
    print(f"Type {word} to continue: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise WizardError(codes.APPLY_NOT_CONFIRMED)


def unknown_command(word: str, known: Sequence[str]) -> WizardError:
    """The refusal of *word*, with the command of *known* that was probably meant."""
    close = difflib.get_close_matches(word, known, 1)
    case = "close" if close else ""
    return WizardError(codes.USAGE_UNKNOWN_COMMAND, case=case, word=printable(word), close="".join(close))
