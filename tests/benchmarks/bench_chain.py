"""Ten thousand certificates in one PEM file: read, assembled, judged; and growth from a thousand on.

Figures: half a second for reading and assembling a thousand, growth that stays nearly linear, one millisecond for
judging one chain. All are medians within one run.
"""

import gc
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from cryptography import x509

from tests.support.pki import NOW, Entity, authority, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain, Role
from wizard.certificates.reading import read
from wizard.certificates.rules import judge
from wizard.findings import Finding

MANY = 10_000
FEW = 1_000
RUNS = 5


def pem_of(count: int, kind: str) -> bytes:
    """*count* leaves under a hundred intermediates under one root; keys are shared, names and certificates are not."""
    root = authority("Bench Root", kind=kind)
    middles = [authority(f"Bench CA {number}", root, kind=kind, slot="shared CA") for number in range(100)]
    leaves: list[Entity] = [
        issue(f"host-{number}.bench.example", middles[number % 100], kind=kind, slot="shared leaf")
        for number in range(count)
    ]
    return b"".join(entity.pem for entity in (*leaves, *middles, root))


def seconds(work: Callable[[Any], Any], data: Any) -> float:
    gc.collect()
    start = time.perf_counter()
    work(data)
    return time.perf_counter() - start


def assembled(data: bytes) -> list[Chain]:
    return assemble(read(data))


def judged(chain: Chain) -> list[Finding]:
    return judge(chain, role=Role.PRIMARY, host="a", now=NOW)


def line(name: str, value: float, limit: float, unit: str = "") -> bool:
    ok = value <= limit
    print(f"{name}: {value:.2f}{unit} (limit {limit:g}{unit}) {'ok' if ok else 'MISSED'}")
    return ok


def main() -> int:
    ok = True
    for kind in ("p256", "rsa-2048"):
        large, small = pem_of(MANY, kind), pem_of(FEW, kind)
        alone, ours, short = [], [], []
        for _run in range(RUNS):
            alone.append(seconds(x509.load_pem_x509_certificates, large))
            ours.append(seconds(assembled, large))
            short.append(seconds(assembled, small))
        print(f"{kind}: cryptography alone {median(alone):.3f} s, read and assembled {median(ours):.3f} s")
        ok &= line(f"{kind}: read and assembled a thousand", median(short), 0.5, " s")
        growth = median(ours) / median(short) / (MANY / FEW)
        ok &= line(f"{kind}: ten times as many take, per certificate", growth, 2, " times")
        chains = assemble(read(small))[:300]
        each = [seconds(judged, chain) for chain in chains]
        ok &= line(f"{kind}: judging one chain", median(each) * 1000, 1, " ms")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
