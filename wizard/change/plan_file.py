"""A plan as a file; and the check that data from a file has the declared types: JSON on a disk can hold anything."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields, is_dataclass, replace
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


def check_types(made: Any) -> None:
    """Go through the members of the dataclass *made*, also those inside.

    Raises:
        ValueError: names the first member that has another type than declared, or a number out of range.
    """
    for name, hint in _hints(made.__class__).items():
        if not _has_type(getattr(made, name), hint):
            raise ValueError(f"{name} has a wrong type")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _has_type(value: Any, hint: Any) -> bool:
    inner = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        return any(_has_type(value, each) for each in inner)
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(kinds) == len(value) and all(map(_has_type, value, kinds))
    if hint is float:
        return type(value) in {int, float} and math.isfinite(value)
    if is_dataclass(hint):
        return type(value) is hint and all(
            _has_type(getattr(value, name), each) for name, each in _hints(value.__class__).items()
        )
    # A bool is no number here.
    return type(value) is hint and (hint is not int or abs(value) <= _LARGEST)


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
        "certificates": [asdict(note) for note in plan.certificates],
    }
    if basis is not None:
        chains = [[role, [base64.b64encode(each).decode() for each in chain]] for role, chain in basis.chains.items()]
        body["basis"] = {"answers": basis.answers, "chains": chains}
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
        steps = tuple(_load_step(dict(step)) for step in body["steps"])
        java = body["java"]
        notes = tuple(CertificateNote(**note) for note in body.get("certificates", ()))
        for note in notes:
            check_types(note)
        java = java and (str(java[0]), str(java[1]))
        plan = Plan(str(body["title"]), steps, str(body["created_for"]), java=java, certificates=notes)
        digest = body["digest"]
        basis = _load_basis(body["basis"]) if "basis" in body else None
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise WizardError(codes.CHANGE_PLAN_UNREADABLE, subject=name, plan=name) from error
    if checksum != _checksum(body) or digest != plan.digest:
        raise WizardError(codes.CHANGE_PLAN_DAMAGED, subject=name, plan=name)
    return plan, basis


def _load_basis(members: Any) -> Basis:
    chains = {
        str(role): tuple(base64.b64decode(each, validate=True) for each in chain) for role, chain in members["chains"]
    }
    return Basis(str(members["answers"]), chains)


def _of_schema(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise ValueError("not a plan of this schema")
    return body


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(_json(body)).hexdigest()


def _dump_step(step: Step) -> dict[str, Any]:
    members = {"kind": step.kind, **{each.name: getattr(step, each.name) for each in fields(step)}}
    if isinstance(step, FileStep):
        members |= {"path": str(step.path), "expect": step.expect.as_list}
        if step.expect.folder is not None:
            members["folder"] = astuple(step.expect.folder)
    return {name: base64.b64encode(each).decode() if type(each) is bytes else each for name, each in members.items()}


_STEPS: dict[str, Callable[..., Step]] = {
    **{kind.kind: kind for kind in get_args(Step) if kind is not ImportTrust},
    **dict.fromkeys(("import_trust", "remove_trust"), ImportTrust),
}


def _load_step(members: dict[str, Any]) -> Step:
    kind = _STEPS[members.pop("kind")]
    folder = members.pop("folder", None)
    if "nodes" in members:
        members["nodes"] = tuple((str(host), int(port)) for host, port in members["nodes"])
    if "path" in members:
        members["path"] = PurePosixPath(members["path"])
        if not members["path"].is_absolute():
            raise ValueError("a step has a path that is not absolute")
        expect = Expectation(*members["expect"])
        members["expect"] = replace(expect, folder=None if folder is None else Identity(*folder))
    for name in {"data", "certificate"} & members.keys():
        members[name] = base64.b64decode(members[name], validate=True)
    return kind(**members)
