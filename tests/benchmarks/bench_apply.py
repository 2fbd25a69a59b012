"""A whole headless apply of the primary against the manual's own commands for the same, in one run.

Left out on both sides: the service's start, which takes as long as it takes, and the look at the port after it. The
stand-in for systemctl starts a Python for each question, where the real one asks PID 1 and answers in milliseconds; so
what it says before the restart is answered from a file here.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.jvm import jre
from tests.support.practice import Practice, practice
from wizard.host.jre import Jre, Keytool
from wizard.secret import Secret

ROUNDS = 15
LIMIT = 2.0
MODULES = 100
LOADED = """
import os, sys
from wizard.cli.main import main
code = main(sys.argv[1:])
files = [getattr(module, "__file__", "") for name, module in sys.modules.items() if name.startswith(("wizard.", "screens."))]
print(sum(os.path.basename(file) != "__init__.py" for file in files), file=sys.stderr)
sys.exit(code)
"""
"""Runs a command, and then prints how many modules of the wizard it loaded, without the packages' own."""

LIBRARIES = """
import sys
{imports}
print(*(name for name in sys.modules if not name.startswith(("wizard", "screens", "__"))))
"""
"""Prints which modules that are not ours are loaded by some that are."""

WITHOUT_OURS = """
import contextlib, gc
gc.disable()
for name in {names!r}:
    with contextlib.suppress(ImportError):
        __import__(name)
"""

MANUAL = """
set -eu
cd "$ROOT"
export PASSWORD=changeit
openssl pkcs12 -export -name primary-host -in certificates/primary-host.pem -inkey certificates/primary-host.key \\
    -passin env:PASSWORD -passout env:PASSWORD -out work.pfx
cp work.pfx opt/hcp/conf/primary-host.pfx
chmod 0644 opt/hcp/conf/primary-host.pfx
sed -i 's|default-keystore-file = ""|default-keystore-file = "/opt/hcp/conf/primary-host.pfx"|' opt/hcp/conf/application.conf
sed -i 's|default-keystore-password = ""|default-keystore-password = "changeit"|' opt/hcp/conf/application.conf
"$JRE/bin/keytool" -importcert -noprompt -alias acme-ca -file certificates/Acme-CA-Root.cer \\
    -keystore opt/hcp/jre/lib/security/cacerts -storepass changeit
"""


def by_hand(server: Practice) -> float:
    """Seconds that the manual's commands take; everything is put back afterwards."""
    kept = {path: path.read_bytes() for path in (server.deployment.conf, server.deployment.cacerts)}
    started = time.perf_counter()
    environment = {"ROOT": str(server.root), "JRE": str(jre("17")), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", "-c", MANUAL], check=True, env=environment, capture_output=True, timeout=120)
    took = time.perf_counter() - started
    for path, data in kept.items():
        path.write_bytes(data)
    (server.root / "work.pfx").unlink()
    server.deployment.keystore.unlink()
    return took


QUICK = """#!/bin/sh
# The stand-in's answer to `show` from a file, until the service is restarted.
if [ "$1" = show ] && [ -e "{kept}" ]; then exec cat "{kept}"; fi
[ "$1" = show ] || rm -f "{kept}"
exec "{real}" "$@"
"""


def quick_systemctl(server: Practice) -> str:
    """A stand-in that answers `show` at once; made anew for each run."""
    real, quick, kept = (server.root / "usr/bin" / name for name in ("systemctl", "systemctl-quick", "kept"))
    said = subprocess.run([str(real), "show", "hcp-server"], check=True, capture_output=True, text=True, timeout=30)
    kept.write_text(said.stdout)
    quick.write_text(QUICK.format(real=real, kept=kept))
    quick.chmod(0o755)
    return str(quick)


def by_wizard(server: Practice) -> float:
    """Seconds that `apply` takes, without the time from the restart to the end of the probe."""
    options = [*server.options, "--systemctl", quick_systemctl(server), "--answers", "primary.toml"]
    command = [sys.executable, "-m", "wizard", "apply", *options, "--yes"]
    marks: dict[str, float] = {}
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=server.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            marks.setdefault(line.strip()[:14], time.perf_counter())
    assert child.returncode == 0
    took = time.perf_counter() - started
    done = server.run("rollback", "--yes")
    assert done.returncode == 0, done.stderr
    # Each is the first change of its machine, as it is by hand.
    shutil.rmtree(server.deployment.machine.state_dir)
    return took - (marks["probe: done Ev"] - marks["restart: start"])


def by_java_alone(server: Practice) -> float:
    """Seconds that the two keytools take side by side, started as lean as `apply` does and with all they need at hand."""
    home = jre("17")
    tool = Keytool(Jre(home, "17", keytool=home / "bin/keytool"))
    copy = server.root / "cacerts-copy"
    copy.write_bytes(server.deployment.cacerts.read_bytes())
    root = (server.root / "certificates/Acme-CA-Root.cer").read_bytes()
    password = Secret("changeit")
    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=2) as pool:
        proof = pool.submit(
            tool.prove_keystore, server.root / "certificates/primary-host.pfx", password, "primary-host"
        )
        pool.submit(tool.import_trust, copy, root, "acme-ca", password).result()
        assert proof.result().ok
    took = time.perf_counter() - started
    copy.unlink()
    return took


def by_libraries(imports: str) -> float:
    """Seconds that a Python takes to start and to load the libraries behind *imports*, and nothing of ours."""
    listed = subprocess.run(
        [sys.executable, "-c", LIBRARIES.format(imports=imports)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    code = WITHOUT_OURS.format(names=listed.stdout.split())
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - started


def modules_of_plan(server: Practice) -> int:
    """How many modules a headless `plan` loads."""
    command = [sys.executable, "-c", LOADED, "plan", *server.options, "--answers", "primary.toml"]
    done = subprocess.run(command, check=True, cwd=server.root, capture_output=True, text=True, timeout=120)
    return int(done.stderr.split()[-1])


def main() -> int:
    """Print the figures; 1 when a limit was missed."""
    with tempfile.TemporaryDirectory() as folder, practice(Path(folder) / "p") as server:
        # The primary alone, as the manual's section does.
        text = (server.root / "answers.toml").read_text()
        (server.root / "primary.toml").write_text(text[: text.index("[[gateway]]")])
        modules = modules_of_plan(server)
        by_wizard(server)
        rows = [
            (
                by_wizard(server),
                by_hand(server),
                by_java_alone(server),
                by_libraries("import wizard.__main__, wizard.cli.apply"),
                by_libraries("import wizard.__main__, wizard.change.worker"),
            )
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(ours / theirs for ours, theirs, *_ in rows)
    ours, theirs, java, command, worker = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"apply {ours:.2f} s, by hand {theirs:.2f} s")
    print(
        f"not ours: Java's proof and import {java:.2f} s, Python with the libraries of the command {command:.2f} s,"
        f" of the worker {worker:.2f} s: {(java + command + worker) / theirs:.2f} of the manual's commands"
    )
    print(f"apply against the manual's commands: {ratio:.2f} (limit {LIMIT}) {'ok' if ratio <= LIMIT else 'MISSED'}")
    print(f"modules loaded by plan: {modules} (limit {MODULES}) {'ok' if modules <= MODULES else 'MISSED'}")
    return int(ratio > LIMIT or modules > MODULES)


if __name__ == "__main__":
    sys.exit(main())
