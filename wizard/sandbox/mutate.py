"""Changes to a practice deployment that building it and breaking it have in common."""

from wizard.sandbox import texts, truststore
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.pki import Entity


def write_conf(deployment: Deployment, file: str, password: str) -> None:
    """Write application.conf with the two settings exactly as given."""
    text = texts.APPLICATION_CONF.format(port=deployment.port, file=file, password=password)
    deployment.conf.write_text(text, encoding="utf-8")
    deployment.conf.chmod(0o640)


def add_anchor(deployment: Deployment, authority: Entity) -> None:
    """Add a root to cacerts, JKS or PKCS12, without starting Java."""
    truststore.add(deployment.cacerts, authority.certificate, "acme-ca-root", PASSWORD)
