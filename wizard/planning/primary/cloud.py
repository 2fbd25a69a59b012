"""A primary in the vendor's cloud: what is known about its support, and which CA certificates its gateways trust."""

from wizard import codes
from wizard.certificates.model import Chain
from wizard.findings import Finding, Locator
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import load_authorities
from wizard.questions.answers import PrimaryKind


def uncertain() -> Finding:
    """What is reported about every cloud primary."""
    return Finding(codes.CLOUD_UNCERTAIN, Locator("answer"))


def cloud_trust(inputs: PlanInputs) -> Chain | None:
    """The chain of CA certificates that the answers name for the cloud primary; None when they name none.

    Raises:
        WizardError: a file cannot be read, or there is no CA certificate.
    """
    primary = inputs.answers.primary
    if primary.kind is not PrimaryKind.CLOUD or not primary.cloud_authorities:
        return None
    return load_authorities(
        primary.cloud_authorities, inputs.base, lambda: inputs.secret("primary.password"), inputs.pasted
    )
