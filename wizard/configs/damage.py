"""Damage to configuration files by editors, uploads and crashes: find it, and undo it where that is safe."""

import re
from itertools import islice

from wizard import codes
from wizard.configs import envfile, hocon
from wizard.configs.encoding import utf_16
from wizard.errors import TextSyntaxError
from wizard.findings import Code, Finding, Locator

_LOST = re.compile("[\udc80-\udcff]")
_MOST_QUOTES = 20
"""Lines with typographic quotes that are named."""
_QUOTES = "“”„‟«»"
# A value that begins and ends with such quotes and could be in straight ones as it is.
_QUOTED = re.compile(
    rf"""(?m)^([^"#\n{_QUOTES}]*[=:][ \t]*)[{_QUOTES}]([^{_QUOTES}"\\\n]*)[{_QUOTES}](?=[ \t]*(?:,|\}}|\#|//|\r?$))"""
)


def examine(data: bytes, *, name: str = "", shell: bool = False) -> list[Finding]:
    """What is damaged in a file.

    Args:
        data: its bytes.
        name: its path, for the findings.
        shell: it is a `NAME="value"` file; HOCON otherwise.

    Returns:
        Findings in the order of the file's reading, each with its line.
    """
    if len(data) > (envfile.LARGEST if shell else hocon.LARGEST):
        return _syntax(data, "", name, shell=shell)
    kind = utf_16(data)
    if kind:
        return [_finding(codes.CONFIG_UTF_16, name, 1)]
    text = data.decode("utf-8", "surrogateescape")
    found = [_finding(codes.CONFIG_BOM, name, 1)] if text.startswith("\ufeff") else []
    if "\0" in text:
        found.append(_finding(codes.CONFIG_NUL, name, _line(text, text.index("\0")), count=text.count("\0")))
    if lost := _LOST.search(text):
        found.append(_finding(codes.CONFIG_NOT_UTF_8, name, _line(text, lost.start()), count=len(_LOST.findall(text))))
    if not shell or '"' not in text:
        places = islice(_QUOTED.finditer(text), _MOST_QUOTES)
        found += [_finding(codes.CONFIG_SMART_QUOTES, name, _line(text, match.start(2))) for match in places]
    found += _line_ends(text, name, shell=shell)
    return found + _syntax(data, text, name, shell=shell)


def _line_ends(text: str, name: str, *, shell: bool) -> list[Finding]:
    windows = text.count("\r\n")
    unix = text.count("\n") - windows
    if not windows:
        return []
    if shell:
        return [_finding(codes.CONFIG_CRLF_IN_SHELL_FILE, name, _line(text, text.index("\r\n")), windows=windows)]
    if not unix:
        return [_finding(codes.CONFIG_CRLF, name, 1)]
    ends = [match[0] for match in re.finditer(r"\r?\n", text)]
    change = next(number for number, end in enumerate(ends, 1) if end != ends[0])
    return [_finding(codes.CONFIG_MIXED_LINE_ENDS, name, change, windows=windows, unix=unix)]


def _syntax(data: bytes, text: str, name: str, *, shell: bool) -> list[Finding]:
    try:
        if shell:
            envfile.parse(data)
        else:
            hocon.parse(data)
    except TextSyntaxError as error:
        last = text.count("\n") + 1
        unfinished = not text.endswith("\n")
        if error.spec in {codes.HOCON_OPEN_STRING, codes.HOCON_MISSING_VALUE} and unfinished and error.line == last:
            return [_finding(codes.CONFIG_TRUNCATED, name, error.line)]
        if error.spec == codes.HOCON_MISSING_BRACE:
            # An unfinished last line and an open bracket together: the end is missing, not only a bracket.
            if unfinished and not text.rstrip(" \t").endswith(("}", "]")):
                return [
                    _finding(codes.CONFIG_TRUNCATED, name, last),
                    _finding(codes.CONFIG_MISSING_BRACE, name, error.line),
                ]
            return [_finding(codes.CONFIG_MISSING_BRACE, name, error.line)]
        return [_finding(codes.CONFIG_SYNTAX, name, error.line, reason=error.message, hint=error.hint)]
    return []


def repair(data: bytes, *, shell: bool = False) -> bytes | None:
    """The file without the damage that can be undone safely; None when nothing can or needs to be repaired.

    UTF-16 becomes UTF-8; a byte order mark goes; NUL bytes at the very end go; stray Latin-1 bytes become the letters
    they were; typographic quotes around a value become straight ones; mixed line ends become those of most lines, and
    in a shell file LF; brackets that only miss at the end are closed. Nothing is offered when the result would not be
    readable.
    """
    if len(data) > (envfile.LARGEST if shell else hocon.LARGEST):
        return None
    kind = utf_16(data)
    text = data.decode(kind, "replace") if kind else data.decode("utf-8", "surrogateescape")
    if kind and "\ufffd" in text:
        return None
    text = text.removeprefix("\ufeff").rstrip("\0")
    try:
        text = _LOST.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252"), text)
    except UnicodeDecodeError:
        return None
    if not shell or '"' not in text:
        text = _QUOTED.sub(r'\1"\2"', text)
    windows, unix = text.count("\r\n"), text.count("\n") - text.count("\r\n")
    if windows and (shell or unix):
        text = text.replace("\r\n", "\n")
        if windows > unix and not shell:
            text = text.replace("\n", "\r\n")
    repaired = text.encode("utf-8", "surrogateescape")
    left = {finding.spec for finding in examine(repaired, shell=shell)}
    if not shell and codes.CONFIG_MISSING_BRACE in left and codes.CONFIG_TRUNCATED not in left:
        repaired = _closed(repaired)
        left = {finding.spec for finding in examine(repaired)}
    bad = left & {codes.CONFIG_SYNTAX, codes.CONFIG_TRUNCATED, codes.CONFIG_MISSING_BRACE, codes.CONFIG_NUL}
    return None if bad or repaired == data else repaired


def _closed(data: bytes) -> bytes:
    """The text with the braces that are missing at its end, where the indentation leaves no other place for them."""
    text = data.decode()
    for _ in range(20):
        try:
            hocon.parse(text.encode())
        except TextSyntaxError as error:
            lines = text.splitlines()
            opened = lines[error.line - 1]
            depth = len(opened) - len(opened.lstrip())
            below = [line for line in lines[error.line :] if line.strip()]
            deeper = all(len(line) - len(line.lstrip()) > depth or line.lstrip()[:1] in {"}", "]"} for line in below)
            whole = opened.lstrip("\ufeff \t").startswith("{") and not "".join(lines[: error.line - 1]).strip()
            if error.code != codes.HOCON_MISSING_BRACE.code or "{" not in opened or not (deeper or whole):
                return text.encode()
            end = "\r\n" if "\r\n" in text else "\n"
            text = f"{text}{'' if text.endswith(chr(10)) else end}{opened[:depth]}}}{end}"
        else:
            break
    return text.encode()


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _finding(spec: Code, name: str, line: int, **facts: str | int) -> Finding:
    return Finding(spec, Locator("file", path=name, line=line), {"line": line, **facts})
