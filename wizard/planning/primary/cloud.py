"""A primary in the vendor's cloud: what is known about its support, and which CA certificates its gateways trust."""

from wizard.certificates.model import Chain
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.planning.inputs import PlanInputs
from wizard.planning.load_chain import load_authorities
from wizard.questions.answers import PrimaryKind

UNCERTAIN = FindingSpec(
    "cloud.uncertain",
    Severity.WARNING,
    "a cloud primary may not take trusted CA certificates",
    "The vendor's PKI page says that trusted CA certificates work only with an on-premise primary.",
    "If it is so, every gateway and client goes offline when the policy is switched.",
    "Ask your vendor before the policy is switched; until then nothing is lost.",
    "vendor page PKI and encryption",
)
SPECS = (UNCERTAIN,)


def uncertain() -> Finding:
    """What is to be said about every cloud primary."""
    return Finding(UNCERTAIN, Locator("answer"))


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
