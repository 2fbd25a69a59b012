"""The command `csr`: a private key with a request, and later a PFX of that key and the CA's answer."""

import argparse
from pathlib import Path

from wizard import codes
from wizard.certificates import names
from wizard.certificates.csr import KeyKind, complete
from wizard.certificates.model import Bundle, PrivateKey, Profile, Role
from wizard.certificates.public_roots import public_roots
from wizard.certificates.reading import read, require_certificate
from wizard.certificates.rules import judge
from wizard.certificates.writing import keystore
from wizard.change.durable import put_named
from wizard.cli.files import known_roots, open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.findings import Severity, worst
from wizard.host.clock import now_utc
from wizard.host.files import read_input
from wizard.printable import printable
from wizard.reports.lines import finding_lines
from wizard.secret import Secret
from wizard.session.requests import files_of, write_request

SECRET = "key-password"  # noqa: S105 - the name of a secret, not its value


def run(args: argparse.Namespace) -> int:
    """Make the request, or complete it."""
    key_file, csr_file = files_of(args.host, args.out)
    if args.complete:
        return _complete(args, key_file, key_file.with_suffix(".pfx"))
    # What is there already is refused before anybody types a password.
    password = Secret("") if key_file.exists() or csr_file.exists() else _new_password(args)
    write_request(
        args.host,
        args.out,
        password,
        role=Role(args.role),
        sans=tuple(args.san),
        kind=KeyKind(args.key),
        organization=args.organization,
        dry_run=args.dry_run,
    )
    if args.json:
        members = {"role": args.role, "host": args.host, "key": str(key_file), "request": str(csr_file)}
        print_json("csr", {**members, "written": not args.dry_run})
    else:
        print(f"Private key (encrypted, mode 0600): {printable(str(key_file))}")
        print(f"Request for the PKI team:           {printable(str(csr_file))}")
        print("Send only the request. With the answer, run csr again with --complete ANSWER.")
    return int(ExitCode.DONE)


def _complete(args: argparse.Namespace, key_file: Path, pfx_file: Path) -> int:
    if not key_file.exists():
        raise WizardError(codes.CSR_NO_KEY, subject=key_file, file=key_file)
    password = args.secrets.get(SECRET, prompt=f"Password of {printable(key_file.name)}: ")
    key = _key(key_file, password)
    opened = open_inputs(args, args.complete)
    for each in opened:
        if each.error is not None:
            raise each.error
    bundles: list[Bundle] = [each.bundle for each in opened]
    if not any(bundle.certificates for bundle in bundles):
        require_certificate(bundles[0])
    known = known_roots(args)
    chain = complete(key, [*bundles, known] if known else bundles, now=now_utc())
    roots = public_roots(known.certificates if known else ()).public
    findings = judge(chain, role=Role(args.role), host=args.host, now=now_utc(), public_roots=roots)
    profile = Profile.LEGACY if args.legacy else Profile.MODERN
    data = keystore(chain, password, profile=profile)
    if not args.dry_run:
        put_named(pfx_file, data, mode=0o600)
    if args.json:
        told = [finding.as_json() for finding in findings]
        print_json("csr", {"key_store": str(pfx_file), "written": not args.dry_run, "findings": told})
    else:
        members = ", ".join(names.short(each) for each in chain.certificates)
        print(f"Key store with {members} (mode 0600): {printable(str(pfx_file))}")
        print_lines(finding_lines(findings))
    level = worst(findings)
    return int(ExitCode.FINDINGS if level is not None and level >= Severity.ERROR else ExitCode.DONE)


def _key(path: Path, password: Secret) -> PrivateKey:
    bundle = read(read_input(path), name=str(path), password=password)
    if not bundle.keys:
        raise WizardError(codes.CSR_NO_KEY, case="empty", subject=path, file=path)
    return bundle.keys[0]


def _new_password(args: argparse.Namespace) -> Secret:
    """The named secret, or one that is typed twice."""
    named: Secret | None = args.secrets.named(SECRET)
    if named is not None:
        return named
    first: Secret = args.secrets.get(SECRET, prompt="Password for the private key: ")
    if args.secrets.get("key-password-again", prompt="Repeat the password: ") != first:
        raise WizardError(codes.CSR_PASSWORDS_DIFFER)
    return first
