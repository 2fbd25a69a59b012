"""How far a command is that works on many machines, on standard error."""

import sys

MANY = 25
"""From so many machines on it is shown, ten times in each phase."""


def show_progress(what: str, done: int, total: int) -> None:
    """One line at each tenth: `bundles made: 300 of 1000`."""
    if total >= MANY and (done == total or done % (total // 10) == 0):
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)
