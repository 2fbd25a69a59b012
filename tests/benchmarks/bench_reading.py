"""How fast reading is: against what cryptography alone needs, against its own growth, and against `keytool -list -v`.

python -m tests.benchmarks.bench_reading
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from tests.support.jvm import jre
from tests.support.pki import acme, issue
from wizard.certificates.reading import read
from wizard.secret import Secret

COUNT = 10_000
ROUNDS = 5


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def ratio(first: Callable[[], object], second: Callable[[], object]) -> float:
    """The median of first by second, each pair measured one after the other so that a busy machine hits both."""
    return statistics.median(seconds(first) / seconds(second) for _ in range(ROUNDS))


def report(name: str, value: float, limit: float, *, least: bool = False) -> bool:
    """Print one figure; True when it is within its limit."""
    good = value >= limit if least else value <= limit
    print(f"{name}: {value:.2f} (limit {limit:g}) {'ok' if good else 'MISSED'}")
    return good


def keytool(store: Path) -> None:
    """What an operator would type today."""
    command = [
        str(jre("17") / "bin" / "keytool"),
        "-list",
        "-v",
        "-keystore",
        str(store),
        "-storepass:env",
        "STOREPASS",
    ]
    environment = {**os.environ, "STOREPASS": "changeit"}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)


def main() -> int:
    """Measure and print; 1 when a limit was missed."""
    pki = acme()
    bases = [issue(f"host-{number}", pki.intermediate).pem for number in range(500)]
    many = b"".join(bases[number % 500] for number in range(COUNT))
    tenth = many[: len(many) // 10]
    tenth = tenth[: tenth.rindex(b"-----BEGIN")]
    assert len(read(many).certificates) == COUNT
    results = [
        report(
            f"{COUNT} certificates in PEM, by cryptography's own loading",
            ratio(lambda: read(many), lambda: x509.load_pem_x509_certificates(many)),
            2,
        ),
        report("ten times as many certificates, by a tenth", ratio(lambda: read(many), lambda: read(tenth)), 15),
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "primary.pfx"
        store.write_bytes(pki.primary.pfx("changeit"))
        data = store.read_bytes()
        password = Secret("changeit")
        results.append(
            report(
                "a PFX, times faster than keytool -list -v",
                ratio(lambda: keytool(store), lambda: read(data, password=password)),
                20,
                least=True,
            )
        )
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
