"""First paint against a bare Textual program, memory, an idle screen, and the step to the next one. Run as a script."""

import os
import pty
import re
import select
import signal
import statistics
import sys
import tempfile
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
    """A program in a pseudo-terminal of 80x24."""

    def __init__(self, command: list[str]) -> None:
        self.started = time.perf_counter()
        self.pid, self.link = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLUMNS": "80", "LINES": "24"})
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
        return os.read(self.link, 65536) if ready else b""

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
            (first_paint([sys.executable, "-c", BARE], b"ready"), first_paint(wizard, b"What do you"))
            for _ in range(ROUNDS)
        ]
        bare, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
        missed += say("first paint of a bare program", bare, None, "s")
        missed += say("first paint of the wizard", ours, None, "s")
        missed += say("first paint, ratio", statistics.median(b / a for a, b in pairs), 1.25, "")
        run = Run(wizard)
        run.until(b"What do you")
        run.quiet(3.0)
        missed += say("memory", run.memory_mib(), 60, "MiB")
        sent = b"".join(run.read(0.1) for _ in range(30))
        missed += say("idle, bytes in 3 s", len(sent), 0, "")
        run.end()
        steps = []
        for _ in range(3):
            run = Run(wizard)
            run.until(b"What do you")
            run.quiet()
            run.press(b"\r")
            steps.append(run.until(b"Step 2 of"))
            run.quiet()
            run.press(b"\x1b")
            run.until(b"Step 1 of")
            run.end()
        missed += say("step change", statistics.median(steps) * 1000, 100, "ms")
    return 1 if missed else 0


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
