"""A real pseudo-terminal with the wizard in it: what is sent, what stands on the screen, what becomes of the process."""

import contextlib
import os
import re
import sys
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
WITHOUT_END_S = 60.0


class Terminal:
    """The demo wizard in a terminal of 80x24 (or *size*, columns first)."""

    def __init__(
        self, state: Path, *words: str, size: tuple[int, int] = (80, 24), program: list[str] | None = None, **env: str
    ) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self._text = ""
        base = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
        base |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | env
        command = program or [sys.executable, "-m", "tests.screens.demo", str(state), *words]
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], command[1:], env=base, cwd=str(ROOT), dimensions=(rows, columns), timeout=30
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):  # a test may have cut the link
            self.child.close(force=True)

    def read(self, quiet_s: float = 0.3) -> bytes:
        """Everything that is sent until nothing comes for *quiet_s*; a program that never stops sending is a fault."""
        result = b""
        end = time.monotonic() + WITHOUT_END_S
        while True:
            assert time.monotonic() < end, f"it does not stop sending:\n{self.text}\n{result[-600:]!r}"
            try:
                chunk = self.child.read_nonblocking(65536, timeout=quiet_s)
            except (pexpect.TIMEOUT, pexpect.EOF):
                break
            result += chunk
            # Kitty and mode queries end in letters that pyte would print.
            self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[\$a-zA-Z]+p?", b"", chunk))
        self.sent += result
        return result

    def until(self, words: str, within_s: float = 20) -> None:
        """Read until *words* stand on the screen."""
        end = time.monotonic() + within_s
        while words not in self.text:
            self.read(0.1)
            assert time.monotonic() < end, f"{words!r} does not come:\n{self.text}"
            assert self.child.isalive() or words in self.text or self.read(0.1), self.text
        self.read()

    def press(self, *keys: str, quiet_s: float = 0.3) -> bytes:
        """Press keys one by one, each when the last was answered; `=word` is typed. What the last one sent."""
        result = b""
        for key in keys:
            self.child.send(key[1:] if key.startswith("=") else KEYS[key])
            result = self.read(quiet_s)
        return result

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

    def ended(self, within_s: float = 10) -> int:
        """Wait for the end; the exit code, or minus the signal."""
        end = time.monotonic() + within_s
        while self.child.isalive():
            self.read(0.1)
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
        self.read(0.1)
        signalled = self.child.signalstatus
        return -signalled if signalled else int(self.child.exitstatus or 0)
