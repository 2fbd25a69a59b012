"""The practice primary: reads application.conf at its start, serves the key store, falls back to "localhost"."""

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from OpenSSL import SSL

from wizard.errors import TextSyntaxError, WizardError
from wizard.printable import printable
from wizard.sandbox.deployment import MARK, Deployment, load
from wizard.sandbox.server import stores, tls
from wizard.sandbox.service.supervisor import behaviour

_START_S = 0.15
"""A real one takes a minute; this is enough to see that a start is not an instant."""

_WATCH_S = 1.0


def serve(root: Path) -> int:
    """Run the primary of the deployment in *root* until it is killed, or until its folder is gone.

    Returns:
        1 when it could not start; it does not return otherwise.

    Raises:
        WizardError: sandbox.not-a-deployment.
    """
    deployment = load(root)
    _watch(deployment)
    acts = behaviour(str(root))
    log("INFO", "Practice primary is starting")
    for name, code in (("die_after", 1), ("quit_after", 0)):
        if acts.get(name):
            threading.Timer(acts[name], _end, [code]).start()
    if acts.get("stop_delay"):
        signal.signal(signal.SIGTERM, lambda *_: threading.Timer(acts["stop_delay"], os._exit, [0]).start())
    time.sleep(acts.get("start_delay", _START_S))
    try:
        wanted = stores.settings_of(deployment, os.environ)
    except WizardError as problem:
        return _config_failure(deployment, problem)
    except (OSError, ValueError) as problem:
        log("ERROR", f"com.typesafe.config.ConfigException$IO: {printable(str(problem))}")
        return 1
    if acts.get("stale"):
        wanted = replace(wanted, keystore_file="")
    made = _context(deployment, wanted)
    try:
        listener = socket.create_server(("127.0.0.1", wanted.port), backlog=256)
    except OSError as problem:
        log("ERROR", f"java.net.BindException: {os.strerror(problem.errno or 0)}: 127.0.0.1:{wanted.port}")
        return 1
    log("INFO", f"Internal TLS listens on 127.0.0.1:{wanted.port}")
    if acts.get("stale"):
        _change_afterwards(deployment)
    return _accept(listener, made)


def log(level: str, text: str) -> None:
    """One line in the manner of a Java server's log, to standard output."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    sys.stdout.write(f"{stamp} {level:<5} [primary] {text}\n")
    sys.stdout.flush()


def _context(deployment: Deployment, wanted: stores.Settings) -> SSL.Context:
    identity = None
    if not wanted.keystore_file:
        log("INFO", "No key store configured, using the built-in certificate")
    else:
        try:
            identity = stores.configured(deployment, wanted)
            log("INFO", f"Key store {printable(wanted.keystore_file)} loaded, chain length {len(identity.chain)}")
        except stores.JavaError as problem:
            log("ERROR", f"Cannot load key store {printable(wanted.keystore_file)}: {printable(str(problem))}")
    trusted, problems = stores.trusted(deployment)
    for text in problems:
        log("WARN", f"Cannot load trusted certificates: {printable(text)}")
    if identity is not None:
        try:
            return tls.context(identity, trusted, wanted.client_authentication, wanted.protocols)
        except SSL.Error as problem:
            log("ERROR", f"Cannot use key store {printable(wanted.keystore_file)}: {printable(str(problem))}")
    if wanted.keystore_file:
        log("WARN", 'Falling back to the built-in certificate "localhost"')
    return tls.context(stores.builtin(deployment), trusted, wanted.client_authentication, wanted.protocols)


def _config_failure(deployment: Deployment, problem: WizardError) -> int:
    where = f" {problem.line}:" if isinstance(problem, TextSyntaxError) else ""
    name = deployment.machine.logical(deployment.conf)
    log("ERROR", f"com.typesafe.config.ConfigException$Parse: {name}:{where} {printable(problem.message)}")
    log("ERROR", "Server does not start")
    return 1


def _accept(listener: socket.socket, made: SSL.Context) -> NoReturn:
    while True:
        try:
            channel, (address, port, *_) = listener.accept()
        except OSError as problem:  # the peer is gone again, or there are too many of them
            log("WARN", f"java.net.SocketException: {os.strerror(problem.errno or 0)}")
            time.sleep(0.05)
            continue
        peer = f"{address}:{port}"
        threading.Thread(target=tls.converse, args=(made, channel, peer, log), daemon=True).start()


def _watch(deployment: Deployment) -> None:
    """End this process when the folder is gone or the stand-in service manager was killed."""
    parent = int(os.environ.get("PRACTICE_PARENT", "0"))

    def look() -> None:
        while (deployment.root / MARK).exists() and (not parent or os.getppid() == parent):
            time.sleep(_WATCH_S)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()


def _change_afterwards(deployment: Deployment) -> None:
    """Play the operator who sets everything up while the service runs, and forgets to restart it."""
    (deployment.root / "etc/practice.json").unlink()
    for path in (deployment.conf, deployment.keystore):
        path.touch()


def _end(code: int) -> None:
    log("ERROR", "java.lang.OutOfMemoryError: Java heap space") if code else log("INFO", "Shutdown requested")
    os._exit(code)


def main(arguments: list[str]) -> int:
    """Serve the deployment in the folder that is the only argument."""
    return serve(Path(arguments[0]))
