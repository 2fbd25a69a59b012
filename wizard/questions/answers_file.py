"""The answers file: TOML with `schema = 1`. It holds no secret, only where each comes from."""

import re
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.questions.answers import (
    AccountAnswers,
    Answers,
    ClientAnswers,
    GatewayAnswers,
    Goal,
    Maintenance,
    PasswordSource,
    Phase,
    PrimaryAnswers,
    SourceKind,
    is_host,
)

SCHEMA = 1
TOP_KEYS = ("goal", "packs", "change", "maintenance", "phase")
"""Keys that are in no table."""


LARGEST = 512 * 1024
MOST_DOTS = 16
_STRING = re.compile(r"""\"(?:[^"\\\n]|\\.)*+\"?|'[^'\n]*+'?""")
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MOST_DOTS + 1}}}")

_Section = TypeVar("_Section", PrimaryAnswers, GatewayAnswers, ClientAnswers, AccountAnswers)


def load(text: str, *, name: str = "the answers file") -> Answers:
    """Read the TOML *text*.

    Raises:
        WizardError: not TOML, beyond a bound, an unknown key, a value of the wrong kind, or a password written out.
    """
    if len(text) > LARGEST:
        raise WizardError(codes.ANSWERS_BEYOND_BOUND, case="size", subject=name, file=name, limit=LARGEST)
    if dotted := _DOTTED.search(_STRING.sub("x", text)):
        raise WizardError(
            codes.ANSWERS_BEYOND_BOUND, case="dots", subject=name, file=name, limit=MOST_DOTS, key=dotted[0][:20]
        )
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise WizardError(codes.ANSWERS_BEYOND_BOUND, case="nesting", subject=name, file=name) from None
    except tomllib.TOMLDecodeError as error:
        raise WizardError(codes.ANSWERS_NOT_TOML, subject=name, file=name, reason=str(error)) from error
    except ValueError:
        limit = sys.get_int_max_str_digits()
        raise WizardError(codes.ANSWERS_BEYOND_BOUND, case="digits", subject=name, file=name, limit=limit) from None
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise WizardError(
            codes.ANSWERS_UNUSABLE_VALUE,
            case="schema",
            subject=name,
            file=name,
            schema=printable(repr(schema), limit=40),
        )
    _only(data, {*TOP_KEYS, "primary", "gateway", "client", "account"}, "", name)
    return Answers(
        goal=_enum(Goal, data.get("goal", "set-up"), "goal", name),
        primary=_section(PrimaryAnswers, data.get("primary", {}), "primary", name),
        gateway=tuple(
            _section(GatewayAnswers, item, f"gateway.{n}", name)
            for n, item in enumerate(_tables(data, "gateway", name))
        ),
        client=tuple(
            _section(ClientAnswers, item, f"client.{n}", name) for n, item in enumerate(_tables(data, "client", name))
        ),
        account=_section(AccountAnswers, data.get("account", {}), "account", name),
        packs=_typed("", data.get("packs", Answers().packs), "packs", name),
        change=_typed("", data.get("change", ""), "change", name),
        maintenance=_enum(Maintenance, data.get("maintenance", Answers().maintenance), "maintenance", name),
        phase=_enum(Phase, data.get("phase", Answers().phase), "phase", name),
    )


def field_names(
    section: type[PrimaryAnswers] | type[GatewayAnswers] | type[ClientAnswers] | type[AccountAnswers],
) -> tuple[str, ...]:
    """The keys of one table as they are written in the file."""
    return tuple(item.name.replace("_", "-") for item in fields(section))


def keys_text() -> str:
    """The keys that an answers file may have, by tables, in at most 76 columns: for the help of `plan`."""
    tables = {
        "": TOP_KEYS,
        "[primary]": field_names(PrimaryAnswers),
        "[[gateway]]": field_names(GatewayAnswers),
        "[[client]]": field_names(ClientAnswers),
        "[account]": field_names(AccountAnswers),
    }
    lines = [
        textwrap.fill(f"{head} {', '.join(keys)}".strip(), 76, initial_indent="  ", subsequent_indent="      ",
                      break_on_hyphens=False)
        for head, keys in tables.items()
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def dump(answers: Answers) -> str:
    """The TOML text that `load` reads back to an equal value. Values equal to the default are written too."""
    lines = [f"schema = {SCHEMA}", f"goal = {_toml(answers.goal)}", f"packs = {_toml(answers.packs)}"]
    lines += [f"change = {_toml(answers.change)}"] * bool(answers.change)
    if answers.goal is Goal.MAINTAIN or answers.maintenance is not Answers().maintenance:
        lines.append(f"maintenance = {_toml(answers.maintenance)}")
    lines += [f"phase = {_toml(answers.phase)}"] * (answers.phase is not Phase.AUTO)
    lines += ["", "[primary]", *_section_lines(answers.primary)]
    for table, items in (("gateway", answers.gateway), ("client", answers.client)):
        for item in items:
            lines += ["", f"[[{table}]]", *_section_lines(item)]
    lines += ["", "[account]", *_section_lines(answers.account)]
    return "\n".join(lines) + "\n"


def _section_lines(section: PrimaryAnswers | GatewayAnswers | ClientAnswers | AccountAnswers) -> list[str]:
    return [f"{item.name.replace('_', '-')} = {_toml(getattr(section, item.name))}" for item in fields(section)]


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


def _tables(data: Mapping[str, Any], key: str, name: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise _unusable(key, f"a list of tables: [[{key}]]", name)
    return value


def _section(kind: type[_Section], data: Any, where: str, name: str) -> _Section:
    if not isinstance(data, dict):
        raise _unusable(where, "a table", name)
    known = {item.name.replace("_", "-"): item for item in fields(kind)}
    _only(data, set(known), f"{where}.", name)
    default = kind()
    values = {
        known[key].name: _typed(getattr(default, known[key].name), value, f"{where}.{key}", name)
        for key, value in data.items()
    }
    return replace(default, **values)


def _typed(default: Any, value: Any, where: str, name: str) -> Any:
    if isinstance(default, PasswordSource):
        return _source(value, where, name)
    if isinstance(default, StrEnum):
        return _enum(type(default), value, where, name)
    if isinstance(default, tuple):
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise _unusable(where, 'a list of strings: ["..."]', name)
        if where.endswith(".nodes") and not all(is_host(item) for item in value):
            raise _unusable(where, "a list of host names or addresses", name)
        if where.endswith("-roots"):
            value = [item.replace(":", "").lower() for item in value]
            if not all(re.fullmatch("[0-9a-f]{64}", item) for item in value):
                raise _unusable(where, "a list of SHA-256 fingerprints", name)
        return tuple(value)
    if where.endswith(".host") and value and not (isinstance(value, str) and is_host(value)):
        raise _unusable(where, "a host name or an address", name)
    if type(value) is not type(default):
        words = {bool: "true or false", int: "a whole number", str: "a string"}
        raise _unusable(where, words[type(default)], name)
    return value


def _source(value: Any, where: str, name: str) -> PasswordSource:
    if isinstance(value, str):
        raise WizardError(codes.ANSWERS_SECRET_INSIDE, subject=where, file=name, where=where)
    if isinstance(value, dict) and len(value) == 1:
        key, content = next(iter(value.items()))
        if key in {"file", "env"} and isinstance(content, str) and content:
            return PasswordSource(SourceKind(key), content)
        if key == "fd" and type(content) is int:
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
