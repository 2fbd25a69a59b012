"""The input of the worker, sent only through a pipe."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path, PurePosixPath

from wizard.change.context import Operator, WithoutAnchor
from wizard.change.plan import Plan
from wizard.change.plan_file import dump, load
from wizard.host.machine import Machine
from wizard.secret import Secret

APPLY, ROLLBACK, RECOVER = "apply", "rollback", "recover"


MACHINE_PORTS = "wizard.change.adapters:ports_for"
"""The real service, Java and network; by name, because tests give others."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "XDG_RUNTIME_DIR")
"""The environment variables that the worker gets: none that may hold a password."""


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
        """JSON with the secrets in clear text: for a pipe, never for a file."""
        members = {
            "kind": self.kind,
            "machine": asdict(self.machine),
            "plan": None if self.plan is None else base64.b64encode(dump(self.plan)).decode(),
            "change": self.change,
            "mode": self.mode,
            "secrets": {name: secret.reveal() for name, secret in self.secrets.items()},
            "who": astuple(self.who),
            "without": {
                name: [made.made_from, None if made.data is None else base64.b64encode(made.data).decode()]
                for name, made in self.without.items()
            },
            "ports": self.ports,
        }
        return json.dumps(members, default=str).encode()

    @classmethod
    def load(cls, data: bytes) -> "Job":
        """The reverse.

        Raises:
            ValueError: the pipe was cut, or something else was written to it.
        """
        try:
            members = json.loads(data)
            plan, machine = members["plan"], members["machine"]
            command = machine["restart_command"]
            machine |= {name: Path(machine[name]) for name in ("root", "state_dir")}
            machine |= {"hcp_home": PurePosixPath(machine["hcp_home"])}
            machine["restart_command"] = None if command is None else tuple(command)
            return cls(
                kind=members["kind"],
                machine=Machine(**machine),
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
