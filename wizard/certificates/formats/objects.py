"""Collect the contents of PEM blocks and DER files: certificates, keys, messages."""

import re
import warnings

from wizard import codes
from wizard.certificates.formats import pkcs7, refusals
from wizard.certificates.formats.asn1_kind import Shape, shape
from wizard.certificates.formats.der import SEQUENCE, DerError, Node, parse, whole
from wizard.certificates.formats.kdf import Effort, TooManyRounds, Unsupported, phrases
from wizard.certificates.formats.load import load_certificate, load_key
from wizard.certificates.formats.pbe import WrongPassword, decrypt, understand
from wizard.certificates.formats.refusals import ReadingError, damaged, invalid_certificate, too_many, unsupported
from wizard.certificates.model import Bundle, Certificate, Format, PrivateKey, StoreFacts
from wizard.printable import printable
from wizard.secret import Secret

CERTIFICATE_LIMIT = 100_000
"""Most certificates that are read from one file."""

UNREADABLE_LIMIT = 1_000
"""After this many unreadable certificates, the file is reported as damaged."""

KEY_COUNT_LIMIT = 200
"""Most private keys that are read from one file."""

NOTE_LIMIT = 200
"""Most notes that are kept for one file; further ones are dropped."""


class Collector:
    """What one file has yielded so far, in the order of the file."""

    def __init__(self, name: str, caught: list[warnings.WarningMessage]) -> None:
        self.name = name
        self.certificates: list[Certificate] = []
        self.keys: list[PrivateKey] = []
        self.requests: list[bytes] = []
        self.trusted: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.refusals: list[ReadingError] = []
        self._caught = caught
        self._met = 0

    def note(self, code: str, sentence: str) -> None:
        """Remember something odd that did not stop the reading."""
        if len(self.notes) < NOTE_LIMIT:
            self.notes.append((code, printable(sentence, limit=400)))

    def refuse(self, error: ReadingError, reason: str) -> None:
        """Remember that one part was not readable; it counts as the file's refusal when nothing else is found."""
        self.refusals.append(error)
        if len(self.refusals) > UNREADABLE_LIMIT:
            raise damaged(self.name, f"more than {UNREADABLE_LIMIT:,} parts of it cannot be read")
        self.note(error.code, f"{reason[:1].upper()}{reason[1:]}.")

    def unsupported(self, what: str, where: str) -> None:
        """Remember that the part at *where* uses something that cannot be read here."""
        self.refuse(unsupported(self.name, what), f"there is {what} at {where}, which the wizard cannot read")

    def certificate(self, der: bytes, where: str, alias: str = "", at: int | None = None) -> bool:
        """Take one certificate in DER; *where* says in words where it lies. False when it is not readable."""
        self._met += 1
        if self._met > CERTIFICATE_LIMIT:
            raise too_many(self.name, CERTIFICATE_LIMIT)
        if self._caught:
            self._caught.clear()
        try:
            certificate = load_certificate(der, origin=self.name, alias=alias)
        except ValueError as error:
            reason = f"certificate {self._met} ({where}) is not readable: {explained(error)}"
            if not self.refusals and whole(der):
                self.refusals.append(invalid_certificate(self.name, reason))
            else:
                self.refusals.append(damaged(self.name, reason, at))
            if len(self.refusals) > UNREADABLE_LIMIT:
                raise damaged(self.name, f"more than {UNREADABLE_LIMIT:,} parts of it cannot be read", at) from error
            self.note(codes.CERTIFICATE_NOT_READABLE.code, f"C{reason[1:]}.")
            return False
        self.certificates.append(certificate)
        if self._caught:
            for warning in self._caught:
                self.note(
                    codes.CERTIFICATE_ODD.code, f"Certificate {self._met} ({where}): {_oddity(str(warning.message))}."
                )
            self._caught.clear()
        return True

    def key(self, der: bytes, where: str, alias: str = "", *, encrypted: bool = False) -> None:
        """Take one private key in unencrypted DER; a key that is not readable becomes a refusal of that part."""
        try:
            key = load_key(der, name=self.name)
        except ReadingError as error:
            self.refuse(error, f"{where} is not readable: {error.reason}")
        else:
            self.keys.append(PrivateKey(key, origin=self.name, alias=alias, encrypted=encrypted))

    def bundle(self, form: Format, store: StoreFacts | None = None) -> Bundle:
        """Everything that was taken."""
        return Bundle(
            format=form,
            certificates=tuple(self.certificates),
            keys=tuple(self.keys),
            name=self.name,
            notes=tuple(self.notes),
            requests=tuple(self.requests),
            trusted_aliases=tuple(self.trusted),
            store=store,
        )

    def finished(self, form: Format, store: StoreFacts | None = None) -> Bundle:
        """Everything that was taken, as the result of the reading.

        Raises:
            ReadingError: nothing was taken and something was refused: the first refusal.
        """
        if self.refusals and not (self.certificates or self.keys or self.requests):
            raise self.refusals[0]
        return self.bundle(form, store)


def explained(error: BaseException) -> str:
    """The first line of a library's error text, put into words where it is the dump of an ASN.1 parser."""
    lines = str(error).strip().splitlines() or [""]
    if parser := re.search(r"ParseError \{ kind: (\w+)", lines[0]):
        places = re.findall(r'"([^"]+)"', lines[0])
        return f"its ASN.1 is not valid ({parser[1]} in {places[-1] if places else 'Certificate'})"
    return lines[0].strip().rstrip(".") or "it cannot be decoded"


def _oddity(text: str) -> str:
    if "serial number" in text:
        return "its serial number is zero or negative, which RFC 5280 does not allow"
    if "parameters" in text or "NULL" in text:
        return "its signature algorithm has parameters that RFC 5280 does not allow"
    return "it breaks a rule of RFC 5280 (" + text.split(".", maxsplit=1)[0] + ")"


class Reader:
    """Takes structures one by one, and remembers the first key that could not be opened."""

    def __init__(self, collector: Collector, password: Secret | None, key_password: Secret | None = None) -> None:
        self.collector = collector
        self.password = password
        self.key_password = key_password
        self.effort = Effort()
        self.keys_met = 0
        self.closed: str | None = None
        """The name of the first key that could not be opened; None while every key opened."""

    def structure(self, node: Node, kind: Shape, where: str, alias: str = "") -> None:
        """Take *node*, which has the shape *kind* and lies at *where*.

        Raises:
            DerError: a PKCS7 message or an encrypted key is malformed inside.
        """
        collector = self.collector
        match kind:
            case Shape.CERTIFICATE:
                collector.certificate(node.encoded, where, alias, node.start)
            case Shape.REQUEST:
                collector.requests.append(node.encoded)
                collector.note(codes.READING_REQUEST.code, f"There is a certificate request (CSR) at {where}.")
            case Shape.KEY:
                if self.one_more_key():
                    collector.key(node.encoded, f"the private key at {where}", alias)
            case Shape.ENCRYPTED_KEY:
                if self.one_more_key():
                    self.encrypted_key(node, where, alias)
            case Shape.PKCS7:
                self.message(node, where)
            case Shape.ENVELOPED:
                collector.unsupported("encryption for a recipient (enveloped PKCS7)", where)
            case Shape.REVOCATION_LIST:
                collector.note("reading.revocation-list", f"There is a revocation list at {where}, which is ignored.")
            case Shape.PUBLIC_KEY:
                collector.note("reading.public-key", f"There is a bare public key at {where}, which is ignored.")
            case _ if self._path(node, where):
                collector.note("reading.pkipath", "It is a PKIPATH, which keytool and OpenSSL cannot read.")
            case _:
                collector.note("reading.unknown-structure", f"There is an unknown structure at {where}.")

    def _path(self, node: Node, where: str) -> bool:
        """Take the certificates of a PKIPATH, which is a sequence of them; False when *node* is none."""
        try:
            links = list(node.expect(SEQUENCE))
        except DerError:
            return False
        if not links or any(shape(each) is not Shape.CERTIFICATE for each in links):
            return False
        for number, each in enumerate(links, 1):
            self.collector.certificate(each.encoded, f"{where}, number {number} in the path", "", each.start)
        return True

    def one_more_key(self) -> bool:
        """Count a key before it is read; False when the limit for one file is reached."""
        self.keys_met += 1
        if self.keys_met == KEY_COUNT_LIMIT + 1:
            self.collector.note("reading.many-keys", f"Only the first {KEY_COUNT_LIMIT} private keys were read.")
        return self.keys_met <= KEY_COUNT_LIMIT

    @property
    def keys_enough(self) -> bool:
        """Whether the limit was passed and noted, so that further keys are skipped."""
        return self.keys_met > KEY_COUNT_LIMIT

    def message(self, node: Node, where: str) -> None:
        """Take the certificates of a PKCS7 message."""
        found = pkcs7.certificates(node)
        for number, certificate in enumerate(found, 1):
            self.collector.certificate(
                certificate.encoded, f"{where}, number {number} in the message", "", certificate.start
            )
        if not found:
            self.collector.note("pkcs7.no-certificate", f"The PKCS7 message at {where} contains no certificate.")

    def encrypted_key(self, node: Node, where: str, alias: str = "") -> None:
        """Take an EncryptedPrivateKeyInfo (RFC 5958) with one of the passwords that are known."""
        name = self.collector.name
        algorithm, sealed = node.expect(SEQUENCE).fields(2)[:2]
        data = sealed.octet_string
        try:
            encryption = understand(algorithm)
            candidates = [
                phrase
                for secret in (self.password, self.key_password)
                if secret is not None
                for phrase in phrases(secret.reveal())
            ]
            Effort().spend(encryption.rounds)
            for phrase in candidates:
                try:
                    plain = decrypt(encryption, data, phrase, self.effort)
                    parse(plain, inner=True).expect(SEQUENCE)
                except (WrongPassword, DerError):
                    continue
                self.collector.key(plain, f"the private key at {where}", alias, encrypted=True)
                return
        except TooManyRounds as error:
            raise refusals.too_many_rounds(name, error.rounds) from error
        except Unsupported as error:
            self.collector.unsupported(str(error), where)
            return
        self.lock(where)

    def lock(self, where: str) -> None:
        """Note that the key at *where* could not be opened."""
        self.closed = self.closed or f"the private key at {where}"

    def finished(self, form: Format) -> Bundle:
        """Everything that was taken.

        Raises:
            ReadingError: a key stayed closed (its `partial` holds the rest), or or nothing was taken.
        """
        if self.closed is not None:
            partial = self.collector.bundle(form)
            make = refusals.password_needed if self.password is None else refusals.password_wrong
            raise make(self.collector.name, self.closed, partial)
        return self.collector.finished(form)
