"""The report of a bug in the wizard: the place of the trace, and no values."""

import argparse
import errno
import sys
import tempfile
import traceback
from pathlib import Path

from wizard import codes
from wizard.cli.main import report_refusal
from wizard.errors import ExitCode, WizardError

_LIMITS = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
    *(errno.EFBIG, errno.ENOSPC, errno.EDQUOT),
}
"""The system refuses more files, processes or memory, or a longer file."""


def trace_text(error: BaseException) -> str:
    """The places that *error* passed through and the classes of the errors, without their messages.

    A message may hold a value, and locals surely do; files, lines and names of functions tell where to look.
    """
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None:
        frames = "".join(
            f"  {frame.filename}:{frame.lineno} in {frame.name}\n"
            for frame in traceback.extract_tb(current.__traceback__)
        )
        parts.append(f"{type(current).__module__}.{type(current).__qualname__}\n{frames}")
        current = current.__cause__ or current.__context__
    return "caused by\n".join(reversed(parts))


def write_trace(error: BaseException, folder: Path | None) -> Path | None:
    """Keep the trace in *folder* (0600), or in a temporary file when that cannot be; None when neither works."""
    text = trace_text(error)
    for place in dict.fromkeys((folder, None)):
        try:
            with tempfile.NamedTemporaryFile(  # None is the folder of temporary files, which may be missing or full
                "w", dir=place, prefix="wizard-crash-", suffix=".txt", delete=False
            ) as stream:
                stream.write(text)
        except OSError:
            continue
        return Path(stream.name)
    return None


def print_trace(error: BaseException) -> None:
    """The whole trace, for `--debug`."""
    traceback.print_exception(error)


def _limit(error: BaseException | None) -> str:
    """Which limit of the system led to *error*, in words; "" when none did."""
    while error is not None:
        if isinstance(error, MemoryError):
            return "not enough memory"
        if isinstance(error, OSError) and error.errno in _LIMITS:
            return (error.strerror or "").lower()
        error = error.__cause__ or error.__context__
    return ""


def report_bug(error: Exception, args: argparse.Namespace) -> int:
    """Report a bug in the wizard and where its trace is; exit code 70. A limit of the system is none, and gives 2."""
    if reason := _limit(error):
        refusal = WizardError(codes.SYSTEM_LIMIT, reason=reason)
        refusal.__cause__ = error
        return report_refusal(refusal, debug=getattr(args, "debug", False))
    if getattr(args, "debug", False):
        print_trace(error)
    machine = getattr(args, "machine", None)
    place = write_trace(error, machine.state_dir if machine else None)
    print(
        f"error: wizard.bug {type(error).__name__}: this is an error in the wizard, not in your files.", file=sys.stderr
    )
    print("hint: to check for an unfinished change: cloudstream-wizard recover", file=sys.stderr)
    if place is not None:
        print(f"hint: please report it with {place} (it contains no values).", file=sys.stderr)
    return int(ExitCode.BUG)
