"""A real pseudo-terminal with the wizard in it: what is sent, what stands on the screen, what becomes of the process."""

import contextlib
import os
import re
import time
from pathlib import Path
from typing import Self

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "home": "\x1b[H",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "delete": "\x1b[3~",
    "f1": "\x1bOP",
    "f3": "\x1bOR",
    "f2": "\x1bOQ",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f8": "\x1b[19~",
    "f10": "\x1b[21~",
    "pagedown": "\x1b[6~",
    "end": "\x1b[F",
    "space": " ",
    "shift+tab": "\x1b[Z",
    "ctrl+u": "\x15",
    "ctrl+c": "\x03",
    "ctrl+q": "\x11",
    "ctrl+l": "\x0c",
}
PATIENCE_S = 120.0
"""How long a sign may take to come; a quiet machine shows it within a few seconds."""
MARK = re.compile(rb"\x1b_idle (\d+) (\d+)x(\d+)\x1b\\")
"""What `tests.support.idle_mark` sends; it counts for nothing else."""
PART_OF_MARK = re.compile(rb"\x1b(_[^\x1b]*(\x1b)?)?\Z")


class Terminal:
    """A program in a terminal of 80x24 (or *size*, columns first).

    Attributes:
        screen: what is shown.
        sent: all bytes that it sent, without the marks.
        child: the process.
    """

    def __init__(self, program: list[str], *, size: tuple[int, int] = (80, 24), **env: str) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self._text = ""
        self._held = b""
        self._keys = 0
        self._idle: tuple[int, int, int] | None = None
        """Keys taken and size of the mark that came last, None when something came after it."""
        base = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
        base |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | env
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            program[0], program[1:], env=base, cwd=str(ROOT), dimensions=(rows, columns), timeout=30
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):  # a test may have cut the link
            self.child.close(force=True)

    def read(self, wait_s: float = 0.05) -> bytes:
        """What has come, or comes first within *wait_s*; b"" when nothing does, or at the end."""
        try:
            chunk = self.child.read_nonblocking(65536, timeout=wait_s)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""
        parts = MARK.split(self._held + chunk)
        cut = PART_OF_MARK.search(parts[-1])
        self._held = cut[0] if cut else b""
        last = parts[-1].removesuffix(self._held)
        marks = parts[1:-1]
        if last or self._held:
            self._idle = None
        elif marks:
            self._idle = int(marks[-3]), int(marks[-2]), int(marks[-1])
        seen = b"".join(parts[0:-1:4]) + last
        # Kitty and mode queries end in letters that pyte would print.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[\$a-zA-Z]+p?", b"", seen))
        self.sent += seen
        return seen

    @property
    def idle(self) -> bool:
        """Whether it has taken every key, painted for this size, and sent nothing since."""
        return self._idle == (self._keys, self.screen.columns, self.screen.lines)

    def settle(self) -> bytes:
        """Read until it is idle or has ended; what was sent. Only for a full screen that marks (`idle_mark`)."""
        start, end = len(self.sent), time.monotonic() + PATIENCE_S
        while not self.idle and (self.read() or self.child.isalive() or self.read()):
            assert time.monotonic() < end, f"it does not come to rest:\n{self.text}\n{self.sent[-600:]!r}"
        return self.sent[start:]

    def quiet(self, for_s: float) -> bool:
        """Whether nothing at all is sent for so long."""
        end = time.monotonic() + for_s
        while (left := end - time.monotonic()) > 0:
            if self.read(left):
                return False
        return True

    def shows(self, words: str, within_s: float = PATIENCE_S, *, times: int = 1) -> None:
        """Read until *words* stand on the screen so many times; more may be on its way."""
        end = time.monotonic() + within_s
        while self.text.count(words) < times:
            came = self.read() or (not self.child.isalive() and self.read())
            assert came or (self.child.isalive() and time.monotonic() < end), f"{words!r} does not come:\n{self.text}"

    def until(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Read until *words* stand on the full screen and it is idle."""
        self.shows(words, within_s)
        self.settle()

    def send(self, *keys: str) -> None:
        """Press keys and wait for nothing; `=word` is typed."""
        for key in keys:
            self._keys += len(key) - 1 if key.startswith("=") else 1
            self._idle = None
            self.child.send(key[1:] if key.startswith("=") else KEYS[key])

    def press(self, *keys: str) -> bytes:
        """Press keys one by one, each when the last was answered; `=word` is typed. What the last one sent."""
        result = b""
        for key in keys:
            self.send(key)
            result = self.settle()
        return result

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size, and wait until it is painted for that."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)
        self.settle()

    @property
    def pid(self) -> int:
        """Of the wizard."""
        assert self.child.pid is not None
        return self.child.pid

    @property
    def text(self) -> str:
        """What stands on the screen."""
        if self.screen.dirty or not self._text:
            self.screen.dirty.clear()
            self._text = "\n".join(line.rstrip() for line in self.screen.display)
        return self._text

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Wait for the end; the exit code, or minus the signal."""
        end = time.monotonic() + within_s
        while self.child.isalive():
            self.read(0.1)
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
        while self.read():
            pass
        signalled = self.child.signalstatus
        return -signalled if signalled else int(self.child.exitstatus or 0)
