"""The product's own keytool: imports a root into a copy of the trust store, and proves stores with the JVM's eyes."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path

from wizard.errors import WizardError
from wizard.host.jre import Jre, find
from wizard.host.keytool_errors import KeytoolError, explained, unread_certificate
from wizard.host.machine import Machine
from wizard.host.processes import Completed, run
from wizard.printable import printable
from wizard.records import dataclass
from wizard.secret import Secret

LEAN = (
    "-J-XX:TieredStopAtLevel=1",
    "-J-XX:+UseSerialGC",
    "-J-XX:-UsePerfData",
    "-J-Xshare:auto",
    "-J-Duser.language=en",
)
"""A JVM that lives a quarter of a second needs no optimising compiler, no threads for its garbage collector, and no
file in /tmp with counters for others."""

_PASSWORD = "WIZARD_STORE_PASSWORD"  # noqa: S105 - the name of a variable


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

    def prove_truststore(self, path: Path, password: Secret) -> int:
        """How many trust anchors the JVM sees in *path*. 0 means that it would trust nobody.

        Raises:
            KeytoolError: when keytool does not open the store.
        """
        return len(self.trust_entries(path, password))

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
        words = ["-storepass:env", _PASSWORD] if password is not None else []
        return run(
            [self._program, *LEAN, *argv, *words],
            secret_env={_PASSWORD: password} if password is not None else None,
            timeout_s=self._timeout_s,
            input=data,
        )


_RSA = "1.2.840.113549.1.1"
_SIGNERS = {f"{_RSA}.1": f"{_RSA}.", f"{_RSA}.10": f"{_RSA}.10", "1.2.840.10045.2.1": "1.2.840.10045.4."}
"""The kind of a public key, and how the algorithm of a signature with its private key begins. Plain RSA signs both
ways; a key that is read as plain RSA never signs as the RSASSA-PSS key that its certificate promises."""


def _require_same_kind(request: str, subject: str) -> None:
    """Compare the certificate's key with the private key, which has signed the certification request.

    Raises:
        KeytoolError: keytool.key-differs.
    """
    from wizard.certificates.der import DerError, parse  # noqa: PLC0415 - Java is started before that

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
    import hashlib  # noqa: PLC0415 - it loads OpenSSL, and Java is started before that

    return hashlib.sha256(der).hexdigest()
