"""A plan as text that can be kept and applied later, and the job that the worker is given."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from wizard import codes
from wizard.change.context import Operator, WithoutAnchor
from wizard.change.plan import (
    CertificateNote,
    EditFile,
    Expectation,
    ImportTrust,
    MakeFolder,
    Plan,
    Probe,
    PutFile,
    Restart,
    Step,
)
from wizard.errors import WizardError
from wizard.host.directory import Identity
from wizard.host.machine import Machine
from wizard.secret import Secret

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


SCHEMA = "cloudstream-wizard/plan-file/1"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was judged by, so that it can be judged again when it is applied.

    Attributes:
        answers: those that the judgement depends on, as an answers file; no secret and no path of a file.
        chains: the certificates (DER) for each role, the leaf first; the role of this machine first.
    """

    answers: str
    chains: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


def dump(plan: Plan, basis: Basis | None = None) -> bytes:
    """The whole plan with its payload (key stores, settings with passwords): to be kept with mode 0600.

    Findings are not kept, because they are judged again; secrets are not in a plan, only their names.
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
            `change.plan-without-basis` when it does not say what it was judged by.
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
        raise ValueError("no plan of this schema")
    return body


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(_json(body)).hexdigest()


def _dump_step(step: Step) -> dict[str, Any]:
    head: dict[str, Any] = {"kind": step.kind, "id": step.id}
    if isinstance(step, Restart):
        return head | {"unit": step.unit, "timeout_s": step.timeout_s, "always": step.always}
    if isinstance(step, Probe):
        return head | {
            "nodes": [list(node) for node in step.nodes],
            "servername": step.servername,
            "expect_sha256": step.expect_sha256,
            "timeout_s": step.timeout_s,
        }
    now = step.expect
    head |= {"path": str(step.path), "summary": step.summary}
    head["expect"] = [now.exists, now.sha256, now.mode, now.uid, now.gid, now.kind, now.link_to]
    if now.folder is not None:
        head["folder"] = astuple(now.folder)
    if isinstance(step, MakeFolder):
        return head | {"mode": step.mode}
    head["data"] = base64.b64encode(step.data).decode()
    if isinstance(step, ImportTrust):
        text = base64.b64encode(step.certificate).decode()
        return head | {"certificate": text, "alias": step.alias, "sha256": step.sha256, "secret": step.secret}
    head["content_id"] = step.content_id
    if isinstance(step, EditFile):
        return head | {"diff": step.diff}
    return head | {
        "mode": step.mode,
        "uid": step.uid,
        "gid": step.gid,
        "proof": step.proof,
        "proof_alias": step.proof_alias,
        "proven": step.proven,
    }


def _load_step(members: dict[str, Any]) -> Step:
    kind = members.pop("kind")
    if kind == "restart":
        return Restart(**members)
    if kind == "probe":
        nodes = tuple((str(host), int(port)) for host, port in members.pop("nodes"))
        return Probe(nodes=nodes, **members)
    path = PurePosixPath(members.pop("path"))
    if not path.is_absolute():
        raise ValueError("a step names a path that is not absolute")
    folder = members.pop("folder", None)
    expect = replace(Expectation(*members.pop("expect")), folder=None if folder is None else Identity(*folder))
    if kind == "make_folder":
        return MakeFolder(path=path, expect=expect, **members)
    data = base64.b64decode(members.pop("data"), validate=True)
    if kind == "import_trust":
        certificate = base64.b64decode(members.pop("certificate"), validate=True)
        return ImportTrust(path=path, certificate=certificate, data=data, expect=expect, **members)
    if kind == "edit_file":
        return EditFile(path=path, data=data, expect=expect, **members)
    if kind == "put_file":
        return PutFile(path=path, data=data, expect=expect, **members)
    raise ValueError(f"unknown kind of step {kind!r}")


APPLY, ROLLBACK, RECOVER = "apply", "rollback", "recover"


MACHINE_PORTS = "wizard.change.adapters:ports_for"
"""The real service, Java and network; by name, because tests give others."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "XDG_RUNTIME_DIR")
"""What the worker gets of our environment: nothing in which an operator would put a password."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the worker.

    Attributes:
        kind: `apply`, `rollback` or `recover`.
        machine: what is changed.
        plan: for `apply`.
        change: for `rollback`: id or number, empty for the newest.
        mode: for `recover`.
        secrets: by the names that the steps use.
        who: the operator.
        without: for `rollback` and `recover`, as in `Context`.
        ports: `module:function` that makes the ports from the machine; within this program only.
    """

    kind: str
    machine: Machine
    plan: Plan | None = None
    change: str = ""
    mode: str = ""
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    who: Operator = field(default_factory=Operator)
    without: Mapping[str, WithoutAnchor] = field(default_factory=dict)
    ports: str = MACHINE_PORTS

    def dump(self) -> bytes:
        """JSON with the secrets in clear: for a pipe, never for a file."""
        machine = self.machine
        members = {
            "kind": self.kind,
            "machine": {
                "root": str(machine.root),
                "hcp_home": str(machine.hcp_home),
                "state_dir": str(machine.state_dir),
                "systemctl": machine.systemctl,
                "restart_command": machine.restart_command,
                "unit": machine.unit,
                "settle_s": machine.settle_s,
            },
            "plan": None if self.plan is None else base64.b64encode(dump(self.plan)).decode(),
            "change": self.change,
            "mode": self.mode,
            "secrets": {name: secret.reveal() for name, secret in self.secrets.items()},
            "who": list(astuple(self.who)),
            "without": {
                name: [made.made_from, None if made.data is None else base64.b64encode(made.data).decode()]
                for name, made in self.without.items()
            },
            "ports": self.ports,
        }
        return json.dumps(members).encode()

    @classmethod
    def load(cls, data: bytes) -> "Job":
        """The reverse.

        Raises:
            ValueError: the pipe was cut, or something else was written to it.
        """
        try:
            members = json.loads(data)
            machine = members["machine"]
            command = machine["restart_command"]
            plan = members["plan"]
            return cls(
                kind=members["kind"],
                machine=Machine(
                    root=Path(machine["root"]),
                    hcp_home=PurePosixPath(machine["hcp_home"]),
                    state_dir=Path(machine["state_dir"]),
                    systemctl=machine["systemctl"],
                    restart_command=None if command is None else tuple(command),
                    unit=machine["unit"],
                    settle_s=float(machine["settle_s"]),
                ),
                plan=None if plan is None else load(base64.b64decode(plan)),
                change=members["change"],
                mode=members["mode"],
                secrets={name: Secret(value) for name, value in members["secrets"].items()},
                who=Operator(*members["who"]),
                without={
                    name: WithoutAnchor(made_from, None if text is None else base64.b64decode(text))
                    for name, (made_from, text) in members["without"].items()
                },
                ports=members["ports"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a job") from error


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What the worker gets of *environment*."""
    return {name: environment[name] for name in _PASSED_ON if name in environment}
