"""A practice deployment as it lies in a folder: its paths, and how it is described to scripts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.errors import WizardError
from wizard.host.machine import Machine

MARK = ".practice-deployment.json"
"""A folder with this file is ours; nothing else is ever overwritten or served."""

PASSWORD = "changeit"  # noqa: S105 - the password of the manual, for practice certificates
ACCOUNT = "hcp"
KEY_PATH = "hcp.server.tls"
"""The block of application.conf that holds the two settings, in the practice deployment."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A practice deployment.

    Attributes:
        root: real folder that is used as `/`.
        port: where its primary listens on loopback.
        faults: names of the faults that were built in.
    """

    root: Path
    port: int
    faults: tuple[str, ...] = ()

    @property
    def machine(self) -> Machine:
        """The deployment as the machine that the wizard looks at."""
        return Machine(
            root=self.root, state_dir=self.root / "var/lib/cloudstream-wizard", systemctl=str(self.systemctl)
        )

    @property
    def systemctl(self) -> Path:
        """The stand-in for systemctl."""
        return self.root / "usr/bin/systemctl"

    @property
    def endpoint(self) -> str:
        """`host:port` of its primary."""
        return f"127.0.0.1:{self.port}"

    @property
    def conf(self) -> Path:
        """Real path of application.conf."""
        return self.root / "opt/hcp/conf/application.conf"

    @property
    def keystore(self) -> Path:
        """Real path of the key store that a configured deployment uses."""
        return self.root / "opt/hcp/conf/primary-host.pfx"

    @property
    def cacerts(self) -> Path:
        """Real path of the JRE's trust store."""
        return self.root / "opt/hcp/jre/lib/security/cacerts"

    @property
    def builtin(self) -> Path:
        """Certificate and key that the server falls back to, PEM."""
        return self.root / "opt/hcp/lib/builtin-localhost.pem"

    @property
    def portal(self) -> Path:
        """Folder that simulates the account's "Trusted CA certificates" panel."""
        return self.root / "opt/hcp/data/portal/trusted-ca"

    @property
    def certificates(self) -> Path:
        """What the PKI team sent."""
        return self.root / "certificates"

    @property
    def unit_file(self) -> Path:
        """The service unit."""
        return self.root / "etc/systemd/system/hcp-server.service"

    @property
    def journal(self) -> Path:
        """What the stand-in journalctl shows."""
        return self.root / "var/log/journal.log"

    @property
    def run(self) -> Path:
        """State of the stand-in service manager."""
        return self.root / "run"

    def as_json(self) -> dict[str, Any]:
        """The members that `sandbox create --json` prints."""
        folder = self.certificates
        pki: dict[str, Any] = {
            name: {"pfx": str(folder / f"{name}.pfx"), "pem": str(folder / f"{name}.pem")}
            for name in ("primary-host", "gateway-host", "pcclient-host")
        }
        pki["root"] = str(folder / "Acme-CA-Root.cer")
        pki["intermediate"] = str(folder / "Acme-CA-Intermediate.cer")
        pki["p7b"] = str(folder / "acme-chain.p7b")
        pki["exercises"] = str(folder / "exercises")
        return {
            "root": str(self.root),
            "hcp_home": "/opt/hcp",
            "endpoint": self.endpoint,
            "systemctl": str(self.systemctl),
            "state_dir": str(self.machine.state_dir),
            "answers": str(self.root / "answers.toml"),
            "unattended": str(self.root / "unattended.conf"),
            "portal": str(self.portal),
            "pki": pki,
            "passwords": {"file": str(self.root / "passwords.toml")},
            "faults": list(self.faults),
        }

    def save(self) -> None:
        """Write the mark that makes the folder a practice deployment."""
        text = json.dumps({"port": self.port, "faults": list(self.faults)})
        (self.root / MARK).write_text(text, encoding="utf-8")


def load(root: Path) -> Deployment:
    """The practice deployment in *root*.

    Raises:
        WizardError: sandbox.not-a-deployment.
    """
    try:
        loaded = json.loads((root / MARK).read_text(encoding="utf-8"))
        return Deployment(root.absolute(), int(loaded["port"]), tuple(loaded["faults"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise WizardError(codes.SANDBOX_NOT_A_DEPLOYMENT, subject=root, folder=root) from None
