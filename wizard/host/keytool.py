"""The product's own keytool: imports a root into a copy of the trust store, and proves stores with the JVM's eyes."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.certificates.formats.der import DerError, parse
from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.host.jre import Jre, find
from wizard.host.machine import Machine
from wizard.host.processes import Completed, memory_file, path_of, run
from wizard.printable import printable
from wizard.secret import Secret

_SOURCE = "OpenJDK keytool, versions 11.0.5 to 25"


class KeytoolError(WizardError):
    """keytool refused. `detail` is its own text, made printable, for the log and the report."""

    def __init__(self, code: str, message: str, hint: str = "", subject: str = "", *, detail: str = "") -> None:
        super().__init__(code, message, hint, subject)
        self.detail = detail


_NOT_ASCII = "Password is not ASCII"
_TABLE: tuple[tuple[str, str, str, str], ...] = (
    (
        "password-not-ascii",
        _NOT_ASCII,
        "the password has characters that Java does not take for a PKCS12 store",
        "Choose a password of ASCII letters, digits and . _ -",
    ),
    (
        "key-password",
        r"Too many failures|Get Key failed|Enter key password|final block not properly padded",
        "the store opens, but the private key in it has another password",
        "Export the store again with one password for store and key.",
    ),
    (
        "tampered",
        r"tampered with, or password was incorrect",
        "Java refuses the store: the password is not the right one, or the file is damaged",
        "Give the password that the store has; for cacerts it is changeit unless somebody changed it.",
    ),
    (
        "password-wrong",
        r"[Kk]eystore password was incorrect",
        "Java says that the password does not open the store",
        "Check the password. A Java older than 8u301 or 11.0.12 says the same about modern encryption.",
    ),
    (
        "alias-exists",
        r"already exists",
        "the trust store already has an entry of this name",
        "Use another alias, or remove the old entry first.",
    ),
    (
        "alias-missing",
        r"Alias <.*> does not exist",
        "the store has no entry of this name",
        "List the store to see its entries.",
    ),
    (
        "store-missing",
        r"Keystore file does not exist",  # keytool says so of a file that it may not read, too
        "Java finds no store there, or may not read it",
        "Check the path, and the rights on the file.",
    ),
    ("store-empty", r"exists, but is empty", "the store is an empty file", "Copy the file again; look at its size."),
    (
        "store-cut",
        r"EOFException|Short read of DER|[Ii]nsufficient data|Too short|extra data at the end",
        "the store ends too early or holds surplus bytes",
        "Copy the file again in binary mode and compare size and hash.",
    ),
    (
        "store-format",
        r"(Unrecognized|Invalid) keystore format|rejects tag type|DerInputStream|DerValue|Sequence tag error",
        "Java does not recognise the file as a key store",
        "Give a PKCS12 file (.pfx, .p12).",
    ),
    (
        "not-a-certificate",
        r"Input not an X\.509 certificate|Failed to parse input|CertificateException|Unable to initialize",
        "keytool does not read the given bytes as an X.509 certificate",
        "Give one certificate in DER or PEM form.",
    ),
    ("no-space", r"No space left on device|Disk quota exceeded", "there is no room to write the store", "Free space."),
    (
        "permission",
        r"Permission denied|Read-only file system|AccessDeniedException",
        "keytool may not read or write the store",
        "Run the wizard as root.",
    ),
    (
        "no-memory",
        r"insufficient memory|Could not reserve enough space|unable to create native thread|OutOfMemoryError",
        "the machine has not enough free memory to start Java",
        "Free memory, or raise the limit of this session, then try again.",
    ),
    (
        "algorithm",
        (
            r"NoSuchAlgorithmException|Algorithm .* not available|unrecognized algorithm|not supported"
            r"|PBE parameter parsing error|data isn't an object ID"
        ),
        "this Java does not know an algorithm that the store or the key uses",
        "Export the store with another encryption, or use an RSA key.",
    ),
    (
        "damaged-java",
        r"error while loading shared libraries|could not (find|open)|Error occurred during init|cannot execute",
        "the product's Java does not start",
        "Repair or reinstall the product's JRE.",
    ),
)

REFUSALS: tuple[FindingSpec, ...] = (
    *(
        refusal(
            f"keytool.{name}",
            message[0].upper() + message[1:],
            message,
            "The service uses the same Java, so it would meet the same.",
            hint,
            source=_SOURCE,
        )
        for name, _, message, hint in _TABLE
    ),
    refusal(
        "keytool.no-key",
        "No private key for Java",
        "the store opens, but Java sees no private key in it",
        "A server without a private key cannot prove who it is.",
        "Export certificate and private key together as PKCS12.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.certificate-unreadable",
        "Java cannot read a certificate",
        "the store holds a certificate that Java cannot parse; keytool then says that the password is wrong",
        "A server with this store starts with its built-in certificate.",
        "Ask for a new certificate; for an EC key with a named curve.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.key-differs",
        "The key is of another kind than its certificate",
        "the private key in the store is of another kind than the public key in its certificate",
        "Java finds no way to sign in a handshake, though the store opens.",
        "Ask for a certificate with a plain RSA or P-256 key.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.failed",
        "keytool refused",
        "keytool ended with a text that the wizard does not know",
        "The service uses the same Java, so it would meet the same.",
        "Read its text; it stands in the message.",
        source=_SOURCE,
    ),
)


def unread_certificate(output: str) -> str:
    """Why Java could not parse a certificate, from the causes that `-v` prints; "" when that was not the reason."""
    causes: list[str] = re.findall(r"^Caused by: (.*)$", output, re.MULTILINE)
    if not any("CertificateParsingException" in cause for cause in causes):
        return ""
    return printable(re.sub(r"^([\w ]*: )?(java\.[\w.]+: )+", "", causes[-1]), limit=200)


def explained(output: str, subject: str) -> KeytoolError:
    """The refusal that stands for what keytool printed.

    Args:
        output: its standard output and error, as they came.
        subject: the store, as the operator knows it.
    """
    text = printable(" ".join(output.split()), limit=400)
    unread = unread_certificate(output)
    if unread:
        return KeytoolError(
            "keytool.certificate-unreadable",
            f"{subject}: Java cannot read a certificate in it: {unread}",
            "Ask for a new certificate; for an EC key with a named curve.",
            subject,
            detail=unread,
        )
    line = next((part for part in output.splitlines() if "keytool error" in part), text)
    if _NOT_ASCII in output:  # the line itself says only that the password was incorrect
        line = _NOT_ASCII
    said = printable(re.sub(r".*keytool error: (java\.[\w.]+: )?", "", line).strip() or "nothing", limit=200)
    for name, pattern, message, hint in _TABLE:
        if re.search(pattern, line):
            return KeytoolError(f"keytool.{name}", f"{subject}: {message}", hint, subject, detail=text)
    return KeytoolError(
        "keytool.failed",
        f"{subject}: keytool says: {said}",
        "Read its text; the debug log has all of it.",
        subject,
        detail=text,
    )


LEAN = (
    "-J-XX:TieredStopAtLevel=1",
    "-J-XX:+UseSerialGC",
    "-J-XX:-UsePerfData",
    "-J-Xshare:auto",
    "-J-Duser.language=en",
)
"""A JVM that lives a quarter of a second needs no optimising compiler, no threads for its garbage collector, and no
file in /tmp with counters for others."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the JVM thinks of a key store.

    Attributes:
        ok: whether it opened the store and signed with the key.
        text: one sentence for the report.
        detail: keytool's own words when it refused, printable; "" otherwise.
        code: of the refusal, "" when ok.
        alias: the key entry that was used.
        hint: what to do after a refusal.
    """

    ok: bool
    text: str
    detail: str = ""
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
            raise WizardError(
                "jre.no-keytool", f"{jre.home} has no bin/keytool", "Repair the product's JRE.", str(jre.home)
            )
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
            home = str(machine.jre_home)
            raise WizardError("jre.missing", f"{home} is not there", "Check --hcp-home, or the installation.", home)
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
            The proof. A refusal by keytool is a proof with `ok` False; a tool that does not run at all raises.

        Raises:
            WizardError: program.missing, program.not-runnable, program.too-slow.
        """
        try:
            name = alias or self._key_alias(path, password)
            # -v prints the causes of a refusal: "password was incorrect" is said of unreadable certificates too.
            argv = ["-certreq", "-v", "-alias", name, "-keystore", str(path), "-storetype", "PKCS12"]
            signed = self._checked(argv, password, str(path))
            _require_same_kind(signed.stdout, str(path))
        except KeytoolError as refused:
            return Proof(False, refused.message, refused.detail, refused.code, alias or "", refused.hint)
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
        if refused.code not in {"keytool.certificate-unreadable", "keytool.not-a-certificate"}:
            raise refused
        return unread_certificate(answer.stdout + answer.stderr) or refused.message

    def trust_entries(self, path: Path, password: Secret) -> dict[str, str]:
        """The trust anchors that the JVM sees in *path*: SHA-256 fingerprint to alias.

        Raises:
            KeytoolError: when keytool does not open the store.
        """
        answer = self._checked(["-list", "-rfc", "-keystore", str(path)], password, str(path))
        entries: dict[str, str] = {}
        for part in re.split(r"^Alias name: ", answer.stdout, flags=re.MULTILINE)[1:]:
            if "Entry type: trustedCertEntry" in part:
                entries |= {_fingerprint(block): part.splitlines()[0] for block in _blocks(part)}
        return entries

    def _key_alias(self, path: Path, password: Secret) -> str:
        argv = ["-list", "-rfc", "-keystore", str(path), "-storetype", "PKCS12"]
        answer = self._checked(argv, password, str(path))
        parts = re.split(r"^Alias name: ", answer.stdout, flags=re.MULTILINE)[1:]
        for part in parts:
            if "Entry type: PrivateKeyEntry" in part:
                return part.splitlines()[0]
        raise KeytoolError(
            "keytool.no-key", f"{path}: Java sees no private key in it", "Export certificate and key.", str(path)
        )

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
        raise KeytoolError(
            "keytool.failed", f"{subject}: keytool made a certification request that cannot be read", "", subject
        ) from error
    if not signer.startswith(_SIGNERS.get(public, "")):
        raise KeytoolError(
            "keytool.key-differs",
            f"{subject}: Java takes the private key for another kind of key than its certificate names"
            f" (it signs with {signer}, the certificate has {public})",
            "Ask for a certificate with a plain RSA or P-256 key.",
            subject,
        )


def _pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


def _blocks(text: str) -> list[bytes]:
    found = re.findall(r"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----", text)
    return [base64.b64decode(body) for body in found]


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
