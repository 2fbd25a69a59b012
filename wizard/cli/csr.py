"""The command `csr`: private keys with requests for one machine or all of the answers, and later their PFX files."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from wizard import codes
from wizard.certificates import names
from wizard.certificates.csr import KeyKind, SubjectParts, complete, complete_all, make
from wizard.certificates.model import Bundle, Chain, PrivateKey, Profile, Role
from wizard.certificates.reading import read, require_certificate
from wizard.certificates.roots import public_roots
from wizard.certificates.rules import judge
from wizard.certificates.writing import encryption, keystore
from wizard.change.durable import put_named
from wizard.cli.files import known_roots, open_inputs
from wizard.cli.inputs import open_inputs as open_answers
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode, WizardError
from wizard.findings import Finding, Locator, has_errors
from wizard.handoff.requests import PKI_FOLDER, Wanted, machines, pki_page, with_stores
from wizard.host.files import read_input
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.printable import printable
from wizard.questions.answers import PROMPT, PasswordSource, SourceKind
from wizard.questions.answers_file import dump
from wizard.reports.lines import finding_lines
from wizard.secret import Secret
from wizard.session.requests import files_of, make_folder, write_request

SECRET = "key-password"  # noqa: S105 - the name of a secret, not its value
KEYS, STORES = "keys", "stores"
ANSWERS = "answers.toml"


def run(args: argparse.Namespace) -> int:
    """Make requests, or complete them."""
    if args.answers is not None:
        return _of_answers(args)
    if args.role is None or args.host is None:
        raise WizardError(codes.CSR_ANSWERS_OR_HOST)
    return _of_one(args)


def _of_one(args: argparse.Namespace) -> int:
    """One machine, named by options."""
    key_file, csr_file = files_of(args.host, args.out)
    if args.complete:
        return _complete(args, key_file, key_file.with_suffix(".pfx"))
    # What is there already is refused before anybody types a password.
    password = Secret("") if os.path.exists(key_file) or os.path.exists(csr_file) else _new_password(args)
    write_request(
        args.host,
        args.out,
        password,
        role=Role(args.role),
        sans=tuple(args.san),
        kind=KeyKind(args.key),
        subject=_subject(args),
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
    if not os.path.exists(key_file):
        raise WizardError(codes.CSR_NO_KEY, subject=key_file, file=key_file)
    password = args.secrets.get(SECRET, prompt=f"Password of {printable(key_file.name)}: ")
    key = _key(key_file, password)
    bundles, known = _sent(args), known_roots(args)
    chain = complete(key, [*bundles, known] if known else bundles, now=now_utc())
    roots = public_roots(known.certificates if known else ()).public
    findings = judge(chain, role=Role(args.role), host=args.host, now=now_utc(), public_roots=roots)
    profile = Profile.LEGACY if args.legacy else Profile.MODERN
    data = keystore(chain, password, profile=profile)
    if not args.dry_run:
        put_named(pfx_file, data, mode=0o600)
    if args.json:
        print_json("csr", {"key_store": str(pfx_file), "written": not args.dry_run, "findings": findings})
    else:
        members = ", ".join(names.short(each) for each in chain.certificates)
        print(f"Key store with {members} (mode 0600): {printable(str(pfx_file))}")
        print_lines(finding_lines(findings))
    return int(ExitCode.FINDINGS if has_errors(findings) else ExitCode.DONE)


def _sent(args: argparse.Namespace) -> list[Bundle]:
    """What the CA sent.

    Raises:
        WizardError: a file cannot be read, or there is no certificate at all.
    """
    opened = open_inputs(args, args.complete)
    for each in opened:
        if each.error is not None:
            raise each.error
    bundles = [each.bundle for each in opened]
    if bundles and not any(bundle.certificates for bundle in bundles):
        require_certificate(bundles[0])
    return bundles


def _subject(args: argparse.Namespace) -> SubjectParts:
    return SubjectParts(args.country, args.state, args.city, args.organization, args.unit, args.email)


# -- all machines of the answers --------------------------------------------------------------------------------------


def _of_answers(args: argparse.Namespace) -> int:
    if args.role or args.host or args.san:
        raise WizardError(codes.CSR_ANSWERS_OR_HOST, case="both")
    inputs = open_answers(args)
    wanted = machines(inputs.answers)
    if args.complete:
        return _complete_all(args, inputs, wanted)
    requests: dict[Wanted, x509.CertificateSigningRequest] = {}
    written: list[tuple[Path, bytes, int]] = []
    for one in wanted:
        key_file, csr_file = _key_file(args, one), args.out / PKI_FOLDER / f"{one.name}.csr"
        if os.path.exists(key_file) and os.path.exists(csr_file):
            # Its request may be with the CA already, whose answer fits this key alone.
            requests[one] = _request(csr_file)
            continue
        password = _password_of(args, inputs, one)
        encryption(password, Profile.MODERN)
        present = _key(key_file, password) if os.path.exists(key_file) else None
        made = make(one.host, role=one.role, sans=one.sans, kind=KeyKind(args.key), subject=_subject(args), key=present)
        requests[one] = made.csr
        if present is None:
            written.append((key_file, made.key_pem(password), 0o600))
        written.append((csr_file, made.pem, 0o644))
    written.append((args.out / PKI_FOLDER / "README.md", pki_page(requests), 0o644))
    if not args.dry_run:
        for folder in (args.out, args.out / KEYS, args.out / PKI_FOLDER):
            make_folder(folder)
        for path, data, mode in written:
            put_named(path, data, mode=mode)
    fresh = {path for path, _data, _mode in written}
    members = [
        {
            "role": one.role.value,
            "host": one.host,
            "key": str(_key_file(args, one)),
            "request": str(args.out / PKI_FOLDER / f"{one.name}.csr"),
            "new": _key_file(args, one) in fresh,
        }
        for one in wanted
    ]
    if args.json:
        folder = str(args.out / PKI_FOLDER)
        print_json("csr", {"machines": members, "folder": folder, "written": not args.dry_run})
        return int(ExitCode.DONE)
    for each in members:
        print(f"{each['role']} {each['host']}: {'new key and request' if each['new'] else 'kept, as requested before'}")
    print(f"Requests for the PKI team, with a list: {printable(str(args.out / PKI_FOLDER))}")
    print(f"Private keys (encrypted, mode 0600):    {printable(str(args.out / KEYS))}")
    print("Send the folder of the requests only. When the certificates are there, run")
    print("the same command with --complete FOLDER.")
    return int(ExitCode.DONE)


def _complete_all(args: argparse.Namespace, inputs: PlanInputs, wanted: Sequence[Wanted]) -> int:
    keys: dict[str, PrivateKey] = {}
    passwords: dict[str, Secret] = {}
    for one in wanted:
        if os.path.exists(_key_file(args, one)):
            passwords[one.table] = _password_of(args, inputs, one)
            keys[one.table] = _key(_key_file(args, one), passwords[one.table])
    if not keys:
        raise WizardError(codes.CSR_NO_KEY, subject=args.out, file=args.out / KEYS)
    sent, known = _sent(args), known_roots(args)
    chains, strangers = complete_all(keys, sent, now=now_utc(), known=known)
    profile = Profile.LEGACY if args.legacy else Profile.MODERN
    stores = {table: keystore(chain, passwords[table], profile=profile) for table, chain in chains.items()}
    roots = public_roots(known.certificates if known else ()).public
    findings = {one.table: _judged(one, chains.get(one.table), roots) for one in wanted}
    unknown = [
        Finding(
            codes.CSR_UNKNOWN_CERTIFICATE,
            Locator("certificate", sha256=each.sha256),
            {"name": names.short(each), "file": each.origin},
        )
        for each in strangers
    ]
    paths = {one.table: f"{STORES}/{one.name}.pfx" for one in wanted if one.table in stores}
    answers = with_stores(inputs.answers, inputs.base, paths, _common_source(args))
    if not args.dry_run and stores:
        for folder in (args.out, args.out / STORES):
            make_folder(folder)
        for table, data in stores.items():
            put_named(args.out / paths[table], data, mode=0o600)
        put_named(args.out / ANSWERS, dump(answers).encode(), mode=0o600)
    if args.json:
        members = [
            {
                "role": one.role.value,
                "host": one.host,
                "key_store": str(args.out / paths[one.table]) if one.table in paths else None,
                "findings": findings[one.table],
            }
            for one in wanted
        ]
        place = str(args.out / ANSWERS) if stores else None
        written = bool(stores) and not args.dry_run
        print_json("csr", {"machines": members, "answers": place, "written": written, "findings": unknown})
    else:
        for one in wanted:
            if one.table in paths:
                print(f"{one.role} {one.host}: {printable(str(args.out / paths[one.table]))}")
            print_lines(finding_lines(findings[one.table]))
        print_lines(finding_lines(unknown))
        if stores:
            print(f"Answers that name these key stores: {printable(str(args.out / ANSWERS))}")
    every = [*unknown, *(each for several in findings.values() for each in several)]
    return int(ExitCode.FINDINGS if has_errors(every) else ExitCode.DONE)


def _judged(one: Wanted, chain: Chain | None, roots: frozenset[str]) -> list[Finding]:
    if chain is None:
        return [Finding(codes.CSR_NO_CERTIFICATE_YET, Locator("answer"), {"host": one.host, "role": one.role.value})]
    return judge(chain, role=one.role, host=one.host, now=now_utc(), public_roots=roots)


def _key_file(args: argparse.Namespace, one: Wanted) -> Path:
    path: Path = args.out / KEYS / f"{one.name}.key"
    return path


def _request(path: Path) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(read_input(path))
    except ValueError as error:
        raise WizardError(codes.CSR_NO_KEY, case="request", subject=path, file=path) from error


def _password_of(args: argparse.Namespace, inputs: PlanInputs, one: Wanted) -> Secret:
    """The password of the answers for the files of this machine, else one for all keys."""
    name = f"{one.table}.password"
    own: Secret | None = args.secrets.named(name, base=inputs.base, source=inputs.answers.get(name))
    if own is not None:
        return own
    if args.complete:
        common: Secret = args.secrets.get(SECRET, prompt="Password of the private keys: ")
        return common
    return _new_password(args)


def _common_source(args: argparse.Namespace) -> PasswordSource:
    """Where the one password for all keys comes from, for the answers; what cannot be read twice is asked for."""
    source: PasswordSource | None = args.secrets.source(SECRET)
    if source is None or source.kind is SourceKind.FD:
        return PROMPT
    return PasswordSource(source.kind, str(Path(source.name).absolute())) if source.kind is SourceKind.FILE else source


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
