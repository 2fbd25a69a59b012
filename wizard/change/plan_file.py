"""A plan as a file; and dataclasses as JSON, read again with the declared types: JSON on a disk can hold anything."""

import base64
import hashlib
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, astuple, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import PurePosixPath
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from wizard import codes
from wizard.change.plan import CertificateNote, Expectation, FileStep, ImportTrust, Plan, Step
from wizard.errors import WizardError
from wizard.host.directory import Identity

SCHEMA = "cloudstream-wizard/plan-file/1"
_LARGEST = 2**63 - 1
"""What the kernel takes for a size or a number of a file."""


def typed(hint: Any, value: Any, absent: Collection[str] = (), name: str = "it") -> Any:
    """Make what *hint* declares of *value*, as `plain` wrote it.

    Args:
        hint: a dataclass, a tuple, a frozenset, one of these or None, or a simple type.
        value: as `json.loads` gives it; the members of a dataclass by name, or all of them in their order.
        absent: members that may be missing if they have a default, because older versions did not write them.
        name: of the member that *value* is.

    Raises:
        ValueError: names the first member that has another type than declared or a number out of range, or is missing.
    """
    inner, origin = get_args(hint), get_origin(hint)
    made: Callable[..., Any] = hint
    if origin in {Union, UnionType}:
        return None if value is None else typed(inner[0], value, absent, name)
    if origin in {tuple, frozenset}:
        items = sorted(value.items()) if isinstance(value, dict) else value
        if not isinstance(items, list | tuple):
            raise _wrong(name)
        kinds = inner[:1] * len(items) if origin is frozenset or inner[-1] is Ellipsis else inner
        if len(kinds) != len(items):
            raise _wrong(name)
        return origin(typed(kind, each, absent, name) for kind, each in zip(kinds, items, strict=True))
    if not is_dataclass(hint):
        return _simple(hint, value, name)
    hints = _hints(made)
    members = dict(zip(hints, value, strict=True)) if isinstance(value, list) and len(value) == len(hints) else value
    if not isinstance(members, dict):
        raise _wrong(name)
    for each in _kept(made):
        if each.name not in members and (each.name not in absent or each.default is MISSING):
            raise ValueError(f"it has no member {each.name!r}")
    return made(**{key: typed(kind, members[key], absent, key) for key, kind in hints.items() if key in members})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in _kept(kind)}


def _kept(kind: Any) -> list[Field[Any]]:
    return [each for each in fields(kind) if each.metadata.get("kept", True)]


def _simple(hint: Any, value: Any, name: str) -> Any:
    if hint is float:
        good = type(value) in {int, float} and math.isfinite(value)
    elif hint in {int, bool}:
        # A bool is no number here.
        good = type(value) is hint and abs(value) <= _LARGEST
    else:
        good = type(value) is str
    if not good:
        raise _wrong(name)
    if hint in {int, float, bool}:
        return value
    try:
        return base64.b64decode(value, validate=True) if hint is bytes else hint(value)
    except ValueError:
        raise _wrong(name) from None


def _wrong(name: str) -> ValueError:
    return ValueError(f"{name} has a wrong type")


def plain(value: Any) -> Any:
    """What JSON has no word for, made of what it has; members that are marked as not kept are left out."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, PurePosixPath):
        return str(value)
    if isinstance(value, Identity):
        return astuple(value)
    if isinstance(value, Expectation):
        return value.as_list
    return {each.name: getattr(value, each.name) for each in _kept(value)}


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was checked by, so that it can be checked again when it is applied.

    Attributes:
        answers: those that the check depends on, as an answers file; no secret and no path of a file.
        chains: the certificates (DER) for each role, the leaf first; the role of this machine first.
    """

    answers: str
    chains: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


def dump(plan: Plan, basis: Basis | None = None) -> bytes:
    """The whole plan with its payload (key stores, settings with passwords): to be kept with mode 0600.

    Findings are not kept, because they are checked again; secrets are not in a plan, only their names.
    """
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "title": plan.title,
        "created_for": plan.created_for,
        "digest": plan.digest,
        "java": plan.java,
        "steps": [_dump_step(step) for step in plan.steps],
        "certificates": plan.certificates,
    }
    if basis is not None:
        body["basis"] = {"answers": basis.answers, "chains": list(basis.chains.items())}
    return _json(body | {"checksum": _checksum(body)}) + b"\n"


def load(data: bytes, *, name: str = "the plan") -> Plan:
    """The plan that `dump` wrote; arguments and refusals as of `load_with_basis`, which needs a basis."""
    return _load(data, name)[0]


def load_with_basis(data: bytes, *, name: str = "the plan") -> tuple[Plan, Basis]:
    """Read what `dump` wrote.

    Args:
        data: content of the file.
        name: what messages call it.

    Raises:
        WizardError: `change.plan-unreadable` when it is no plan, `change.plan-damaged` when it was altered,
            `change.plan-without-basis` when it does not say what it was checked by.
    """
    plan, basis = _load(data, name)
    if basis is None:
        raise WizardError(codes.CHANGE_PLAN_WITHOUT_BASIS, subject=name, plan=name)
    return plan, basis


def _load(data: bytes, name: str) -> tuple[Plan, Basis | None]:
    try:
        body = json.loads(data)
        checksum = _of_schema(body).pop("checksum")
        plan = Plan(
            str(body["title"]),
            tuple(_load_step(dict(step)) for step in body["steps"]),
            str(body["created_for"]),
            java=typed(tuple[str, str] | None, body["java"]),
            certificates=typed(tuple[CertificateNote, ...], body.get("certificates", [])),
        )
        digest = body["digest"]
        basis = _load_basis(body["basis"]) if "basis" in body else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WizardError(codes.CHANGE_PLAN_UNREADABLE, subject=name, plan=name) from error
    if checksum != _checksum(body) or digest != plan.digest:
        raise WizardError(codes.CHANGE_PLAN_DAMAGED, subject=name, plan=name)
    return plan, basis


def _load_basis(members: Any) -> Basis:
    return Basis(str(members["answers"]), dict(typed(tuple[tuple[str, tuple[bytes, ...]], ...], members["chains"])))


def _of_schema(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise ValueError("not a plan of this schema")
    return body


def _json(value: Any) -> bytes:
    return json.dumps(value, default=plain, sort_keys=True, separators=(",", ":")).encode()


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(_json(body)).hexdigest()


def _dump_step(step: Step) -> dict[str, Any]:
    folder = step.expect.folder if isinstance(step, FileStep) else None
    return {"kind": step.kind, **plain(step), **({} if folder is None else {"folder": folder})}


_STEPS: dict[str, Callable[..., Step]] = {
    **{kind.kind: kind for kind in get_args(Step) if kind is not ImportTrust},
    **dict.fromkeys(("import_trust", "remove_trust"), ImportTrust),
}


def _load_step(members: dict[str, Any]) -> Step:
    kind = _STEPS[members.pop("kind")]
    if "expect" in members:
        members["expect"] = [*members["expect"], members.pop("folder", None)]
    step: Step = typed(kind, members)
    if isinstance(step, FileStep) and not step.path.is_absolute():
        raise ValueError("a step has a path that is not absolute")
    return step
