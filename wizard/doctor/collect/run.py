"""Collect the facts of an installed primary, and compare the record of changes with them; nothing is changed."""

import contextlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import wizard
from wizard import codes
from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.certificates.reading import read_partly
from wizard.certificates.rules.chain import CLOCK_FLOOR
from wizard.change import watch
from wizard.change.record import Left, Record, read_record
from wizard.change.store import Store, entries
from wizard.doctor.collect.files import (
    NOTHING,
    Coming,
    ConfScan,
    Guess,
    Written,
    file_facts,
    reason_of,
    scan_conf,
    see_journal,
    see_nodes,
    see_port,
    unit_facts,
)
from wizard.doctor.collect.store import (
    StoreSeen,
    judged_store,
    opening,
    root_in,
    see_cacerts,
    see_java,
    see_store,
    with_works,
)
from wizard.doctor.facts import ChangedFile, ChangeFacts, ClockFacts, DoctorFacts, ExpectedSettings, TrustFacts
from wizard.errors import WizardError
from wizard.host.effective import Effective
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import Account, Machine, now_utc, own_names
from wizard.host.processes import run
from wizard.host.systemd import UnitState, of_processes, processes
from wizard.planning.judge import suggested_host
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.probing.handshake import is_here
from wizard.secret import Redactor, Secret

PORT = 2560
"""Of a primary's internal TLS (manual)."""

_MOST_NAMES, _RESOLVE_S = 3, 1.0
"""So many names of a certificate are looked up, and so long."""

_PORT_KEY = re.compile(r"(?i)(tls|ssl|internal).*port$")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator stated about the primary; the collector finds out what is left empty.

    Attributes:
        nodes: hosts to probe; empty takes those of the last change, else this machine.
        port: 0 takes that of the last change, else 2560.
        servername: the name that gateways connect to; "" takes that of the last change, else the leaf's first name.
        cacerts_password: None is the documented default.
    """

    nodes: tuple[str, ...] = ()
    port: int = 0
    servername: str = ""
    cacerts_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """The facts, and what a repair needs besides: secrets and parsed files, which are never saved."""

    facts: DoctorFacts
    conf: ConfScan
    store: StoreSeen | None
    account: Account | None
    nodes: tuple[str, ...]
    redactor: Redactor
    record: Record
    expected: ConfScan | None
    anchors: tuple[Certificate, ...]
    started: Effective


class _Unseen(dict[str, str]):
    """Why a part could not be checked, by the name of the part."""

    def tried(self, name: str, look: Callable[[], T]) -> T | None:
        try:
            return look()
        except (WizardError, OSError) as problem:
            self[name] = reason_of(problem)
        return None


def collect(machine: Machine, asked: Asked | None = None) -> DoctorFacts:
    """Everything that the doctor checks. Never raises: `unseen` states what could not be seen, and why."""
    return examine(machine, asked).facts


def examine(machine: Machine, asked: Asked | None = None) -> Examined:
    """As `collect`, with what a repair needs besides."""
    asked = asked or Asked()
    password = asked.cacerts_password or DEFAULT_STORE_PASSWORD
    unseen, redactor = _Unseen(), Redactor()
    now = MachineSnapshot(machine, port=asked.port or PORT, cacerts_password=password)
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="doctor") as pool:
        clock = pool.submit(_synchronised, machine)
        recorded = pool.submit(known_record, machine)
        unit, account, started = now.unit, now.account, now.start
        if isinstance(now.shown, WizardError):
            unseen["unit"] = now.shown.message
        conf = scan_conf(machine, account, started)
        for guess in (conf.password, *(each.value for each in conf.passwords)):
            if guess is not None:
                redactor.learn(guess)
        journal = pool.submit(see_journal, machine, redactor)
        store = see_store(machine, account, conf)
        record = recorded.result()
        expected = expected_conf(machine, record)
        if expected is not None and expected.password is not None:
            redactor.learn(expected.password)
        nodes, port = _where(asked, record, conf, unit)
        name, name_from = _name(asked, record, store)
        probing = pool.submit(see_nodes, nodes, port, name)
        java = pool.submit(see_java, now, store)
        trusting = pool.submit(see_cacerts, machine, account, password, store)
        ports = pool.submit(see_port, port, unit) if (nodes[0] in {"localhost", "127.0.0.1", "::1"}) else None
        conf = with_works(machine, account, conf, store)
        cacerts, anchors = unseen.tried("cacerts", trusting.result) or (None, ())
        host = name if name_from in {"given", "plan"} else None
        store = judged_store(store, anchors, host)
        opened = cacerts is not None and cacerts.error is None
        settings = see_settings(machine, record, expected, conf, store)
        known = anchors if opened else None
        change = unseen.tried("change", lambda: see_change(machine, record, known, password, settings))
        facts = DoctorFacts(
            clock=_clock(clock, conf, store, cacerts),
            port=port,
            servername=name,
            name_from=name_from,
            own_names=own_names(machine),
            is_here=_is_here(machine, store, name_from),
            conf=conf.facts,
            store=store.facts if store is not None else None,
            java=unseen.tried("java", java.result),
            cacerts=cacerts,
            unit=unit_facts(unit, machine.unit, account, started) if unit is not None else None,
            journal=unseen.tried("journal", journal.result) or (),
            listening=unseen.tried("listening", ports.result) if ports else None,
            **(unseen.tried("probes", probing.result) or {}),
            change=change,
            unseen={**unseen, **_reasons(conf, local=ports is not None)},
            wizard=wizard.__version__,
        )
    return Examined(facts, conf, store, account, nodes, redactor, record, expected, anchors, started)


def examine_after(machine: Machine, seen: Examined, coming: Coming, *, trusts_root: bool) -> Examined:
    """*seen* as it will be when a plan has written *coming*; service, port and Java are not asked again.

    Args:
        machine: that was examined.
        seen: the examination before.
        coming: what the plan writes.
        trusts_root: whether it imports the root of the installed chain.
    """
    was = seen.facts
    conf = scan_conf(machine, seen.account, seen.started, coming)
    store = see_store(machine, seen.account, conf, coming)
    conf = with_works(machine, seen.account, conf, store, coming)
    host = was.servername if was.name_from in {"given", "plan"} else None
    store = judged_store(store, seen.anchors, host)
    judged = store.facts if store is not None else None
    settings = see_settings(machine, seen.record, seen.expected, conf, store, coming)
    cacerts = was.cacerts
    if cacerts is not None and (written := coming.get(machine.cacerts)) is not None:
        cacerts = replace(
            cacerts, file=file_facts(machine, machine.cacerts, seen.account, {machine.cacerts: written})[0]
        )
    if cacerts is not None and (cacerts.error is None or seen.anchors):
        has_root, namesake = (True, False) if trusts_root else root_in(seen.anchors, store)
        cacerts = replace(cacerts, has_root=has_root, namesake=namesake)
    change = was.change
    if change is not None:
        files = tuple(replace(file, trust_present=True) if trusts_root else file for file in change.files)
        change = replace(change, settings=settings, files=files)
    same = judged is not None and was.serves_installed and was.store is not None and judged.leaf == was.store.leaf
    facts = replace(
        was,
        conf=conf.facts,
        store=judged,
        cacerts=cacerts,
        change=change,
        java=was.java and replace(was.java, proof=None, proof_text="Java is asked while the change is planned"),
        probes=was.probes if same else None,
        without_name=None,
        versions=None,
        journal=(),
    )
    return replace(seen, facts=facts, conf=conf, store=store)


def _reasons(conf: ConfScan, *, local: bool) -> dict[str, str]:
    reasons = {}
    if not local:
        reasons["listening"] = "the node is another machine"
    if conf.facts.file.problem:
        reasons["store"] = conf.facts.file.problem
    elif conf.facts.error is not None:
        reasons["store"] = "application.conf cannot be parsed, so the key store is not known"
    return reasons


def _where(asked: Asked, record: Record, conf: ConfScan, unit: UnitState | None) -> tuple[tuple[str, ...], int]:
    recorded = record.target
    nodes = asked.nodes or tuple(dict.fromkeys(node.host for node in recorded)) or ("localhost",)
    return nodes, asked.port or (recorded[0].port if recorded else _port(conf, unit))


def _port(conf: ConfScan, unit: UnitState | None) -> int:
    """The port that a single setting of that name gives, or that the service alone listens on; else the manual's."""
    document = conf.document or conf.likely
    if document is not None:
        try:
            values = document.resolved()
        except WizardError:  # more substitutions than are followed
            values = {}
        named = {str(text) for path, text in values.items() if path and _PORT_KEY.search(path[-1])}
        ports = [int(text) for text in named if text.isascii() and text.isdigit() and 0 < int(text) < 65536]
        if len(ports) == 1:
            return ports[0]
    own = {each.port for each in of_processes(processes(unit))} if unit is not None else set()
    return own.pop() if len(own) == 1 else PORT


def _name(asked: Asked, record: Record, store: StoreSeen | None) -> tuple[str, str]:
    if asked.servername:
        return asked.servername, "given"
    if record.target and record.target[0].servername:
        return record.target[0].servername, "plan"
    leaf = store.chain.leaf if store is not None and store.chain is not None else None
    found = suggested_host(leaf) if leaf is not None else ""
    return (printable(found), "leaf") if found and "*" not in found else ("", "")


def _is_here(machine: Machine, store: StoreSeen | None, name_from: str) -> bool | None:
    """Whether a name in the certificate leads to this machine; None when it is not known, or does not matter."""
    leaf = store.chain.leaf if store is not None and store.chain is not None else None
    if leaf is None or name_from in {"given", "plan"} or machine.root != Path("/"):
        return None
    names = [name for name in fields.dns_names(leaf) if "*" not in name][:_MOST_NAMES]
    return any(is_here(name, _RESOLVE_S) for name in names)


def _synchronised(machine: Machine) -> bool | None:
    """Whether a time server keeps the clock, as systemd says; None when nobody can be asked, or for an image."""
    if str(machine.root) != "/" or machine.systemctl != "systemctl":
        return None
    try:
        answer = run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], timeout_s=3)
    except WizardError:
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip()) if answer.ok else None


def _clock(
    synchronised: Future[bool | None], conf: ConfScan, store: StoreSeen | None, cacerts: TrustFacts | None
) -> ClockFacts:
    parts = (conf.facts, store.facts if store is not None else None, cacerts)
    newest = max((part.file for part in parts if part is not None), key=lambda file: file.mtime)
    now, floor = (f"{moment:%Y-%m-%dT%H:%M:%S+00:00}" for moment in (now_utc(), CLOCK_FLOOR))
    return ClockFacts(now, synchronised.result(), newest.mtime, newest.path, floor)


# -- the record of changes ------------------------------------------------------------------------------------------


def known_record(machine: Machine) -> Record:
    """The record of the changes in effect; an empty one when it cannot be read (`see_change` reports that)."""
    with contextlib.suppress(WizardError):
        return read_record(Store(machine.state_dir))
    return Record()


def expected_conf(machine: Machine, record: Record) -> ConfScan | None:
    """application.conf as the changes left it; None when no copy of it is kept."""
    kept = {left.action.named: Written(data) for left in record.files if (data := left.data()) is not None}
    return scan_conf(machine, None, Effective({}), kept) if machine.conf in kept else None


def kept_anchor(left: Left, password: Secret) -> Certificate | None:
    """The certificate that *left* imported, from the kept copy of its trust store; None when there is none."""
    data, trust = left.data(), left.action.trust
    if data is None or trust is None:
        return None
    bundle, _refusal = read_partly(data, name=str(left.action.named), password=password)
    found = bundle.certificates if bundle is not None else ()
    return next((each for each in found if each.sha256 == trust.sha256), None)


def store_to_restore(
    machine: Machine, record: Record, expected: ConfScan, coming: Coming = NOTHING
) -> tuple[bytes, bool] | None:
    """The key store that *expected* names: its bytes, and whether the file must be written again for it.

    None when neither the file nor the kept copy opens with the expected password.
    """
    if expected.password is None or not expected.store_path:
        return None
    password = [Guess("", expected.password)]
    live = file_facts(machine, expected.store_path, None, coming)[1]
    if live and opening(live, password) is not None:
        return live, False
    left = record.file(expected.store_path)
    kept = left.data() if left is not None else None
    return (kept, True) if kept and opening(kept, password) is not None else None


def see_change(
    machine: Machine,
    record: Record,
    anchors: Sequence[Certificate] | None,
    password: Secret,
    settings: ExpectedSettings | None,
) -> ChangeFacts:
    """Compare what the applied changes left with what is there now.

    Args:
        machine: to be checked.
        record: of its changes.
        anchors: what cacerts holds; None when it does not open.
        password: of cacerts.
        settings: as `see_settings` found them.

    Raises:
        WizardError: the record of changes cannot be read.
    """
    store = Store(machine.state_dir)
    known = entries(store)
    waiting = [entry.id for entry in known if entry.waits] if watch.running(machine) is None else []
    found = ChangeFacts(
        interrupted=waiting[-1] if waiting else "",
        damaged=tuple(printable(entry.damage) for entry in known if entry.damage),
        ignored=tuple(printable(str(path)) for path in store.ignored()),
    )
    newest = record.newest
    if newest is None:
        return found
    present = {anchor.sha256 for anchor in anchors} if anchors is not None else None
    node = record.target[0] if record.target else None
    return replace(
        found,
        id=newest.id,
        title=printable(newest.title),
        at=newest.at,
        files=(
            *(_file(machine, left) for left in record.files),
            *(_anchor(machine, left, present, password) for left in record.anchors),
        ),
        leaf=node.sha256 if node else "",
        servername=node.servername if node else "",
        settings=settings,
    )


def _file(machine: Machine, left: Left, **more: Any) -> ChangedFile:
    now, _ = file_facts(machine, left.action.path, None)
    after = left.action.after
    known: dict[str, Any] = {"change": left.change, "at": left.at, "kept": left.data() is not None}
    return ChangedFile(
        str(left.action.named),
        after.sha256,
        now.sha256,
        after.mode,
        now.mode,
        gone=now.kind == "absent",
        **known | more,
    )


def _anchor(machine: Machine, left: Left, known: set[str] | None, password: Secret) -> ChangedFile:
    trust = left.action.trust
    assert trust is not None  # noqa: S101 - an anchor
    present = None if known is None else trust.sha256 in known
    kept = present is False and kept_anchor(left, password) is not None
    entry = {"trust_alias": trust.alias, "trust_sha256": trust.sha256, "trust_present": present}
    return _file(machine, left, **entry, kept=kept)


def see_settings(
    machine: Machine,
    record: Record,
    expected: ConfScan | None,
    conf: ConfScan,
    store: StoreSeen | None,
    coming: Coming = NOTHING,
) -> ExpectedSettings | None:
    """The two settings as the changes left them, against *conf* and the configured *store*; None without any."""
    left = record.file(machine.conf)
    if left is None:
        return None
    parsed, facts = conf.document is not None, conf.facts
    empty = facts.store_file is None or facts.store_file.empty
    if expected is None:
        # An older record has no copy; what its step did to the settings is all that is known.
        set_up = left.action.id == "settings"
        return ExpectedSettings(left.change, left.at, file_lost=parsed and empty) if set_up else None
    if not expected.store_path:
        return None
    usable = store is not None and store.facts.usable
    elsewhere = conf.store_path != expected.store_path
    recorded = record.file(expected.store_path)
    file, data = file_facts(machine, expected.store_path, None, coming)
    same = recorded is not None and file.sha256 == recorded.action.after.sha256
    no_password = facts.password is None or facts.password.empty
    other_password = same and not elsewhere and not usable and conf.password != expected.password
    damaged = file.kind == "file" and not file.problem and not same and _damaged(data)
    lost = recorded is not None and not usable and (file.kind == "absent" or damaged)
    return ExpectedSettings(
        left.change,
        left.at,
        printable(expected.store_path),
        file_lost=parsed and (empty or (elsewhere and not usable)),
        password_lost=parsed and (no_password or other_password),
        store_lost=printable(expected.store_path) if lost else "",
        kept=store_to_restore(machine, record, expected, coming) is not None,
    )


def _damaged(data: bytes) -> bool:
    _bundle, refusal = read_partly(data)
    return not data or (refusal is not None and refusal.spec == codes.READING_DAMAGED)


def lost_anchors(
    machine: Machine, record: Record, present: Sequence[str], password: Secret
) -> list[tuple[Left, Certificate]]:
    """The anchors of cacerts that changes left and that are gone, as far as their certificates are kept.

    Args:
        machine: whose cacerts.
        record: of its changes.
        present: fingerprints in cacerts now.
        password: of cacerts.
    """
    found = []
    for left in record.anchors:
        trust = left.action.trust
        if trust is None or left.action.named != PurePosixPath(machine.cacerts) or trust.sha256 in present:
            continue
        certificate = kept_anchor(left, password)
        if certificate is not None:
            found.append((left, certificate))
    return found
