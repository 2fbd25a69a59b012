"""The commands `inspect`, what is in files or folders, and `check`, one chain for a role. They change nothing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.formats.file_findings import file_findings
from wizard.certificates.model import Bundle, Chain, Format, Role
from wizard.certificates.names import certificate_json, chain_json, key_json
from wizard.certificates.reading import require_certificate
from wizard.certificates.roots import public_roots
from wizard.certificates.rules import judge
from wizard.certificates.rules.across_chains import check_together
from wizard.cli.files import Opened, known_roots, open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.findings import Finding, Severity, has_errors
from wizard.host.files import home_expanded
from wizard.host.machine import now_utc
from wizard.planning.judge import unreadable
from wizard.printable import printable, wrapped
from wizard.probing.revocation.check import chain_findings
from wizard.probing.revocation.fetch import fetch_issuers
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.reports.review import ASCII_BRANCH, UNICODE_BRANCH, title, tree_lines

KINDS = {
    Format.PKCS12: "PKCS12",
    Format.JKS: "Java key store",
    Format.PEM: "PEM",
    Format.DER: "DER",
    Format.PKCS7: "PKCS7",
    Format.KEY: "private key",
    Format.TEXT: "text",
    Format.EMPTY: "empty file",
    Format.UNKNOWN: "unknown content",
}


def run(args: argparse.Namespace) -> int:
    """Read, assemble, check and print."""
    opened = open_inputs(args, args.paths)
    now = now_utc()
    known = known_roots(args)
    chains = chains_of([each.bundle for each in opened], known)
    roots = public_roots(known.certificates if known else ())
    findings = [
        *(finding for each in opened for finding in file_findings(each.bundle)),
        *(
            finding
            for chain in chains
            for finding in judge(chain, role=None, now=now, public_roots=roots.public, unclear_roots=roots.unclear)
        ),
        *check_together(chains),
    ]
    if args.json:
        files = [certificate_and_keys(each) for each in opened]
        print_json("inspect", {"files": files, "chains": [chain_json(chain) for chain in chains], "findings": findings})
    else:
        print_lines([line for each in opened for line in file_lines(each)])
        branch = branch_for(args)
        for chain in chains:
            print()
            print_lines([Line(title(chain), Tone.HEADING), *tree_lines(chain, now, branch=branch)])
        shown = [finding for finding in findings if finding.severity > Severity.NOTE]
        if shown:
            print()
            print_lines(finding_lines(shown))
    return exit_code(opened, findings)


def chains_of(bundles: Sequence[Bundle], known: Bundle | None, host: str | None = None) -> list[Chain]:
    """The chains of the files; a root that only the JRE has completes them without being listed by itself."""
    own = {certificate.der for bundle in bundles for certificate in bundle.certificates}
    chains = assemble([*bundles, known] if known else bundles, host=host, now=now_utc())
    return [chain for chain in chains if not chain.certificates or chain.certificates[0].der in own]


def branch_for(args: argparse.Namespace) -> str:
    """The sign before each lower certificate: ASCII unless the output takes more."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    return UNICODE_BRANCH if args.unicode or (not args.ascii and encoding == "utf8") else ASCII_BRANCH


def certificate_and_keys(opened: Opened) -> dict[str, Any]:
    """The `files` member of the contract for one file."""
    bundle, error = opened.bundle, opened.error
    return {
        "path": str(opened.path),
        "format": bundle.format.value,
        "error": {"code": error.code, "message": error.message, "hint": error.hint} if error else None,
        "certificates": [certificate_json(certificate) for certificate in bundle.certificates],
        "keys": [key_json(key) for key in bundle.keys],
        "requests": len(bundle.requests),
        "trusted_aliases": [printable(alias) for alias in bundle.trusted_aliases],
        "notes": [{"code": code, "message": text} for code, text in bundle.notes],
    }


def file_lines(opened: Opened) -> list[Line]:
    """One line that says what the file is, then what was odd or why it could not be read."""
    bundle = opened.bundle
    counted = ((len(bundle.certificates), "certificate"), (len(bundle.keys), "key"), (len(bundle.requests), "request"))
    parts = [f"{count} {word}{'s' if count != 1 else ''}" for count, word in counted if count]
    what = ", ".join([KINDS[bundle.format], *(parts or ["no certificate in it"])])
    lines = [Line(f"{printable(str(opened.path))}: {what}")]
    lines += [Line(f"  {printable(text)} [{code}]", Tone.FAINT) for code, text in bundle.notes]
    if opened.error is not None:
        lines.append(Line(f"  Error: {opened.error.message} [{opened.error.code}]", Tone.BAD))
        lines += [Line(line) for line in wrapped(opened.error.hint, "  ")]
    return lines


def exit_code(opened: Sequence[Opened], findings: Sequence[Finding]) -> int:
    """2 when nothing could be read, 1 when something is wrong, else 0."""
    failed = [each for each in opened if each.error is not None]
    if not any(each.bundle.certificates or each.bundle.keys or each.bundle.requests for each in opened):
        return int(ExitCode.UNUSABLE)
    return int(ExitCode.FINDINGS if failed or has_errors(findings) else ExitCode.DONE)


def run_check(args: argparse.Namespace) -> int:
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
        print_json("check", _check_members(args, chain, findings, opened))
    else:
        print_lines([Line(title(chain), Tone.HEADING), *tree_lines(chain, now, branch=branch_for(args)), Line("")])
        print_lines(finding_lines(findings))
        word = "Not suitable" if bad else "OK: suitable"
        print_lines([Line(f"{word} for the role {args.role}.", Tone.BAD if bad else Tone.GOOD)])
        problems = [each.error for each in opened if each.error is not None]
        print_lines([Line(f"Not read: {each.message} [{each.code}]") for each in problems], people=True)
    return int(ExitCode.FINDINGS if bad else ExitCode.DONE)


def _check_members(
    args: argparse.Namespace, chain: Chain, findings: Sequence[Finding], opened: Sequence[Opened]
) -> dict[str, object]:
    return {
        "role": args.role,
        "host": args.host,
        "chain": chain_json(chain),
        "certificates": [certificate_json(certificate) for certificate in chain.certificates],
        "findings": findings,
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
