"""Files that are mistaken for certificates: what they are, and what to do with them."""

import re

from wizard.certificates.formats.der import OID, SEQUENCE, DerError, Document

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


def foreign(data: bytes, name: str) -> str:
    """What *data* is and what to do, as the continuation of "it is"; "" when its kind is unknown."""
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
        advice = "convert it on the machine that it comes from: keytool -importkeystore -deststoretype PKCS12"
        return f"a key store of Bouncy Castle ({store}), which the server cannot read: {advice}"
    if name.lower().endswith(".kdb"):
        return (
            "a key database of IBM (KDB): export it to PKCS12 on the machine that it comes from (gskcapicmd, iKeyman)"
        )
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
