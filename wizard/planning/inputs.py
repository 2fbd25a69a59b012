"""What a plan is made from, as one value: answers, passwords, files and the machine. Nothing here knows who asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wizard import codes
from wizard.certificates.model import Certificate
from wizard.change.plan import Plan
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host.machine import Machine
from wizard.host.secret_sources import SecretGiver
from wizard.planning import judge
from wizard.planning.judge import Judged
from wizard.planning.snapshot import MachineSnapshot
from wizard.questions.answers import Answers, SourceKind
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.questions.passwords import Consumer, generate, require_fit
from wizard.secret import Secret

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
        kept: a plan that was made earlier, to be judged again.
        chains: the certificates (DER) for each role that *kept* was made with, in place of files.
        pasted: the texts that were pasted in place of files, by their words in the answers.
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
    judged_roles: dict[str, Judged] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def seen(self) -> MachineSnapshot:
        """The machine as this plan sees it."""
        return MachineSnapshot(self.machine)

    def look_again(self) -> None:
        """Forget what was seen of the machine; the operator's files are not read again."""
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
    )


def secret_of_key(secret: Callable[[str], Secret | None], role: str) -> Secret | None:
    """The password of the private key for *role*; None when nobody can be asked: the store's refusal says more."""
    try:
        return secret(f"{role}.key-password")
    except WizardError as error:
        if error.code != codes.SECRET_MISSING.code:
            raise
        return None


def store_password(
    inputs: PlanInputs,
    name: str,
    readers: tuple[Consumer, ...],
    installed: Secret | None,
    generated: Callable[[], Secret],
) -> tuple[Secret, Sequence[Finding]]:
    """The password for the store whose answer is *name*, and what its readers have against it.

    Args:
        inputs: with the answers and the secrets.
        name: key of the answer, such as `primary.keystore-password`.
        readers: who must be able to use it.
        installed: that of the store which is there and opens; None without one.
        generated: gives one, where the operator wants that.

    Raises:
        WizardError: `rekey.nothing-to-keep`, `secret.missing`, or a reader cannot use it.
    """
    kind = inputs.answers.get(name).kind
    if kind is SourceKind.GENERATE:
        return generated(), ()
    if kind is SourceKind.KEEP:
        if installed is None:
            raise WizardError(codes.REKEY_NOTHING_TO_KEEP, subject=name)
        return installed, require_fit(installed, name, readers)
    given = inputs.secret(name)
    if given is None:
        raise WizardError(codes.SECRET_MISSING, case="new-store", subject=name, name=name)
    return given, require_fit(given, name, readers)
