"""Defaults of options that name folders and output: from the environment, and from one file that only root can write.

Options that name a program to run or another root cannot be set here: who can set them, runs programs as root.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.cli.arguments import THEMES
from wizard.cli.dispatch import DEFAULTS_PREFIX
from wizard.errors import WizardError
from wizard.printable import printable

OWNER = 0
"""Whose file it must be: root's."""

_FOLDERS = ("hcp-home", "state-dir")
_EITHER = (("ascii", "unicode"), ("quiet", "verbose"))
"""Of these one excludes the other, so that one on the command line also counts before the other one here."""
_SWITCHES = ("plain", "no-color", "syslog", *(name for pair in _EITHER for name in pair))
NAMES = (*_FOLDERS, "theme", *_SWITCHES)
_LARGEST = 65536


def defaults(
    given: Mapping[str, Any], environment: Mapping[str, str], file: Path, owner: int = OWNER
) -> dict[str, Any]:
    """The values for options that were not given, by the names that argparse uses.

    Args:
        given: the options on the command line by these names, absent or None where not given.
        environment: `CLOUDSTREAM_WIZARD_STATE_DIR` and others; they count before the file. Empty means not set.
        file: TOML, one `name = value` for each option; it may be absent.
        owner: who must own the file.

    Raises:
        WizardError: `settings.unsafe`, `settings.unreadable`, `settings.unknown`, `settings.value`.
    """
    found = {name: _checked(name, value, str(file)) for name, value in _in_file(file, owner).items()}
    for name in NAMES:
        variable = DEFAULTS_PREFIX + name.replace("-", "_").upper()
        if text := environment.get(variable):
            value: Any = {"1": True, "true": True, "0": False, "false": False}.get(text.lower(), text)
            found = {
                **_without_other(name, found),
                name: _checked(name, value if name in _SWITCHES else text, variable),
            }
    chosen = [name for name in NAMES if given.get(name.replace("-", "_"))]
    for name in chosen:
        found = _without_other(name, found)
        found.pop(name, None)
    return {name.replace("-", "_"): value for name, value in found.items()}


def _without_other(name: str, found: dict[str, Any]) -> dict[str, Any]:
    others = {other for pair in _EITHER if name in pair for other in pair}
    return {other: value for other, value in found.items() if other not in others}


def _checked(name: str, value: Any, place: str) -> Any:
    if name not in NAMES:
        raise WizardError(codes.SETTINGS_UNKNOWN, place=place, name=printable(name), names=", ".join(NAMES))
    if name in _SWITCHES:
        good, wanted = isinstance(value, bool), "true or false"
    elif name == "theme":
        good, wanted = value in THEMES, " or ".join(THEMES)
    else:
        good, wanted = isinstance(value, str) and value.startswith("/"), "a full path"
    if not good:
        raise WizardError(codes.SETTINGS_VALUE, place=place, name=name, wanted=wanted)
    return value


def _in_file(file: Path, owner: int) -> dict[str, Any]:
    try:
        with open(file, "rb", opener=_opened) as stream:
            facts = os.fstat(stream.fileno())
            data = stream.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unreadable(file, error.strerror or "unknown") from error
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != owner or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise WizardError(codes.SETTINGS_UNSAFE, file=file)
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no UTF-8, or no TOML
        raise _unreadable(file, printable(str(error)) or "nested too deeply") from error


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _unreadable(file: Path, reason: str) -> WizardError:
    return WizardError(codes.SETTINGS_UNREADABLE, file=file, reason=reason)
