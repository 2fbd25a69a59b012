"""Read the operator's files: every file is tried, and errors are reported together with the results."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard import codes
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.errors import WizardError
from wizard.host.files import DEFAULT_STORE_PASSWORD, expand_inputs, read_input
from wizard.printable import printable
from wizard.secret import Secret

SECRET = "password"  # noqa: S105 - the name of a secret, not its value
KEY_SECRET = "key-password"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class Opened:
    """One file that was read.

    Attributes:
        path: as the operator knows it.
        bundle: what was read; after an error what could be read all the same.
        error: why it could not be read, or not all of it.
    """

    path: Path
    bundle: Bundle
    error: WizardError | None = None


def open_inputs(args: argparse.Namespace, paths: Sequence[str]) -> list[Opened]:
    """Read files and folders; a file that cannot be read does not stop the others.

    A protected file is opened with the secret that carries its name (`--secret server.pfx=...`), else with the one
    called `password`, else by asking on a terminal; where nobody can be asked it is reported as an error of that file.

    Raises:
        WizardError: a name does not exist, or a folder cannot be listed.
    """
    return [_open(args, path) for path in expand_inputs(paths, Path())]


def known_roots(args: argparse.Namespace) -> Bundle | None:
    """The trust anchors of the product's JRE, when it is on this machine."""
    path = args.machine.real(args.machine.cacerts)
    if not os.path.isfile(path):
        return None
    try:
        return read(read_input(path), name=str(args.machine.cacerts), password=DEFAULT_STORE_PASSWORD)
    except WizardError:
        # The doctor says what is wrong with cacerts; here it only means that no root is known.
        return None


def _open(args: argparse.Namespace, path: Path) -> Opened:
    name = str(path)
    data = b""
    try:
        data = read_input(path)
        return Opened(path, read(data, name=name))
    except WizardError as error:
        problem = error
    if problem.spec == codes.READING_PASSWORD_NEEDED:
        secret = _password(args, path)
        if secret is not None:
            try:
                return Opened(path, read(data, name=name, password=secret, key_password=args.secrets.named(KEY_SECRET)))
            except WizardError as error:
                problem = error
        if problem.code in KEY_PASSWORD_DIFFERS and sys.stdin.isatty():
            other = args.secrets.get(KEY_SECRET, prompt=f"Password of the private key in {printable(path.name)}: ")
            try:
                return Opened(path, read(data, name=name, password=secret, key_password=other))
            except WizardError as error:
                problem = error
    partial = problem.partial if isinstance(problem, ReadingError) else None
    return Opened(path, partial or Bundle(sniff(data) if data else Format.UNKNOWN, name=name), problem)


def _password(args: argparse.Namespace, path: Path) -> Secret | None:
    for name in (path.name, SECRET):
        found: Secret | None = args.secrets.named(name)
        if found is not None:
            return found
    if not sys.stdin.isatty():
        return None
    asked: Secret = args.secrets.get(path.name, prompt=f"Password of {printable(path.name)}: ")
    return asked
