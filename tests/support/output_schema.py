"""The schema of what --json prints, as it is published, and closed: a member that it does not name is refused."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from wizard.package_data import read_text


@cache
def published() -> Any:
    """As users get it."""
    return json.loads(read_text("wizard.guide", "output.schema.json"))


def problems(printed: Any) -> Iterator[str]:
    """What is wrong with *printed*: the object of one command."""
    name = printed["schema"].split("/")[1]
    for problem in _validator(name).iter_errors(printed):
        worst = best_match([problem])
        yield f"{name} {worst.json_path}: {worst.message[:300]}"


@cache
def _validator(name: str) -> Draft202012Validator:
    # Closed here only: for users, members may be added.
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _closed(published()["$defs"])})


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if "object" in closed.get("type", ()) and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
