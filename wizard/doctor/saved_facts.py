"""Facts to JSON and back, so that a diagnosis can be kept in a report and checked again elsewhere."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from wizard import codes
from wizard.doctor.facts import SCHEMA, DoctorFacts
from wizard.errors import WizardError


def as_json(facts: DoctorFacts) -> dict[str, Any]:
    """The facts as plain JSON values."""
    plain = _plain(facts)
    assert isinstance(plain, dict)  # noqa: S101 - a dataclass becomes an object
    return plain


def from_json(data: Any) -> DoctorFacts:
    """The reverse of `as_json`.

    Raises:
        WizardError: `doctor.facts-unusable`.
    """
    try:
        made = _made(DoctorFacts, {"schema": {SCHEMA: SCHEMA}[data["schema"]], **data})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WizardError(codes.DOCTOR_FACTS_UNUSABLE, reason=type(error).__name__) from None
    assert isinstance(made, DoctorFacts)  # noqa: S101 - asked for
    return made


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _made(kind: Any, value: Any) -> Any:
    if get_origin(kind) in {Union, types.UnionType}:
        if value is None:
            return None
        kind = next(each for each in get_args(kind) if each is not types.NoneType)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {name: _made(hints[name], member) for name, member in value.items() if name in hints}
        return kind(**known)  # type: ignore[operator]  # mypy cannot know that `kind` is the class itself
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_made(inner[0], each) for each in value)
        return tuple(_made(each, member) for each, member in zip(inner, value, strict=True))
    if kind in {str, int, float, bool}:
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, (float, int) if kind is float else kind):
            raise TypeError(kind.__name__)
        return value
    if not isinstance(value, Mapping):
        raise TypeError("object")
    return {str(name): member for name, member in value.items()}
