"""The command `probe`: what a TLS client sees at one or several endpoints."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.certificates import names
from wizard.certificates.chain import assemble
from wizard.certificates.hostnames import address
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.reading import read
from wizard.change import plan_file
from wizard.change.plan import Probe
from wizard.cli.files import known_roots
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.findings import Severity, worst
from wizard.host.files import read_input
from wizard.printable import printable
from wizard.probing.probe import ProbeResult, Target, probe_many
from wizard.probing.revocation.check import Revocation, advice, check_revocation, revocation_findings
from wizard.probing.text_dump import plain_dump
from wizard.probing.trust import SYSTEM_ROOTS, ClientIdentity, TrustSet, system_roots
from wizard.reports.lines import Line, finding_lines


def expected(args: argparse.Namespace) -> tuple[tuple[str, ...], tuple[Certificate, ...]]:
    """Fingerprints that may be presented, and the whole chain where the file holds it."""
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
    plan = plan_file.load(data, name=printable(path))
    found = [step.expect_sha256 for step in plan.steps if isinstance(step, Probe) and step.expect_sha256]
    if not found:
        raise _no_certificate(path)
    return tuple(dict.fromkeys(found))


def _no_certificate(path: str) -> WizardError:
    return WizardError(codes.PROBE_NO_CERTIFICATE_IN_FILE, subject=path, path=path)


def client_identity(args: argparse.Namespace) -> ClientIdentity:
    """Who to be: the first certificate with its key in the file of `--client`."""
    for chain in _chains(args, args.client, read_input(Path(args.client)), "client-password"):
        if chain.leaf is not None and chain.key is not None:
            return ClientIdentity(chain.leaf, chain.key, chain.intermediates)
    raise WizardError(codes.PROBE_NO_CLIENT_KEY, subject=args.client, path=args.client)


def _chains(args: argparse.Namespace, path: str, data: bytes, secret: str) -> list[Chain]:
    try:
        bundle = read(data, name=path)
    except WizardError as error:
        if error.spec != codes.READING_PASSWORD_NEEDED:
            raise
        password = args.secrets.get(secret, prompt=f"Password of {printable(Path(path).name)}: ")
        key_password = args.secrets.named(secret.replace("password", "key-password"))
        bundle = read(data, name=path, password=password, key_password=key_password)
    return assemble(bundle)


def trust_sets(args: argparse.Namespace, chain: tuple[Certificate, ...]) -> dict[str, TrustSet]:
    """The expected chain's CAs, the product's cacerts and the roots of this system, as far as they are here."""
    sets = {"expected chain": TrustSet(chain[-1:])} if len(chain) > 1 else {}
    known = known_roots(args)
    if known is not None:
        sets["cacerts"] = TrustSet(known.certificates)
    sets[SYSTEM_ROOTS] = system_roots()
    return sets


def run(args: argparse.Namespace) -> int:
    """Probe and print; the exit code says whether anything is wrong."""
    endpoints = [parse_endpoint(text) for text in args.endpoints]
    fingerprints, chain = expected(args) if args.expect else ((), ())
    client = client_identity(args) if args.client else None
    targets = [
        Target(host, port, _servername(args.servername, host), fingerprints, chain, args.tls)
        for host, port in endpoints
    ]
    several = len(targets) > 1
    results = probe_many(
        targets,
        client=client,
        timeout_s=args.timeout,
        trust=trust_sets(args, chain),
        progress=_show_progress if several else None,
    )
    revoked = _revocation(args, results, chain) if args.revocation else None
    if args.json:
        print_json("probe", as_json(results) if revoked is None else _with_revocation(results, revoked))
    elif args.plain_dump:
        print("\n".join(plain_dump(result) for result in results), end="")
    else:
        for place, result in enumerate(results):
            shown = human_lines(result, listed=args.list_cas)
            print_lines([Line(""), *shown] if place else shown)
    if revoked is not None and not args.json:
        print_lines([Line(""), *revocation_lines(revoked)])
    found = [finding for result in results for finding in result.findings]
    severity = worst([*found, *revocation_findings(revoked or ())])
    return ExitCode.DONE if severity is None or severity < Severity.ERROR else ExitCode.FINDINGS


def _revocation(
    args: argparse.Namespace, results: tuple[ProbeResult, ...], chain: tuple[Certificate, ...]
) -> tuple[Revocation, ...]:
    """Everything that was presented, each certificate once; the built-in certificate names no responder."""
    presented = [certificate for result in results if not result.fallback for certificate in result.chain]
    return check_revocation(presented, chain, timeout_s=args.timeout)


def _with_revocation(results: tuple[ProbeResult, ...], revoked: tuple[Revocation, ...]) -> dict[str, Any]:
    """The findings are among those of each endpoint that presented the certificate, and once more by themselves."""
    shown = as_json(results)
    for result, members in zip(results, shown.get("endpoints", [shown]), strict=True):
        presented = {certificate.sha256 for certificate in result.chain}
        own = [finding for finding in revocation_findings(revoked) if finding.subject.sha256 in presented]
        members["findings"] = [*members["findings"], *own]
    said = advice(revoked)
    return shown | {
        "revocation": revoked,
        "revocation_findings": revocation_findings(revoked),
        "ocsp_advice": {"check": said.check, "url": said.url or None, "why": said.why},
    }


def revocation_lines(revoked: tuple[Revocation, ...]) -> list[Line]:
    """Each certificate's state, the findings, and what that means for the portal's OCSP settings."""
    lines = [Line("Revocation")]
    lines += [Line(f"  {names.subject(one.certificate)}: {_REVOCATION[one.status]}") for one in revoked]
    said = advice(revoked)
    lines.append(Line(f"  OCSP in the portal, unless the PKI team decides otherwise: {said.check}"))
    lines.append(Line(f"    {printable(said.why)}"))
    return lines + finding_lines(revocation_findings(revoked))


_REVOCATION = {
    "good": "not revoked",
    "revoked": "revoked",
    "unknown": "not known to its responder",
    "unreachable": "no answer",
    "unusable": "an answer that is not valid",
    "unchecked": "names no responder",
}


def as_json(results: tuple[ProbeResult, ...]) -> dict[str, Any]:
    """The members of the contract's object; several endpoints come as `endpoints`, one comes plain."""
    if len(results) == 1:
        return results[0].as_json()
    return {"endpoints": [result.as_json() for result in results]}


_FEW = 5
"""So many names are listed without being asked for."""


def _acceptable(result: ProbeResult, *, listed: bool) -> list[Line]:
    """How many CAs the server names, whether ours is one of them, and which they are, unless these are many."""
    count = len(result.acceptable_cas)
    if not count:
        asks = result.client_auth in {"optional", "required"}
        return [Line("    names no CA, so Java offers whatever certificate it has")] if asks else []
    lines = [Line(f"    names {count} CA{'' if count == 1 else 's'} whose certificates it accepts")]
    if result.own_ca_named is not None:
        whose = "client certificate" if result.client_issuer else "presented certificate"
        lines.append(Line(f"    that of the {whose} is {'' if result.own_ca_named else 'not '}among them"))
    if not listed and count > _FEW:
        return [*lines, Line("    --list-cas lists them")]
    return [*lines, *(Line(f"    accepts those of {name}") for name in result.acceptable_cas)]


def human_lines(result: ProbeResult, *, listed: bool = False) -> list[Line]:
    """What was seen, in words, then the findings; the CAs that the server accepts by name only when *listed*."""
    sent = f"server name {printable(result.servername)}" if result.servername else "no server name sent"
    lines = [Line(f"{printable(result.endpoint)} ({result.address or 'no address'}), {sent}")]
    if len(result.addresses) > 1:
        others = ", ".join(address for address in result.addresses if address != result.address)
        lines.append(Line(f"  the name also has {others}: probe each address, with --servername"))
    if result.protocol:
        lines.append(Line(f"  {result.protocol}, {result.cipher}"))
    for place, certificate in enumerate(result.chain):
        lines.append(Line(f"  {place} {names.subject(certificate)}"))
        lines.append(Line(f"    issued by {names.issuer(certificate)}"))
        lines.append(Line(f"    SHA-256 {certificate.sha256}"))
    if result.matches_expected is not None:
        lines.append(Line(f"  the expected certificate: {'yes' if result.matches_expected else 'no'}"))
    lines += [Line(f"  {name}: {'trusted' if one.ok else printable(one.reason)}") for name, one in result.trust.items()]
    if result.chain:
        lines.append(Line(f"  client certificate: {_CLIENT_AUTH[result.client_auth]}"))
        if result.client_certificate in {"accepted", "rejected"}:
            lines.append(Line(f"  the offered one: {result.client_certificate}"))
        lines += _acceptable(result, listed=listed)
    return lines + finding_lines(result.findings)


_CLIENT_AUTH = {
    "none": "not requested",
    "optional": "requested, not enforced by the handshake",
    "required": "required (without one the server ends the connection, which is right)",
    "unknown": "not known whether one is required",
}


def parse_endpoint(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `[ADDRESS]:PORT`.

    Raises:
        WizardError: `probe.bad-endpoint`.
    """
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^\[\]:\s]+)):([0-9]{1,5})", text)
    port = int(found[3]) if found else 0
    if not found or not 0 < port < 65536:
        raise WizardError(codes.PROBE_BAD_ENDPOINT, subject=text, endpoint=text)
    return found[1] or found[2], port


def _servername(given: str | None, host: str) -> str | None:
    if given is not None:
        return given or None
    return None if address(host) is not None else host


def _show_progress(done: int, total: int, result: ProbeResult) -> None:
    word = printable(result.error) if result.error else "fallback" if result.fallback else "answered"
    print(f"{done} of {total}: {printable(result.endpoint)} {word}", file=sys.stderr)
