"""First paint against a bare Textual program, memory, an idle screen, and the step to the next one. Run as a script."""

import compileall
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

from tests.support.practice import practice

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
QUIET_S = 0.4
"""After so long without a byte a key has led to all that it leads to."""
ENTER, ESCAPE, F1 = b"\r", b"\x1b", b"\x1bOP"
WALK: tuple[tuple[tuple[bytes, ...], bytes], ...] = (
    ((), b"What do you want"),
    ((b"\x1b[H", ENTER), b"Where does the primary server run?"),
    ((ENTER,), b"Certificate of the primary server"),
    ((ENTER,), b"can be used"),
    ((*(bytes([sign]) for sign in b"primary-host"), ENTER), b"Key store of the primary server"),
    ((ENTER, ENTER), b"Gateways and clients"),
    ((ENTER,), b"OCSP settings"),
    ((ENTER, ENTER, ENTER), b"will change"),
)
"""The keys to each page of a set-up, and words on it."""
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
    for folder in ("wizard", "screens"):
        # As an installation does; else each start would compile what a checkout has changed.
        compileall.compile_dir(ROOT / folder, quiet=1)
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        # The real session on an empty machine, opened as the command does.
        command = str(Path(sys.executable).with_name("cloudstream-wizard"))
        wizard = [command, "--root", name, "--state-dir", f"{name}/state"]
        pairs = [
            (first_paint([sys.executable, "-c", BARE], b"ready"), first_paint(wizard, b"Checking this machine"))
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
        for size in ((80, 24), (120, 36)):
            # One for each: what was answered is kept.
            with practice(Path(name) / f"practice-{size[0]}", java=None, start=False) as here:
                missed += walked([command, *here.options], size, here.root / "certificates" / "primary-host.pfx")
    return 1 if missed else 0


def walked(command: list[str], size: tuple[int, int], files: Path) -> int:
    """The bytes of keys in fields, and the memory on each page of a set-up up to the review; how many limits missed."""
    run = Run(command, size)
    shown = f"{size[0]}x{size[1]}"
    missed, most = 0, 0.0
    for keys, words in WALK:
        for key in keys[:-1]:
            run.press(key)
            run.quiet(QUIET_S)
        for key in keys[-1:]:
            run.press(key)
        run.until(words)
        run.quiet(1.0)
        most = max(most, run.memory_mib())
        if words == b"Certificate of the primary server":
            missed += keys_in_fields(run, shown, files)
    missed += say(f"memory on any page at {shown}", most, 65, "MiB")
    for key in (F1, ESCAPE):
        run.press(key)
        run.quiet(1.0)
    missed += say(f"memory after the walk, with the help, at {shown}", run.memory_mib(), 80, "MiB")
    run.end()
    return missed


def keys_in_fields(run: Run, shown: str, files: Path) -> int:
    """The most that a key sends in the field for files and in the one for a password; an idle field sends nothing."""
    missed = 0
    completing = [typed(run, key) for key in str(files).encode()]
    missed += say(f"most bytes of a key with completions at {shown}", max(completing), 2_000, "")
    run.count = 0
    for _ in range(30):
        run.read(0.1)
    missed += say(f"idle field for files at {shown}, bytes in 3 s", run.count, 0, "")
    run.press(b"\r")
    run.quiet(1.0)
    secret = [typed(run, key) for key in b"changeit"]
    return missed + say(f"most bytes of a key in a password at {shown}", max(secret), 1_000, "")


def typed(run: Run, key: int) -> int:
    """The bytes that one key sends, with the names that could follow."""
    run.count = 0
    run.press(bytes([key]))
    run.quiet(QUIET_S)
    return run.count


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
    verdict = "" if limit is None else f" (limit {limit:g}) {'MISSED' if over else 'ok'}"
    print(f"{what}: {value:.2f} {unit}".rstrip() + verdict)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
