"""Gathers what a file yields: certificates, keys, requests, and a note for each thing that could not be taken."""

import re
import warnings

from wizard.certificates.der import whole
from wizard.certificates.loading import load_certificate, load_key
from wizard.certificates.model import Bundle, Certificate, Format, PrivateKey, StoreFacts
from wizard.certificates.reading_errors import ReadingError, damaged, invalid_certificate, too_many, unsupported
from wizard.printable import printable

CERTIFICATE_LIMIT = 100_000
"""Certificates looked at in one file."""

UNREADABLE_LIMIT = 1_000
"""Unreadable certificates in one file after which it is given up as damaged."""

KEY_COUNT_LIMIT = 200
"""Private keys looked at in one file."""

NOTE_LIMIT = 200
"""Notes kept for one file; a file with more oddities than that is told by the first ones."""


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
            self.note("certificate.not-readable", f"C{reason[1:]}.")
            return False
        self.certificates.append(certificate)
        if self._caught:
            for warning in self._caught:
                self.note("certificate.odd", f"Certificate {self._met} ({where}): {_oddity(str(warning.message))}.")
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
