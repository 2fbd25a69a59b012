"""Restart the service after a change, then verify from outside what it presents."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wizard import codes
from wizard.change.context import Context, Served
from wizard.change.events import SETTLE
from wizard.change.journal import Node
from wizard.change.plan import is_timer
from wizard.errors import WizardError
from wizard.texts.en.change import JOURNAL_LINES

_LOOK_S = 5.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_TELL_S = 10.0
_LINES = 8
_WATCH_S = 1.0
_LAST_LOOK_S = 10.0
_TAKEN = re.compile(r"Address already in use|BindException|EADDRINUSE")
"""How the kernel's EADDRINUSE reads in Java, C and Go."""


def capture(nodes: Sequence[Node], context: Context) -> tuple[Node, ...]:
    """What *nodes* present now, as the demand that an undo will have to meet; a silent node demands nothing."""
    return tuple(_as_demand(node, _look(node, context)) for node in nodes)


def _as_demand(node: Node, served: Served) -> Node:
    if not served.reachable:
        return replace(node, sha256="", fallback=False)
    return replace(node, sha256=served.sha256, fallback=served.fallback)


def restart(step: tuple[str, str, float], context: Context) -> None:
    """Restart the service, or let systemd follow the files of a timer; tells progress.

    Args:
        step: its id, the unit, and the longest wait in seconds.
        context: the run.

    Raises:
        WizardError: of the service port, which knows the last lines of its journal.
    """
    name, unit, timeout_s = step
    if is_timer(unit):
        context.ports.service.follow(unit)
    else:
        context.ports.service.restart(timeout_s, lambda text: context.events.say(name, "progress", text))


def prove(step: str, nodes: Sequence[Node], timeout_s: float, context: Context, *, patient: bool = True) -> None:
    """Wait until every node presents what it must.

    A node that is silent is waited for until the time is up; one that presents another leaf is given `settle_s` to
    change its mind, because a longer wait only makes the outage longer. A service that cannot start any more ends
    the wait at once.

    Args:
        step: id under which progress is reported.
        nodes: those without a demand are not probed.
        timeout_s: longest wait.
        context: the run.
        patient: wait at all; otherwise one look decides.

    Raises:
        WizardError: `change.not-reachable`, `change.wrong-leaf`, `change.fallback-leaf`, or what the service says.
    """
    waiting = [node for node in nodes if node.sha256 or node.fallback]
    begun = context.monotonic()
    pause, told, wrong_since = _FIRST_PAUSE_S, begun, None
    while waiting:
        seen = [(node, _look(node, context)) for node in waiting]
        waiting = [node for node, served in seen if not _meets(node, served)]
        if not waiting:
            return
        failing = [(node, served) for node, served in seen if node in waiting]
        now = context.monotonic()
        wrong = [pair for pair in failing if pair[1].reachable]
        wrong_since = (wrong_since or now) if wrong else None
        settled = wrong_since is not None and now - wrong_since >= context.settle_s
        if settled or not patient or now - begun >= timeout_s:
            raise _with_lines(_refusal_for(*(wrong or failing)[0], now - begun, context), context)
        state = context.ports.service.state()
        if state.hopeless is not None:
            raise _with_lines(state.hopeless, context)
        if now - told >= _TELL_S:
            told = now
            node, served = failing[0]
            context.events.say(step, "progress", f"{node.endpoint}: {served.text} ({now - begun:.0f} s)")
        context.sleep(min(pause, max(0.0, begun + timeout_s - now)))
        pause = min(pause * 1.6, _LONGEST_PAUSE_S)


def watch_over(nodes: Sequence[Node], context: Context) -> None:
    """Observe the service for a while after its start, then probe every node again.

    A server may end some seconds after it began to answer, or load its real configuration only then.

    Raises:
        WizardError: as `prove`, or `change.died-after-start`.
    """
    seconds = context.machine.settle_s
    if not seconds:
        text = "Not checked: whether the server keeps running after its start (--settle 0)"
        context.events.say(SETTLE, "skipped", text)
        return
    text = f"Observe the server for {seconds:g} s, in case it stops later"
    context.events.say(SETTLE, "started", text)
    until = context.monotonic() + seconds
    while (left := until - context.monotonic()) > 0:
        context.sleep(min(left, _WATCH_S))
        state = context.ports.service.state()
        if context.stop():
            # The machine may be going down, and the service with it. What was verified before is no failure.
            context.events.say(SETTLE, "skipped", "Stopped by a signal: the server was not observed to the end")
            return
        if state.hopeless is not None:
            raise _with_lines(state.hopeless, context)
        if state.restarts:
            raise _with_lines(_died(state.restarts, context), context)
    prove(SETTLE, nodes, _LAST_LOOK_S, context)
    context.events.say(
        SETTLE, "done", "The server still runs and presents the right certificate" if nodes else "It runs"
    )


def _died(restarts: int, context: Context) -> WizardError:
    unit = context.machine.unit
    return WizardError(codes.CHANGE_DIED_AFTER_START, subject=unit, unit=unit, restarts=restarts)


def _look(node: Node, context: Context) -> Served:
    return context.ports.probe(node.host, node.port, node.servername, _LOOK_S)


def _meets(node: Node, served: Served) -> bool:
    return served.reachable and (served.sha256 == node.sha256 or (node.fallback and served.fallback))


def _refusal_for(node: Node, served: Served, waited: float, context: Context) -> WizardError:
    endpoint = node.endpoint
    # Unlike systemd, a command that ends well may have restarted nothing.
    case = "" if context.machine.restart_command is None else "restart-command"
    if not served.reachable:
        return WizardError(
            codes.CHANGE_NOT_REACHABLE,
            subject=endpoint,
            endpoint=endpoint,
            seconds=round(waited),
            reason=served.text,
            unit=context.machine.unit,
        )
    if served.fallback:
        return WizardError(
            codes.CHANGE_FALLBACK_LEAF, case=case, subject=endpoint, endpoint=endpoint, certificate=served.text
        )
    return WizardError(
        codes.CHANGE_WRONG_LEAF,
        case="built-in" if node.fallback and not node.sha256 else case,
        subject=endpoint,
        endpoint=endpoint,
        certificate=served.text,
        sha256=served.sha256[:16],
        planned=node.sha256[:16],
    )


def _with_lines(error: WizardError, context: Context) -> WizardError:
    lines = context.ports.service.tail(_LINES)
    if not lines:
        return error
    text = "\n".join(f"  {context.events.scrub(line)}" for line in lines)
    if error.spec in {codes.CHANGE_NOT_REACHABLE, codes.CHANGE_WRONG_LEAF} and _TAKEN.search(text):
        error = WizardError(codes.CHANGE_PORT_TAKEN, subject=error.subject, endpoint=error.subject)
    error.hint = JOURNAL_LINES.format(hint=error.hint, lines=text).strip()
    return error
