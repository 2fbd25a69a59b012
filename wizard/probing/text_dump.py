"""The result of a probe in the format of `openssl s_client`."""

from cryptography.hazmat.primitives.serialization import Encoding

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.printable import printable, rfc3339
from wizard.probing.probe import ProbeResult

RULE = "---"


def plain_dump(result: ProbeResult) -> str:
    """All that was seen, as lines; ends with a line end. No colour, nothing that could act on a terminal."""
    if not result.reachable:
        return f"connect: {printable(result.detail)}\n"
    lines = [f"CONNECTED({result.address}:{result.port})", RULE]
    if result.chain:
        lines += ["Certificate chain", *_chain(result.chain), RULE, *_leaf(result.chain[0])]
    else:
        lines.append("no peer certificate available")
    lines += [RULE, *_client(result), RULE, *_session(result), RULE]
    if result.alert:
        lines.append(f"alert from the server: {result.alert}")
    if result.error:
        lines.append(f"error: {result.error} {printable(result.detail)}")
    return "\n".join(lines) + "\n"


def _chain(chain: tuple[Certificate, ...]) -> list[str]:
    lines = []
    for place, certificate in enumerate(chain):
        since, until = rfc3339(fields.not_before(certificate)), rfc3339(fields.not_after(certificate))
        lines += [
            f"{place:2d} s:{names.subject(certificate)}",
            f"   i:{names.issuer(certificate)}",
            f"   a:PKEY: {fields.key_label(certificate)}; sigalg: {fields.signature_label(certificate)}",
            f"   v:NotBefore: {since}; NotAfter: {until}",
            f"   f:SHA-256: {certificate.sha256}",
        ]
    return lines


def _leaf(leaf: Certificate) -> list[str]:
    return [
        "Server certificate",
        *leaf.x509.public_bytes(Encoding.PEM).decode().splitlines(),
        f"subject={names.subject(leaf)}",
        f"issuer={names.issuer(leaf)}",
    ]


def _client(result: ProbeResult) -> list[str]:
    if result.client_auth == "none":
        return ["No client certificate requested"]
    if result.acceptable_cas:
        return ["Acceptable client certificate CA names", *result.acceptable_cas]
    return ["No client certificate CA names sent"]


def _session(result: ProbeResult) -> list[str]:
    sent = "none sent" if result.servername is None else printable(result.servername)
    lines = [
        f"New, {result.protocol or '(NONE)'}, Cipher is {result.cipher or '(NONE)'}",
        f"Server name indication: {sent}",
        f"Client authentication: {result.client_auth}; client certificate: {result.client_certificate}",
    ]
    if result.staple is not None:
        lines.append(f"OCSP response: {result.staple.status}")
    for name, verdict in result.trust.items():
        lines.append(f"Verified against {printable(name)}: {'ok' if verdict.ok else printable(verdict.reason)}")
    return lines
