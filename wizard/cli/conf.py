"""The command `conf`: one value of a HOCON file, read or changed without losing a byte."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change.durable import put_named
from wizard.cli.output import print_json
from wizard.configs import damage, hocon
from wizard.configs.diffs import unified
from wizard.configs.hocon import Document, Value
from wizard.configs.rules import duplicates
from wizard.errors import ExitCode, TextSyntaxError, WizardError
from wizard.printable import printable

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
            error.hint += "\nThe wizard can repair this file: run doctor, which shows the difference first."
        error.subject = str(file)
        raise
    if args.action == "get":
        return _get(args, document, file)
    return _set(args, document, file, data)


def _get(args: argparse.Namespace, document: Document, file: Path) -> int:
    value = document.get(args.path)
    if value is None:
        shown = printable(args.path, limit=80)
        places = ", ".join(
            f"{found.path} (line {found.line})" for found in document.find(hocon.parse_path(args.path)[-1])[:4]
        )
        case = "elsewhere" if places else ""
        raise WizardError(codes.CONF_NOT_SET, case=case, subject=file, file=file, path=shown, places=places)
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
        _say(f"no effect: line {one.line} of {printable(one.source or str(file))}")
    if not value.decidable:
        _say(f"not certain:  {value.reason}")
    for note in document.includes:
        if note.status != "followed":
            reason = f" ({printable(note.reason)})" if note.reason else ""
            _say(f'include "{printable(note.name)}" in line {note.line}: {note.status}{reason}')


def _set(args: argparse.Namespace, document: Document, file: Path, data: bytes) -> int:
    before = document.get(args.path)
    after = document.set(args.path, _new_value(args.value_file), followers=args.let_others_follow)
    new = after.render()
    # The value counts as secret whatever the path is: it came from a file for a reason.
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
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise WizardError(codes.CONF_VALUE_FILE, case="not-utf-8", subject=source, file=source) from error
    text = text.removesuffix("\n").removesuffix("\r")
    if "\n" in text or "\r" in text:
        raise WizardError(codes.CONF_VALUE_FILE, subject=source, file=source)
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
            raise OSError(0, "only the server's process knows where its relative path begins")
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
        reason = (error.strerror or "unknown reason").lower()
        raise WizardError(codes.CONF_UNREADABLE_FILE, subject=path, file=path, reason=reason) from error


def _say(text: str) -> None:
    print(text, file=sys.stderr)
