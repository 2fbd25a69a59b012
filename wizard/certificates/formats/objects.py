"""One structure out of a PEM block or a DER file: a certificate, a key, a message; also of foreign kinds."""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.utils import CryptographyDeprecationWarning

from wizard import codes
from wizard.certificates.formats import pkcs7, refusals
from wizard.certificates.formats.asn1_kind import Shape, shape
from wizard.certificates.formats.der import OID, SEQUENCE, DerError, Document, Node, parse, whole
from wizard.certificates.formats.pbe import (
    Effort,
    TooManyRounds,
    Unsupported,
    WrongPassword,
    decrypt,
    phrases,
    understand,
)
from wizard.certificates.formats.refusals import ReadingError, damaged, invalid_certificate, too_many, unsupported
from wizard.certificates.model import Bundle, Certificate, Format, PrivateKey, StoreFacts
from wizard.printable import printable
from wizard.secret import Secret

KEY_LIMIT = 12 * 1024
"""Bytes of one private key in DER; RSA with 16,384 bits, the largest that OpenSSL takes, needs 9,300."""

_lock = threading.RLock()


@contextmanager
def odd_certificates_allowed() -> Iterator[list[warnings.WarningMessage]]:
    """Collects the library's warnings about certificates that break a rule of RFC 5280, instead of letting them out.

    The list that comes in grows with each. Filters of the warnings module belong to the whole process, so only one
    thread at a time is inside.
    """
    with _lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CryptographyDeprecationWarning)
        yield caught


def load_certificate(der: bytes, *, origin: str = "", alias: str = "") -> Certificate:
    """The certificate in *der*; parsing of its inner parts is left to their first use.

    Raises:
        ValueError: it is no certificate, or one of a version that does not exist.
    """
    try:
        return Certificate(x509.load_der_x509_certificate(der), der=der, origin=origin, alias=alias)
    except (x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error


def load_key(der: bytes, *, name: str = "") -> PrivateKeyTypes:
    """The private key in unencrypted PKCS8, PKCS1 or SEC1 form.

    Raises:
        ReadingError: `reading.damaged` or `reading.algorithm-unsupported`.
    """
    if len(der) > KEY_LIMIT:
        raise unsupported(name, f"a private key of {len(der):,} bytes")
    try:
        # The library's own check proves both primes prime, for seconds if they are long; `_consistent` finds damage.
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm as error:
        raise unsupported(name, "a private key of an unknown kind") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise damaged(name, "its private key cannot be decoded") from error
    if isinstance(key, rsa.RSAPrivateKey) and not _consistent(key):
        raise damaged(name, "the numbers of its RSA private key do not fit together")
    return key


def _consistent(key: rsa.RSAPrivateKey) -> bool:
    numbers = key.private_numbers()
    product = numbers.d * numbers.public_numbers.e - 1
    return (
        numbers.p > 1
        and numbers.q > 1
        and numbers.p * numbers.q == numbers.public_numbers.n
        and product % (numbers.p - 1) == 0
        and product % (numbers.q - 1) == 0
    )


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
            raise damaged(self.name, f"more than {UNREADABLE_LIMIT:,} parts of it are not readable")
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
                raise damaged(self.name, f"more than {UNREADABLE_LIMIT:,} parts of it are not readable", at) from error
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
    """Takes structures one by one, and remembers the first key that stayed closed."""

    def __init__(self, collector: Collector, password: Secret | None, key_password: Secret | None = None) -> None:
        self.collector = collector
        self.password = password
        self.key_password = key_password
        self.effort = Effort()
        self.keys_met = 0
        self.closed: str | None = None
        """What the first closed key is called; None while every key opened."""

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
                collector.note("reading.revocation-list", f"There is a revocation list at {where}; it is left alone.")
            case Shape.PUBLIC_KEY:
                collector.note("reading.public-key", f"There is a bare public key at {where}; it is left alone.")
            case _ if self._path(node, where):
                collector.note("reading.pkipath", "It is a PKIPATH, which keytool and OpenSSL do not read.")
            case _:
                collector.note("reading.unknown-structure", f"There is a structure of unknown kind at {where}.")

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
            self.collector.note("pkcs7.no-certificate", f"The PKCS7 message at {where} holds no certificate.")

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
        """Note that the key at *where* stayed closed."""
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


_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive", "unpack it and choose the certificate in it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it (gunzip, tar xzf) and choose the certificate in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and choose the certificate in it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and choose the certificate in it"),
    (b"BZh", "a bzip2 archive", "unpack it (bunzip2, tar xjf) and choose the certificate in it"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it (unxz, tar xJf) and choose the certificate in it"),
    (b"\0\0\0\0CERT", "a Microsoft certificate store (SST)",
     "export the certificate itself on Windows: certmgr.msc, All Tasks, Export"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Outlook message or Office document",
     "save its attachment and choose that"),
    (b"\x03\xd9\xa2\x9a", "a KeePass database", "save the attachment in it to a file and choose that"),
    (b"PuTTY-User-Key-File-", "a PuTTY key (PPK)",
     "it is for SSH and belongs to no certificate; choose the key that was made with the request"),
    (b"ssh-", "a public SSH key", "it belongs to no certificate; choose the file from the PKI team"),
    (b"ecdsa-sha2-", "a public SSH key", "it belongs to no certificate; choose the file from the PKI team"),
    (b"%PDF-", "a PDF document", "ask the PKI team for the certificate as a file of its own"),
)  # fmt: skip
_DASHES = re.compile(
    rb"(?:\xe2\x80[\x90-\x95]|\xe2\x88\x92|[\x96\x97])[-\s]*BEGIN |BEGIN [A-Z ]+(?:\xe2\x80[\x90-\x95]|[\x96\x97])"
)
"""BEGIN between dashes of a word processor, in UTF-8 or in the code page of Windows."""
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(
    rb"^(?:From|To|Subject|Date|Received|MIME-Version|Return-Path|Message-ID):", re.IGNORECASE | re.MULTILINE
)
_PBES2 = "1.2.840.113549.1.5.13"
_MAIL_HEADERS = 3
_BKS_HEADER = 4 + 4 + 20 + 4
"""Version, length of the salt, salt, rounds."""
_BKS_KINDS = frozenset(range(5))


def foreign(data: bytes, name: str) -> str:
    """What *data* is, and what to do, to follow "it is"; "" when it is nothing that is known here."""
    for start, what, advice in _STARTS:
        if data.startswith(start):
            return f"{what}: {advice}"
    if data[257:262] == b"ustar":
        return "a tar archive: unpack it (tar xf) and choose the certificate in it"
    head = data[:65536]
    if _HTML.match(head):
        return "a web page: it may be a login or error page; download the certificate itself"
    if _DASHES.search(head):
        return "PEM text whose hyphens a word processor turned into dashes: ask for the file itself, as an attachment"
    if len({each.lower() for each in _MAIL.findall(head[:8192])}) >= _MAIL_HEADERS:
        return "a mail: save its attachment and choose that"
    if store := _bouncy_castle(data):
        advice = "have it converted where it comes from: keytool -importkeystore -deststoretype PKCS12"
        return f"a key store of Bouncy Castle ({store}), which the server cannot read: {advice}"
    if name.lower().endswith(".kdb"):
        return "a key database of IBM (KDB): have it exported to PKCS12 where it comes from (gskcapicmd, iKeyman)"
    return ""


def _bouncy_castle(data: bytes) -> str:
    if data[:4] in {b"\0\0\0\1", b"\0\0\0\2"} and data[4:8] == b"\0\0\0\x14" and len(data) > _BKS_HEADER:
        return "BKS" if data[_BKS_HEADER] in _BKS_KINDS else "UBER"
    try:
        sealed = Document(data).node().expect(SEQUENCE).fields(2)[0].expect(SEQUENCE).fields(2)[0]
        kind = sealed.expect(SEQUENCE).fields(1)[0].expect(OID).oid
    except DerError:
        return ""
    return "BCFKS" if kind == _PBES2 else ""
