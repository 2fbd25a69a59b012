"""What answers in place of TLS, told from its first bytes."""

from wizard.printable import printable

_BANNERS: tuple[tuple[bytes, str], ...] = (
    (b"SSH-", "an SSH server"),
    (b"220", "a mail or FTP server"),
    (b"+OK", "a POP3 server"),
    (b"* OK", "an IMAP server"),
    (b"RFB ", "a VNC server"),
    (b"<", "a server that speaks HTML or XML without TLS"),
)
_PROXY_MARKS = (b"proxy", b"squid", b"via:", b" 407 ", b"zscaler", b"blue coat", b"bluecoat", b"forcepoint")


def recognise(first: bytes) -> tuple[str, str]:
    """The probe's error code and words for an answer that starts with *first* and is not TLS."""
    line = first.split(b"\n", 1)[0].decode("latin-1").rstrip("\r")
    shown = printable(line, limit=60)
    if first.startswith(b"HTTP/"):
        if any(mark in first.lower() for mark in _PROXY_MARKS):
            return "probe.proxy", f"a proxy answered in HTTP: {shown}"
        return "probe.http", f"the answer is HTTP without TLS: {shown}"
    kind = next((words for start, words in _BANNERS if first.startswith(start)), None)
    return "probe.not-tls", f"it is {kind}: {shown}" if kind else f"the answer is not TLS: {shown}"
