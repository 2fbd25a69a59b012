"""What the transaction costs on top of the same writes done bare."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path, PurePosixPath

from tests.support.fake_host import Scene
from wizard.change.durable import Syscalls
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.change.rollback import rollback

ROUNDS = 15
LIMIT_MS = 150.0


def bare(scene: Scene) -> float:
    """The same four files by temporary file, fsync and rename, and nothing else."""
    begun = time.perf_counter()
    for number, name in enumerate(("a.pfx", "notes.txt", "application.conf", "cacerts")):
        path = scene.machine.real(PurePosixPath("/opt/hcp/conf")) / f"bare-{name}"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            stream.write(bytes(4000 + number))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(path)
    return (time.perf_counter() - begun) * 1000


def main() -> int:
    """Print the figures; 1 when one is missed."""
    costs: list[float] = []
    ways_back: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder)).build()
            calls = Syscalls()
            context = scene.context(calls)
            plain = bare(scene)
            plan = scene.plan(keystore=b"new" * 1500)
            begun = time.perf_counter()
            assert apply(plan, context).outcome == APPLIED
            costs.append((time.perf_counter() - begun) * 1000 - plain)
            begun = time.perf_counter()
            assert rollback(None, context).outcome == APPLIED
            ways_back.append((time.perf_counter() - begun) * 1000 - plain)
    cost, back = statistics.median(costs), statistics.median(ways_back)
    figures = [
        ("transaction over bare writes, ms", cost, LIMIT_MS),
        ("rollback over bare writes, ms", back, LIMIT_MS),
    ]
    for name, value, limit in figures:
        print(f"{name}: {value:.1f} (limit {limit:g}) {'ok' if value <= limit else 'MISSED'}")
    return int(any(value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
