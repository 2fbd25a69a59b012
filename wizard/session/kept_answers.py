"""The answers of the last completed run, kept in the state folder for the next renewal. Never a secret.

The file is an ordinary answers file with full paths. Beside it lie the CA certificates of that run, because what an
ACME client renews brings no root.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from wizard import codes, self_start
from wizard.certificates.model import Certificate
from wizard.change.durable import put_file, remove_file
from wizard.change.store import own_folder
from wizard.errors import WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine, now_utc
from wizard.planning.full_paths import with_full_paths, with_sources
from wizard.planning.inputs import PlanInputs
from wizard.planning.snapshot import MachineSnapshot
from wizard.questions.answers import (
    PROMPT,
    Answers,
    ClientAnswers,
    GatewayAnswers,
    Phase,
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
INSTALLED_GATEWAY = "wizard.planning.gateway.plan:installed_here"
"""Loaded on a gateway alone."""
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
        chain = (
            MachineSnapshot(inputs.machine).chain if role == "primary" else self_start.load(INSTALLED_GATEWAY)(inputs)
        )
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


def _reusable(table: _Table) -> _Table:
    kept = with_sources(table, lambda source: PROMPT if source.kind is SourceKind.FD else source)
    return replace(kept, chain=_not_pasted(table.chain))


def _not_pasted(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not is_pasted(name))
