"""The command `conf`: one value of a HOCON file, read or changed without losing a byte."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard.change.durable import put_named
from wizard.cli.output import print_json
from wizard.configs import damage, hocon
from wizard.configs.diffs import unified
from wizard.configs.hocon import Document, Value
from wizard.configs.rules import duplicates
from wizard.errors import ExitCode, TextSyntaxError, WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable

REFUSALS: tuple[FindingSpec, ...] = (
    FindingSpec(
        "conf.unreadable-file",
        Severity.BLOCKER,
        "file cannot be read",
        "A file that was named cannot be read.",
        "Without it there is nothing to look up or to change.",
        "Check its path and its mode, or run the command as root.",
        "POSIX open",
    ),
    FindingSpec(
        "conf.not-set",
        Severity.BLOCKER,
        "the setting is absent",
        "The file does not set the path that was asked for.",
        "There is no value to show.",
        "Check the path; it begins at the root of the file.",
        "HOCON specification",
    ),
    FindingSpec(
        "conf.value-file",
        Severity.BLOCKER,
        "the value file is no single line",
        "The file with the new value holds more than one line, or bytes that are no UTF-8.",
        "A line break inside a password or path is hardly ever meant.",
        "Write the value alone into the file; a line break at its end is left out.",
        "interface of the conf command",
    ),
)
_SPECS = {spec.code: spec for spec in REFUSALS}
LARGEST = hocon.LARGEST + 1


def run(args: argparse.Namespace) -> int:
    """Get or set, and print."""
    file = Path(args.file)
    data = _bytes(file)
    environment = _environment(args.environment_file) if getattr(args, "environment_file", None) else None
    try:
        document = hocon.parse(data, includes=_loader(file.parent), environment=environment)
    except TextSyntaxError as error:
        if not error.beyond and damage.repair(data) is not None:
            error.hint += "\nThe damage of this file can be repaired; doctor offers that with its difference."
        error.subject = str(file)
        raise
    if args.action == "get":
        return _get(args, document, file)
    return _set(args, document, file, data)


def _get(args: argparse.Namespace, document: Document, file: Path) -> int:
    value = document.get(args.path)
    if value is None:
        shown = printable(args.path, limit=80)
        places = ", ".join(f"{found.path} (line {found.line})" for found in document.find(_last(args.path))[:4])
        hint = f"The same key is at {printable(places)}." if places else _SPECS["conf.not-set"].fix
        raise WizardError("conf.not-set", f"{printable(str(file))} does not set {shown}", hint, str(file))
    if getattr(args, "json", False):
        print_json("conf", as_json(value))
    else:
        print(printable(value.text, newline=True))
        _tell(document, value, file)
    return ExitCode.DONE if value.decidable else ExitCode.FINDINGS


def as_json(value: Value) -> dict[str, Any]:
    """The members of `conf get --json`."""
    return {
        "value": value.text,
        "line": value.line,
        "column": value.column,
        "path": value.path,
        "kind": value.kind,
        "source": value.source or None,
        "shadowed": [{"line": one.line, "value": one.text, "source": one.source or None} for one in value.shadowed],
        "decidable": value.decidable,
        "reason": value.reason,
    }


def _tell(document: Document, value: Value, file: Path) -> None:
    where = printable(value.source or str(file))
    _say(f"{value.path}: line {value.line}, column {value.column} of {where}")
    for one in value.shadowed:
        _say(f"does not count: line {one.line} of {printable(one.source or str(file))}")
    if not value.decidable:
        _say(f"cannot be decided: {value.reason}")
    for note in document.includes:
        if note.status != "followed":
            reason = f" ({printable(note.reason)})" if note.reason else ""
            _say(f'include "{printable(note.name)}" in line {note.line}: {note.status}{reason}')


def _set(args: argparse.Namespace, document: Document, file: Path, data: bytes) -> int:
    before = document.get(args.path)
    after = document.set(args.path, _new_value(args.value_file), followers=args.let_others_follow)
    new = after.render()
    # The path counts as secret whatever it is called: the value came from a file for a reason.
    diff = unified(str(file), data, new)
    changed, dry = new != data, bool(getattr(args, "dry_run", False))
    if changed and not dry:
        put_named(file.resolve(), new)
    value = after.get(args.path)
    line = value.line if value else 0
    if getattr(args, "json", False):
        members = {"path": args.path, "line": line, "changed": changed, "written": changed and not dry, "diff": diff}
        print_json("conf", members)
        return ExitCode.DONE
    if diff:
        print(diff, end="", file=sys.stderr)
    for finding in duplicates(after):
        if value is not None and finding.facts.get("setting") == value.path:
            _say(f"warning: {finding.message}")
    added = "" if before is not None else ", added"
    state = "unchanged" if not changed else "would be changed" if dry else "changed"
    print(f"{printable(str(file))}: line {line} {state}{added}")
    return ExitCode.DONE


def _new_value(source: str) -> str:
    data = sys.stdin.buffer.read(LARGEST) if source == "-" else _bytes(Path(source))
    spec = _SPECS["conf.value-file"]
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise WizardError(spec.code, f"{printable(source)} holds bytes that are no UTF-8", spec.fix, source) from error
    text = text.removesuffix("\n").removesuffix("\r")
    if "\n" in text or "\r" in text:
        raise WizardError(spec.code, f"{printable(source)} holds more than one line", spec.fix, source)
    return text


def _environment(name: str) -> Mapping[str, str]:
    data = _bytes(Path(name)).decode("utf-8", "replace")
    rows = data.split("\0") if "\0" in data else data.splitlines()
    pairs = (row.partition("=") for row in rows if not row.lstrip().startswith("#"))
    return {key.strip(): value.strip("\"'") for key, sign, value in pairs if sign}


def _loader(folder: Path) -> hocon.Loader:
    def load(kind: str, name: str) -> bytes | None:
        if kind == "file" and not Path(name).is_absolute():
            # Java takes it relative to the directory in which its process runs.
            raise OSError(0, "where its relative path begins is known to the server's process alone")
        try:
            with (folder / name).open("rb") as file:
                return file.read(LARGEST)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    return load


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        spec = _SPECS["conf.unreadable-file"]
        reason = (error.strerror or "unknown reason").lower()
        raise WizardError(spec.code, f"{printable(str(path))}: {reason}", spec.fix, str(path)) from error


def _last(path: str) -> str:
    return hocon.parse_path(path)[-1]


def _say(text: str) -> None:
    print(text, file=sys.stderr)
