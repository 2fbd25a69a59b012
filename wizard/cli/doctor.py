"""`doctor`: examines the installed primary, names the root cause, offers its repair."""

import argparse
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from wizard import __version__, codes
from wizard.change import watch
from wizard.change.durable import put_named
from wizard.change.history import history
from wizard.cli.changes import follow_run
from wizard.cli.confirm import ask_once, confirm
from wizard.cli.output import print_json, print_lines
from wizard.doctor import saved_facts
from wizard.doctor.collect.run import Asked, Examined, examine
from wizard.doctor.diagnose import Diagnosis, diagnose
from wizard.doctor.logs import explain
from wizard.doctor.repair.plan import named, plan_repair
from wizard.doctor.support_bundle import bundle
from wizard.doctor.text import diagnosis_lines, log_lines
from wizard.errors import ExitCode, WizardError
from wizard.findings import Severity, worst
from wizard.host.files import read_input
from wizard.host.machine import command
from wizard.planning.java import ask_java
from wizard.planning.snapshot import MachineSnapshot
from wizard.reports import outcome
from wizard.reports.lines import Line

_PROMPTS = {
    "primary.keystore-password": "Password of the key store: ",
    "primary.key-password": "Password of the private key: ",
}
_LARGEST_LOG = 64 * 1024 * 1024
_LOG_TAIL = 512 * 1024
"""Bytes at the end of a log that are explained: older lines seldom matter, and reading them all takes minutes."""


def run(args: argparse.Namespace) -> int:
    """Examine, tell, and repair when that was asked for."""
    if args.log is not None:
        return _explain(args)
    if args.facts is not None:
        if args.fix or args.bundle:
            raise WizardError(codes.DOCTOR_FACTS_ONLY)
        return _tell(args, _replayed(args.facts))
    seen = _examined(args)
    diagnosis = _judged(seen)
    if args.bundle is not None:
        _write_bundle(args, diagnosis, seen)
    if args.fix:
        return _fix(args, diagnosis, seen)
    return _tell(args, diagnosis)


def _examined(args: argparse.Namespace) -> Examined:
    password = args.secrets.named("primary.cacerts-password")
    return examine(args.machine, Asked(tuple(args.host), args.port, args.servername, password))


def _judged(seen: Examined) -> Diagnosis:
    return diagnose(seen.facts)


def _replayed(path: Path) -> Diagnosis:
    try:
        data: Any = json.loads(read_input(path))
    except (ValueError, RecursionError):
        raise WizardError(codes.DOCTOR_FACTS_UNUSABLE, case="not-json", subject=path, file=path) from None
    return diagnose(saved_facts.from_json(data.get("facts", data) if isinstance(data, dict) else data))


def _tell(args: argparse.Namespace, diagnosis: Diagnosis) -> int:
    if args.json:
        print_json("doctor", diagnosis.as_json())
    else:
        print_lines(diagnosis_lines(diagnosis, prefix=command(args.machine)))
    return int(ExitCode.FINDINGS if diagnosis.bad else ExitCode.DONE)


def _fix(args: argparse.Namespace, diagnosis: Diagnosis, seen: Examined) -> int:
    repair = named(diagnosis.repairs, args.fix)
    planned = plan_repair(args.machine, seen, repair, lambda name: ask_once(args, _PROMPTS, name))
    planned = ask_java(MachineSnapshot(args.machine), planned)
    print_lines([Line(f"Repair of {repair.code}:"), *outcome.review(planned.plan, planned.findings)], people=args.json)
    if any(finding.severity >= Severity.ERROR for finding in planned.findings):
        if args.json:
            told = [finding.as_json() for finding in planned.findings]
            print_json("doctor", {**planned.plan.as_json(), "findings": told, "outcome": "refused"})
        return int(ExitCode.FINDINGS)
    if planned.plan.is_empty or args.dry_run:
        if args.json:
            print_json("doctor", {**planned.plan.as_json(), "outcome": "nothing_to_do"})
        return int(ExitCode.DONE)
    if not args.yes:
        confirm()
    end = follow_run(args.machine, watch.start(args.machine, planned.plan, planned.secrets))
    if end is None:
        return 130
    if args.json:
        print_json("doctor", end.as_json())
    print_lines(outcome.outcome(end), people=args.json)
    if end.exit_code is ExitCode.DONE and not args.json:
        _look_again(args, repair.code)
    return int(end.exit_code)


def _look_again(args: argparse.Namespace, code: str) -> None:
    """What is left after a repair: the next headline, or that nothing is."""
    diagnosis = _judged(_examined(args))
    left = diagnosis.headline
    if left is None:
        print("The doctor finds nothing wrong any more.")
    elif left.code == code:
        print(f"The doctor still finds: {left.message} [{left.code}]")
    else:
        print(f"Next: {left.message} [{left.code}]")


def _explain(args: argparse.Namespace) -> int:
    data = sys.stdin.buffer.read(_LARGEST_LOG) if args.log == "-" else read_input(Path(args.log))
    # Windows programs write UTF-16 with a mark; everything else that matters here is ASCII.
    coding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2], "utf-8")
    cut = max(0, len(data) - _LOG_TAIL) & ~1
    if cut:
        print(f"Only the last {_LOG_TAIL} bytes of the log are explained.", file=sys.stderr)
    lines = data[cut:].decode(coding, errors="replace").removeprefix("\ufeff").splitlines()
    found = explain(lines, name="" if args.log == "-" else args.log, first=data.count(b"\n", 0, cut) + 1)
    if args.json:
        print_json("doctor", {"findings": [finding.as_json() for finding in found]})
    else:
        print_lines(log_lines(found))
    level = worst(found)
    return int(ExitCode.FINDINGS if level is not None and level >= Severity.ERROR else ExitCode.DONE)


def _write_bundle(args: argparse.Namespace, diagnosis: Diagnosis, seen: Examined) -> None:
    try:
        changes = [entry.as_json() for entry in history(args.machine)]
    except WizardError:
        changes = []
    put_named(args.bundle, bundle(diagnosis, _versions(diagnosis), changes, seen.redactor), mode=0o600)
    print(f"Support bundle written: {args.bundle} (mode 0600; no key, no password in it)", file=sys.stderr)


def _versions(diagnosis: Diagnosis) -> dict[str, str]:
    found = {"wizard": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in ("cryptography", "pyOpenSSL", "textual", "platformdirs"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "in one file"
    java = diagnosis.facts.java
    found["java"] = java.version if java is not None else ""
    return found
