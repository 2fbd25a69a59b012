"""The command `check`: checks one chain for a role."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from wizard import codes
from wizard.certificates.formats.file_findings import file_findings
from wizard.certificates.model import Bundle, Chain, Format, Role
from wizard.certificates.names import certificate_json, chain_json
from wizard.certificates.reading import require_certificate
from wizard.certificates.roots import public_roots
from wizard.certificates.rules import judge
from wizard.certificates.rules.across_chains import check_together
from wizard.cli.files import Opened, known_roots, open_inputs
from wizard.cli.inspect import branch_for, chains_of
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.findings import Finding, has_errors
from wizard.host.files import home_expanded
from wizard.host.machine import now_utc
from wizard.planning.judge import unreadable
from wizard.probing.revocation.check import chain_findings
from wizard.probing.revocation.fetch import fetch_issuers
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.reports.review import title, tree_lines


def run(args: argparse.Namespace) -> int:
    """Read, choose the chain, check and print."""
    opened = open_inputs(args, args.paths)
    _require(args.paths, opened)
    known = known_roots(args)
    bundles: list[Bundle] = [each.bundle for each in opened]
    chains = chains_of(bundles, known, args.host)
    more: list[Finding] = []
    if args.fetch_issuers and chains[0].missing_issuer is not None:
        bundles, more = fetch_issuers(bundles, chains[0], now=now_utc())
        chains = chains_of(bundles, known, args.host)
    chain, now = chains[0], now_utc()
    roots = public_roots(known.certificates if known else ())
    findings = judge(
        chain,
        role=Role(args.role),
        host=args.host,
        now=now,
        ocsp_wanted=args.ocsp,
        public_roots=roots.public,
        unclear_roots=roots.unclear,
    )
    if args.ocsp:
        # A rule already reports certificates without a responder.
        findings += [each for each in chain_findings(chain) if each.spec != codes.REVOCATION_NO_RESPONDER]
    if not has_errors(findings):
        findings += unreadable(args.machine, chain.certificates)
    about_files = [finding for bundle in bundles for finding in file_findings(bundle)]
    findings = sorted([*findings, *more, *about_files, *check_together(chains)], key=lambda each: -each.severity)
    bad = has_errors(findings)
    if args.json:
        print_json("check", _members(args, chain, findings, opened))
    else:
        print_lines([Line(title(chain), Tone.HEADING), *tree_lines(chain, now, branch=branch_for(args)), Line("")])
        print_lines(finding_lines(findings))
        word = "Not suitable" if bad else "OK: suitable"
        print_lines([Line(f"{word} for the role {args.role}.", Tone.BAD if bad else Tone.GOOD)])
        problems = [each.error for each in opened if each.error is not None]
        print_lines([Line(f"Not read: {each.message} [{each.code}]") for each in problems], people=True)
    return int(ExitCode.FINDINGS if bad else ExitCode.DONE)


def _members(
    args: argparse.Namespace, chain: Chain, findings: Sequence[Finding], opened: Sequence[Opened]
) -> dict[str, object]:
    return {
        "role": args.role,
        "host": args.host,
        "chain": chain_json(chain),
        "certificates": [certificate_json(certificate) for certificate in chain.certificates],
        "findings": [finding.as_json() for finding in findings],
        "not_read": [
            {"path": str(each.path), "code": each.error.code, "message": each.error.message}
            for each in opened
            if each.error is not None
        ],
    }


def _require(paths: Sequence[str], opened: Sequence[Opened]) -> None:
    """Refuse when a file that was named by itself cannot be read, or when there is no certificate at all."""
    named = {home_expanded(Path(path)) for path in paths}
    for each in opened:
        if each.error is not None and (each.path in named or not any(other.bundle.certificates for other in opened)):
            raise each.error
    if not any(each.bundle.certificates for each in opened):
        name = str(opened[0].path) if len(opened) == 1 else ", ".join(paths)
        first = next((each.bundle for each in opened if each.bundle.requests or each.bundle.keys), None)
        require_certificate(first or (opened[0].bundle if opened else Bundle(Format.EMPTY, name=name)))
