"""Certificates, keys and messages from DER, however odd: what a structure is, what it yields, what is refused."""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.utils import CryptographyDeprecationWarning

from wizard import codes
from wizard.certificates.formats import pbe
from wizard.certificates.formats.der import INTEGER, OID, SEQUENCE, SET, UTC_TIME, DerError, Node, tags, whole
from wizard.certificates.model import Bundle, Certificate, Format, PrivateKey, StoreFacts
from wizard.errors import WizardError
from wizard.findings import Code, Fact, note_text
from wizard.printable import printable
from wizard.secret import Secret

KEY_PASSWORD_DIFFERS = (codes.PKCS12_KEY_PASSWORD_DIFFERS.code, codes.JKS_KEY_PASSWORD_DIFFERS.code)
"""The codes for a store that its password opens while its private key has another."""

SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes of one input; ten thousand certificates in PEM are about 15 MiB."""


class ReadingError(WizardError):
    """A file that was recognised but not (wholly) read.

    Attributes:
        partial: what could be read without the missing password; None when nothing could.
        reason: the cause alone, without the name of the file; "" when the message has no more to say.
    """

    def __init__(
        self, spec: Code, *, case: str = "", subject: str = "", partial: Bundle | None = None, **facts: Fact
    ) -> None:
        super().__init__(spec, case=case, subject=subject, **facts)
        self.partial = partial
        self.reason = ""


def _called(name: str) -> str:
    return printable(name, limit=200) if name else "the file"


def called(name: str) -> str:
    """The file's name as a sentence may begin with it."""
    return printable(name, limit=200) if name else "The file"


def password_needed(name: str, part: str = "", partial: Bundle | None = None) -> ReadingError:
    """It, or the *part* of it, is encrypted and no password was given."""
    return _closed(codes.READING_PASSWORD_NEEDED, name, called(name), part, partial)


def password_wrong(name: str, part: str = "", partial: Bundle | None = None) -> ReadingError:
    """The password does not open it, or the *part* of it, and nothing says that the file is damaged."""
    return _closed(codes.READING_PASSWORD_WRONG, name, _called(name), part, partial)


def _closed(spec: Code, name: str, file: str, part: str, partial: Bundle | None) -> ReadingError:
    facts = {"file": file, "part": part} if part else {"file": file}
    return ReadingError(spec, case="part" if part else "", subject=name, partial=partial, **facts)


def key_password_differs(name: str, spec: Code, partial: Bundle | None) -> ReadingError:
    """The store opens, its private key does not."""
    return ReadingError(spec, subject=name, partial=partial, file=_called(name))


def damaged(name: str, reason: str, position: int | None = None) -> ReadingError:
    """It is recognisably one of our formats, but broken; *position* counts bytes from 0."""
    file, shown = called(name), printable(reason, limit=300)
    if position is None:
        error = ReadingError(codes.READING_DAMAGED, subject=name, file=file, reason=shown)
    else:
        error = ReadingError(codes.READING_DAMAGED, case="at", subject=name, file=file, reason=shown, position=position)
    error.reason = reason
    return error


def invalid_certificate(name: str, reason: str) -> ReadingError:
    """Its structure is whole, but what it says is no certificate by the rules, or of a kind that is not known here."""
    shown = printable(reason, limit=300)
    return ReadingError(codes.CERTIFICATE_NOT_READABLE, subject=name, file=called(name), reason=shown)


def unsupported(name: str, what: str) -> ReadingError:
    """It uses something that this program cannot read."""
    shown = printable(what, limit=300)
    error = ReadingError(codes.READING_ALGORITHM_UNSUPPORTED, subject=name, file=called(name), algorithm=shown)
    error.reason = f"the wizard cannot read {what}"
    return error


def too_many_rounds(name: str, rounds: int) -> ReadingError:
    """Opening it would take longer than anyone waits; nothing was tried."""
    return ReadingError(
        codes.READING_ITERATIONS,
        subject=name,
        file=called(name),
        rounds=min(rounds, 10**15),
        for_part=pbe.ROUNDS_LIMIT,
        for_file=pbe.FILE_ROUNDS_LIMIT,
    )


def too_many(name: str, limit: int) -> ReadingError:
    """It holds more certificates than any file of this purpose."""
    return ReadingError(codes.READING_TOO_LARGE, case="certificates", subject=name, file=called(name), limit=limit)


KEY_LIMIT = 12 * 1024
"""Bytes of one private key in DER; RSA with 16,384 bits, the largest that OpenSSL takes, needs 9,300."""

_lock = threading.RLock()


@contextmanager
def odd_certificates_allowed() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the library's warnings about certificates that break a rule of RFC 5280.

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
        raise damaged(name, "the numbers of its RSA private key do not match")
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


SIGNED = "1.2.840.113549.1.7.2"
ENVELOPED = "1.2.840.113549.1.7.3"
NETSCAPE_SEQUENCE = "2.16.840.1.113730.2.5"
"""An older way to say "several certificates"; Windows and OpenSSL still know it."""


def content_type(outer: Node) -> str:
    """The object identifier of a ContentInfo, "" when *outer* is something else."""
    if tags(outer, 2) != (OID, 0xA0):
        return ""
    try:
        return next(iter(outer)).oid
    except DerError:
        return ""


def certificates(outer: Node) -> list[Node]:
    """The certificates in a ContentInfo with signed data, in the order of the file.

    Raises:
        DerError: the structure is not one of signed data, or is malformed.
    """
    kind, wrapped = outer.expect(SEQUENCE).fields(2)[:2]
    inner = wrapped.fields(1)[0]
    if kind.oid == NETSCAPE_SEQUENCE:
        return [node for node in inner.expect(SEQUENCE) if node.tag == SEQUENCE]
    if kind.oid != SIGNED:
        raise kind.error("this is not signed data")
    parts = inner.expect(SEQUENCE).children
    if len(parts) < 4 or parts[1].tag != SET:
        raise inner.error("the signed data is incomplete")
    # [0] certificates: beside X.509 the set may hold attribute certificates under context tags, which are not ours.
    return [node for part in parts[3:] if part.tag == 0xA0 for node in part if node.tag == SEQUENCE]


_GENERALIZED_TIME = 0x18


class Shape(StrEnum):
    """What a structure looks like, for messages."""

    PKCS12 = "a PKCS12 store"
    KEY = "a private key"
    ENCRYPTED_KEY = "an encrypted private key"
    PKCS7 = "a PKCS7 message"
    ENVELOPED = "an encrypted PKCS7 message"
    CERTIFICATE = "a certificate"
    REQUEST = "a certificate request"
    REVOCATION_LIST = "a revocation list"
    PUBLIC_KEY = "a public key"
    UNKNOWN = "something unknown"


def shape(node: Node) -> Shape:
    """What *node*, an outermost element, looks like. Never raises; a cut structure shows what its beginning shows."""
    if node.tag != SEQUENCE:
        return Shape.UNKNOWN
    outer = tags(node, 10)
    match outer:
        case (0x06, 0xA0, *_):
            kind = content_type(node)
            if kind == ENVELOPED:
                return Shape.ENVELOPED
            return Shape.PKCS7 if kind in {SIGNED, NETSCAPE_SEQUENCE} else Shape.UNKNOWN
        case (0x02, 0x30, 0x04, *_):
            return Shape.KEY
        case (0x02, 0x30, *_) if tags(next_of(node, 1), 2)[:1] == (OID,):
            return Shape.PKCS12
        case (0x02, 0x04, *_):
            return Shape.KEY
        case (0x02, 0x02, 0x02, 0x02, 0x02, *_):
            return Shape.KEY
        case (0x30, 0x04):
            return Shape.ENCRYPTED_KEY
        case (0x30, 0x03):
            return Shape.PUBLIC_KEY
        case (0x30, 0x30, 0x03, *_):
            return _signed(next_of(node, 0))
    return Shape.UNKNOWN


def next_of(node: Node, index: int) -> Node:
    """The element with that *index* inside *node*; the caller has seen by `tags` that it exists."""
    for at, child in enumerate(node):
        if at == index:
            return child
    return node


def _signed(body: Node) -> Shape:
    inner = tags(body, 7)
    if inner[:1] == (INTEGER,) and inner[1:4] == (SEQUENCE, SEQUENCE, 0xA0):
        return Shape.REQUEST
    if inner == (INTEGER, SEQUENCE, SEQUENCE):
        # A request without attributes, against the letter of RFC 2986, which some tools make.
        return Shape.REQUEST
    times = {UTC_TIME, _GENERALIZED_TIME}
    if len(inner) >= 3 and (inner[2] in times or (len(inner) >= 4 and inner[3] in times)):
        return Shape.REVOCATION_LIST
    return Shape.CERTIFICATE


CERTIFICATE_LIMIT = 100_000
"""Most certificates that are read from one file."""

UNREADABLE_LIMIT = 1_000
"""After this many unreadable certificates, the file is reported as damaged."""

KEY_COUNT_LIMIT = 200
"""Most private keys that are read from one file."""
AnyKey = TypeVar("AnyKey")

NOTE_LIMIT = 200
"""Most notes that are kept for one file; further ones are dropped."""


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
    """What one file has yielded so far, in the order of the file; the passwords that may open more of it."""

    def __init__(
        self, name: str, caught: list[warnings.WarningMessage], password: Secret | None, key_password: Secret | None
    ) -> None:
        self.name = name
        self.password = password
        self.key_password = key_password
        self.certificates: list[Certificate] = []
        self.keys: list[PrivateKey] = []
        self.requests: list[bytes] = []
        self.trusted: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.foreign = ("", "")
        self.refusals: list[ReadingError] = []
        self._caught = caught
        self._met = 0
        self.effort = pbe.Effort()
        self.keys_met = 0
        self.closed: str | None = None
        """The name of the first key that could not be opened; None while every key opened."""

    def note(self, code: str, **facts: Fact) -> None:
        """Remember something odd that did not stop the reading, by the code of its text and what fills that."""
        if len(self.notes) < NOTE_LIMIT:
            self.notes.append((code, printable(note_text(code, facts), limit=400)))

    def refuse(self, error: ReadingError, reason: str, code: str = "", at: int | None = None) -> None:
        """Remember that one part was not readable; it counts as the file's refusal when nothing else is found.

        *code* is that of the note, by default the error's; *at* is where the part lies.
        """
        self.refusals.append(error)
        if len(self.refusals) > UNREADABLE_LIMIT:
            raise damaged(self.name, f"more than {UNREADABLE_LIMIT:,} parts of it cannot be read", at) from error
        self.note(code or error.code, reason=f"{reason[:1].upper()}{reason[1:]}")

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
            is_whole = not self.refusals and whole(der)
            refusal = invalid_certificate(self.name, reason) if is_whole else damaged(self.name, reason, at)
            self.refuse(refusal, reason, codes.CERTIFICATE_NOT_READABLE.code, at)
            return False
        self.certificates.append(certificate)
        if self._caught:
            for warning in self._caught:
                oddity = _oddity(str(warning.message))
                self.note(codes.CERTIFICATE_ODD.code, number=self._met, where=where, oddity=oddity)
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

    def first_keys(self, found: list[AnyKey]) -> list[AnyKey]:
        """As many of the keys *found* in a store as are read from one file."""
        if len(found) > KEY_COUNT_LIMIT:
            self.note("reading.many-keys", count=KEY_COUNT_LIMIT)
        return found[:KEY_COUNT_LIMIT]

    def bundle(self, form: Format, store: StoreFacts | None = None) -> Bundle:
        """Everything that was taken."""
        return Bundle(
            format=form,
            certificates=tuple(self.certificates),
            keys=tuple(self.keys),
            name=self.name,
            notes=tuple(self.notes),
            foreign=self.foreign,
            requests=tuple(self.requests),
            trusted_aliases=tuple(self.trusted),
            store=store,
        )

    def finished(self, form: Format, store: StoreFacts | None = None) -> Bundle:
        """Everything that was taken, as the result of the reading.

        Raises:
            ReadingError: a key stayed closed (its `partial` holds the rest); or nothing was taken and something was
                refused: the first refusal.
        """
        if self.closed is not None:
            make = password_needed if self.password is None else password_wrong
            raise make(self.name, self.closed, self.bundle(form))
        if self.refusals and not (self.certificates or self.keys or self.requests):
            raise self.refusals[0]
        return self.bundle(form, store)

    def structure(self, node: Node, kind: Shape, where: str, alias: str = "") -> None:
        """Take *node*, which has the shape *kind* and lies at *where*.

        Raises:
            DerError: a PKCS7 message or an encrypted key is malformed inside.
        """
        match kind:
            case Shape.CERTIFICATE:
                self.certificate(node.encoded, where, alias, node.start)
            case Shape.REQUEST:
                self.requests.append(node.encoded)
                self.note(codes.READING_REQUEST.code, where=where)
            case Shape.KEY:
                if self.one_more_key():
                    self.key(node.encoded, f"the private key at {where}", alias)
            case Shape.ENCRYPTED_KEY:
                if self.one_more_key():
                    self.encrypted_key(node, where, alias)
            case Shape.PKCS7:
                self.message(node, where)
            case Shape.ENVELOPED:
                self.unsupported("encryption for a recipient (enveloped PKCS7)", where)
            case Shape.REVOCATION_LIST:
                self.note("reading.revocation-list", where=where)
            case Shape.PUBLIC_KEY:
                self.note("reading.public-key", where=where)
            case _ if self._path(node, where):
                self.note("reading.pkipath")
            case _:
                self.note("reading.unknown-structure", where=where)

    def _path(self, node: Node, where: str) -> bool:
        """Take the certificates of a PKIPATH, which is a sequence of them; False when *node* is none."""
        try:
            links = list(node.expect(SEQUENCE))
        except DerError:
            return False
        if not links or any(shape(each) is not Shape.CERTIFICATE for each in links):
            return False
        for number, each in enumerate(links, 1):
            self.certificate(each.encoded, f"{where}, number {number} in the path", "", each.start)
        return True

    def one_more_key(self) -> bool:
        """Count a key before it is read; False when the limit for one file is reached."""
        self.keys_met += 1
        if self.keys_met == KEY_COUNT_LIMIT + 1:
            self.note("reading.many-keys", count=KEY_COUNT_LIMIT)
        return self.keys_met <= KEY_COUNT_LIMIT

    @property
    def keys_enough(self) -> bool:
        """Whether the limit was passed and noted, so that further keys are skipped."""
        return self.keys_met > KEY_COUNT_LIMIT

    def message(self, node: Node, where: str) -> None:
        """Take the certificates of a PKCS7 message."""
        found = certificates(node)
        for number, certificate in enumerate(found, 1):
            self.certificate(certificate.encoded, f"{where}, number {number} in the message", "", certificate.start)
        if not found:
            self.note("pkcs7.no-certificate", where=where)

    def encrypted_key(self, node: Node, where: str, alias: str = "") -> None:
        """Take an EncryptedPrivateKeyInfo (RFC 5958) with one of the passwords that are known."""
        algorithm, sealed = node.expect(SEQUENCE).fields(2)[:2]
        data = sealed.octet_string
        try:
            encryption = pbe.understand(algorithm)
            candidates = [
                phrase
                for secret in (self.password, self.key_password)
                if secret is not None
                for phrase in pbe.phrases(secret.reveal())
            ]
            pbe.Effort().spend(encryption.rounds)
            if opened := pbe.opened(encryption, data, candidates, self.effort):
                self.key(opened[1], f"the private key at {where}", alias, encrypted=True)
                return
        except pbe.Unsupported as error:
            self.unsupported(str(error), where)
            return
        self.lock(where)

    def lock(self, where: str) -> None:
        """Note that the key at *where* could not be opened."""
        self.closed = self.closed or f"the private key at {where}"
