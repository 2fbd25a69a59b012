"""`sandbox`: a practice deployment, built, served, or opened in the wizard."""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from wizard import codes
from wizard.change.watch import running
from wizard.cli import interactive
from wizard.cli.output import print_json
from wizard.errors import WizardError
from wizard.questions.answers import Answers
from wizard.sandbox.build import create, remove
from wizard.sandbox.deployment import MARK, PASSWORD, Deployment, load
from wizard.sandbox.faults import FAULTS
from wizard.sandbox.server.serve import serve
from wizard.sandbox.service.supervisor import OWNER

_LOOK_EVERY_S = 0.2
_STARTS_WITHIN_S = 3.0


def run(args: argparse.Namespace) -> int:
    """Do what `sandbox ...` says; returns the exit code."""
    words: list[str] = args.what
    if args.list_faults:
        return _list_faults(as_json=args.json)
    if words[:1] == ["create"] and len(words) == 2:
        return _create(args, Path(words[1]))
    if words[:1] == ["serve"] and len(words) == 2:
        return serve(Path(words[1]))
    if words[:1] in (["create"], ["serve"]) or len(words) > 1:
        raise WizardError(codes.USAGE_SANDBOX)
    return _practise(args, Path(words[0]) if words else None)


def _list_faults(*, as_json: bool) -> int:
    faults = FAULTS
    if as_json:
        listed = [{"name": fault.name, "breaks": fault.breaks, "code": fault.code} for fault in faults]
        print_json("sandbox", {"faults": listed})
        return 0
    width = max(len(fault.name) for fault in faults)
    for fault in faults:
        print(f"{fault.name:<{width}}  {fault.breaks}")
    return 0


def _build(args: argparse.Namespace, folder: Path) -> Deployment:
    return create(folder, jre=args.jre, faults=args.fault, configured=args.configured or None)


def _create(args: argparse.Namespace, folder: Path) -> int:
    deployment = _build(args, folder)
    if args.json:
        print_json("sandbox", deployment.as_json())
    else:
        print(f"practice deployment: {deployment.root}")
        print(f"endpoint:            {deployment.endpoint}")
        print(f"start it:            {deployment.systemctl} start hcp-server")
        print(f"passwords:           {deployment.root / 'passwords.toml'}")
    return 0


def _practise(args: argparse.Namespace, folder: Path | None) -> int:
    if folder is not None:
        known = os.path.exists(folder / MARK)
        return _open(args, load(folder) if known else _build(args, folder))
    try:
        temporary = tempfile.TemporaryDirectory(prefix="cloudstream-practice-", ignore_cleanup_errors=True)
    except OSError as problem:
        raise WizardError(
            codes.SANDBOX_CANNOT_WRITE,
            case="temporary",
            subject=os.environ.get("TMPDIR", ""),
            reason=(problem.strerror or "error").lower(),
        ) from None
    with temporary as made:
        deployment = _build(args, Path(made))
        # A killed session cannot clean up; the simulated service manager then does.
        (deployment.root / OWNER).write_text(str(os.getpid()), encoding="ascii")
        try:
            return _open(args, deployment, temporary=True)
        finally:
            remove(deployment)
            _say("The practice server is removed, with its files and saved answers.")
            _say("To keep the next one, name a folder: cloudstream-wizard sandbox DIR")


def _open(args: argparse.Namespace, deployment: Deployment, *, temporary: bool = False) -> int:
    """Start the primary, open the wizard, stop the primary, whatever happened: but not under a change at work."""
    answers = Answers().put("primary.port", deployment.port).put("primary.nodes", ("127.0.0.1",))
    answers = answers.put("primary.chain", ("certificates/primary-host.pfx",))
    notes = ("Practice server: nothing else is changed.", f"Every password is {PASSWORD}.", "")
    _systemctl(deployment, "start")
    _wait_until_it_listens(deployment.port)
    try:
        machine = replace(deployment.machine, settle_s=args.machine.settle_s)
        return interactive.run(args, machine, answers, deployment.root, notes)
    finally:
        if _change_has_ended(deployment, temporary=temporary):
            _systemctl(deployment, "stop")


def _wait_until_it_listens(port: int) -> None:
    """The first page says what the server presents; a fault may be that it never does."""
    give_up = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < give_up:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(_LOOK_EVERY_S)


def _change_has_ended(deployment: Deployment, *, temporary: bool) -> bool:
    """Wait for a running change, which needs the server for its verification. False: the operator did not wait."""
    cost = "this stops the server" if temporary else "the server is not stopped"
    told = False
    try:
        with contextlib.suppress(WizardError):  # a record that cannot be read is no reason to wait
            while running(deployment.machine) is not None:
                if not told:
                    told = True
                    _say("A change is still running on the practice server. Waiting for its end.")
                    _say(f"Ctrl+C leaves at once; {cost}.")
                time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        if not temporary:
            _say(f"\nStop the server later with: {deployment.systemctl} stop hcp-server")
        return False
    return True


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)


def _systemctl(deployment: Deployment, verb: str) -> None:
    # A fault may be that it does not start: that is for the wizard to say.
    command = [str(deployment.systemctl), verb, "hcp-server"]
    subprocess.run(command, check=False, capture_output=True, timeout=60)
