"""The account in the portal: which CA files to upload, the OCSP settings, and the policy, last of all."""

from collections.abc import Collection, Sequence

from wizard.answers import AccountAnswers
from wizard.certificates.model import Chain
from wizard.certificates.names import short
from wizard.certificates.writing import cer_files
from wizard.nodes.packs import Pack, PackFile, checklist

ROUTES = (
    "newer portal: Security > Security options > Certificates",
    "older portal: Account settings > CERTIFICATES",
)
POLICY_ROUTES = (
    "newer portal: Security > Security options > General (PKI)",
    "older portal: Account settings > PKI and encryption",
)


FOLDER = "portal"
"""Of its pack; no gateway or client can have this host name."""


def make_pack(answers: AccountAnswers, chains: Sequence[Chain], public_roots: Collection[str]) -> Pack:
    """One .cer per CA of all chains with its fingerprint, and the order of work in the portal."""
    files = cer_files(chains, public_roots=public_roots)
    by_der = {certificate.der: certificate for chain in chains for certificate in chain.authorities}
    uploads = [f"{name}  ({short(by_der[data])})\nSHA-256 {by_der[data].sha256}" for name, data in files]
    steps: list[str] = []
    if files:
        steps.append("Open Trusted CA certificates:\n" + "\n".join(ROUTES))
        steps += [f"Upload {upload}" for upload in uploads]
        steps.append("Compare each fingerprint that the portal shows.")
    else:
        steps.append("Nothing to upload: every chain ends in a public root that Java brings.")
    steps += [
        ocsp_advice(answers),
        (
            "See that the primary is proven, and that every gateway and client of\n"
            "this account has its certificate. Endpoints without one go offline\nwith the next step."
        ),
        'In a quiet hour, set "Certificate policy for internal communication" to\n"Use trusted CA certificates":\n'
        + "\n".join(POLICY_ROUTES),
        "See that every gateway and client is online again.\nThe way back is the built-in policy, in the same place.",
    ]
    title = "Account in the portal"
    page = checklist(title, "Policy last: it takes every endpoint without a trusted certificate offline.", tuple(steps))
    return Pack(
        FOLDER, title, (PackFile("CHECKLIST.md", page), *(PackFile(name, data) for name, data in files)), tuple(steps)
    )


def ocsp_advice(answers: AccountAnswers) -> str:
    """What to do about the two OCSP settings; lines as in the checklist."""
    match answers.ocsp:
        case "unchanged":
            return "Leave the two OCSP settings as they are, unless the PKI administrator\nsays otherwise."
        case "off":
            return "OCSP: switch the revocation check off."
        case "on":
            return (
                "OCSP: switch the revocation check on; leave the URL empty, so the\n"
                "responder named in each certificate is asked."
            )
        case url:
            return f"OCSP: switch the revocation check on and enter the URL\n{url}"
