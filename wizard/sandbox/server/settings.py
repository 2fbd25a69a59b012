"""What the practice primary reads from application.conf at its start, through the wizard's own HOCON reader."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.configs import hocon, java_start
from wizard.host.machine import lookup, readable_as
from wizard.sandbox.deployment import KEY_PATH, Deployment
from wizard.sandbox.service.unit_file import Unit


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that matter for TLS.

    Attributes:
        keystore_file: logical path; "" means the built-in certificate.
        keystore_password: its password as the server understood it.
        port: of the internal TLS port.
        client_authentication: `need`, `want` or `none`.
        protocols: of `TLSv1.2`, `TLSv1.3`.
    """

    keystore_file: str
    keystore_password: str
    port: int
    client_authentication: str = "need"
    protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")


def read(deployment: Deployment, environment: Mapping[str, str]) -> Settings:
    """The effective settings: includes, duplicates and substitutions as HOCON says.

    Raises:
        WizardError: the text does not parse, or the file cannot be read (OSError then).
    """
    folder = deployment.conf.parent

    def included(kind: str, name: str) -> bytes | None:
        path = folder / name if kind in {"heuristic", "file"} else None
        return path.read_bytes() if path is not None and path.is_file() else None

    unit = Unit(str(deployment.root))
    answer = readable_as(
        deployment.machine, deployment.machine.conf, lookup(deployment.machine, unit.settings.get("User", ""))
    )
    if answer.ok is False and deployment.conf.is_file():
        raise PermissionError(errno.EACCES, "Permission denied", str(deployment.machine.conf))
    java = java_start.parse(unit.settings.get("ExecStart", "").split(), environment, lambda _: None)
    named = java.properties.get("config.file")
    conf = deployment.machine.real(named.value) if named is not None else deployment.conf
    document = hocon.parse(conf.read_bytes(), environment=environment, includes=included)

    def text(path: str, default: str) -> str:
        told = java.overruling(path.split("."))
        value = document.get(path)
        return told.value if told is not None else default if value is None else value.text

    offered = text(f"{KEY_PATH}.protocols", "")
    return Settings(
        keystore_file=text(f"{KEY_PATH}.default-keystore-file", ""),
        keystore_password=text(f"{KEY_PATH}.default-keystore-password", ""),
        port=int(text("hcp.server.internal-tls-port", str(deployment.port))),
        client_authentication=text(f"{KEY_PATH}.client-authentication", "need"),
        protocols=tuple(name for name in ("TLSv1.2", "TLSv1.3") if not offered or name in offered),
    )


def shown_path(deployment: Deployment, real: Path) -> str:
    """How the server names a file in its log."""
    return str(deployment.machine.logical(real))
