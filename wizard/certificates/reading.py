"""Bytes to certificates and keys, by content and never by name: the one door to all formats."""

import re

from wizard import codes
from wizard.certificates.formats import jks, pem, pkcs12, refusals
from wizard.certificates.formats.asn1_kind import Shape, shape
from wizard.certificates.formats.der import SEQUENCE, DerError, Document
from wizard.certificates.formats.objects import Collector, Reader, foreign, odd_certificates_allowed
from wizard.certificates.formats.pem import as_text, bare_base64, has_mark
from wizard.certificates.formats.refusals import SIZE_LIMIT, ReadingError, damaged
from wizard.certificates.model import Bundle, Format
from wizard.errors import WizardError
from wizard.secret import Secret

__all__ = ["SIZE_LIMIT", "ReadingError", "read", "require_certificate", "sniff"]

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
        raise refusals.too_large(name, len(data))
    with odd_certificates_allowed() as caught:
        collector = Collector(name, caught)
        reader = Reader(collector, password, key_password)
        return _read(data, reader)


def require_certificate(bundle: Bundle) -> Bundle:
    """*bundle* itself, when it holds at least one certificate.

    Raises:
        ReadingError: `reading.request`, `reading.key-only` or `reading.no-certificate`, in this order.
    """
    if bundle.certificates:
        return bundle
    raise _without_certificate(bundle)


def _without_certificate(bundle: Bundle) -> WizardError:
    file, name = refusals.called(bundle.name), bundle.name
    if bundle.requests:
        return ReadingError(codes.READING_REQUEST, subject=name, file=file)
    if bundle.keys:
        return ReadingError(codes.READING_KEY_ONLY, subject=name, file=file)
    what, _, advice = dict(bundle.notes).get("reading.foreign", "").removeprefix("It is ").partition(": ")
    if what:
        advice = f"{advice[:1].upper()}{advice[1:]}"
        return ReadingError(
            codes.READING_NO_CERTIFICATE, case="foreign", subject=name, file=file, kind=what, advice=advice
        )
    case = {Format.EMPTY: "empty", Format.TEXT: "text"}.get(bundle.format, "")
    return ReadingError(codes.READING_NO_CERTIFICATE, case=case, subject=name, file=file)


def _read(data: bytes, reader: Reader) -> Bundle:
    collector = reader.collector
    if not _SOMETHING.search(data):
        return collector.finished(Format.EMPTY)
    if data.startswith((jks.JKS_MAGIC, jks.JCEKS_MAGIC)):
        return jks.read(data, collector, reader.password, reader.key_password)
    # A signed message may carry PEM text inside: what is DER from its first byte on is taken for that.
    if _der_format(data) is not Format.UNKNOWN:
        return _read_der(data, reader)
    text, undone = as_text(data)
    if has_mark(text):
        if undone:
            collector.note(f"pem.{undone}", _UNDONE[undone])
        return pem.read(text, reader)
    if what := foreign(data, collector.name):
        collector.note("reading.foreign", f"It is {what}.")
        return collector.finished(Format.TEXT if _is_text(text) else Format.UNKNOWN)
    if data[0] == SEQUENCE and not _is_text(data):
        return _read_der(data, reader)
    if (decoded := bare_base64(text)) is not None and _der_format(decoded) is not Format.UNKNOWN:
        collector.note("pem.no-armour", "It is base64 without BEGIN and END lines; Java and OpenSSL do not read that.")
        return _read_der(decoded, reader)
    return collector.finished(Format.TEXT if _is_text(text) else Format.UNKNOWN)


_UNDONE = {
    "utf-8-bom": "It begins with a byte order mark; keytool of Java 11, 17 and 21 does not read such a file.",
    "utf-16": "It is UTF-16 text, as PowerShell's > writes it; keytool and OpenSSL do not read such a file.",
}


def _read_der(data: bytes, reader: Reader) -> Bundle:
    """One DER structure, or several one after the other."""
    collector = reader.collector
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
                return pkcs12.read(node, collector, reader.password, reader.key_password)
            reader.structure(node, kind, f"byte {at}")
        except DerError as error:
            if at:
                break
            raise damaged(collector.name, error.reason, error.position) from error
        at = node.stop
    if data[at:].strip(b"\r\n\0 "):
        collector.note("der.trailing", f"{len(data) - at} bytes follow its end at byte {at} and are left alone.")
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
