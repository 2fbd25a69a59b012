"""The answers of the last completed run, kept in the state folder for the next renewal. Never a secret.

The file is an ordinary answers file with full paths. Beside it lie the CA certificates of that run, because what an
ACME client renews brings no root.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from wizard import codes
from wizard.certificates.model import Certificate
from wizard.change.durable import put_file, remove_file
from wizard.change.store import own_folder
from wizard.errors import WizardError
from wizard.host.clock import now_utc
from wizard.host.files import home_expanded, named_inputs, read_input
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.questions.answers import (
    PROMPT,
    Answers,
    ClientAnswers,
    GatewayAnswers,
    PasswordSource,
    PrimaryAnswers,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.answers_file import dump
from wizard.questions.answers_file import load as load_answers
from wizard.questions.pasted import is_pasted
from wizard.times import rfc3339

LAST = "LAST"
"""In place of a file name: the answers that are kept."""
NAME = "last-answers.toml"
AUTHORITIES = "last-ca.pem"
_HEAD = "# Kept by the wizard after the run of "

_Table = TypeVar("_Table", PrimaryAnswers, GatewayAnswers, ClientAnswers)


def path(machine: Machine) -> Path:
    """Where the answers are kept."""
    return machine.state_dir / NAME


def authorities_path(machine: Machine) -> Path:
    """Where the CA certificates of the chain of this machine are kept."""
    return machine.state_dir / AUTHORITIES


def role_here(answers: Answers) -> str:
    """The machine of *answers* at which the wizard runs; "" when the primary is in the vendor's cloud."""
    match answers.primary.kind:
        case PrimaryKind.ELSEWHERE:
            return "gateway.0"
        case PrimaryKind.CLOUD:
            return ""
        case _:
            return "primary"


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
        authorities = judged.chain.authorities
        if not answers.table(role).host:
            answers = answers.put(f"{role}.host", judged.suggested_host)
    _write(inputs.machine, _with_full_paths(answers, inputs.base), authorities)
    return path(inputs.machine)


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
    if not file.exists():
        raise WizardError(codes.ANSWERS_NONE_KEPT, subject=LAST, path=file)
    try:
        return load_answers(read_input(file).decode(), name=str(file))
    except UnicodeDecodeError:
        raise WizardError(codes.ANSWERS_NOT_TOML, case="not-text", subject=file, file=file) from None


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
    elif authorities_path(machine).exists():
        remove_file(folder, AUTHORITIES)
    head = f"{_HEAD}{rfc3339(now_utc())}; no password is in it.\n"
    put_file(folder, NAME, (head + dump(answers)).encode(), mode=0o600)


def _with_full_paths(answers: Answers, base: Path) -> Answers:
    primary = _full(answers.primary, base)
    return replace(
        answers,
        primary=replace(primary, cloud_authorities=_files(primary.cloud_authorities, base)),
        gateway=tuple(replace(_full(one, base), unattended_file=_file(one.unattended_file, base))
                      for one in answers.gateway),
        client=tuple(_full(one, base) for one in answers.client),
        packs=_file(answers.packs, base),
        change="",
    )  # fmt: skip


def _full(table: _Table, base: Path) -> _Table:
    values = {each.name: getattr(table, each.name) for each in fields(table)}
    sources: dict[str, Any] = {
        name: _source(value, base) for name, value in values.items() if isinstance(value, PasswordSource)
    }
    return replace(table, chain=_files(table.chain, base), **sources)


def _files(names: Sequence[str], base: Path) -> tuple[str, ...]:
    return tuple(str(each) for each in named_inputs([name for name in names if not is_pasted(name)], base))


def _file(name: str, base: Path) -> str:
    return str(base / home_expanded(Path(name))) if name else ""


def _source(source: PasswordSource, base: Path) -> PasswordSource:
    if source.kind is SourceKind.FILE:
        return replace(source, name=_file(source.name, base))
    return PROMPT if source.kind is SourceKind.FD else source
