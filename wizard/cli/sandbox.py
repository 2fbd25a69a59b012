"""`sandbox`: a practice deployment, built, served, or opened in the wizard."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from wizard import codes
from wizard.sandbox.deployment import Deployment

_LOOK_EVERY_S = 0.2

_EPILOG = """\
EXAMPLES
  cloudstream-wizard sandbox                       practise; nothing is left behind
  cloudstream-wizard sandbox create /tmp/practice  only build it
  cloudstream-wizard sandbox create /tmp/broken --fault wrong-password
  cloudstream-wizard sandbox create --list-faults
  cloudstream-wizard sandbox serve /tmp/practice   its server, in the foreground

EXIT CODES
  0 done   2 wrong usage, or the folder cannot be used
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its parts."""
    parser = subparsers.add_parser(
        "sandbox",
        help="a practice deployment with real TLS",
        description="Builds a practice deployment with its own PKI and a running primary, and opens the wizard on it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="[create|serve] [DIR]",
        help="the folder of the practice deployment; default: a temporary one that is removed afterwards",
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="build this fault in; may repeat")
    parser.add_argument("--list-faults", action="store_true", help="name the faults and what each breaks")
    parser.add_argument("--configured", action="store_true", help="as after a successful set-up")
    parser.add_argument("--jre", metavar="PATH", type=Path, help="Java home to link in (default: this machine's)")
    parser.add_argument("--plain", action="store_true", help="ask line by line instead of full screen")
    parser.add_argument("--theme", choices=("dark", "light", "16", "none"), help="colours of the full screen")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what `sandbox ...` says; returns the exit code."""
    words: list[str] = args.what
    if args.list_faults:
        return _list_faults(as_json=args.json)
    if words[:1] == ["create"] and len(words) == 2:
        return _create(args, Path(words[1]))
    if words[:1] == ["serve"] and len(words) == 2:
        return _serve(Path(words[1]))
    if words[:1] in (["create"], ["serve"]) or len(words) > 1:
        raise _usage()
    return _practise(args, Path(words[0]) if words else None)


def _usage() -> Exception:
    from wizard.errors import WizardError  # noqa: PLC0415 - only when it is needed

    return WizardError(codes.USAGE_SANDBOX)


def _list_faults(*, as_json: bool) -> int:
    from wizard.sandbox.faults import all_faults  # noqa: PLC0415 - each part loads only what it needs

    faults = all_faults()
    if as_json:
        listed = [{"name": fault.name, "breaks": fault.breaks, "code": fault.code} for fault in faults]
        print(json.dumps({"schema": "cloudstream-wizard/sandbox/1", "faults": listed}, indent=2))
        return 0
    width = max(len(fault.name) for fault in faults)
    for fault in faults:
        print(f"{fault.name:<{width}}  {fault.breaks}")
    return 0


def _build(args: argparse.Namespace, folder: Path) -> Deployment:
    from wizard.sandbox.build import create  # noqa: PLC0415 - as above

    return create(folder, jre=args.jre, faults=args.fault, configured=args.configured or None)


def _create(args: argparse.Namespace, folder: Path) -> int:
    deployment = _build(args, folder)
    if args.json:
        print(json.dumps(deployment.as_json(), indent=2))
    else:
        print(f"practice deployment: {deployment.root}")
        print(f"endpoint:            {deployment.endpoint}")
        print(f"start it:            {deployment.systemctl} start hcp-server")
        print(f"passwords:           {deployment.root / 'passwords.toml'}")
    return 0


def _serve(folder: Path) -> int:
    from wizard.sandbox.server.serve import serve  # noqa: PLC0415 - as above

    return serve(folder)


def _practise(args: argparse.Namespace, folder: Path | None) -> int:
    from wizard.sandbox.build import remove  # noqa: PLC0415 - as above
    from wizard.sandbox.deployment import MARK, load  # noqa: PLC0415 - as above
    from wizard.sandbox.service.supervisor import OWNER  # noqa: PLC0415 - as above

    if folder is not None:
        known = (folder / MARK).exists()
        return _open(args, load(folder) if known else _build(args, folder))
    with tempfile.TemporaryDirectory(prefix="cloudstream-practice-", ignore_cleanup_errors=True) as made:
        deployment = _build(args, Path(made))
        # A session that is killed cannot tidy up; the stand-in service manager then does.
        (deployment.root / OWNER).write_text(str(os.getpid()), encoding="ascii")
        try:
            return _open(args, deployment, temporary=True)
        finally:
            remove(deployment)


def _open(args: argparse.Namespace, deployment: Deployment, *, temporary: bool = False) -> int:
    """Start the primary, open the wizard, stop the primary, whatever happened: but not under a change at work."""
    from wizard.cli.main import open_screens  # noqa: PLC0415 - main loads this module
    from wizard.questions.answers import Answers  # noqa: PLC0415 - as above
    from wizard.sandbox.deployment import PASSWORD  # noqa: PLC0415 - as above

    answers = Answers().put("primary.port", deployment.port).put("primary.nodes", ("127.0.0.1",))
    answers = answers.put("primary.chain", ("certificates/primary-host.pfx",))
    notes = ("A practice server: nothing here touches the machine around it.", f"Every password here is {PASSWORD}", "")
    _systemctl(deployment, "start")
    try:
        machine = replace(deployment.machine, settle_s=args.machine.settle_s)
        return open_screens(machine, args, answers, deployment.root, notes)
    finally:
        if _change_has_ended(deployment, temporary=temporary):
            _systemctl(deployment, "stop")


def _change_has_ended(deployment: Deployment, *, temporary: bool) -> bool:
    """Wait for a change that goes on by itself; it needs the server to prove itself. False: the operator did not."""
    cost = "the server goes with it" if temporary else "the server is not stopped"
    from wizard.change.watch import running  # noqa: PLC0415 - as above
    from wizard.errors import WizardError  # noqa: PLC0415 - as above

    told = False
    try:
        with contextlib.suppress(WizardError):  # a record that cannot be read holds nobody up
            while running(deployment.machine) is not None:
                if not told:
                    told = True
                    _say("A change is still being made on the practice server; waiting for its end.")
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
