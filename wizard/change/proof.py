"""The service after a change: restarted, and then seen from outside to serve what it must."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wizard.change.context import Context
from wizard.change.manifest import Node
from wizard.change.outcome import SETTLE
from wizard.change.ports import Served
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity

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
    """What *nodes* serve now, as the demand that an undo will have to meet; a silent node demands nothing."""
    return tuple(_as_demand(node, _look(node, context)) for node in nodes)


def _as_demand(node: Node, served: Served) -> Node:
    if not served.reachable:
        return replace(node, sha256="", fallback=False)
    return replace(node, sha256=served.sha256, fallback=served.fallback)


def restart(step: str, timeout_s: float, context: Context) -> None:
    """Restart the service, telling progress under *step*.

    Raises:
        WizardError: of the service port, which knows the last lines of its journal.
    """
    context.ports.service.restart(timeout_s, lambda text: context.events.say(step, "progress", text))


def prove(step: str, nodes: Sequence[Node], timeout_s: float, context: Context, *, patient: bool = True) -> None:
    """Wait until every node serves what it must.

    A node that is silent is waited for until the time is up; one that serves another leaf is given `settle_s` to
    change its mind, because a longer wait only makes the outage longer. A service that cannot come up any more ends
    the wait at once.

    Args:
        step: id under which progress is told.
        nodes: those without a demand are not looked at.
        timeout_s: longest wait.
        context: the run.
        patient: wait at all; otherwise one look decides.

    Raises:
        WizardError: `change.not-reachable`, `change.wrong-leaf`, `change.fallback-leaf`, or what the service says.
    """
    waiting = [node for node in nodes if node.sha256]
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
            raise _with_lines(_refusal_for(*(wrong or failing)[0], now - begun), context)
        state = context.ports.service.state()
        if state.hopeless:
            raise _with_lines(WizardError(state.code, state.text, state.hint, context.machine.unit), context)
        if now - told >= _TELL_S:
            told = now
            node, served = failing[0]
            context.events.say(step, "progress", f"{node.endpoint}: {served.text} ({now - begun:.0f} s)")
        context.sleep(min(pause, max(0.0, begun + timeout_s - now)))
        pause = min(pause * 1.6, _LONGEST_PAUSE_S)


def watch_over(nodes: Sequence[Node], context: Context) -> None:
    """Watch the service for a while after its start, then look at every node once more.

    A server may end some seconds after it began to answer, or load its real configuration only then.

    Raises:
        WizardError: as `prove`, or `change.died-after-start`.
    """
    seconds = context.machine.settle_s
    if not seconds:
        text = "Not checked: whether the server stays up after its start (--settle 0)"
        context.events.say(SETTLE, "skipped", text)
        return
    text = f"Watch the server for {seconds:g} s: it may end, or change its certificate, after its start"
    context.events.say(SETTLE, "started", text)
    until = context.monotonic() + seconds
    while (left := until - context.monotonic()) > 0:
        context.sleep(min(left, _WATCH_S))
        state = context.ports.service.state()
        if context.stop():
            # The machine may be going down, and the service with it. What was proven before is no failure.
            context.events.say(SETTLE, "skipped", "Asked to stop: the server was not watched to the end")
            return
        if state.hopeless:
            raise _with_lines(WizardError(state.code, state.text, state.hint, context.machine.unit), context)
        if state.restarts:
            raise _with_lines(_died(state.restarts, context), context)
    prove(SETTLE, nodes, _LAST_LOOK_S, context)
    context.events.say(SETTLE, "done", "The server still runs and serves the right certificate" if nodes else "It runs")


def _died(restarts: int, context: Context) -> WizardError:
    unit = context.machine.unit
    return WizardError(
        "change.died-after-start",
        f"{unit} ended after its start, and systemd started it again ({restarts} times).",
        f"See why in its journal: journalctl -u {unit}",
        unit,
    )


def _look(node: Node, context: Context) -> Served:
    return context.ports.prober.look(node.host, node.port, node.servername, _LOOK_S)


def _meets(node: Node, served: Served) -> bool:
    return served.reachable and (served.sha256 == node.sha256 or (node.fallback and served.fallback))


def _refusal_for(node: Node, served: Served, waited: float) -> WizardError:
    if not served.reachable:
        return WizardError(
            "change.not-reachable",
            f"{node.endpoint} brought no TLS handshake within {waited:.0f} s: {served.text}.",
            "See the service's journal: journalctl -u with the name of the unit.",
            node.endpoint,
        )
    if served.fallback:
        return WizardError(
            "change.fallback-leaf",
            f"{node.endpoint} serves the built-in certificate ({served.text}): the service could not use the key"
            " store.",
            "Path, password and readability of the key store are the three causes; `doctor` tells them apart.",
            node.endpoint,
        )
    return WizardError(
        "change.wrong-leaf",
        f"{node.endpoint} serves {served.text} with SHA-256 {served.sha256[:16]}..., not {node.sha256[:16]}...",
        "See whether another server or a load balancer answers at this address.",
        node.endpoint,
    )


def _with_lines(error: WizardError, context: Context) -> WizardError:
    lines = context.ports.service.tail(_LINES)
    if not lines:
        return error
    text = "\n".join(f"  {context.events.scrub(line)}" for line in lines)
    if error.code in {"change.not-reachable", "change.wrong-leaf"} and _TAKEN.search(text):
        error = WizardError(
            "change.port-taken",
            f"{error.subject} is taken by another process: the service says so in its journal.",
            "Find it with ss -ltnp, and end it or move it.",
            error.subject,
        )
    hint = f"{error.hint}\nLast lines of the service's journal:\n{text}"
    return WizardError(error.code, error.message, hint.strip(), error.subject)


REFUSALS: tuple[FindingSpec, ...] = (
    FindingSpec(
        "change.died-after-start",
        Severity.BLOCKER,
        "The server ended after its start",
        "The server served the right certificate, then ended, and systemd started it again.",
        "A server that ends again and again is offline again and again.",
        "See the last lines of the service's journal; the change was undone.",
        "own rule: the server is watched for a while after a change (--settle)",
    ),
    FindingSpec(
        "change.not-reachable",
        Severity.BLOCKER,
        "The service does not answer",
        "After the restart a node did not answer a TLS handshake in the time that was given.",
        "Gateways and clients cannot connect either.",
        "See the last lines of the service's journal; the change was undone.",
        "manual: the check with a TLS client",
    ),
    FindingSpec(
        "change.port-taken",
        Severity.BLOCKER,
        "Another process has the port",
        "The service says that its port is in use by another process.",
        "The service cannot listen, so gateways and clients reach somebody else or nobody.",
        "Find the process with `ss -ltnp`; the change was undone.",
        "bind(2), EADDRINUSE",
    ),
    FindingSpec(
        "change.wrong-leaf",
        Severity.BLOCKER,
        "Another certificate is served",
        "After the restart a node serves another certificate than the planned one.",
        "A service that is active proves nothing; only the served leaf does.",
        "See whether another server or a load balancer answers at this address; the change was undone.",
        "manual: the check with a TLS client",
    ),
    FindingSpec(
        "change.fallback-leaf",
        Severity.BLOCKER,
        "The built-in certificate is served",
        "After the restart a node serves the product's built-in certificate.",
        "The server starts with it when it cannot use the key store, and does not say so otherwise.",
        "Path, password and readability of the key store are the causes; `doctor` tells them apart.",
        "manual: the fallback certificate named localhost",
    ),
)
