"""Whatever a command prints with --json in these tests is held against the schema that comes with the program."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wizard.cli import output
from wizard.package_data import read_text

SCHEMA = json.loads(read_text("wizard.guide", "output.schema.json"))


@pytest.fixture(autouse=True)
def as_the_schema_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    wrong: list[str] = []

    def held(members: dict[str, Any], **options: Any) -> str:
        text = json.dumps(members, **options)
        chosen = {"$ref": f"#/$defs/{members['schema'].split('/')[1]}-command", "$defs": SCHEMA["$defs"]}
        found = Draft202012Validator(chosen).iter_errors(json.loads(text))
        wrong.extend(f"{members['schema']} {each.json_path}: {each.message[:300]}" for each in found)
        return text

    monkeypatch.setattr(output, "json", SimpleNamespace(dumps=held))
    yield
    # Not where it was found: the command would report it as a bug of its own.
    assert wrong == []
