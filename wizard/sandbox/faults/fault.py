"""What a fault is, and what faults are made of."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.pki import Pki, pfx

NAME = "primary-host"
FILE = "/opt/hcp/conf/primary-host.pfx"
FILE_LINE = f'default-keystore-file = "{FILE}"'
PASSWORD_LINE = f'default-keystore-password = "{PASSWORD}"'

Act = Callable[[Deployment, Pki], None]
"""Breaks one thing in a deployment; the PKI is there to make other certificates with."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is broken on purpose.

    Attributes:
        name: for `--fault`.
        breaks: what is wrong, in one sentence.
        code: the headline that the doctor should give.
        act: breaks it.
        serves: what the primary then does: `right` (the right certificate), `fallback`, `other` (a wrong one), `down`.
    """

    name: str
    breaks: str
    code: str
    act: Act
    serves: str = "fallback"


def table(text: str, acts: Mapping[str, Act]) -> tuple[Fault, ...]:
    """The faults of *acts*; *text* has a line for each: its name, `code`, `serves`, and what it breaks."""
    rows = (line.split(maxsplit=3) for line in text.splitlines())
    return tuple(Fault(name, breaks, code, acts[name], serves) for name, code, serves, breaks in rows)


def put(deployment: Deployment, data: bytes) -> None:
    """Replace the content of the key store; owner and mode stay."""
    deployment.keystore.write_bytes(data)


def edit(deployment: Deployment, old: str, new: str) -> None:
    """Replace one text in application.conf."""
    text = deployment.conf.read_text(encoding="utf-8")
    assert old in text, old  # noqa: S101 - a fault that changes nothing would teach nothing
    deployment.conf.write_text(text.replace(old, new, 1), encoding="utf-8")


def edited(old: str, new: str) -> Act:
    """A fault: one text in application.conf is replaced."""
    return lambda deployment, _: edit(deployment, old, new)


def appended(text: str) -> Act:
    """A fault: application.conf ends with *text*."""
    return lambda deployment, _: append(deployment.conf, text)


def append(path: Path, text: str) -> None:
    """Write *text* at the end of the file."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def password(word: str, written: str) -> Act:
    """A fault: a key store with the password *word*, which application.conf contains as *written*."""

    def act(deployment: Deployment, pki: Pki) -> None:
        put(deployment, pfx(pki.entities[NAME], word, name=NAME))
        edit(deployment, f'"{PASSWORD}"', written)

    return act


def as_root() -> bool:
    """Whether the deployment is built by root, so that the service has another account."""
    return os.geteuid() == 0


def closed(path: Path) -> None:
    """Let the service, but not the builder, lose the right to read *path*."""
    if as_root():
        os.chown(path, 0, 0)
    path.chmod(0o600 if as_root() else 0)
