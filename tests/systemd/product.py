"""The practice primary as a unit of a real systemd."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.booted_systemd import Booted, own_python
from tests.systemd.manager import FILE, Real, until
from wizard import self_start
from wizard.host.machine import UNIT
from wizard.sandbox.deployment import ACCOUNT, MARK, Deployment

STORE = "opt/hcp/conf/primary-host.pfx"
NEW = "primary-host.pfx"
"""What application.conf says after the change and not before."""

OLD = 'keystore-file = ""'
UID = 991

PROGRAM = f"""#!/bin/sh
# Ends with a code when application.conf holds a text: /opt/hcp/ends has both.
if read -r code text < /opt/hcp/ends && grep -q -e "$text" /opt/hcp/conf/application.conf; then
    echo "this configuration is of no use"
    exit "$code"
fi
export PYTHONPATH={Path(__file__).resolve().parents[2]}
exec $AS {shlex.join(self_start.command(self_start.PRACTICE_SERVER, "/"))}
"""

SERVICE = f"User={ACCOUNT}\nEnvironment=LC_ALL=C.UTF-8"


class Product:
    """The practice primary on the machine of `booted`, below `/`, as a unit of the real systemd."""

    program: Sequence[str] = own_python("-m", "wizard")
    """The wizard that `wizard` runs."""

    def __init__(self, machine: Booted, template: Deployment, programs: Path) -> None:
        self.machine = machine
        self.template = template
        self.manager = Real(machine, programs)
        self.manager.program = "/opt/hcp/bin/hcp-server"
        for name in ("passwd", "group"):
            line = f"{ACCOUNT}:x:{UID}:{UID}::/opt/hcp:/bin/false" if name == "passwd" else f"{ACCOUNT}:x:{UID}:"
            with machine.path(f"etc/{name}").open("a") as stream:
                stream.write(line + "\n")
        for each in (MARK, "answers.toml", "certificates", "secrets", "unattended.conf"):
            source, target = template.root / each, machine.path(each)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def install(self) -> None:
        """The product as its installer leaves it, without unit."""
        self.manager.clear()
        for folder in ("opt/hcp", "var/lib/cloudstream-wizard"):
            shutil.rmtree(self.machine.path(folder), ignore_errors=True)
        copied = self.machine.path("opt/hcp")
        subprocess.run(["cp", "-a", str(self.template.root / "opt/hcp"), str(copied)], check=True)
        (copied / "bin/hcp-server").write_text(PROGRAM)
        (copied / "bin/hcp-server").chmod(0o755)
        self.ends("")

    def ends(self, text: str, code: int = 1) -> None:
        """From now on the server ends at its start when application.conf holds *text*."""
        self.machine.path("opt/hcp/ends").write_text(f"{code} {text}\n" if text else "")

    def run(self, unit: str = "", service: str = "") -> None:
        """Define the unit and start the server."""
        self.manager.define(unit, f"{SERVICE}\n{service}")
        assert self.manager.do("start", UNIT).returncode == 0
        until(lambda: bool(self.served()))

    def served(self) -> str:
        """The subject that openssl is shown."""
        look = f"openssl s_client -connect 127.0.0.1:{self.template.port} < /dev/null 2>/dev/null | openssl x509 -noout -subject"
        return self.machine.run("sh", "-c", look).stdout.strip()

    def wizard(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the wizard on that machine, as root."""
        return self.machine.run(*self.program, *words, timeout_s=240)

    def apply(self) -> subprocess.CompletedProcess[str]:
        """The change."""
        return self.wizard("apply", "--answers", "/answers.toml", "--yes", "--wait", "40", "--settle", "1", "--json")


def repairs_a_crash_loop(product: Product) -> None:
    """A server that is restarted again and again for its settings gets new ones, and they are accepted."""
    product.ends(OLD)
    product.manager.define("StartLimitIntervalSec=0", f"{SERVICE}\nRestart=always\nRestartSec=500ms")
    product.manager.do("start", UNIT)
    until(lambda: product.manager.count() >= 4)
    done = product.apply()
    assert done.returncode == 0, done.stderr
    assert "primary-host" in product.served()


def refuses_a_masked_unit(product: Product) -> None:
    """Nothing is touched while the unit is masked."""
    product.run()
    product.manager.path(FILE).unlink()
    product.manager.do("mask", UNIT)
    done = product.apply()
    assert done.returncode in {1, 2}, done.stderr
    assert "masked" in done.stderr
    assert product.manager.show("ActiveState") == ["active"]
    assert not product.machine.path(STORE).exists()
