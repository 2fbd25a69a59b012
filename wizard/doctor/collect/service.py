"""Collect facts about the service: unit, journal, port, and what is presented."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from wizard.doctor.collect.files import certificate_facts
from wizard.doctor.facts import Listener, ListenFacts, ProbeFacts, UnitFacts
from wizard.host.effective import Effective
from wizard.host.machine import Account, Machine
from wizard.host.systemd import Service, UnitState, of_processes, on_port, processes
from wizard.printable import printable
from wizard.probing.probe import ProbeResult, Target, probe_many
from wizard.secret import Redactor

JOURNAL_LINES = 30
PROBE_S = 4.0
"""The longest wait in each phase of the probe of a node."""


def unit_facts(state: UnitState, name: str, account: Account | None, started: Effective) -> UnitFacts:
    """The unit as data."""
    words = ("load", "active", "sub", "result", "pid", "restarts", "started", "needs_reload")
    same = {each: getattr(state, each) for each in words}
    user = account.name if account is not None else state.user
    known = account is not None or state.load != "loaded" or not state.user or state.dynamic_user
    start: dict[str, Any] = {"trust_store": started.trust_store, "start_unknown": started.undetermined}
    return UnitFacts(name, **same, user=user, user_known=known, **start)


def see_journal(machine: Machine, redactor: Redactor) -> tuple[str, ...]:
    """The unit's last lines with every known secret covered; empty when there are none to be read."""
    lines = Service(machine).journal_tail(JOURNAL_LINES)
    return tuple(redactor.scrub(line) for line in lines)


def see_port(port: int, unit: UnitState | None) -> ListenFacts:
    """The processes that listen on *port*, and whether each is the service."""
    own = {each.port for each in of_processes(processes(unit))} if unit is not None else set()
    down = unit is not None and unit.active in {"inactive", "failed"}
    known = unit is not None and bool(unit.pid or unit.control_group)
    found = []
    for each in on_port(port):
        other = down or (known and each.pid is not None)
        mine = True if port in own else False if other else None
        found.append(Listener(each.address, each.pid or 0, each.program, mine))
    return ListenFacts(port, tuple(found))


def see_nodes(
    nodes: Sequence[str], port: int, servername: str
) -> tuple[tuple[ProbeFacts, ...], ProbeFacts | None, tuple[str, ...]]:
    """Every node with the server name, the first one without, and the TLS versions that it speaks alone."""
    targets = [Target(node, port, servername or None) for node in nodes]
    named = len(targets)
    if servername:
        targets.append(Target(nodes[0], port))
    targets += [Target(nodes[0], port, servername or None, tls=version) for version in ("1.2", "1.3")]
    results = probe_many(targets, timeout_s=PROBE_S)
    alone = results[-2:]
    versions = tuple(version for version, result in zip(("1.2", "1.3"), alone, strict=True) if result.chain)
    without = probe_facts(results[named]) if servername else None
    return tuple(probe_facts(result) for result in results[:named]), without, versions


def probe_facts(result: ProbeResult) -> ProbeFacts:
    """The probe of a node as data."""
    same = {each.name: getattr(result, each.name) for each in fields(ProbeFacts)}
    chain = tuple(certificate_facts(certificate) for certificate in result.chain)
    return ProbeFacts(**same | {"detail": printable(result.detail), "chain": chain})
