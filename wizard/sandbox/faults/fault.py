"""What a fault is."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from wizard.sandbox.deployment import Deployment
from wizard.sandbox.pki import Pki

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


def put(deployment: Deployment, data: bytes) -> None:
    """Replace the content of the key store; owner and mode stay."""
    deployment.keystore.write_bytes(data)


def edit(deployment: Deployment, old: str, new: str) -> None:
    """Replace one text in application.conf."""
    text = deployment.conf.read_text(encoding="utf-8")
    assert old in text, old  # noqa: S101 - a fault that changes nothing would teach nothing
    deployment.conf.write_text(text.replace(old, new, 1), encoding="utf-8")


def as_root() -> bool:
    """Whether the deployment is built by root, so that the service has another account."""
    return os.geteuid() == 0
