"""How long the look at the machine, a practice deployment, and keytool's proofs take; medians, ratios within one run."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.jvm import jre as java_home
from wizard.host.jre import Jre, Keytool
from wizard.planning.snapshot import MachineSnapshot
from wizard.sandbox.build import create
from wizard.sandbox.deployment import PASSWORD
from wizard.secret import Secret


def median(act: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of one call, the median of several."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def main() -> int:
    """Print one line a figure; 1 when a limit is missed."""
    home = java_home("17")
    with tempfile.TemporaryDirectory() as work:
        numbers = iter(range(100))
        built = median(lambda: create(Path(work) / f"{next(numbers)}", jre=home, configured=True), 3)
        deployment = create(Path(work) / "d", jre=home, configured=True)
        facts = median(lambda: MachineSnapshot(deployment.machine).read_host())
        keytool = Keytool(Jre(home, "17", keytool=home / "bin/keytool"))
        command = [str(home / "bin/keytool"), "-list", "-v", "-keystore", str(deployment.keystore)]
        ratios = []
        for _ in range(7):  # in turn, so that other work on the machine weighs on both
            proof = median(lambda: keytool.prove_keystore(deployment.keystore, Secret(PASSWORD), "primary-host"), 1)
            ratios.append(
                proof
                / median(lambda: subprocess.run([*command, "-storepass", PASSWORD], capture_output=True, check=True), 1)
            )
    figures = (
        ("practice deployment, seconds", built, 1.5),
        ("facts of a machine, seconds", facts, 0.150),
        ("proof by key and chain / keytool -list -v", statistics.median(ratios), 1.5),
    )
    for name, value, limit in figures:
        print(f"{name}: {value:.3f} (limit {limit}) {'ok' if value <= limit else 'MISSED'}")
    return int(any(value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
