"""Faults in what the server trusts: cacerts, and the CA certificates uploaded to the portal."""

import os

from wizard.sandbox import truststore
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import Fault, as_root
from wizard.sandbox.mutate import add_anchor
from wizard.sandbox.pki import Pki, authority, new_key


def _root_missing(deployment: Deployment, pki: Pki) -> None:
    truststore.remove(deployment.cacerts, pki.root.certificate, PASSWORD)


def _other_root(deployment: Deployment, pki: Pki) -> None:
    """A root of the same name with another key, as after the CA was set up again."""
    truststore.remove(deployment.cacerts, pki.root.certificate, PASSWORD)
    add_anchor(deployment, authority("Acme-CA-Root", new_key(), None, pki.made))


def _password_changed(deployment: Deployment, _: Pki) -> None:
    truststore.change_password(deployment.cacerts, PASSWORD, "our-own-Passw0rd")


def _empty(deployment: Deployment, _: Pki) -> None:
    truststore.empty(deployment.cacerts, PASSWORD)


def _damaged(deployment: Deployment, _: Pki) -> None:
    data = deployment.cacerts.read_bytes()
    deployment.cacerts.write_bytes(data[: len(data) // 3])


def _missing(deployment: Deployment, _: Pki) -> None:
    deployment.cacerts.unlink()


def _unreadable(deployment: Deployment, _: Pki) -> None:
    if as_root():
        os.chown(deployment.cacerts, 0, 0)
    deployment.cacerts.chmod(0o600 if as_root() else 0)


def _nothing_uploaded(deployment: Deployment, _: Pki) -> None:
    for path in deployment.portal.iterdir():
        path.unlink()


def _intermediate_not_uploaded(deployment: Deployment, _: Pki) -> None:
    (deployment.portal / "Acme-CA-Intermediate.cer").unlink()


FAULTS = (
    Fault("root-missing", "The root is not in cacerts.", "doctor.root-not-trusted", _root_missing, "right"),
    Fault(
        "other-root",
        "cacerts has a root with the same name and another key.",
        "doctor.root-not-trusted",
        _other_root,
        "right",
    ),
    Fault(
        "cacerts-password",
        "Somebody changed the password of cacerts.",
        "doctor.cacerts-password",
        _password_changed,
        "right",
    ),
    Fault("cacerts-empty", "cacerts holds no certificate.", "doctor.cacerts-empty", _empty, "right"),
    Fault("cacerts-damaged", "cacerts was cut off.", "doctor.cacerts-damaged", _damaged, "right"),
    Fault("cacerts-missing", "cacerts is missing.", "doctor.cacerts-missing", _missing, "right"),
    Fault("cacerts-unreadable", "The service cannot read cacerts.", "doctor.cacerts-unreadable", _unreadable, "right"),
    Fault(
        "nothing-uploaded",
        "No CA certificate was uploaded to the portal.",
        "doctor.ca-not-accepted",
        _nothing_uploaded,
        "right",
    ),
    Fault(
        "intermediate-not-uploaded",
        "The intermediate was not uploaded to the portal.",
        "doctor.ca-not-accepted",
        _intermediate_not_uploaded,
        "right",
    ),
)
