"""What `make test` takes, without the installation of what is missing, which depends on the network. Run on an idle machine."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_MINUTES, MOST_CPU_MINUTES = 6, 12
"""On two processors."""


def main() -> int:
    """Print the figures; 1 when a limit was missed or a test failed."""
    subprocess.run(["make", "oracles", ".venv/.test"], cwd=ROOT, check=True)
    started = time.monotonic()
    done = subprocess.run(["make", "test"], cwd=ROOT, check=False)
    minutes = (time.monotonic() - started) / 60
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_minutes = (used.ru_utime + used.ru_stime) / 60
    missed = minutes > MOST_MINUTES or cpu_minutes > MOST_CPU_MINUTES
    print(
        f"make test on {os.cpu_count()} processors: {minutes:.1f} minutes (limit {MOST_MINUTES}),"
        f" {cpu_minutes:.1f} of processor time (limit {MOST_CPU_MINUTES}) {'MISSED' if missed else 'ok'}"
    )
    return int(missed or done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
