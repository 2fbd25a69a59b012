"""What editors, uploads and crashes do to configuration files: found with its line, and undone where that is safe."""

import re
from itertools import islice
from typing import Any

from wizard.configs import envfile, hocon
from wizard.configs.encoding import utf_16
from wizard.errors import TextSyntaxError
from wizard.findings import Finding, FindingSpec, Locator, Severity

_MEASURED = "tried with the Lightbend config library 1.3.1, Java 17 and bash; vendor manual (warning about Notepad)"
_START = "The server does not start with a file that it cannot read, or starts with other values."


def _spec(  # a table of them stands below, where names would only be noise
    code: str, severity: Severity, title: str, message: str, fix: str, why: str = _START
) -> FindingSpec:
    return FindingSpec(f"config.{code}", severity, title, message, why, fix, _MEASURED)


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_TAKE = "Take the repair that the wizard offers, or correct the line."
SPECS: tuple[FindingSpec, ...] = (
    _spec("utf-16", Severity.BLOCKER, "file is UTF-16", "The file is saved as UTF-16, not as UTF-8.", _TAKE),
    _spec("bom", Severity.NOTE, "byte order mark", "The file begins with a UTF-8 byte order mark.", _TAKE,
          "The server accepts it; a shell takes it as part of the first name, and other tools stumble."),
    _spec("nul", Severity.BLOCKER, "NUL bytes", "{count} NUL bytes, the first in line {line}.",
          "Take the repair when they lie at the end; else restore the file from a backup.",
          "They come from a crash or a broken upload, so that other content may be missing as well."),
    _spec("not-utf-8", _ERROR, "bytes that are no UTF-8",
          "Line {line} holds a byte that is no UTF-8, as Latin-1 editors write it; {count} in all.", _TAKE,
          "Java shows such a byte as U+FFFD: a password or path with it is another one."),
    _spec("smart-quotes", _ERROR, "typographic quotes", "A value in line {line} stands in typographic quotes.", _TAKE,
          "They are letters to the server: they become part of the password or path."),
    _spec("mixed-line-ends", _WARNING, "mixed line ends",
          "{windows} lines end with CR LF and {unix} with LF; the first change is in line {line}.", _TAKE,
          "The server accepts it, but it shows that two kinds of editors were at work, and a shell does not."),
    _spec("crlf", Severity.NOTE, "Windows line ends", "All lines end with CR LF.", "Nothing needs to be done.",
          "The server accepts them, and the wizard keeps them."),
    _spec("crlf-in-shell-file", _ERROR, "Windows line ends in a shell file",
          "{windows} lines end with CR LF, the first is line {line}.", _TAKE,
          "A shell takes the carriage return as part of each value: passwords and paths are then wrong."),
    _spec("missing-brace", Severity.BLOCKER, "bracket not closed", "A bracket is opened in line {line}, never closed.",
          "Close it where its object ends; the wizard offers that where there is only one possible place."),
    _spec("truncated", Severity.BLOCKER, "file is cut off", "The file ends in the middle of line {line}.",
          "Restore it from a backup, or copy it again.",
          "What stood behind that place is missing, so that closing the brackets would not be enough."),
    _spec("syntax", Severity.BLOCKER, "file cannot be read", "The file cannot be read: {reason}.", "{hint}"),
)  # fmt: skip
_BY_CODE = {spec.code: spec for spec in SPECS}

_LOST = re.compile("[\udc80-\udcff]")
_MOST_QUOTES = 20
"""Lines with typographic quotes that are named."""
_QUOTES = "“”„‟«»"
# A value that begins and ends with such quotes and could stand in straight ones as it is.
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
        Findings in the order of `SPECS`, each with its line.
    """
    if len(data) > (envfile.LARGEST if shell else hocon.LARGEST):
        return _syntax(data, "", name, shell=shell)
    kind = utf_16(data)
    if kind:
        return [_finding("utf-16", name, 1)]
    text = data.decode("utf-8", "surrogateescape")
    found = [_finding("bom", name, 1)] if text.startswith("\ufeff") else []
    if "\0" in text:
        found.append(_finding("nul", name, _line(text, text.index("\0")), count=text.count("\0")))
    if lost := _LOST.search(text):
        found.append(_finding("not-utf-8", name, _line(text, lost.start()), count=len(_LOST.findall(text))))
    if not shell or '"' not in text:
        places = islice(_QUOTED.finditer(text), _MOST_QUOTES)
        found += [_finding("smart-quotes", name, _line(text, match.start(2))) for match in places]
    found += _line_ends(text, name, shell=shell)
    return found + _syntax(data, text, name, shell=shell)


def _line_ends(text: str, name: str, *, shell: bool) -> list[Finding]:
    windows = text.count("\r\n")
    unix = text.count("\n") - windows
    if not windows:
        return []
    if shell:
        return [_finding("crlf-in-shell-file", name, _line(text, text.index("\r\n")), windows=windows)]
    if not unix:
        return [_finding("crlf", name, 1)]
    ends = [match[0] for match in re.finditer(r"\r?\n", text)]
    change = next(number for number, end in enumerate(ends, 1) if end != ends[0])
    return [_finding("mixed-line-ends", name, change, windows=windows, unix=unix)]


def _syntax(data: bytes, text: str, name: str, *, shell: bool) -> list[Finding]:
    try:
        if shell:
            envfile.parse(data)
        else:
            hocon.parse(data)
    except TextSyntaxError as error:
        last = text.count("\n") + 1
        unfinished = not text.endswith("\n")
        if error.code in {"hocon.open-string", "hocon.missing-value"} and unfinished and error.line == last:
            return [_finding("truncated", name, error.line)]
        if error.code == "hocon.missing-brace":
            # An unfinished last line and an open bracket together: the end is missing, not only a bracket.
            if unfinished and not text.rstrip(" \t").endswith(("}", "]")):
                return [_finding("truncated", name, last), _finding("missing-brace", name, error.line)]
            return [_finding("missing-brace", name, error.line)]
        return [_finding("syntax", name, error.line, reason=error.message, hint=error.hint)]
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
    codes = {finding.code for finding in examine(repaired, shell=shell)}
    if not shell and codes & {"config.missing-brace"} and "config.truncated" not in codes:
        repaired = _closed(repaired)
        codes = {finding.code for finding in examine(repaired)}
    bad = codes & {"config.syntax", "config.truncated", "config.missing-brace", "config.nul"}
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
            if error.code != "hocon.missing-brace" or "{" not in opened or not (deeper or whole):
                return text.encode()
            end = "\r\n" if "\r\n" in text else "\n"
            text = f"{text}{'' if text.endswith(chr(10)) else end}{opened[:depth]}}}{end}"
        else:
            break
    return text.encode()


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _finding(code: str, name: str, line: int, **facts: Any) -> Finding:
    return Finding(_BY_CODE[f"config.{code}"], Locator("file", path=name, line=line), {"line": line, **facts})
