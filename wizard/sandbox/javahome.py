"""A JRE for the practice deployment: the machine's own, by links, with a trust store that is really its own."""

import os
import shutil
from pathlib import Path

from wizard.errors import WizardError


def found() -> Path | None:
    """A Java with keytool on this machine: `JAVA_HOME`, or the one that `java` on PATH belongs to."""
    named = os.environ.get("JAVA_HOME")
    program = shutil.which("java")
    candidates = [Path(named)] if named else []
    if program:
        candidates.append(Path(program).resolve().parent.parent)
    return next((home for home in candidates if usable(home)), None)


def usable(home: Path) -> bool:
    """Whether *home* has a keytool and a trust store."""
    return (home / "bin" / "keytool").is_file() and (home / "lib" / "security" / "cacerts").is_file()


def link(home: Path, target: Path) -> None:
    """Build *target* as a JRE of links to *home*, with its own `release` and its own copy of cacerts.

    keytool finds the rest of its Java through the real path of the link, so it works from here.

    Raises:
        WizardError: sandbox.no-keytool.
    """
    if not usable(home):
        raise WizardError(
            "sandbox.no-keytool",
            f"{home} is no Java home: bin/keytool or lib/security/cacerts is missing",
            "Name the folder that holds bin/ and lib/.",
            str(home),
        )
    # Folders in which something is ever changed must be real ones: a link would lead the change to the real Java.
    _links(home, target, except_for={"bin", "lib", "release"})
    _links(home / "bin", target / "bin", except_for=set())
    _links(home / "lib", target / "lib", except_for={"security"})
    _links(home / "lib" / "security", target / "lib" / "security", except_for={"cacerts"})
    if (home / "release").is_file():
        shutil.copyfile(home / "release", target / "release")
    cacerts = target / "lib" / "security" / "cacerts"
    shutil.copyfile(home / "lib" / "security" / "cacerts", cacerts)
    cacerts.chmod(0o644)


def _links(source: Path, target: Path, *, except_for: set[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.resolve().iterdir():
        if entry.name not in except_for:
            (target / entry.name).symlink_to(entry.resolve())
