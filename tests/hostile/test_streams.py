"""Standard streams that are closed, full or read by nobody: one line where possible, the right exit code, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive

WIZARD = f"{sys.executable} -m wizard"
FULL = "error: output.failed standard output cannot be written: no space left on device"
CLOSED = "error: output.failed standard output cannot be written: it is closed"


def shell(line: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """*line* run by a shell in which WIZARD is the command."""
    words = ["/bin/bash", "-c", line.replace("WIZARD", WIZARD)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=cwd, env=env)


@pytest.mark.parametrize(
    ("line", "code", "first"),
    [
        ("WIZARD findings > /dev/full", 2, FULL),
        pytest.param("WIZARD --json findings > /dev/full", 2, FULL, marks=exhaustive),
        pytest.param("WIZARD --version > /dev/full", 2, FULL, marks=exhaustive),
        ("WIZARD --help > /dev/full", 2, FULL),
        ("WIZARD findings >&-", 2, CLOSED),
        ("WIZARD --plain > /dev/full < /dev/null", 2, FULL),
        pytest.param("WIZARD > /dev/full < /dev/null", 2, "error: screen.terminal", marks=exhaustive),
        ("WIZARD <&-", 2, "error: screen.terminal"),
        ("WIZARD <&- >&- 2>&-", 2, ""),
        ("WIZARD inspect /nowhere 2> /dev/full", 2, ""),
        pytest.param("WIZARD inspect /nowhere 2>&-", 2, "", marks=exhaustive),
        pytest.param("WIZARD nothing 2>&-", 2, "", marks=exhaustive),
        ("WIZARD doctor --log - <&-", 0, ""),
        ("set -o pipefail; WIZARD findings | true", 141, ""),
    ],
)
def test_a_stream_that_fails_ends_in_one_line(line: str, code: int, first: str, tmp_path: Path) -> None:
    done = shell(line, tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert done.stderr.startswith(first) if first else not done.stderr


def test_a_change_that_cannot_be_printed_keeps_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "x.conf").write_text("a = 1\n")
    (tmp_path / "value").write_text("2\n")
    done = shell("WIZARD conf set x.conf a --value-file value > /dev/full", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.conf").read_text() == 'a = "2"\n'
    assert FULL in done.stderr
    assert "ended with exit code 0" in done.stderr


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    (tmp_path / "x.conf").write_text("a = 1\n")
    (tmp_path / "value").write_text("2\n")
    shell("WIZARD conf set x.conf a --value-file value <&- >&- 2>&-", tmp_path)
    assert (tmp_path / "x.conf").read_text() == 'a = "2"\n'
    assert (tmp_path / "value").read_text() == "2\n"
