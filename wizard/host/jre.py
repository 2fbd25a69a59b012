"""The product's private JRE: its path, its version, and which PKCS12 encryption it reads."""

import re
from dataclasses import dataclass
from pathlib import Path

from wizard.certificates.model import Profile
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.host.processes import run
from wizard.secret import Secret

_BORDERS = {8: (0, 301), 11: (0, 12)}
"""First update that reads PBES2 and HMAC-SHA-256 PKCS12 files, by feature release (domain: Oracle's list)."""


@dataclass(frozen=True, slots=True)
class Jre:
    """A Java runtime as found; nothing was started unless its `release` file was silent.

    Attributes:
        home: real folder.
        version: as it names itself, "17.0.9" or "1.8.0_292"; "" when it could not be found out.
        vendor: as the `release` file or the banner says; "" when unknown.
        source: `release` or `java -version`: where the version is from; "" when unknown.
        keytool: real path of the program, None when there is none.
        reason: why the version is unknown.
    """

    home: Path
    version: str = ""
    vendor: str = ""
    source: str = ""
    keytool: Path | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """Which encryption to write for a JRE.

    Attributes:
        profile: LEGACY is read by every Java, so it is also the choice when the version is unknown.
        known: whether the version decided it.
        reason: one sentence for the review.
    """

    profile: Profile
    known: bool
    reason: str


def find(machine: Machine, *, ask_java: bool = True) -> Jre | None:
    """The JRE below the product's home, or None when there is none.

    Args:
        machine: where to look.
        ask_java: start `java -version` when the `release` file does not tell.
    """
    home = machine.real(machine.jre_home)
    if not home.is_dir():
        return None
    tool = home / "bin" / "keytool"
    keytool = tool if tool.is_file() else None
    told = _release(home / "release")
    if "JAVA_VERSION" in told:
        return Jre(home, told["JAVA_VERSION"], told.get("IMPLEMENTOR", ""), "release", keytool)
    if not ask_java:
        return Jre(home, keytool=keytool, reason="the JRE has no release file")
    return _asked(home, keytool)


def identity(machine: Machine) -> tuple[str, str] | None:
    """Path and version of the JRE below the product's home, to notice another one; no Java is started."""
    found = find(machine, ask_java=False)
    return None if found is None else (str(found.home), found.version)


def choose_profile(jre: Jre | None) -> ProfileChoice:
    """The PKCS12 encryption that *jre* reads for certain."""
    numbers = parse_version(jre.version) if jre else None
    if jre is None or numbers is None:
        what = "no JRE was found" if jre is None else "the version of the JRE is unknown"
        return ProfileChoice(Profile.LEGACY, False, f"{what}, so the encryption that every Java reads is used")
    feature, update = numbers[0], (numbers[1], numbers[2])
    # JDK-8076190 came with 12 and was carried back to 8u301 and 11.0.12; 9 and 10 never got it.
    modern = feature >= 12 or update >= _BORDERS.get(feature, (10**9, 0))
    if modern:
        return ProfileChoice(Profile.MODERN, True, f"Java {jre.version} reads AES-256 key stores")
    return ProfileChoice(Profile.LEGACY, True, f"Java {jre.version} is too old to read AES-256 key stores")


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Feature, interim and update of a Java version: "1.8.0_292" and "8u292" give (8, 0, 292). None if it is none."""
    old = re.match(r"(?:1\.)?([1-8])(?:\.0)?(?:[_u](\d+))?(?![\d.])", text)
    if old:
        return int(old[1]), 0, int(old[2] or 0)
    new = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    return (int(new[1]), int(new[2] or 0), int(new[3] or 0)) if new else None


def trust_aliases(path: Path, password: Secret, sha256: str, *, name: str = "") -> frozenset[str]:
    """The aliases under which the trust store file *path* holds the certificate *sha256*, read without Java.

    Args:
        path: real.
        password: of the store.
        sha256: lower-case hex.
        name: what messages call it; "" is the path.

    Raises:
        WizardError: of reading the file, or of a password that does not open it.
    """
    bundle = read(read_input(path), name=name or str(path), password=password)
    return frozenset(each.alias for each in bundle.certificates if each.sha256 == sha256)


def _release(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def _asked(home: Path, keytool: Path | None) -> Jre:
    try:
        banner = run([str(home / "bin" / "java"), "-version"], timeout_s=20)
    except WizardError as problem:
        return Jre(home, keytool=keytool, reason=problem.message)
    found = re.search(r'version "([^"]+)"', banner.stderr)
    if found is None:
        return Jre(home, keytool=keytool, reason="java -version gives no version")
    vendor = re.search(r"^(.*) Runtime Environment", banner.stderr, re.MULTILINE)
    return Jre(home, found[1], vendor[1] if vendor else "", "java -version", keytool)
