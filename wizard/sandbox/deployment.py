"""A practice deployment as it lies in a folder: its paths, its description for scripts, and how it is changed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import codes
from wizard.errors import WizardError
from wizard.host.machine import Machine, default_state_dir
from wizard.package_data import read_text
from wizard.sandbox import truststore

if TYPE_CHECKING:  # a server that starts makes no keys
    from wizard.sandbox.pki import Entity

MARK = ".practice-deployment.json"
"""A folder with this file is ours; nothing else is ever overwritten or served."""

PASSWORD = "changeit"  # noqa: S105 - the password of the manual, for practice certificates
ACCOUNT = "hcp"
KEY_PATH = "hcp.server.tls"
"""The block of application.conf that holds the two settings, in the practice deployment."""


@dataclass
class Deployment:
    """A practice deployment.

    Attributes:
        root: real folder that is used as `/`.
        port: where its primary listens on loopback.
        faults: names of the faults that were built in.
        machine: the deployment as the machine that the wizard looks at.
        systemctl: the stand-in for systemctl.
        endpoint: `host:port` of its primary.
        conf: real path of application.conf.
        keystore: real path of the key store that a configured deployment uses.
        cacerts: real path of the JRE's trust store.
        builtin: certificate and key that the server falls back to, PEM.
        portal: folder that simulates the account's "Trusted CA certificates" panel.
        certificates: what the PKI team sent.
        unit_file: the service unit.
        journal: what the stand-in journalctl shows.
        run: state of the stand-in service manager.
    """

    root: Path
    port: int
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Name its paths."""
        root = self.root
        self.systemctl = root / "usr/bin/systemctl"
        self.machine = Machine(root=root, state_dir=default_state_dir(root), systemctl=str(self.systemctl))
        self.endpoint = f"127.0.0.1:{self.port}"
        self.conf = root / "opt/hcp/conf/application.conf"
        self.keystore = root / "opt/hcp/conf/primary-host.pfx"
        self.cacerts = root / "opt/hcp/jre/lib/security/cacerts"
        self.builtin = root / "opt/hcp/lib/builtin-localhost.pem"
        self.portal = root / "opt/hcp/data/portal/trusted-ca"
        self.certificates = root / "certificates"
        self.unit_file = root / "etc/systemd/system/hcp-server.service"
        self.journal = root / "var/log/journal.log"
        self.run = root / "run"

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


def template(file: str, /, **values: object) -> str:
    """A text file of a practice deployment, with *values* where it has their names between at signs."""
    text = read_text("wizard.sandbox", f"templates/{file}")
    for each, value in values.items():
        text = text.replace(f"@{each}@", str(value))
    return text


def write_conf(deployment: Deployment, file: str, password: str) -> None:
    """Write application.conf with the two settings exactly as given."""
    text = template("application.conf", port=deployment.port, file=file, password=password)
    deployment.conf.write_text(text, encoding="utf-8")
    deployment.conf.chmod(0o640)


def add_anchor(deployment: Deployment, authority: "Entity") -> None:
    """Add a root to cacerts, JKS or PKCS12, without starting Java."""
    truststore.add(deployment.cacerts, authority.certificate, "acme-ca-root", PASSWORD)
