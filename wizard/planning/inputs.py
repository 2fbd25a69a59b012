"""The input of planning as one value: answers, passwords, files and the machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.change.plan import Plan
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host.machine import Machine
from wizard.host.secret_sources import SecretGiver
from wizard.planning import judge
from wizard.planning.judge import Judged
from wizard.planning.snapshot import MachineSnapshot
from wizard.questions.answers import Answers
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.questions.passwords import generate
from wizard.secret import Secret

Progress = Callable[[str, int, int], None]
"""Called while many machines are worked on: what is done, for how many, of how many."""


def unseen(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


RoleKeyPassword = Callable[[str, bool], Secret | None]
"""Role, and whether the store's password is sure, to the other password of its private key."""


@dataclass(frozen=True)
class PlanInputs:
    """Everything that planning, rehearsal and handoff are made from; files are read when first needed, and once.

    Attributes:
        machine: what is read and changed.
        answers: all of them.
        base: the folder that relative paths in the answers are taken from.
        secret: the password for a key of the answers, None when nobody gives it.
        key_password: asked when a private key has another password than its store.
        generated: the password of this run, where the operator wants one to be generated.
        wait_s: how long the server may take to answer after the restart.
        dry_run: nothing is kept or changed.
        kept: a plan that was made earlier, to be checked again.
        chains: the certificates (DER) for each role that *kept* was made with, in place of files.
        pasted: the texts that were pasted in place of files, by their words in the answers.
        progress: called with what is done, when there are many machines.
        judged_roles: what was read so far.
    """

    machine: Machine
    answers: Answers
    base: Path
    secret: Callable[[str], Secret | None]
    key_password: RoleKeyPassword
    generated: Secret = field(default_factory=generate)
    wait_s: float = DEFAULT_WAIT_S
    dry_run: bool = False
    kept: Plan | None = None
    chains: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    pasted: Mapping[str, Secret] = field(default_factory=dict)
    progress: Progress = field(default=unseen, repr=False, compare=False)
    judged_roles: dict[str, Judged] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def seen(self) -> MachineSnapshot:
        """The facts of the machine; each is read when it is first needed, and once."""
        return MachineSnapshot(self.machine)

    def read_machine_again(self) -> None:
        """Forget what was read of the machine; the operator's files are not read again."""
        self.__dict__.pop("seen", None)

    def judged(self, role: str) -> Judged:
        """BLOCKING. The chain for *role* (`primary`, `gateway.0`) and what the rules say of it.

        Raises:
            WizardError: the files cannot be read or hold no certificate of a host.
        """
        done = self.judged_roles
        if role not in done and role in self.chains:
            done[role] = judge.judge_kept(role, self.answers, self.chains[role], self.seen)
        if role not in done:
            done[role] = judge.judge_role(
                role,
                self.answers,
                self.base,
                lambda: self.secret(f"{role}.password"),
                self.seen,
                key_password=lambda sure: self.key_password(role, sure),
                pasted=self.pasted,
            )
        return done[role]

    @cached_property
    def others(self) -> tuple[tuple[str, Chain], ...]:
        """BLOCKING. The name and the chain of every gateway and client.

        Raises:
            WizardError: as `judged`.
        """
        found: list[tuple[str, Chain]] = []
        roles = self.answers.other_roles()
        for number, role in enumerate(roles, start=1):
            found.append((self.answers.table(role).host or role, self.judged(role).chain))
            self.progress("chains read", number, len(roles))
        return tuple(found)

    def unreadable(self, certificates: Sequence[Certificate]) -> list[Finding]:
        """BLOCKING. What the product's own Java refuses to parse; nothing where there is none to ask."""
        return judge.unreadable(self.machine, certificates)


def from_sources(  # noqa: PLR0913 - what a command knows
    machine: Machine,
    answers: Answers,
    base: Path,
    giver: SecretGiver,
    *,
    wait_s: float = DEFAULT_WAIT_S,
    dry_run: bool = False,
    kept: Plan | None = None,
    chains: Mapping[str, Sequence[bytes]] | None = None,
    progress: Progress = unseen,
) -> PlanInputs:
    """The inputs of a command: every password comes from *giver*, which knows the named sources."""

    def secret(key: str) -> Secret | None:
        return giver(key, base=base, source=answers.get(key))

    def key_password(role: str, sure: bool) -> Secret | None:  # noqa: FBT001 - as declared
        return secret_of_key(secret, role) if sure else None

    return PlanInputs(
        machine,
        answers,
        base,
        secret,
        key_password,
        wait_s=wait_s,
        dry_run=dry_run,
        kept=kept,
        chains=chains or {},
        progress=progress,
    )


def secret_of_key(secret: Callable[[str], Secret | None], role: str) -> Secret | None:
    """The password of the private key for *role*; None when nobody can be asked: the store's refusal says more."""
    try:
        return secret(f"{role}.key-password")
    except WizardError as error:
        if error.code != codes.SECRET_MISSING.code:
            raise
        return None
