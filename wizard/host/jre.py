"""The product's private JRE: its path, its version, and which PKCS12 encryption it reads."""

import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard import codes
from wizard.certificates.formats.der import DerError, parse
from wizard.certificates.model import Profile
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.findings import Code
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.host.processes import Completed, memory_file, path_of, run
from wizard.printable import printable
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
    if not os.path.isdir(home):
        return None
    tool = home / "bin" / "keytool"
    keytool = tool if os.path.isfile(tool) else None
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


class KeytoolError(WizardError):
    """keytool refused."""


_NOT_ASCII = "Password is not ASCII"
_ANSWERS: dict[Code, str] = {
    codes.KEYTOOL_PASSWORD_NOT_ASCII: _NOT_ASCII,
    codes.KEYTOOL_KEY_PASSWORD: r"Too many failures|Get Key failed|Enter key password|final block not properly padded",
    codes.KEYTOOL_TAMPERED: r"tampered with, or password was incorrect",
    codes.KEYTOOL_PASSWORD_WRONG: r"[Kk]eystore password was incorrect",
    codes.KEYTOOL_ALIAS_EXISTS: r"already exists",
    codes.KEYTOOL_ALIAS_MISSING: r"Alias <.*> does not exist",
    codes.KEYTOOL_STORE_MISSING: r"Keystore file does not exist",
    codes.KEYTOOL_STORE_EMPTY: r"exists, but is empty",
    codes.KEYTOOL_STORE_CUT: r"EOFException|Short read of DER|[Ii]nsufficient data|Too short|extra data at the end",
    codes.KEYTOOL_STORE_FORMAT: r"(Unrecognized|Invalid) keystore format|rejects tag type|DerInputStream|DerValue"
    r"|Sequence tag error",
    codes.KEYTOOL_NOT_A_CERTIFICATE: r"Input not an X\.509 certificate|Failed to parse input|CertificateException"
    r"|Unable to initialize",
    codes.KEYTOOL_NO_SPACE: r"No space left on device|Disk quota exceeded",
    codes.KEYTOOL_PERMISSION: r"Permission denied|Read-only file system|AccessDeniedException",
    codes.KEYTOOL_NO_MEMORY: r"insufficient memory|Could not reserve enough space|unable to create native thread"
    r"|OutOfMemoryError",
    codes.KEYTOOL_ALGORITHM: r"NoSuchAlgorithmException|Algorithm .* not available|unrecognized algorithm|not supported"
    r"|PBE parameter parsing error|data isn't an object ID",
    codes.KEYTOOL_DAMAGED_JAVA: r"error while loading shared libraries|could not (find|open)"
    r"|Error occurred during init|cannot execute",
}
"""What each refusal of keytool looks like; the first that fits counts."""


def unread_certificate(output: str) -> str:
    """Why Java could not parse a certificate, from the causes that `-v` prints; "" when that was not the reason."""
    causes: list[str] = re.findall(r"^Caused by: (.*)$", output, re.MULTILINE)
    if not any("CertificateParsingException" in cause for cause in causes):
        return ""
    return printable(re.sub(r"^([\w ]*: )?(java\.[\w.]+: )+", "", causes[-1]), limit=200)


def explained(output: str, subject: str) -> KeytoolError:
    """The refusal for what keytool printed.

    Args:
        output: its standard output and error, as they came.
        subject: the store, as the operator knows it.
    """
    text = printable(" ".join(output.split()), limit=400)
    unread = unread_certificate(output)
    if unread:
        return KeytoolError(codes.KEYTOOL_CERTIFICATE_UNREADABLE, subject=subject, store=subject, reason=unread)
    line = next((part for part in output.splitlines() if "keytool error" in part), text)
    if _NOT_ASCII in output:  # the line itself says only that the password was incorrect
        line = _NOT_ASCII
    spec = next((each for each, pattern in _ANSWERS.items() if re.search(pattern, line)), None)
    if spec is not None:
        return KeytoolError(spec, subject=subject, store=subject)
    words = printable(re.sub(r".*keytool error: (java\.[\w.]+: )?", "", line).strip() or "nothing", limit=200)
    return KeytoolError(codes.KEYTOOL_FAILED, subject=subject, store=subject, words=words)


LEAN = (
    "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-XX:-UsePerfData", "-J-Xshare:auto", "-J-Duser.language=en",
)  # fmt: skip
"""A JVM that lives a quarter of a second needs no optimising compiler, no threads for its garbage collector, and no
file in /tmp with counters for others."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of a key store test by the JVM.

    Attributes:
        ok: whether it opened the store and signed with the key.
        text: one sentence for the report.
        code: of the refusal, "" when ok.
        alias: the key entry that was used.
        hint: what to do after a refusal.
    """

    ok: bool
    text: str
    code: str = ""
    alias: str = ""
    hint: str = ""


class Keytool:
    """One JRE's keytool. It changes only the file that it is given, and never the live trust store."""

    def __init__(self, jre: Jre, *, timeout_s: float = 60) -> None:
        """Take the keytool of *jre*; each run may take `timeout_s` seconds.

        Raises:
            WizardError: jre.no-keytool.
        """
        if jre.keytool is None:
            raise WizardError(codes.JRE_NO_KEYTOOL, subject=jre.home, home=jre.home)
        self.jre = jre
        self._program = str(jre.keytool)
        self._timeout_s = timeout_s

    @classmethod
    def of(cls, machine: Machine, *, timeout_s: float = 60) -> "Keytool":
        """The keytool of the product on *machine*.

        Raises:
            WizardError: jre.missing, jre.no-keytool.
        """
        jre = find(machine, ask_java=False)
        if jre is None:
            raise WizardError(codes.JRE_MISSING, subject=machine.jre_home, home=machine.jre_home)
        return cls(jre, timeout_s=timeout_s)

    def import_trust(self, store_copy: Path, certificate_der: bytes, alias: str, password: Secret) -> None:
        """Add a CA certificate as a trust anchor to *store_copy*, which keytool rewrites in place.

        Raises:
            KeytoolError: keytool.alias-exists, keytool.tampered and others; the copy is then not to be used.
        """
        argv = ["-importcert", "-noprompt", "-alias", alias, "-keystore", str(store_copy)]
        self._checked(argv, password, str(store_copy), _pem(certificate_der))

    def delete_trust(self, store_copy: Path, alias: str, password: Secret) -> None:
        """Take the entry *alias* out of *store_copy*, which keytool rewrites in place.

        Raises:
            KeytoolError: keytool.alias-missing, keytool.tampered and others.
        """
        self._checked(["-delete", "-alias", alias, "-keystore", str(store_copy)], password, str(store_copy))

    def prove_keystore(self, path: Path, password: Secret, alias: str | None = None) -> Proof:
        """Have the JVM open a PKCS12 store and sign a certification request with the key.

        One start of Java when *alias* is given, two otherwise (its key entries are listed first).

        Returns:
            The result. A refusal by keytool has `ok` False; a tool that does not run at all raises.

        Raises:
            WizardError: program.missing, program.not-runnable, program.too-slow.
        """
        try:
            name = alias or self._key_alias(path, password)
            # -v prints the causes of a refusal: "password was incorrect" is printed for unreadable certificates too.
            argv = ["-certreq", "-v", "-alias", name, "-keystore", str(path), "-storetype", "PKCS12"]
            signed = self._checked(argv, password, str(path))
            _require_same_kind(signed.stdout, str(path))
        except KeytoolError as refused:
            return Proof(False, refused.message, refused.code, alias or "", refused.hint)
        text = f"Java {self.jre.version} opened the store and signed with the key {printable(name)}".replace("  ", " ")
        return Proof(True, text, alias=name)

    def unreadable(self, certificates: Sequence[bytes]) -> dict[bytes, str]:
        """Those of *certificates* (DER) that the JVM cannot parse, each with its reason. One start when it parses all.

        Raises:
            WizardError: Java does not run.
        """
        if not certificates or not self._why_unread(certificates):
            return {}
        return {each: why for each in certificates if (why := self._why_unread([each]))}

    def _why_unread(self, certificates: Sequence[bytes]) -> str:
        answer = self._run(["-printcert", "-v"], None, b"".join(map(_pem, certificates)))
        if answer.ok:
            return ""
        refused = explained(answer.stdout + answer.stderr, "the certificates")
        if refused.spec not in {codes.KEYTOOL_CERTIFICATE_UNREADABLE, codes.KEYTOOL_NOT_A_CERTIFICATE}:
            raise refused
        return unread_certificate(answer.stdout + answer.stderr) or refused.message

    def _key_alias(self, path: Path, password: Secret) -> str:
        argv = ["-list", "-rfc", "-keystore", str(path), "-storetype", "PKCS12"]
        answer = self._checked(argv, password, str(path))
        parts = re.split(r"^Alias name: ", answer.stdout, flags=re.MULTILINE)[1:]
        for part in parts:
            if "Entry type: PrivateKeyEntry" in part:
                return part.splitlines()[0]
        raise KeytoolError(codes.KEYTOOL_NO_KEY, subject=str(path), store=path)

    def _checked(self, argv: list[str], password: Secret, subject: str, data: bytes | None = None) -> Completed:
        answer = self._run(argv, password, data)
        if not answer.ok:
            raise explained(answer.stdout + answer.stderr, subject)
        return answer

    def _run(self, argv: list[str], password: Secret | None, data: bytes | None) -> Completed:
        argv = [self._program, *LEAN, *argv]
        if password is None:
            return run(argv, timeout_s=self._timeout_s, input=data)
        with memory_file(password.reveal().encode() + b"\n") as secret:
            return run([*argv, "-storepass:file", path_of(secret)], timeout_s=self._timeout_s, input=data)


_RSA = "1.2.840.113549.1.1"
_SIGNERS = {f"{_RSA}.1": f"{_RSA}.", f"{_RSA}.10": f"{_RSA}.10", "1.2.840.10045.2.1": "1.2.840.10045.4."}
"""The kind of a public key, and how the algorithm of a signature with its private key begins. Plain RSA signs both
ways; a key that is read as plain RSA never signs as the RSASSA-PSS key that its certificate promises."""


def _require_same_kind(request: str, subject: str) -> None:
    """Compare the certificate's key with the private key, which has signed the certification request.

    Raises:
        KeytoolError: keytool.key-differs.
    """
    found = re.search(r"-----BEGIN NEW CERTIFICATE REQUEST-----([^-]*)-----END", request)
    try:
        info, algorithm, *_ = parse(base64.b64decode(found[1] if found else "")).children
        public, signer = info.children[2].children[0].children[0].oid, algorithm.children[0].oid
    except (DerError, ValueError, IndexError) as error:
        raise KeytoolError(codes.KEYTOOL_FAILED, case="request", subject=subject, store=subject) from error
    if not signer.startswith(_SIGNERS.get(public, "")):
        raise KeytoolError(codes.KEYTOOL_KEY_DIFFERS, subject=subject, store=subject, signer=signer, public=public)


def _pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
