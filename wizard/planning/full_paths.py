"""Answers that mean the same wherever their file is: every path in them from the root."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from wizard.host.files import home_expanded, named_inputs
from wizard.questions.answers import Answers, ClientAnswers, GatewayAnswers, PasswordSource, PrimaryAnswers, SourceKind
from wizard.questions.pasted import is_pasted

_Table = TypeVar("_Table", PrimaryAnswers, GatewayAnswers, ClientAnswers)


def with_full_paths(answers: Answers, base: Path) -> Answers:
    """*answers*, whose relative paths begin at *base*, with full paths; the words for pasted texts stay."""

    def full(table: _Table) -> _Table:
        return replace(with_sources(table, lambda source: _source(source, base)), chain=_files(table.chain, base))

    primary = full(answers.primary)
    gateways = [replace(full(one), unattended_file=_file(one.unattended_file, base)) for one in answers.gateway]
    return replace(
        answers,
        primary=replace(primary, cloud_authorities=_files(primary.cloud_authorities, base)),
        gateway=tuple(gateways),
        client=tuple(map(full, answers.client)),
        packs=_file(answers.packs, base),
    )


def with_sources(table: _Table, change: Callable[[PasswordSource], PasswordSource]) -> _Table:
    """*table* with each source of a password as *change* gives it."""
    values = {each.name: getattr(table, each.name) for each in fields(table)}
    changed: dict[str, Any] = {
        name: change(value) for name, value in values.items() if isinstance(value, PasswordSource)
    }
    return replace(table, **changed)


def _files(names: Sequence[str], base: Path) -> tuple[str, ...]:
    pasted = [name for name in names if is_pasted(name)]
    files = named_inputs([name for name in names if not is_pasted(name)], base)
    return (*pasted, *map(str, files))


def _file(name: str, base: Path) -> str:
    return str(base / home_expanded(Path(name))) if name else ""


def _source(source: PasswordSource, base: Path) -> PasswordSource:
    return replace(source, name=_file(source.name, base)) if source.kind is SourceKind.FILE else source
