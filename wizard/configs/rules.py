"""Findings about a readable configuration: settings that hide each other, and secrets that every account can read."""

import re
from collections.abc import Iterable

from wizard import codes
from wizard.configs import envfile, hocon
from wizard.configs.diffs import SECRET_KEYS
from wizard.findings import Code, Finding, Locator
from wizard.questions import passwords
from wizard.secret import Secret

AnyDocument = hocon.Document | envfile.Document
"""Both kinds of files hold settings with a path or name, a text and a line."""

AnyValue = hocon.Value | envfile.Value

_SECRET = re.compile("|".join(SECRET_KEYS), re.IGNORECASE)


def duplicates(document: AnyDocument, *, name: str = "") -> list[Finding]:
    """Settings that hide an earlier literal value of the same path; a default below an optional `${?X}` is no fault."""
    found = []
    for path, value in _values(document):
        hidden = [one for one in value.shadowed if not _is_override(one.text)]
        if hidden and not _is_override(value.text) and value.line != hidden[0].line:
            found.append(_finding(codes.CONFIG_DUPLICATE, "setting", name, path, value, hidden=hidden[0].line))
    return found


def exposed(document: AnyDocument, mode: int, *, name: str = "") -> list[Finding]:
    """The first secret of a file that others may read; *mode* is its permission bits."""
    if not mode & 0o004:
        return []
    for path, value in _secrets(document):
        facts = {"mode": f"{mode & 0o7777:04o}", "file": name or "the file"}
        return [_finding(codes.CONFIG_WORLD_READABLE_SECRET, "file", name, path, value, **facts)]
    return []


def known_passwords(document: AnyDocument, *, name: str = "") -> list[Finding]:
    """Secrets of the file whose value is a well-known password."""
    return [
        _finding(codes.CONFIG_KNOWN_PASSWORD, "setting", name, path, value)
        for path, value in _secrets(document)
        if passwords.known(Secret(value.text))
    ]


def _finding(spec: Code, kind: str, path: str, setting: str, value: AnyValue, **facts: str | int) -> Finding:
    where = Locator(kind, path=path, line=value.line)
    return Finding(spec, where, {"setting": setting, "line": value.line, **facts})


def _is_override(text: str) -> bool:
    return text.startswith("${?")


def _secrets(document: AnyDocument) -> Iterable[tuple[str, AnyValue]]:
    for path, value in _values(document):
        last = path if isinstance(value, envfile.Value) else hocon.parse_path(path)[-1]
        if _SECRET.search(last) and value.text and getattr(value, "kind", "string") == "string":
            yield path, value


def _values(document: AnyDocument) -> Iterable[tuple[str, AnyValue]]:
    if isinstance(document, envfile.Document):
        for name in document.names:
            if (one := document.get(name)) is not None:
                yield name, one
        return
    for keys in list(document.view.at):
        if keys and (value := document.value(keys)) is not None and value.kind != "object":
            yield value.path, value
