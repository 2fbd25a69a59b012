"""The answers file: TOML with `schema = 1`. It holds no secret, only where each comes from."""

import re
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Fact
from wizard.printable import printable
from wizard.questions.answers import (
    LAST_DESCRIPTOR,
    OCSP,
    RESPONDER,
    SEVERAL,
    TABLES,
    Answers,
    Goal,
    PasswordSource,
    Phase,
    SourceKind,
    is_host,
)

SCHEMA = 1
TOP_KEYS = ("goal", "packs", "change", "maintenance", "phase")
"""Keys that are in no table."""
LARGEST = 512 * 1024
MOST_DOTS = 16
_NO_NUL = "text without a NUL character"
_STRING = re.compile(r"""\"(?:[^"\\\n]|\\.)*+\"?|'[^'\n]*+'?""")
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MOST_DOTS + 1}}}")


def load(text: str | bytes, *, name: str = "the answers file") -> Answers:
    """Read the TOML *text*, or the file that has it.

    Raises:
        WizardError: not TOML, beyond a bound, an unknown key, a value of the wrong kind, or a password written out.
    """
    data = _parsed(text, name)
    _only(data, {*TOP_KEYS, *TABLES}, "", name)
    values: dict[str, Any] = {}
    for key in [each.name for each in fields(Answers) if each.name in data]:
        if key in SEVERAL:
            if not isinstance(data[key], list):
                raise _unusable(key, f"a list of tables: [[{key}]]", name)
            items = enumerate(data[key])
            values[key] = tuple(_section(TABLES[key], item, f"{key}.{number}", name) for number, item in items)
        elif key in TABLES:
            values[key] = _section(TABLES[key], data[key], key, name)
        else:
            values[key] = _typed(getattr(Answers(), key), data[key], key, name)
    return Answers(**values)


def _parsed(text: str | bytes, name: str) -> dict[str, Any]:
    """The members of the file, without the schema, which is checked."""

    def beyond(case: str, **facts: Fact) -> WizardError:
        return WizardError(codes.ANSWERS_BEYOND_BOUND, case=case, subject=name, file=name, **facts)

    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise WizardError(codes.ANSWERS_NOT_TOML, case="not-text", subject=name, file=name) from None
    if len(text) > LARGEST:
        raise beyond("size", limit=LARGEST)
    if dotted := _DOTTED.search(_STRING.sub("x", text)):
        raise beyond("dots", limit=MOST_DOTS, key=dotted[0][:20])
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise beyond("nesting") from None
    except tomllib.TOMLDecodeError as error:
        raise WizardError(codes.ANSWERS_NOT_TOML, subject=name, file=name, reason=str(error)) from error
    except ValueError:
        raise beyond("digits", limit=sys.get_int_max_str_digits()) from None
    schema = data.pop("schema", None)
    if type(schema) is not int or schema != SCHEMA:
        found = printable(repr(schema), limit=40)
        raise WizardError(codes.ANSWERS_UNUSABLE_VALUE, case="schema", subject=name, file=name, schema=found)
    return data


def field_names(table: str) -> tuple[str, ...]:
    """The keys of one table as they are written in the file."""
    return tuple(item.name.replace("_", "-") for item in fields(TABLES[table]))


def keys_text() -> str:
    """The keys that an answers file may have, by tables, in at most 76 columns: for the help of `plan`."""
    tables = {"": TOP_KEYS, **{_head(table): field_names(table) for table in TABLES}}
    lines = [
        textwrap.fill(f"{head} {', '.join(keys)}".strip(), 76, initial_indent="  ", subsequent_indent="      ",
                      break_on_hyphens=False)
        for head, keys in tables.items()
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _head(table: str) -> str:
    return f"[[{table}]]" if table in SEVERAL else f"[{table}]"


def dump(answers: Answers) -> str:
    """The TOML text that `load` reads back to an equal value. Values equal to the default are written too."""
    lines = [f"schema = {SCHEMA}", f"goal = {_toml(answers.goal)}", f"packs = {_toml(answers.packs)}"]
    lines += [f"change = {_toml(answers.change)}"] * bool(answers.change)
    if answers.goal is Goal.MAINTAIN or answers.maintenance is not Answers().maintenance:
        lines.append(f"maintenance = {_toml(answers.maintenance)}")
    lines += [f"phase = {_toml(answers.phase)}"] * (answers.phase is not Phase.AUTO)
    for table in TABLES:
        found = getattr(answers, table)
        for section in found if table in SEVERAL else (found,):
            lines += ["", _head(table)]
            lines += [f"{key} = {_toml(getattr(section, key.replace('-', '_')))}" for key in field_names(table)]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, PasswordSource):
        shown = _toml(value.name) if value.kind in {SourceKind.FILE, SourceKind.ENV} else "true"
        return f"{{ {value.kind} = {value.name if value.kind is SourceKind.FD else shown} }}"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def _section(kind: type[Any], data: Any, where: str, name: str) -> Any:
    if not isinstance(data, dict):
        raise _unusable(where, "a table", name)
    known = {item.name.replace("_", "-"): item.name for item in fields(kind)}
    _only(data, set(known), f"{where}.", name)
    values = {
        known[key]: _typed(getattr(kind(), known[key]), value, f"{where}.{key}", name) for key, value in data.items()
    }
    return kind(**values)


def _typed(default: Any, value: Any, where: str, name: str) -> Any:
    if isinstance(default, PasswordSource):
        return _source(value, where, name)
    if isinstance(default, StrEnum):
        return _enum(type(default), value, where, name)
    if isinstance(default, tuple):
        return _several(value, where, name)
    if where.endswith(".host") and value and not (isinstance(value, str) and is_host(value)):
        raise _unusable(where, "a host name or an address", name)
    if type(value) is not type(default):
        words = {bool: "true or false", int: "a whole number", str: "a string"}
        raise _unusable(where, words[type(default)], name)
    if isinstance(value, str) and "\0" in value:
        raise _unusable(where, _NO_NUL, name)
    if where.endswith(".port") and not 0 < value < 65536:
        raise _unusable(where, "a port from 1 to 65535", name)
    if where.endswith(".ocsp") and value not in OCSP and not RESPONDER.fullmatch(value):
        raise _unusable(where, f"{', '.join(OCSP)}, or the URL of a responder", name)
    return value


def _several(value: Any, where: str, name: str) -> tuple[str, ...]:
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise _unusable(where, 'a list of strings: ["..."]', name)
    if any("\0" in item for item in value):
        raise _unusable(where, _NO_NUL, name)
    if where.endswith(".nodes"):
        if not (value and all(is_host(item) for item in value)):
            # Without a node nothing would be verified.
            raise _unusable(where, "a list of one or more host names or addresses", name)
        # As on the screen: the same node again is the same node.
        value = [*dict.fromkeys(value)]
    if where.endswith("-roots"):
        value = [item.replace(":", "").lower() for item in value]
        if not all(re.fullmatch("[0-9a-f]{64}", item) for item in value):
            raise _unusable(where, "a list of SHA-256 fingerprints", name)
    return tuple(value)


def _source(value: Any, where: str, name: str) -> PasswordSource:
    if isinstance(value, str):
        raise WizardError(codes.ANSWERS_SECRET_INSIDE, subject=where, file=name, where=where)
    if isinstance(value, dict) and len(value) == 1:
        key, content = next(iter(value.items()))
        if key in {"file", "env"} and isinstance(content, str) and content and "\0" not in content:
            return PasswordSource(SourceKind(key), content)
        if key == "fd" and type(content) is int and 0 <= content <= LAST_DESCRIPTOR:
            return PasswordSource(SourceKind.FD, str(content))
        if key in {"prompt", "generate", "keep", "value-is-default"} and content is True:
            return PasswordSource(SourceKind(key))
    raise _unusable(
        where, '{ file = "..." }, { env = "..." }, { fd = N }, { prompt = true } or { generate = true }', name
    )


_Enum = TypeVar("_Enum", bound=StrEnum)


def _enum(kind: type[_Enum], value: Any, where: str, name: str) -> _Enum:
    try:
        return kind(value)
    except ValueError:
        raise _unusable(where, "one of " + ", ".join(kind), name) from None


def _only(data: Mapping[str, Any], known: set[str], prefix: str, name: str) -> None:
    for key in data:
        if key not in known:
            raise WizardError(
                codes.ANSWERS_UNKNOWN_KEY,
                subject=prefix + key,
                file=name,
                key=printable(prefix + key, limit=60),
                known=", ".join(sorted(known)),
            )


def _unusable(where: str, wanted: str, name: str) -> WizardError:
    return WizardError(codes.ANSWERS_UNUSABLE_VALUE, subject=where, file=name, where=where, wanted=wanted)
