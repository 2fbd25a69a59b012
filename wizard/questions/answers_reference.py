"""The keys of an answers file: as a page for people, and as a JSON Schema for editors and scripts."""

import textwrap
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from wizard.questions.answers import (
    HOST,
    LAST_DESCRIPTOR,
    OCSP,
    RESPONDER,
    SEVERAL,
    Answers,
    PasswordSource,
    SourceKind,
)
from wizard.questions.answers import TABLES as SECTIONS
from wizard.questions.answers_file import SCHEMA, TOP_KEYS, field_names
from wizard.texts.en.answers import KEYS, PASSWORDS, TABLES

WIDTH = 78


def reference() -> str:
    """Every key with its meaning, what it takes and its default, as Markdown of at most 78 columns."""
    lines = [
        "# Keys of the answers file",
        "",
        f"The file is TOML. Its first line is `schema = {SCHEMA}`.",
        "",
        PASSWORDS,
    ]
    for table, defaults in _defaults().items():
        lines += [f"## {TABLES[table]}", ""]
        for key, default in defaults.items():
            text = f"- `{key}`: {KEYS[table][key]} {_kind(key, default)[0]}"
            lines.append(textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
        lines.append("")
    return "\n".join(lines)


def answers_schema() -> dict[str, Any]:
    """The JSON Schema of an answers file that was read as TOML."""
    objects: dict[str, dict[str, Any]] = {
        table: {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: {"description": KEYS[table][key], **_kind(key, default)[1]} for key, default in defaults.items()
            },
        }
        for table, defaults in _defaults().items()
    }
    top = objects.pop("")
    for table, members in objects.items():
        top["properties"][table] = {"type": "array", "items": members} if table in SEVERAL else members
    top["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers file of cloudstream-wizard",
        **top,
        "required": ["schema"],
        "$defs": {"password": {"description": "Where a password comes from.", "oneOf": [*map(_source, SourceKind)]}},
    }


def _defaults() -> dict[str, Mapping[str, Any]]:
    """The default of each key, by table."""
    found: dict[str, Mapping[str, Any]] = {"": {key: getattr(Answers(), key) for key in TOP_KEYS}}
    for table, section in SECTIONS.items():
        found[table] = {key: getattr(section(), key.replace("-", "_")) for key in field_names(table)}
    return found


def _kind(key: str, default: Any) -> tuple[str, dict[str, Any]]:
    """The values of a key and its default, in words and as a JSON Schema."""
    match default:
        case PasswordSource(kind=kind):
            return f"A password; default {kind}.", {"$ref": "#/$defs/password"}
        case StrEnum():
            names = [*type(default)]
            return f"One of {', '.join(names)}; default {default}.", {"enum": names, "default": default}
        case tuple():
            items = {"type": "string", **_form(key)}
            words = f"A list; default {', '.join(default) or 'empty'}."
            least = {"minItems": 1} if key == "nodes" else {}
            return words, {"type": "array", "items": items, **least, "default": [*default]}
        case bool():
            return f"true or false; default {str(default).lower()}.", {"type": "boolean", "default": default}
        case int():
            bounds = {"minimum": 1, "maximum": 65535}
            return f"A number; default {default}.", {"type": "integer", **bounds, "default": default}
        case _:
            words = f"Default {default}." if default else ""
            return words, {"type": "string", **_form(key), "default": default}


def _form(key: str) -> dict[str, str]:
    """The regular expression of host names, fingerprints and the OCSP setting."""
    if key.endswith("-roots"):
        return {"pattern": "^(:*[0-9A-Fa-f]){64}:*$"}
    if key == "ocsp":
        return {"pattern": f"^({'|'.join(OCSP)}|{RESPONDER.pattern})$"}
    host = {"nodes": f"^({HOST.pattern})$", "host": f"^({HOST.pattern})?$"}.get(key)
    return {"pattern": host} if host else {}


def _source(kind: SourceKind) -> dict[str, Any]:
    values: dict[SourceKind, dict[str, Any]] = {
        SourceKind.FILE: {"type": "string", "minLength": 1},
        SourceKind.ENV: {"type": "string", "minLength": 1},
        SourceKind.FD: {"type": "integer", "minimum": 0, "maximum": LAST_DESCRIPTOR},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [kind],
        "properties": {kind: values.get(kind, {"const": True})},
    }
