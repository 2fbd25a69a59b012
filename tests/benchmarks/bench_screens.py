"""First paint against a bare Textual program, memory, an idle screen, and the step to the next one. Run as a script."""

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 11
BARE = """
import sys
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("ready")
Bare().run()
"""
DRAWN = re.compile(rb"\x1b\[[0-9;?<>=$]*[A-Za-z]")


class Run:
    """A program in a pseudo-terminal of 80x24, or *size*."""

    def __init__(self, command: list[str], size: tuple[int, int] = (80, 24)) -> None:
        self.count = 0
        self.started = time.perf_counter()
        self.pid, self.link = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.environ.pop("NO_COLOR", None)
            os.execvp(command[0], command)

    def until(self, words: bytes, within_s: float = 30) -> float:
        """Seconds until *words* were sent, since the start."""
        seen = b""
        while words not in DRAWN.sub(b"", seen):
            if time.perf_counter() - self.started > within_s:
                raise TimeoutError(words.decode())
            seen += self.read(0.05)
        return time.perf_counter() - self.started

    def read(self, wait_s: float) -> bytes:
        """What was sent, at the latest after *wait_s*."""
        ready, _, _ = select.select([self.link], [], [], wait_s)
        data = os.read(self.link, 65536) if ready else b""
        self.count += len(data)
        return data

    def quiet(self, for_s: float = 0.5) -> None:
        """Read until nothing comes any more."""
        while self.read(for_s):
            pass

    def press(self, key: bytes) -> None:
        """Send a key."""
        self.started = time.perf_counter()
        os.write(self.link, key)

    def memory_mib(self) -> float:
        """Resident set of the process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def end(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.link)


def main() -> int:
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        # The real session on an empty machine, opened as the command does.
        command = str(Path(sys.executable).with_name("cloudstream-wizard"))
        wizard = [command, "--root", name, "--state-dir", f"{name}/state"]
        pairs = [
            (first_paint([sys.executable, "-c", BARE], b"ready"), first_paint(wizard, b"Looking at"))
            for _ in range(ROUNDS)
        ]
        bare, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
        missed += say("first paint of a bare program", bare, None, "s")
        missed += say("first paint of the wizard", ours, None, "s")
        missed += say("first paint, ratio", statistics.median(b / a for a, b in pairs), 1.4, "")
        run = Run(wizard)
        run.until(b"What do you")
        run.quiet(3.0)
        missed += say("memory", run.memory_mib(), 65, "MiB")
        sent = b"".join(run.read(0.1) for _ in range(30))
        missed += say("idle, bytes in 3 s", len(sent), 0, "")
        run.end()
        steps = []
        for number in range(3):
            # What was answered is kept, and would be offered the next time.
            run = Run([*wizard[:-1], f"{name}/state-{number}"])
            run.until(b"What do you")
            run.quiet()
            run.press(b"\r")
            steps.append(run.until(b"Where the primary"))
            run.quiet()
            run.press(b"\x1b")
            run.until(b"This machine")
            run.end()
        missed += say("step change", statistics.median(steps) * 1000, 100, "ms")
        for size, most in (((80, 24), (16_000, 2_200, 14_000)), ((120, 36), (34_000, 3_500, 26_000))):
            missed += sent_bytes([*wizard[:-1], f"{name}/state-{size[0]}"], size, most)
    return 1 if missed else 0


def sent_bytes(command: list[str], size: tuple[int, int], most: tuple[int, int, int]) -> int:
    """The bytes of the first page, of an arrow and of the next step at 256 colours; how many limits were missed."""
    run = Run(command, size)
    run.until(b"What do you")
    run.quiet(1.0)
    shown = f"{size[0]}x{size[1]}"
    missed = say(f"bytes of the frame and the first page at {shown}", run.count, most[0], "")
    for what, key, limit in (("an arrow", b"\x1b[B", most[1]), ("the next step", b"\x1b[H\r", most[2])):
        run.count = 0
        run.press(key)
        run.quiet(1.0)
        missed += say(f"bytes of {what} at {shown}", run.count, limit, "")
    run.end()
    return missed


def first_paint(command: list[str], words: bytes) -> float:
    """Seconds from the start to the first paint that shows *words*."""
    run = Run(command)
    taken = run.until(words)
    run.end()
    return taken


def say(what: str, value: float, limit: float | None, unit: str) -> int:
    """Print one figure; 1 when it missed its limit."""
    over = limit is not None and value > limit
    told = "" if limit is None else f" (limit {limit:g}) {'MISSED' if over else 'ok'}"
    print(f"{what}: {value:.2f} {unit}".rstrip() + told)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
