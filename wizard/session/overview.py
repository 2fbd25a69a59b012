"""What this machine presents now and the recommended goal, read within two seconds; and the words of the first page."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.certificates.names import issued_by, short
from wizard.change.store import Entry, readable_history
from wizard.errors import WizardError
from wizard.handoff import checklist
from wizard.host.machine import Machine, now_utc
from wizard.planning.gateway.facts import installed_chain, look_at_unattended
from wizard.planning.gateway.stores import STORE_FOLDER
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import endpoint, printable
from wizard.probing.probe import ProbeResult, probe
from wizard.probing.trust import SYSTEM_ROOTS, TrustSet, system_roots
from wizard.questions.answers import Answers, Goal, PrimaryKind
from wizard.reports.checklist import Checklist, progress
from wizard.reports.lines import Line, Tone
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
    UNKNOWN = "unknown"
    """A certificate that only the server's Java may trust, whose trust store cannot be read."""


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
        """Whole days left for the leaf; None without one."""
        return None if self.leaf is None else (fields.not_after(self.leaf) - self.at).days


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of the first screen.

    Attributes:
        facts: of the machine; every part that the first screen shows is read.
        presented: at the port that was found; None when nothing listens.
        store: the configured key store, as the operator knows it; "" when none is.
        store_fault: why that cannot be read from application.conf; "" when it can.
        left: the list of what is left to do, None when there is none.
        last: the newest change that ended, None when there is none.
        goal: what is recommended.
        damaged: the changes that have ended and whose record cannot be used.
    """

    facts: MachineSnapshot
    presented: Presented | None
    store: str
    store_fault: str
    left: Checklist | None
    last: Entry | None
    goal: Goal
    damaged: tuple[Entry, ...] = ()


def overview(machine: Machine, answers: Answers) -> Overview:
    """Look at *machine*: at its files, its service and its own port. Nothing is changed, no name is resolved."""
    facts = MachineSnapshot(machine)
    facts.read_host()
    presented = _found(facts, answers)
    store, fault = "", ""
    try:
        store = facts.store_setting.text or ""
    except WizardError as error:
        fault = error.message
    changes = readable_history(machine)
    left = checklist.load(machine)
    if not store and _is_gateway(machine):
        goal = Goal.RE_KEY
    else:
        goal = _recommended(presented, facts, configured=bool(store or fault), left=left)
    last = changes[-1] if changes else None
    damaged = tuple(entry for entry in changes if entry.damage and not entry.waits)
    return Overview(facts, presented, printable(store), printable(fault), left, last, goal, damaged)


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
        trust = {SYSTEM_ROOTS: system_roots()}
        with suppress(WizardError):
            trust = {JAVA: TrustSet(seen.cacerts[1]), **trust}
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
    if result.fallback:
        state, reason = State.FALLBACK, "the product's built-in certificate"
    elif fields.not_after(leaf) <= now:
        state, reason = State.EXPIRED, f"{short(leaf)} ended on {fields.not_after(leaf):%Y-%m-%d}"
    elif by:
        state, reason = State.TRUSTED, ""
    elif JAVA not in result.trust:
        state, reason = State.UNKNOWN, "cacerts cannot be read"
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


# -- what the first page says of it, in the words of every user interface ---------------------------------------------


TAKES: dict[str, tuple[str, str, str]] = {
    Goal.SET_UP: (
        "about 10 minutes",
        "certificate, private key, CA certificates and the password",
        "one restart at the end; printing pauses meanwhile",
    ),
    Goal.RE_KEY: (
        "about 5 minutes",
        "the new certificate with its private key; the password",
        "one restart at the end; printing pauses meanwhile",
    ),
    Goal.RESCUE: ("a few seconds to find the cause", "nothing at first", "none; a repair may need a restart"),
    Goal.UNDO: ("about a minute", "nothing; every replaced file is kept", "as in the change that is undone"),
    Goal.LEFT: ("a few minutes", "nothing", "none"),
    Goal.MAINTAIN: (
        "about a minute",
        "nothing; the installed stores are used",
        "one restart; printing pauses meanwhile",
    ),
}
"""For each goal: the time, what is needed, the outage."""
_BANNERS = {
    State.TRUSTED: ("TRUSTED", "Clients that trust this CA can connect."),
    State.FALLBACK: ("NOT TRUSTED", "The built-in certificate is presented."),
    State.EXPIRED: ("EXPIRED", "The presented certificate is no longer valid."),
    State.UNTRUSTED: ("NOT TRUSTED", "This Java does not trust the presented certificate."),
    State.UNKNOWN: ("NOT CHECKED", "It is not known whether this Java trusts the presented certificate."),
    State.SILENT: ("NO ANSWER", "No certificate is presented at this port."),
}
GOOD, INFO, WARNING, BAD = "ok", "info", "warn", "bad"
LONGEST = 1000
"""Characters of a fact."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One matter: its name, its state (`GOOD`, `INFO`, `WARNING`, `BAD`), the words, and what only explains them."""

    name: str
    state: str
    words: str
    more: str = ""


def lead(seen: Overview) -> str:
    """The kind of this machine."""
    kind = "primary server" if seen.facts.has_product else "no Print&Scan server is installed here; it may be a gateway"
    return f"{seen.facts.hostname}, {kind}"


def banner(presented: Presented | None, left: Checklist | None) -> tuple[str, str]:
    """A word in capitals for what is presented, and a sentence."""
    state = presented.state if presented is not None else State.SILENT
    sign, words = _BANNERS[state]
    if state is State.TRUSTED and left is not None and left.left:
        count = len(left.left)
        words = f"Clients of this CA can connect; {count} step{' is' if count == 1 else 's are'} left elsewhere."
    return sign, words


def trusted_by(seen: Presented) -> Fact:
    """Who accepts what is presented, or why nobody does."""
    if seen.trusted_by:
        return Fact("Trusted by", GOOD, seen.trusted_by)
    if seen.state is State.UNKNOWN:
        return Fact("Trusted by", WARNING, f"not known: {seen.reason}")
    return Fact("Trusted by", BAD, f"nobody: {seen.reason}")


def facts(seen: Overview) -> Iterator[Fact]:
    """Everything but what is presented."""
    store, unit = seen.store, seen.facts.restarted
    # Only the doctor opens it, so it is not called good here.
    missing = f"not known: {seen.store_fault}" if seen.store_fault else "none in application.conf"
    yield Fact("Key store", INFO, store) if store else Fact("Key store", WARNING, missing)
    if unit is not None and unit.load == "loaded":
        yield Fact("Service", GOOD if unit.running else BAD, f"hcp-server is {unit.active}", _java(seen))
    else:
        yield Fact("Service", WARNING, seen.facts.service_fault or "hcp-server is not installed", _java(seen))
    if not seen.facts.root_rights:
        yield Fact("Access", WARNING, "read-only; start the wizard with sudo to make changes")
    if seen.facts.clock_fault:
        yield Fact("Clock", WARNING, seen.facts.clock_fault)
    for entry in seen.damaged:
        words = f"of change {entry.id[:4]} is damaged; its backups are in {entry.backups}"
        yield Fact("Record", WARNING, words)


def _java(seen: Overview) -> str:
    jre = seen.facts.jre
    if jre is None:
        return "its Java was not found"
    return f"Java {jre.version or 'of unknown version'}, cacerts {seen.facts.cacerts_kind.upper() or 'not readable'}"


def first_lines(seen: Overview) -> list[Line]:
    """The whole first page, but for the goals."""
    result = [Line(f"This machine: {printable(lead(seen))}.", Tone.HEADING)]
    where = f"Presented at {seen.presented.endpoint}" if seen.presented is not None else "Presented"
    sign, words = banner(seen.presented, seen.left)
    result.append(Line(f"{where}: {sign}. {words}"))
    result += presented_lines(seen.presented)
    result += [_line(fact) for fact in facts(seen)]
    if seen.left is not None:
        result.append(_line(Fact("Elsewhere", WARNING if seen.left.left else GOOD, progress(seen.left))))
    last = seen.last
    if last is not None:
        ended = f"{last.at[:10]}, {last.outcome.replace('_', ' ')}"
        result.append(_line(Fact("Last change", GOOD, f"{last.id[:4]} {last.title}", ended)))
    return result


def presented_lines(seen: Presented | None, planned: str = "") -> list[Line]:
    """The certificate that is presented; with the fingerprint that was *planned*, whether it is that one."""
    if seen is None:
        return []
    if seen.leaf is None:
        return [_line(Fact("Answer", BAD, seen.reason))]
    found = [Fact("Certificate", GOOD, short(seen.leaf), issued_by(seen.leaf))]
    if planned:
        same = planned == seen.leaf.sha256
        words = "the certificate of the plan" if same else "another certificate than in the plan"
        found.append(Fact("Planned", GOOD if same else BAD, words))
    found += [Fact("Lifetime", GOOD, _lifetime(seen, seen.leaf)), trusted_by(seen)]
    found += [Fact("SHA-256", GOOD, seen.leaf.sha256)] if planned else []
    return [_line(fact) for fact in found]


def _lifetime(seen: Presented, leaf: Certificate) -> str:
    end = fields.not_after(leaf)
    return f"{(end - seen.at).days} days left, until {end:%Y-%m-%d}"


def _line(fact: Fact) -> Line:
    word = {GOOD: "", INFO: "", WARNING: "Warning: ", BAD: "Error: "}[fact.state]
    tone = {GOOD: Tone.PLAIN, INFO: Tone.PLAIN, WARNING: Tone.WARN, BAD: Tone.BAD}[fact.state]
    words = printable(f"{fact.words}; {fact.more}" if fact.more else fact.words, limit=LONGEST)
    return Line(f"  {fact.name + ':':<13}{word}{words}", tone)
