"""The input of a plan: answers with every path from the root, machines, passwords, and the chain that is replaced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.certificates.chain import host_chain
from wizard.certificates.model import Chain
from wizard.certificates.reading import read
from wizard.certificates.roots import Kind, Rollover, compare
from wizard.change.journal import BACKUP, Action
from wizard.change.plan import Plan
from wizard.change.store import ChangeFolder, Store, history
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host.files import home_expanded, named_inputs, read_input
from wizard.host.machine import Machine, now_utc
from wizard.host.secret_sources import SecretGiver
from wizard.planning import judge
from wizard.planning.judge import Judged, KeyPassword, Reading
from wizard.planning.snapshot import PASSWORD_KEY, MachineSnapshot
from wizard.questions.answers import Answers, PasswordSource, PrimaryKind, SourceKind, Table, is_pasted
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.questions.passwords import Consumer, generate, require_fit
from wizard.reports.checklist import Checklist
from wizard.reports.lines import Line, Tone
from wizard.reports.review import order_lines
from wizard.secret import Secret


def with_full_paths(answers: Answers, base: Path) -> Answers:
    """*answers*, whose relative paths begin at *base*, with full paths; the words for pasted texts stay."""

    def full(table: Table) -> Table:
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


def with_sources(table: Table, change: Callable[[PasswordSource], PasswordSource]) -> Table:
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
        key_password: asked when a private key has another password than its store; None asks for the source of its own.
        generated: the password of this run, where the operator wants one to be generated.
        wait_s: how long the server may take to answer after the restart.
        dry_run: nothing is kept or changed.
        kept: a plan that was made earlier, to be checked again.
        chains: the certificates (DER) for each role that *kept* was made with, in place of files.
        checklist: what is left to do elsewhere, as it is kept on this machine; None when no list is kept.
        pasted: the texts that were pasted in place of files, by their words in the answers.
        progress: called with what is done, when there are many machines.
        judged_roles: what was read so far.
    """

    machine: Machine
    answers: Answers
    base: Path
    secret: Callable[[str], Secret | None]
    key_password: RoleKeyPassword | None = None
    generated: Secret = field(default_factory=generate)
    wait_s: float = DEFAULT_WAIT_S
    dry_run: bool = False
    kept: Plan | None = None
    chains: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    checklist: Checklist | None = None
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
            how = self.reading(f"{role}.password", lambda sure: self._key_password(role, sure))
            done[role] = judge.judge_role(role, self.answers, how, self.seen)
        return done[role]

    def reading(self, secret: str, key_password: KeyPassword = judge.no_other) -> Reading:
        """How files are read that open with the password *secret*."""
        return Reading(self.base, lambda: self.secret(secret), key_password, self.pasted)

    def _key_password(self, role: str, sure: bool) -> Secret | None:  # noqa: FBT001 - as declared
        if self.key_password is not None:
            return self.key_password(role, sure)
        return secret_of_key(self.secret, role) if sure else None

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
        return installed, require_fit(installed, inputs.answers.store_of(name), readers)
    given = inputs.secret(name)
    if given is None:
        raise WizardError(codes.SECRET_MISSING, case="new-store", subject=name, name=name)
    return given, require_fit(given, inputs.answers.store_of(name), readers)


def from_sources(machine: Machine, answers: Answers, base: Path, giver: SecretGiver, **more: Any) -> PlanInputs:
    """The inputs of a command: every password comes from *giver*, which knows the named sources.

    *more* are further fields of `PlanInputs`.
    """
    return PlanInputs(machine, answers, base, lambda key: giver(key, base=base, source=answers.get(key)), **more)


def secret_of_key(secret: Callable[[str], Secret | None], role: str) -> Secret | None:
    """The password of the private key for *role*; None when nobody can be asked: the store's refusal says more."""
    try:
        return secret(f"{role}.key-password")
    except WizardError as error:
        if error.code != codes.SECRET_MISSING.code:
            raise
        return None


def rollover(inputs: PlanInputs) -> Rollover | None:
    """The change of certificates that *inputs* is about, before its application and after; None when it is none.

    Raises:
        WizardError: the new chain cannot be read.
    """
    primary = inputs.answers.primary
    if not inputs.answers.goal.installs or primary.kind is not PrimaryKind.ON_PREMISE:
        return None
    if not (primary.chain or "primary" in inputs.chains):
        return None
    new = inputs.judged("primary").chain
    old = inputs.seen.chain
    if old is not None and old.leaf == new.leaf:
        # Applied already: what is left to do still depends on what was there before.
        machine = inputs.machine
        old = put_away(machine, lambda: read_input(machine.real(machine.conf)), _conf_password)
    return compare(old, new) if old is not None else None


def order(inputs: PlanInputs) -> list[Line]:
    """When new certificates replace installed ones: how long both are valid, and the order of work; empty otherwise.

    Raises:
        WizardError: the new chain cannot be read.
    """
    change = rollover(inputs)
    if change is None or change.kind is Kind.SAME:
        return []
    public = inputs.judged("primary").public
    return [Line("Old and new:", Tone.HEADING), *order_lines(change, now_utc(), public=public), Line("")]


def put_away(
    machine: Machine, settings: Callable[[], bytes], password: Callable[[bytes], Secret | None]
) -> Chain | None:
    """The chain of the key store that the newest change in effect took away; None when it cannot be read.

    Args:
        machine: whose changes.
        settings: the file with the password of the store as it is now, for a change that has left it alone.
        password: found in the bytes of that file.
    """
    try:
        in_effect = [entry.id for entry in history(machine) if entry.in_effect and not entry.rolls_back]
        folders = [Store(machine.state_dir).find(change) for change in in_effect]
        for folder in reversed(folders):
            actions = {action.id: action for action in folder.manifest().actions}
            if "keystore" in actions and actions["keystore"].backup:
                text = _saved(folder, actions["settings"]) if "settings" in actions else settings()
                name = str(actions["keystore"].named)
                store = read(_saved(folder, actions["keystore"]), name=name, password=password(text))
                return host_chain(store)
    except WizardError:
        return None
    return None


def _conf_password(conf: bytes) -> Secret | None:
    passwords = [value.text for value in hocon.parse(conf).find(PASSWORD_KEY)]
    return Secret(passwords[-1]) if passwords else None


def _saved(folder: ChangeFolder, action: Action) -> bytes:
    return folder.saved(BACKUP, action.backup, action.before)
