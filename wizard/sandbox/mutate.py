"""Changes to a practice deployment that building it and breaking it have in common."""

from wizard.package_data import read_text
from wizard.sandbox import truststore
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.pki import Entity


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


def add_anchor(deployment: Deployment, authority: Entity) -> None:
    """Add a root to cacerts, JKS or PKCS12, without starting Java."""
    truststore.add(deployment.cacerts, authority.certificate, "acme-ca-root", PASSWORD)
