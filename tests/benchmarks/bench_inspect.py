"""A PFX inspected in process and as a command, against `keytool -list -v` on the same file (JRE 17)."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.jvm import jre
from tests.support.pki import acme
from wizard.certificates.chain import assemble
from wizard.certificates.model import Profile
from wizard.certificates.reading import read
from wizard.certificates.writing import keystore
from wizard.secret import Secret

RUNS = 7
PASSWORD = Secret("changeit")


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    keytool = str(jre("17") / "bin" / "keytool")
    environment = {**os.environ, "PASSWORD": PASSWORD.reveal()}
    with TemporaryDirectory() as work:
        path = Path(work) / "primary.pfx"
        path.write_bytes(keystore(assemble(acme().primary.bundle)[0], PASSWORD, profile=Profile.MODERN))
        listing = [keytool, "-list", "-v", "-keystore", str(path), "-storepass:env", "PASSWORD"]
        ours = [sys.executable, "-m", "wizard", "inspect", str(path), "--secret", "password=env:PASSWORD"]

        def run(command: list[str]) -> None:
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)

        def inside() -> None:
            assert assemble(read(path.read_bytes(), name=str(path), password=PASSWORD))[0].complete

        inside()
        java, process, command = [], [], []
        for _run in range(RUNS):
            java.append(seconds(lambda: run(listing)))
            process.append(seconds(inside))
            command.append(seconds(lambda: run(ours)))
    print(f"keytool {median(java):.3f} s, in process {median(process):.4f} s, as a command {median(command):.3f} s")
    ok = True
    for name, mine, limit in (("in process", process, 20), ("as a command", command, 3)):
        ratio = median(theirs / own for theirs, own in zip(java, mine, strict=True))
        fine = ratio >= limit
        ok &= fine
        print(
            f"a PFX inspected {name}, times faster than keytool: {ratio:.1f} (limit {limit}) {'ok' if fine else 'MISSED'}"
        )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
