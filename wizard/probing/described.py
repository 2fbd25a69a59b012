"""A certificate as the contract's JSON object."""

from datetime import datetime
from typing import Any

from wizard.certificates import look, names
from wizard.certificates.model import Certificate


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """The `Certificate` object of the contract; what does not parse is shown as unreadable or unknown."""
    return {
        "subject": names.subject(certificate),
        "issuer": names.issuer(certificate),
        "serial": f"{look.serial(certificate):x}",
        "not_before": rfc3339(look.not_before(certificate)),
        "not_after": rfc3339(look.not_after(certificate)),
        "sha256": certificate.sha256,
        "san": look.names(certificate),
        "eku": look.usage_names(certificate),
        "is_ca": look.is_ca(certificate),
        "key": look.key_label(certificate),
        "signature": look.signature_label(certificate),
    }


def rfc3339(moment: datetime) -> str:
    """An aware time in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
