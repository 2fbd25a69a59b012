"""What the command `probe` takes from files: who to be, what to expect, whom to trust."""

import argparse
import json
import re
from pathlib import Path

from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable
from wizard.probing.contexts import ClientIdentity
from wizard.probing.trust import PUBLIC_ROOTS, TrustSet, public_roots
from wizard.secret import Secret

REFUSALS = (
    FindingSpec(
        "probe.no-certificate-in-file",
        Severity.BLOCKER,
        "No certificate to compare with",
        "{path} holds no certificate that a server could present.",
        "Without it the probe cannot tell the right certificate from another.",
        "Give the PFX or the certificate that was installed, or its SHA-256 fingerprint.",
        "interface of the probe command",
    ),
    FindingSpec(
        "probe.no-client-key",
        Severity.BLOCKER,
        "No client identity in the file",
        "{path} holds no certificate with its private key.",
        "A client must prove that it holds the key.",
        "Give the PFX of a gateway or client, with its private key.",
        "RFC 8446, section 4.4.3",
    ),
    FindingSpec(
        "probe.unreadable-file",
        Severity.BLOCKER,
        "File cannot be read",
        "{path} cannot be read: {reason}.",
        "The probe needs it to know who to be or what to expect.",
        "Check the path and the rights of the file.",
        "POSIX open",
    ),
)

CACERTS_PASSWORD = Secret("changeit")  # the documented default of the manual


def expected(args: argparse.Namespace) -> tuple[tuple[str, ...], tuple[Certificate, ...]]:
    """Fingerprints that may be served, and the whole chain where the file holds it."""
    plain = args.expect.replace(":", "").lower()
    if re.fullmatch(r"[0-9a-f]{64}", plain):
        return (plain,), ()
    data = _bytes(args.expect)
    if data.lstrip()[:1] == b"{":
        return _from_plan(data, args.expect), ()
    chains = _chains(args, args.expect, data, "expect-password")
    leaves = [chain for chain in chains if chain.leaf is not None]
    if not leaves:
        raise _no_certificate(args.expect)
    return tuple(chain.leaf.sha256 for chain in leaves if chain.leaf), leaves[0].certificates if len(
        leaves
    ) == 1 else ()


def _from_plan(data: bytes, path: str) -> tuple[str, ...]:
    """The fingerprints that the probe steps of a saved plan expect."""
    try:
        steps = json.loads(data)["steps"]
        found = [step["expect_sha256"] for step in steps if step["kind"] == "probe" and step.get("expect_sha256")]
    except (ValueError, KeyError, TypeError):
        found = []
    if not found:
        raise _no_certificate(path)
    return tuple(dict.fromkeys(str(each).lower() for each in found))


def _no_certificate(path: str) -> WizardError:
    return WizardError(
        "probe.no-certificate-in-file",
        f"{printable(path)} holds no certificate that a server could present.",
        "Give the PFX or the certificate that was installed, or its SHA-256 fingerprint.",
        path,
    )


def client_identity(args: argparse.Namespace) -> ClientIdentity:
    """Who to be: the first certificate with its key in the file of `--client`."""
    for chain in _chains(args, args.client, _bytes(args.client), "client-password"):
        if chain.leaf is not None and chain.key is not None:
            return ClientIdentity(chain.leaf, chain.key, chain.intermediates)
    raise WizardError(
        "probe.no-client-key",
        f"{printable(args.client)} holds no certificate with its private key.",
        "Give the PFX of a gateway or client, with its private key.",
        args.client,
    )


def _chains(args: argparse.Namespace, path: str, data: bytes, secret: str) -> list[Chain]:
    # DER and JKS stores need a password; a lone DER certificate starts alike and is tried first.
    needs = b"ENCRYPTED" in data[:4096] or (data[:1] in {b"\x30", b"\xfe", b"\xce"} and not _opens(data, path))
    password = args.secrets.get(secret, prompt=f"Password of {Path(path).name}: ") if needs else None
    return assemble(read(data, name=path, password=password))


def _opens(data: bytes, path: str) -> bool:
    try:
        bundle = read(data, name=path, password=None)
    except WizardError:
        return False
    return bool(bundle.certificates)


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WizardError(
            "probe.unreadable-file",
            f"{printable(path)} cannot be read: {error.strerror}.",
            "Check the path and the rights of the file.",
            path,
        ) from error


def trust_sets(args: argparse.Namespace, chain: tuple[Certificate, ...]) -> dict[str, TrustSet]:
    """The expected chain's authorities, the product's cacerts and the public roots, as far as they are here."""
    sets = {"expected chain": TrustSet(chain[-1:])} if len(chain) > 1 else {}
    cacerts = args.machine.real(args.machine.cacerts)
    try:
        bundle = read(cacerts.read_bytes(), name=str(cacerts), password=CACERTS_PASSWORD)
        sets["cacerts"] = TrustSet(bundle.certificates)
    except (OSError, WizardError):
        pass  # Another machine than the primary has none; the doctor says when it is broken.
    sets[PUBLIC_ROOTS] = public_roots()
    return sets
