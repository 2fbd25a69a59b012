"""How fast the doctor answers on a healthy practice deployment: with a real JRE, and without any."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.doctor_runs import settle
from tests.support.practice import practice

LIMITS = {"with a JRE": ("17", 3.0), "without a JRE": (None, 1.0)}
RUNS = 5


def main() -> int:
    """Print one line for each figure; 1 when one is missed."""
    missed = False
    for name, (java, limit) in LIMITS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            practice(Path(folder) / "x", java=java, start=False, configured=True) as made,
        ):
            settle(made)
            made.run("doctor")  # the first run compiles modules and warms the JVM's archive
            seconds = []
            for _ in range(RUNS):
                begun = time.monotonic()
                done = made.run("doctor", "--servername", "primary-host")
                seconds.append(time.monotonic() - begun)
                assert done.returncode == 0, done.stdout
        value = statistics.median(seconds)
        missed |= value > limit
        verdict = "ok" if value <= limit else "MISSED"
        print(f"doctor, healthy, {name}, as a command: {value:.2f} s (limit {limit:g} s) {verdict}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
