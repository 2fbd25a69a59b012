"""What the transaction costs on top of the same writes done bare, and how often Java is started."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path, PurePosixPath

from tests.support.fake_host import Prober, Scene, Service, Trust
from wizard.change.engine import apply
from wizard.change.outcome import APPLIED
from wizard.change.ports import Ports
from wizard.change.rollback import rollback
from wizard.change.syscalls import Syscalls
from wizard.secret import Secret

ROUNDS = 15
LIMIT_MS = 150.0
LIMIT_STARTS = 2


class Counting:
    """Counts what would be starts of keytool."""

    def __init__(self, trust: Trust) -> None:
        self.starts = 0
        self._trust = trust
        self.entries = trust.entries

    def prove(self, _store: Path, _password: Secret, alias: str | None) -> str:
        # With the alias the product's keytool is started once, without it twice (wizard.host.keytool).
        self.starts += 1 if alias else 2
        return "proven"

    def add(self, store: Path, certificate: bytes, alias: str, password: Secret) -> None:
        self.starts += 1
        self._trust.add(store, certificate, alias, password)

    def remove(self, store: Path, alias: str, password: Secret) -> None:
        self.starts += 1
        self._trust.remove(store, alias, password)


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
    starts = 0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder)).build()
            calls = Syscalls()
            counting = Counting(Trust(calls))
            context = scene.context(calls)
            ports = Ports(counting, counting, Service(scene, calls), Prober(scene))
            object.__setattr__(context, "ports", ports)
            plain = bare(scene)
            plan = scene.plan(keystore=b"new" * 1500)
            begun = time.perf_counter()
            assert apply(plan, context).outcome == APPLIED
            costs.append((time.perf_counter() - begun) * 1000 - plain)
            starts = max(starts, counting.starts)
            begun = time.perf_counter()
            assert rollback(None, context).outcome == APPLIED
            ways_back.append((time.perf_counter() - begun) * 1000 - plain)
    cost, back = statistics.median(costs), statistics.median(ways_back)
    figures = [
        ("transaction over bare writes, ms", cost, LIMIT_MS),
        ("rollback over bare writes, ms", back, LIMIT_MS),
        ("starts of keytool in one apply", float(starts), LIMIT_STARTS),
    ]
    for name, value, limit in figures:
        print(f"{name}: {value:.1f} (limit {limit:g}) {'ok' if value <= limit else 'MISSED'}")
    return int(any(value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
