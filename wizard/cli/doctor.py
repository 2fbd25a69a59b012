"""`doctor`: checks the installed primary, names the root cause, offers its repair."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from wizard import __version__, codes
from wizard.change.durable import put_named
from wizard.change.store import readable_history
from wizard.cli.changes import carry_out
from wizard.cli.output import print_json, print_lines
from wizard.doctor import facts
from wizard.doctor.collect.run import Asked, Examined, examine
from wizard.doctor.diagnose import Diagnosis, diagnose
from wizard.doctor.logs import explain
from wizard.doctor.repair.plan import by_hand, named, plan_repair, plan_repairs
from wizard.doctor.text import bundle, diagnosis_lines, log_lines
from wizard.errors import ExitCode, WizardError
from wizard.findings import has_errors
from wizard.host.files import read_input
from wizard.host.machine import command
from wizard.planning.primary.plan import Planned
from wizard.planning.proofs import ask_java
from wizard.planning.snapshot import MachineSnapshot
from wizard.reports import outcome
from wizard.reports.lines import Line, Tone
from wizard.secret import Secret
from wizard.session.repair_flow import Rescue, last_name, next_lines, rescue, without_password

_PROMPTS = {
    "primary.keystore-password": "Password of the key store: ",
    "primary.key-password": "Password of the private key: ",
}
_LARGEST_LOG = 64 * 1024 * 1024
_LOG_TAIL = 512 * 1024
"""Bytes at the end of a log that are explained: older lines seldom matter, and reading them all takes minutes."""


def run(args: argparse.Namespace) -> int:
    """Check, report, and repair if requested."""
    if args.log is not None:
        return _explain(args)
    if args.facts is not None:
        if args.fix or args.bundle:
            raise WizardError(codes.DOCTOR_FACTS_ONLY)
        return _tell(args, _replayed(args.facts))
    found = _examined(args)
    if args.bundle is not None:
        _write_bundle(args, found.diagnosis, found.seen)
    if args.fix:
        return _fix(args, found)
    return _tell(args, found.diagnosis, found)


def _examined(args: argparse.Namespace) -> Rescue:
    password = args.secrets.named("primary.cacerts-password")
    name = args.servername or last_name(args.machine)
    seen = examine(args.machine, Asked(tuple(args.host), args.port, name, password))
    return rescue(args.machine, seen, without_password(args.secrets.named))


def _replayed(path: Path) -> Diagnosis:
    try:
        data: Any = json.loads(read_input(path))
    except (ValueError, RecursionError):
        raise WizardError(codes.DOCTOR_FACTS_UNUSABLE, case="not-json", subject=path, file=path) from None
    return diagnose(facts.from_json(data.get("facts", data) if isinstance(data, dict) else data))


def _tell(args: argparse.Namespace, diagnosis: Diagnosis, found: Rescue | None = None) -> int:
    if args.json:
        print_json("doctor", diagnosis.as_json())
    else:
        print_lines(diagnosis_lines(diagnosis, prefix=command(args.machine)))
        if found is not None:
            print_lines([Line(""), Line("Next:", Tone.HEADING), *map(Line, next_lines(found, args.machine))])
    return int(ExitCode.FINDINGS if diagnosis.bad else ExitCode.DONE)


ALL = "all"
"""For `--fix`: every cause that one change can repair."""


def _fix(args: argparse.Namespace, found: Rescue) -> int:
    planned, what = _planned(args, found)
    planned = ask_java(MachineSnapshot(args.machine), planned)
    print_lines(
        [Line(f"Repair of {', '.join(what)}:"), *outcome.review(planned.plan, planned.findings, args.machine)],
        people=args.json,
    )
    if has_errors(planned.findings):
        if args.json:
            print_json("doctor", {**planned.plan.as_json(), "findings": planned.findings, "outcome": "refused"})
        return int(ExitCode.FINDINGS)
    code = carry_out(args, "doctor", planned.plan, planned.secrets)
    if not (code or args.json or planned.plan.is_empty or args.dry_run):
        left = _look_again(args, what)
        if args.fix == ALL and left.able and not set(left.codes) <= set(what):
            return _fix(args, left)
    return code


def _planned(args: argparse.Namespace, found: Rescue) -> tuple[Planned, Sequence[str]]:
    """The change that was asked for, and the causes that it repairs."""

    def give(name: str) -> Secret | None:
        found: Secret | None = args.secrets.named(name)
        return args.secrets.get(name, prompt=_PROMPTS[name]) if found is None and name in _PROMPTS else found

    if args.fix != ALL:
        repair = named(found.diagnosis.repairs, args.fix)
        return plan_repair(args.machine, found.seen, repair, give), [repair.code]
    together = plan_repairs(args.machine, found.seen, give)
    for _cause, error in together.refused:
        if together.planned is None or error.spec not in {codes.SECRET_MISSING, codes.DOCTOR_BY_HAND}:
            raise error
        print(f"Left out: {error.message} [{error.code}]", file=sys.stderr)
    if together.planned is None:
        headline = found.diagnosis.headline
        if headline is None:
            raise WizardError(codes.RESCUE_NOTHING_WRONG)
        raise by_hand(found.diagnosis.repairs[0])
    return together.planned, [cause.finding.code for cause in together.made]


def _look_again(args: argparse.Namespace, repaired: Sequence[str]) -> Rescue:
    """Report what is left after a repair: the next headline, or that nothing is."""
    found = _examined(args)
    left = found.diagnosis.headline
    if left is None:
        print("The doctor finds no more problems.")
    elif left.code in repaired:
        print(f"The doctor still finds: {left.message} [{left.code}]")
    else:
        print(f"Next: {left.message} [{left.code}]")
        print_lines([Line(f"  {words}") for words in next_lines(found, args.machine)])
    return found


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
        print_json("doctor", {"findings": found})
    else:
        print_lines(log_lines(found))
    return int(ExitCode.FINDINGS if has_errors(found) else ExitCode.DONE)


def _write_bundle(args: argparse.Namespace, diagnosis: Diagnosis, seen: Examined) -> None:
    changes = [entry.as_json() for entry in readable_history(args.machine)]
    put_named(args.bundle, bundle(diagnosis, _versions(diagnosis), changes, seen.redactor), mode=0o600)
    print(f"Support bundle written: {args.bundle} (mode 0600; without keys and passwords)", file=sys.stderr)


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
