"""The answers of the last run, and a renewal from them without a person.

certbot, acme.sh, lego and step tell their hooks by variables where the renewed files are.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from wizard import codes, self_start
from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.certificates.names import short
from wizard.certificates.reading import read
from wizard.change.durable import put_file, remove_file
from wizard.change.store import own_folder
from wizard.errors import ExitCode, WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine, now_utc
from wizard.planning.inputs import PlanInputs, with_full_paths, with_sources
from wizard.planning.judge import roots_of
from wizard.printable import rfc3339
from wizard.questions.answers import KEEP, PROMPT, Answers, Goal, Phase, PrimaryKind, SourceKind, Table, is_pasted
from wizard.questions.answers_file import dump
from wizard.questions.answers_file import load as load_answers

_STORES = ("keystore-password", "truststore-password")


def hook_files(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that the client which calls this as its hook has renewed; none when nothing names any.

    Raises:
        WizardError: `renewal.no-files`.
    """
    for tool, named, optional in _clients(environment):
        missing = [name for name in named if not name or not os.path.isfile(name)]
        if missing:
            raise WizardError(codes.RENEWAL_NO_FILES, subject=missing[0], tool=tool, file=missing[0] or "(no file)")
        return (*named, *(name for name in optional if name and os.path.isfile(name)))
    return ()


def _clients(given: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each client whose variables are *given*: its name, the files that must be there, and those that may be."""
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    if lineage := given.get("RENEWED_LINEAGE"):
        found.append(("certbot", (f"{lineage}/fullchain.pem", f"{lineage}/privkey.pem"), ()))
    # The names of lego 5, then those before it.
    for before in ("LEGO_HOOK_CERT", "LEGO_CERT"):
        if certificate := given.get(f"{before}_PATH"):
            beside = certificate.removesuffix(".crt") + ".issuer.crt"
            issuer = given.get("LEGO_HOOK_ISSUER_CERT_PATH") or beside
            found.append(("lego", (certificate, given.get(f"{before}_KEY_PATH", "")), (issuer,)))
    if "Le_Domain" in given and (key := given.get("CERT_KEY_PATH")):
        whole = given.get("CERT_FULLCHAIN_PATH", "")
        named = whole if os.path.isfile(whole) else given.get("CERT_PATH", "")
        found.append(("acme.sh", (named, key), (given.get("CA_CERT_PATH", ""),)))
    if certificate := given.get("CERT_LOCATION"):
        found.append(("step", (certificate, given.get("KEY_LOCATION", "")), ()))
    return found


def answers_of(machine: Machine, kept: Answers, environment: Mapping[str, str]) -> Answers:
    """What *kept* says about this machine alone, with the renewed files and the installed passwords.

    Gateways and clients have their bundles, and their files may be gone; the inventory watches their certificates.

    Raises:
        WizardError: `renewal.no-files`, `renewal.cloud`.
    """
    role = role_here(kept)
    if not role:
        raise WizardError(codes.RENEWAL_CLOUD, subject="primary.kind")
    answers = replace(kept, goal=Goal.RE_KEY, gateway=kept.gateway[:1] if role != "primary" else (), client=())
    chain = hook_files(environment) or answers.table(role).chain
    beside = authorities_path(machine)
    answers = answers.put(f"{role}.chain", (*chain, str(beside)) if os.path.isfile(beside) else chain)
    for name in _STORES if role != "primary" else _STORES[:1]:
        if answers.get(f"{role}.{name}").kind in {SourceKind.GENERATE, SourceKind.PROMPT}:
            answers = answers.put(f"{role}.{name}", KEEP)
    return answers


def meant_for(inputs: PlanInputs, environment: Mapping[str, str]) -> str:
    """The name in the certificate that a client has renewed, when it is not for this machine; else ""."""
    if not hook_files(environment):
        return ""
    role = role_here(inputs.answers)
    leaf, host = inputs.judged(role).chain.leaf, inputs.answers.table(role).host
    return "" if leaf is None or not host or fields.matches(leaf, host) else short(leaf)


def require_same_root(inputs: PlanInputs) -> None:
    """Refuse a certificate under another root than before: others must trust it first, which takes a person.

    Raises:
        WizardError: `renewal.other-root`.
    """
    role = role_here(inputs.answers)
    root = inputs.judged(role).chain.root
    public = roots_of(inputs.seen, inputs.answers).public
    beside = authorities_path(inputs.machine)
    kept = read(read_input(beside), name=beside.name).certificates if os.path.isfile(beside) else ()
    private = [each for each in kept if fields.self_issued(each) and each.sha256 not in public]
    if root is None or root in kept or (root.sha256 in public and not private):
        return
    error = WizardError(codes.RENEWAL_OTHER_ROOT, subject=role, root=short(root))
    error.exit_code = ExitCode.FINDINGS
    raise error


LAST = "LAST"
"""In place of a file name: the answers that are kept."""
INSTALLED_GATEWAY = "wizard.planning.gateway.plan:installed_here"
"""Loaded on a gateway alone."""
NAME = "last-answers.toml"
AUTHORITIES = "last-ca.pem"
_HEAD = "# Kept by the wizard after the run of "


def path(machine: Machine) -> Path:
    """Where the answers are kept."""
    return machine.state_dir / NAME


def authorities_path(machine: Machine) -> Path:
    """Where the CA certificates of the chain of this machine are kept."""
    return machine.state_dir / AUTHORITIES


def role_here(answers: Answers) -> str:
    """The machine of *answers* at which the wizard runs; "" when the primary is in the vendor's cloud."""
    return {PrimaryKind.ELSEWHERE: "gateway.0", PrimaryKind.CLOUD: ""}.get(answers.primary.kind, "primary")


def keep(inputs: PlanInputs) -> Path:
    """Keep the answers of *inputs*, whose run is completed; where.

    A pasted text is not kept, because it may hold a key: the next run asks for a file in its place.

    Raises:
        WizardError: a chain cannot be read, or the state folder cannot be written.
    """
    answers, role = inputs.answers, role_here(inputs.answers)
    authorities: Sequence[Certificate] = ()
    if role:
        judged = inputs.judged(role)
        authorities = list(dict.fromkeys((*judged.chain.authorities, *_installed(inputs, role))))
        if not answers.table(role).host:
            answers = answers.put(f"{role}.host", judged.suggested_host)
    _write(inputs.machine, _to_keep(with_full_paths(answers, inputs.base)), authorities)
    return path(inputs.machine)


def _installed(inputs: PlanInputs, role: str) -> Sequence[Certificate]:
    """The CA certificates of what is installed: in the first phases of a change of the root they are the old ones.

    Until the new certificate is installed, the old one may have to be renewed.
    """
    with suppress(WizardError):
        chain = inputs.seen.chain if role == "primary" else self_start.load(INSTALLED_GATEWAY)(inputs)
        return chain.authorities if chain is not None else ()
    return ()


def keep_renewed(inputs: PlanInputs) -> Path:
    """Keep where the renewed files of this machine are; what else was answered stays as it is kept.

    Raises:
        WizardError: as `load` and `keep`.
    """
    role = role_here(inputs.answers)
    own = str(authorities_path(inputs.machine))
    chain = tuple(name for name in inputs.answers.table(role).chain if name != own)
    answers = load(inputs.machine).put(f"{role}.chain", chain)
    _write(inputs.machine, answers, inputs.judged(role).chain.authorities)
    return path(inputs.machine)


def load(machine: Machine) -> Answers:
    """The answers that are kept.

    Raises:
        WizardError: `answers.none-kept`, or they cannot be read.
    """
    file = path(machine)
    if not os.path.exists(file):
        raise WizardError(codes.ANSWERS_NONE_KEPT, subject=LAST, path=file)
    return load_answers(read_input(file), name=str(file))


def kept_at(machine: Machine) -> datetime | None:
    """When the answers were kept; None when that cannot be read."""
    try:
        first, _, _ = path(machine).read_text(encoding="utf-8").partition("\n")
        return datetime.fromisoformat(first.removeprefix(_HEAD).partition(";")[0])
    except (OSError, ValueError):
        return None


def _write(machine: Machine, answers: Answers, authorities: Sequence[Certificate]) -> None:
    folder = own_folder(machine.state_dir)
    pem = b"".join(each.x509.public_bytes(Encoding.PEM) for each in authorities)
    if pem:
        put_file(folder, AUTHORITIES, pem, mode=0o600)
    elif os.path.exists(authorities_path(machine)):
        remove_file(folder, AUTHORITIES)
    head = f"{_HEAD}{rfc3339(now_utc())}; no password is in it.\n"
    put_file(folder, NAME, (head + dump(answers)).encode(), mode=0o600)


def _to_keep(answers: Answers) -> Answers:
    """*answers* without what cannot be used again: pasted texts, passwords from a descriptor, the phase."""
    primary = answers.primary
    return replace(
        answers,
        primary=replace(_reusable(primary), cloud_authorities=_not_pasted(primary.cloud_authorities)),
        gateway=tuple(map(_reusable, answers.gateway)),
        client=tuple(map(_reusable, answers.client)),
        change="",
        phase=Phase.AUTO,
    )


def _reusable(table: Table) -> Table:
    kept = with_sources(table, lambda source: PROMPT if source.kind is SourceKind.FD else source)
    return replace(kept, chain=_not_pasted(table.chain))


def _not_pasted(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not is_pasted(name))
