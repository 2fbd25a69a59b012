"""Check that data from a file has the types that its dataclass declares: JSON on a disk can hold anything."""

import math
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_LARGEST = 2**63 - 1
"""What the kernel takes for a size or a number of a file."""


def check_types(made: Any) -> None:
    """Go through the members of the dataclass *made*, also those inside.

    Raises:
        ValueError: names the first member that has another type than declared, or a number out of range.
    """
    for name, hint in _hints(made.__class__).items():
        if not _has_type(getattr(made, name), hint):
            raise ValueError(f"{name} has a wrong type")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _has_type(value: Any, hint: Any) -> bool:
    inner = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        return any(_has_type(value, each) for each in inner)
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(kinds) == len(value) and all(map(_has_type, value, kinds))
    if hint is float:
        return type(value) in {int, float} and math.isfinite(value)
    if is_dataclass(hint):
        return type(value) is hint and all(
            _has_type(getattr(value, name), each) for name, each in _hints(value.__class__).items()
        )
    # A bool is no number here.
    return type(value) is hint and (hint is not int or abs(value) <= _LARGEST)
