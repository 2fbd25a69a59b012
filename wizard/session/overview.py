"""What this machine presents now, and the recommended goal: read within two seconds."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.certificates.names import short
from wizard.change.store import Entry, history
from wizard.errors import WizardError
from wizard.handoff import checklist
from wizard.host.machine import Machine, now_utc
from wizard.planning.gateway.facts import installed_chain, look_at_unattended
from wizard.planning.gateway.stores import STORE_FOLDER
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.probing.probe import ProbeResult, probe
from wizard.probing.trust import SYSTEM_ROOTS, TrustSet, system_roots
from wizard.questions.answers import Answers, Goal, PrimaryKind, endpoint
from wizard.reports.checklist import Checklist
from wizard.session import kept_answers

LIMIT_S = 2.0
"""The longest wait for the local port, in seconds."""

SOON = timedelta(days=30)
"""With less time left, new certificates are what the operator most likely came for."""

JAVA = "the server's Java (cacerts)"


class State(StrEnum):
    """What is presented, in one word."""

    TRUSTED = "trusted"
    FALLBACK = "fallback"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    SILENT = "silent"
    """Nothing answers, or no TLS."""


@dataclass(frozen=True, slots=True)
class Presented:
    """One look at an endpoint.

    Attributes:
        endpoint: `host:port`.
        state: in one word.
        reason: why it is not trusted or silent; "" otherwise.
        trusted_by: whose trust anchors accept it; "" when none do.
        chain: as presented, the leaf first.
        probe: everything the probe saw; None when it was not made.
        at: when.
    """

    endpoint: str
    state: State
    at: datetime
    reason: str = ""
    trusted_by: str = ""
    chain: tuple[Certificate, ...] = ()
    probe: ProbeResult | None = None

    @property
    def leaf(self) -> Certificate | None:
        """The certificate of the host."""
        return self.chain[0] if self.chain else None

    @property
    def days(self) -> int | None:
        """Whole days left for the leaf; None without a readable one."""
        try:
            return None if self.leaf is None else (fields.not_after(self.leaf) - self.at).days
        except fields.NOT_PARSED:
            return None


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of the first screen.

    Attributes:
        facts: of the machine; every part that the first screen shows is read.
        presented: at the port that was found; None when nothing listens.
        store: the configured key store, as the operator knows it; "" when none is.
        left: the list of what is left to do, None when there is none.
        last: the newest change that ended, None when there is none.
        goal: what is recommended.
        damaged: the changes that have ended and whose record cannot be used.
    """

    facts: MachineSnapshot
    presented: Presented | None
    store: str
    left: Checklist | None
    last: Entry | None
    goal: Goal
    damaged: tuple[Entry, ...] = ()


def overview(machine: Machine, answers: Answers) -> Overview:
    """Look at *machine*: at its files, its service and its own port. Nothing is changed, no name is resolved."""
    facts = MachineSnapshot(machine)
    facts.read_host()
    presented = _found(facts, answers)
    store: PurePosixPath | None = None
    changes: tuple[Entry, ...] = ()
    with suppress(WizardError):
        store = facts.configured_store
    with suppress(WizardError):
        changes = history(machine)
    left = checklist.load(machine)
    if store is None and _is_gateway(machine):
        goal = Goal.RE_KEY
    else:
        goal = _recommended(presented, facts, configured=store is not None, left=left)
    last = changes[-1] if changes else None
    damaged = tuple(entry for entry in changes if entry.damage and not entry.waits)
    return Overview(facts, presented, str(store or ""), left, last, goal, damaged)


def _found(facts: MachineSnapshot, answers: Answers) -> Presented | None:
    """What the first of the likely ports presents that speaks TLS; the first of them when none does."""
    listening = {listener.port: listener.address for listener in facts.ports}
    wanted = answers.primary.port
    ports = [port for port in (wanted, *listening) if port in listening] or [wanted]
    first: Presented | None = None
    for port in dict.fromkeys(ports):
        address = listening.get(port, "")
        host = "127.0.0.1" if address in {"", "0.0.0.0"} else "::1" if address == "::" else address  # noqa: S104 - compared
        seen = present(facts, host, port, servername=answers.primary.host or None)
        if seen.leaf is not None:
            return seen
        first = first or seen
    return first


def present(seen: MachineSnapshot, host: str, port: int, *, servername: str | None = None) -> Presented:
    """What *host*:*port* presents, and who trusts it; at most `LIMIT_S` is waited."""
    found: list[ProbeResult] = []

    def ask() -> None:
        trust = {JAVA: TrustSet(seen.anchors), SYSTEM_ROOTS: system_roots()}
        found.append(probe(host, port, servername=servername, timeout_s=LIMIT_S, trust=trust))

    # What takes longer is left behind; the thread ends with its own time limits.
    thread = threading.Thread(target=ask, name="local check", daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    shown = endpoint("localhost" if host in {"127.0.0.1", "::1"} else host, port)
    if not found:
        return Presented(shown, State.SILENT, now_utc(), f"no answer within {LIMIT_S:g} s")
    return _judged(shown, found[0])


def _judged(shown: str, result: ProbeResult) -> Presented:
    now, leaf = now_utc(), result.leaf
    if leaf is None:
        return Presented(
            shown, State.SILENT, now, printable(result.detail) or "no certificate is presented", probe=result
        )
    by = next((name for name, verdict in result.trust.items() if verdict.ok), "")
    reason = next((printable(verdict.reason) for verdict in result.trust.values() if not verdict.ok), "")
    try:
        over = fields.not_after(leaf) <= now
    except fields.NOT_PARSED:
        over = False
    if result.fallback:
        state, reason = State.FALLBACK, "the product's built-in certificate"
    elif over:
        state, reason = State.EXPIRED, f"{short(leaf)} ended on {fields.not_after(leaf):%Y-%m-%d}"
    elif by:
        state, reason = State.TRUSTED, ""
    else:
        state = State.UNTRUSTED
    return Presented(shown, state, now, reason, by if state is State.TRUSTED else "", result.chain, result)


def _is_gateway(machine: Machine) -> bool:
    """Whether a gateway is set up here: by the answers that are kept, else by a store at the usual place."""
    with suppress(WizardError):
        kept = kept_answers.load(machine)
        if kept.primary.kind is PrimaryKind.ELSEWHERE and kept.gateway:
            unattended = look_at_unattended(machine, machine.state_dir, kept.gateway[0].unattended_file)
            return installed_chain(machine, unattended) is not None
    return any(machine.real(PurePosixPath(STORE_FOLDER)).glob("*.pfx"))


def _recommended(
    presented: Presented | None, facts: MachineSnapshot, *, configured: bool, left: Checklist | None
) -> Goal:
    state = presented.state if presented is not None else State.SILENT
    if not facts.has_product:
        return Goal.SET_UP
    if state is State.EXPIRED:
        return Goal.RE_KEY
    if state is State.TRUSTED and presented is not None:
        if presented.days is not None and presented.days < SOON.days:
            return Goal.RE_KEY
        return Goal.LEFT if left is not None and left.left else Goal.RE_KEY
    if configured or state is State.SILENT:
        return Goal.RESCUE
    return Goal.SET_UP
