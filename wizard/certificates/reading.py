"""Read certificates and keys of all formats from bytes, by content and never by file name."""

import re

from wizard import codes
from wizard.certificates.formats import jks, objects, pem, pkcs12
from wizard.certificates.formats.der import OID, SEQUENCE, DerError, Document
from wizard.certificates.formats.objects import (
    SIZE_LIMIT,
    Reader,
    ReadingError,
    Shape,
    damaged,
    odd_certificates_allowed,
    shape,
)
from wizard.certificates.formats.pbe import TooManyRounds
from wizard.certificates.formats.pem import as_text, bare_base64, has_mark
from wizard.certificates.model import Bundle, Format
from wizard.errors import WizardError
from wizard.secret import Secret

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
     "it is for SSH and belongs to no certificate; choose the key that was created with the request"),
    (b"ssh-", "a public SSH key", "it belongs to no certificate; choose the file from the PKI team"),
    (b"ecdsa-sha2-", "a public SSH key", "it belongs to no certificate; choose the file from the PKI team"),
    (b"%PDF-", "a PDF document", "ask the PKI team for the certificate as a separate file"),
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


def foreign(data: bytes, name: str) -> tuple[str, str]:
    """What *data* is and what to do, as the continuation of "it is"; both "" when its kind is unknown."""
    for start, what, advice in _STARTS:
        if data.startswith(start):
            return what, advice
    if data[257:262] == b"ustar":
        return "a tar archive", "unpack it (tar xf) and choose the certificate in it"
    head = data[:65536]
    if _HTML.match(head):
        return "a web page", "it may be a login or error page; download the certificate itself"
    if _DASHES.search(head):
        what = "PEM text whose hyphens a word processor turned into dashes"
        return what, "ask for the file itself, as an attachment"
    if len({each.lower() for each in _MAIL.findall(head[:8192])}) >= _MAIL_HEADERS:
        return "a mail", "save its attachment and choose that"
    if store := _bouncy_castle(data):
        advice = "convert it on the machine that it comes from: keytool -importkeystore -deststoretype PKCS12"
        return f"a key store of Bouncy Castle ({store}), which the server cannot read", advice
    if name.lower().endswith(".kdb"):
        advice = "export it to PKCS12 on the machine that it comes from (gskcapicmd, iKeyman)"
        return "a key database of IBM (KDB)", advice
    return "", ""


def _bouncy_castle(data: bytes) -> str:
    if data[:4] in {b"\0\0\0\1", b"\0\0\0\2"} and data[4:8] == b"\0\0\0\x14" and len(data) > _BKS_HEADER:
        return "BKS" if data[_BKS_HEADER] in _BKS_KINDS else "UBER"
    try:
        sealed = Document(data).node().expect(SEQUENCE).fields(2)[0].expect(SEQUENCE).fields(2)[0]
        kind = sealed.expect(SEQUENCE).fields(1)[0].expect(OID).oid
    except DerError:
        return ""
    return "BCFKS" if kind == _PBES2 else ""


__all__ = ["SIZE_LIMIT", "ReadingError", "read", "read_partly", "require_certificate", "sniff"]

_SOMETHING = re.compile(rb"[^ \t\r\n\0]")
_FORMATS = {
    Shape.PKCS12: Format.PKCS12,
    Shape.PKCS7: Format.PKCS7,
    Shape.ENVELOPED: Format.PKCS7,
    Shape.KEY: Format.KEY,
    Shape.ENCRYPTED_KEY: Format.KEY,
    Shape.CERTIFICATE: Format.DER,
    Shape.REQUEST: Format.DER,
    Shape.REVOCATION_LIST: Format.DER,
    Shape.PUBLIC_KEY: Format.DER,
}


def sniff(data: bytes) -> Format:
    """What *data* is by its content, without opening anything. Never raises; looks at the structure, not at a name."""
    if not _SOMETHING.search(data):
        return Format.EMPTY
    if data.startswith((jks.JKS_MAGIC, jks.JCEKS_MAGIC)):
        return Format.JKS
    if (form := _der_format(data)) is not Format.UNKNOWN:
        return form
    text, _ = as_text(data[:SIZE_LIMIT])
    if has_mark(text):
        return pem.format_of(text)
    if (decoded := bare_base64(text)) is not None:
        inner = _der_format(decoded)
        return inner if inner is not Format.UNKNOWN else Format.TEXT
    return Format.TEXT if _is_text(text) else Format.UNKNOWN


def read(data: bytes, *, name: str = "", password: Secret | None = None, key_password: Secret | None = None) -> Bundle:
    """Everything that *data* holds, whatever its format.

    A file of another kind is no error here: it comes back as a bundle of format TEXT, EMPTY or UNKNOWN with nothing in
    it, because a folder may hold anything. `require_certificate` turns that into a refusal.

    Args:
        data: the whole file.
        name: the file as the operator knows it, for messages and for the origin of what is found.
        password: opens the store or the encrypted key; None when none is known. An empty one is a password too.
        key_password: of the private key inside a store, where it differs from the store's.

    Raises:
        ReadingError: its `partial` holds what could be read all the same.
    """
    if len(data) > SIZE_LIMIT:
        file = objects.called(name)
        raise ReadingError(codes.READING_TOO_LARGE, subject=name, file=file, size=len(data), limit=SIZE_LIMIT)
    with odd_certificates_allowed() as caught:
        try:
            return _read(data, Reader(name, caught, password, key_password))
        except TooManyRounds as error:
            raise objects.too_many_rounds(name, error.rounds) from error


Partly = tuple[Bundle | None, ReadingError | None]
"""What could be read, None when nothing could, and the refusal if there is one."""


def read_partly(data: bytes, *, name: str = "", password: Secret | None = None) -> Partly:
    """As `read`, without an exception."""
    try:
        return read(data, name=name, password=password), None
    except ReadingError as error:
        return error.partial, error


def require_certificate(bundle: Bundle) -> Bundle:
    """*bundle* itself, when it holds at least one certificate.

    Raises:
        ReadingError: `reading.request`, `reading.key-only` or `reading.no-certificate`, in this order.
    """
    if bundle.certificates:
        return bundle
    raise _without_certificate(bundle)


def _without_certificate(bundle: Bundle) -> WizardError:
    file, name = objects.called(bundle.name), bundle.name
    if bundle.requests:
        return ReadingError(codes.READING_REQUEST, subject=name, file=file)
    if bundle.keys:
        return ReadingError(codes.READING_KEY_ONLY, subject=name, file=file)
    what, advice = bundle.foreign
    if what:
        advice = f"{advice[:1].upper()}{advice[1:]}."
        return ReadingError(
            codes.READING_NO_CERTIFICATE, case="foreign", subject=name, file=file, kind=what, advice=advice
        )
    case = {Format.EMPTY: "empty", Format.TEXT: "text"}.get(bundle.format, "")
    return ReadingError(codes.READING_NO_CERTIFICATE, case=case, subject=name, file=file)


def _read(data: bytes, reader: Reader) -> Bundle:
    if not _SOMETHING.search(data):
        return reader.finished(Format.EMPTY)
    if data.startswith((jks.JKS_MAGIC, jks.JCEKS_MAGIC)):
        return jks.read(data, reader)
    # A signed message may carry PEM text inside: what is DER from its first byte on is taken for that.
    if _der_format(data) is not Format.UNKNOWN:
        return _read_der(data, reader)
    text, undone = as_text(data)
    if has_mark(text):
        if undone:
            reader.note(f"pem.{undone}")
        return pem.read(text, reader)
    reader.foreign = what, advice = foreign(data, reader.name)
    if what:
        reader.note("reading.foreign", what=what, advice=advice)
        return reader.finished(Format.TEXT if _is_text(text) else Format.UNKNOWN)
    if data[0] == SEQUENCE and not _is_text(data):
        return _read_der(data, reader)
    if (decoded := bare_base64(text)) is not None and _der_format(decoded) is not Format.UNKNOWN:
        reader.note("pem.no-armour")
        return _read_der(decoded, reader)
    return reader.finished(Format.TEXT if _is_text(text) else Format.UNKNOWN)


def _read_der(data: bytes, reader: Reader) -> Bundle:
    """One DER structure, or several one after the other."""
    document = Document(data)
    at = 0
    form = Format.UNKNOWN
    while at < len(data):
        try:
            node = document.node(at)
            kind = shape(node)
            if at and kind not in {Shape.CERTIFICATE, Shape.KEY}:
                break
            form = _FORMATS.get(kind, form) if not at else form
            if kind is Shape.PKCS12:
                return pkcs12.read(node, reader)
            reader.structure(node, kind, f"byte {at}")
        except DerError as error:
            if at:
                break
            raise damaged(reader.name, error.reason, error.position) from error
        at = node.stop
    if data[at:].strip(b"\r\n\0 "):
        reader.note("der.trailing", count=len(data) - at, at=at)
    return reader.finished(form)


def _der_format(data: bytes) -> Format:
    """The format of a DER structure, also of one whose end is missing."""
    if data[0] != SEQUENCE:
        return Format.UNKNOWN
    document = Document(data)
    try:
        return _FORMATS.get(shape(document.node()), Format.UNKNOWN)
    except DerError:
        return _FORMATS.get(shape(document.opening()), Format.UNKNOWN) if len(data) > 8 else Format.UNKNOWN


def _is_text(data: bytes) -> bool:
    sample = data[:4096]
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    return b"\0" not in sample and controls * 50 <= len(sample)
