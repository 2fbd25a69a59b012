"""Faults in what the server trusts: cacerts, and the CA certificates uploaded to the portal."""

from wizard.sandbox import truststore
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import closed, table
from wizard.sandbox.mutate import add_anchor
from wizard.sandbox.pki import Pki, authority, new_key


def _other_root(deployment: Deployment, pki: Pki) -> None:
    """A root of the same name with another key, as after the CA was set up again."""
    truststore.remove(deployment.cacerts, pki.root.certificate, PASSWORD)
    add_anchor(deployment, authority("Acme-CA-Root", new_key(), None, pki.made))


def _damaged(deployment: Deployment, _: Pki) -> None:
    data = deployment.cacerts.read_bytes()
    deployment.cacerts.write_bytes(data[: len(data) // 3])


def _nothing_uploaded(deployment: Deployment, _: Pki) -> None:
    for path in deployment.portal.iterdir():
        path.unlink()


FAULTS = table(
    """\
root-missing              doctor.root-not-trusted   right The root is not in cacerts.
other-root                doctor.root-not-trusted   right cacerts has a root with the same name and another key.
cacerts-password          doctor.cacerts-password   right Somebody changed the password of cacerts.
cacerts-empty             doctor.cacerts-empty      right cacerts holds no certificate.
cacerts-damaged           doctor.cacerts-damaged    right cacerts was cut off.
cacerts-missing           doctor.cacerts-missing    right cacerts is missing.
cacerts-unreadable        doctor.cacerts-unreadable right The service cannot read cacerts.
nothing-uploaded          doctor.ca-not-accepted    right No CA certificate was uploaded to the portal.
intermediate-not-uploaded doctor.ca-not-accepted    right The intermediate was not uploaded to the portal.
""",
    {
        "root-missing": lambda made, pki: truststore.remove(made.cacerts, pki.root.certificate, PASSWORD),
        "other-root": _other_root,
        "cacerts-password": lambda made, _: truststore.change_password(made.cacerts, PASSWORD, "our-own-Passw0rd"),
        "cacerts-empty": lambda made, _: truststore.empty(made.cacerts, PASSWORD),
        "cacerts-damaged": _damaged,
        "cacerts-missing": lambda made, _: made.cacerts.unlink(),
        "cacerts-unreadable": lambda made, _: closed(made.cacerts),
        "nothing-uploaded": _nothing_uploaded,
        "intermediate-not-uploaded": lambda made, _: (made.portal / "Acme-CA-Intermediate.cer").unlink(),
    },
)
