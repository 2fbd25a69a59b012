"""What the command `probe` takes from files: who to be, what to expect, whom to trust."""

import argparse
import re
from pathlib import Path

from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.reading import read
from wizard.cli.inputs import known_roots
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.host.files import read_input
from wizard.printable import printable
from wizard.probing.contexts import ClientIdentity
from wizard.probing.trust import SYSTEM_ROOTS, TrustSet, system_roots

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
)


def expected(args: argparse.Namespace) -> tuple[tuple[str, ...], tuple[Certificate, ...]]:
    """Fingerprints that may be served, and the whole chain where the file holds it."""
    plain = args.expect.replace(":", "").lower()
    if re.fullmatch(r"[0-9a-f]{64}", plain):
        return (plain,), ()
    data = read_input(Path(args.expect))
    if data.lstrip()[:1] == b"{":
        return _from_plan(data, args.expect), ()
    chains = _chains(args, args.expect, data, "expect-password")
    leaves = [chain for chain in chains if chain.leaf is not None]
    if not leaves:
        raise _no_certificate(args.expect)
    fingerprints = tuple(chain.leaf.sha256 for chain in leaves if chain.leaf)
    return fingerprints, leaves[0].certificates if len(leaves) == 1 else ()


def _from_plan(data: bytes, path: str) -> tuple[str, ...]:
    """The fingerprints that the probe steps of a saved plan expect."""
    from wizard.change import plan_file  # noqa: PLC0415 - only needed for plans
    from wizard.change.plan import Probe  # noqa: PLC0415 - likewise

    plan = plan_file.load(data, name=printable(path))
    found = [step.expect_sha256 for step in plan.steps if isinstance(step, Probe) and step.expect_sha256]
    if not found:
        raise _no_certificate(path)
    return tuple(dict.fromkeys(found))


def _no_certificate(path: str) -> WizardError:
    return WizardError(
        "probe.no-certificate-in-file",
        f"{printable(path)} holds no certificate that a server could present.",
        "Give the PFX or the certificate that was installed, or its SHA-256 fingerprint.",
        path,
    )


def client_identity(args: argparse.Namespace) -> ClientIdentity:
    """Who to be: the first certificate with its key in the file of `--client`."""
    for chain in _chains(args, args.client, read_input(Path(args.client)), "client-password"):
        if chain.leaf is not None and chain.key is not None:
            return ClientIdentity(chain.leaf, chain.key, chain.intermediates)
    raise WizardError(
        "probe.no-client-key",
        f"{printable(args.client)} holds no certificate with its private key.",
        "Give the PFX of a gateway or client, with its private key.",
        args.client,
    )


def _chains(args: argparse.Namespace, path: str, data: bytes, secret: str) -> list[Chain]:
    try:
        bundle = read(data, name=path)
    except WizardError as error:
        if error.code != "reading.password-needed":
            raise
        password = args.secrets.get(secret, prompt=f"Password of {printable(Path(path).name)}: ")
        bundle = read(data, name=path, password=password)
    return assemble(bundle)


def trust_sets(args: argparse.Namespace, chain: tuple[Certificate, ...]) -> dict[str, TrustSet]:
    """The expected chain's authorities, the product's cacerts and the roots of this system, as far as they are here."""
    sets = {"expected chain": TrustSet(chain[-1:])} if len(chain) > 1 else {}
    known = known_roots(args)
    if known is not None:
        sets["cacerts"] = TrustSet(known.certificates)
    sets[SYSTEM_ROOTS] = system_roots()
    return sets
